// SPDX-License-Identifier: Apache-2.0
// npm's oidc-provider with two people, for tests/acceptance/test_oidc.py: node provider.mjs BACK SECRET
// It says {"issuer": …} in one line once it listens, on loopback, and ends with its standard input.
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const [back, secret] = process.argv.slice(2);
const people = {
  ada: { name: 'Ada Example', groups: ['SOC-Analysts', 'SOC-Approvers', 'Everybody'] },
  bo: { name: 'Bo Example', groups: ['Everybody'] },
};
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: 'tocsin', client_secret: secret, redirect_uris: [back] }],
    claims: { openid: ['sub', 'auth_time'], profile: ['name', 'groups'] },
    conformIdTokenClaims: false, // groups in the identity token, as an institution's provider is told to put them
    cookies: { keys: [secret] },
    features: { devInteractions: { enabled: true } },
    findAccount: (_, id) => people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
    pkce: { required: () => true },
  });
  server.on('request', provider.callback());
  console.log(JSON.stringify({ issuer }));
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
