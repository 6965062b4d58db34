# SPDX-License-Identifier: Apache-2.0
"""People whom the institution's identity provider answers for: who may come in, and what they are here for.

The provider knows a person by its own word (`sub`), for good; the name is taken from it once, at the first sign-in, and
must be unlike every other one, so that nobody becomes somebody else by being renamed there. Roles are those of the
groups that agent.toml names, taken anew at each sign-in. Whoever was shut out here stays out, whatever it says.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import msgspec

from tocsin.agent.credential import Credentials
from tocsin.agent.house import House
from tocsin.agent.journal import Decision, write
from tocsin.agent.people import accounts, backoff, ceremonies, sessions
from tocsin.agent.people.accounts import Account, State
from tocsin.agent.people.identity import Answer, Begun, Identity
from tocsin.agent.people.oidc import Provider
from tocsin.agent.people.person import Role, check_name
from tocsin.agent.people.sessions import Client, Opened
from tocsin.agent.people.signing_in import admit, count_address
from tocsin.config.sign_in import Oidc
from tocsin.errors import ConfigError, Forbidden, SignInFailed
from tocsin.ids import new_id
from tocsin.storage.store import Transaction
from tocsin.web.calling import outbound

_KIND = "oidc"
_SECONDS = 10.0
"""For an answer of the provider's, while somebody waits."""


class Leaving(msgspec.Struct, frozen=True):
    """A browser on its way to the provider."""

    address: str
    ticket: str
    """For a cookie that comes back from another site, for ten minutes."""


@asynccontextmanager
async def provider_of(house: House, environment: Mapping[str, str]) -> AsyncIterator[Provider | None]:
    """The provider that agent.toml names, with a client of its own; None where it names none.

    ConfigError for one that is reached without TLS, for a secret that others may read, or without `sign_in.origin`.
    """
    settings = house.config.oidc
    if settings is None:
        yield None
        return
    origin = house.config.sign_in.origin
    if not origin:
        raise ConfigError(
            "The identity provider needs to know where browsers reach the console: sign_in.origin."
        )
    secret, named = "", settings.client_secret_file
    if named:
        how = "docs/howto/let-people-in.md"
        secret = Credentials(house.folder, environment).read(named, "oidc.client_secret_file", how)
    async with outbound(settings.proxy, settings.authority_file, _SECONDS) as http:
        yield Provider(settings, secret, origin, http, house.clock, house.entropy)


async def leave(house: House, provider: Provider, *, replaces: str = "") -> Leaving:
    """Send somebody to the provider; `replaces` is the handle of the session of whoever signs in again."""
    address, begun = await provider.begin(fresh=bool(replaces), replaces=replaces)
    return Leaving(address, ceremonies.seal(house, _KIND, begun))


async def come_back(house: House, provider: Provider, ticket: str, answer: Answer, client: Client) -> Opened:
    """Begin a session for whom the provider answers for. SignInFailed, Forbidden for somebody in no group that counts.

    The ticket is used before the provider is asked: of two that come back at once, one is looked at.
    """
    now, address = house.clock.now(), backoff.address_key(house.vault.box, client.address)
    house.store.run("knock", lambda tx: count_address(tx, address, now))
    begun = ceremonies.opened(house, _KIND, ticket, Begun)
    house.store.run("use ticket", lambda tx: ceremonies.use(tx, house, ticket))
    identity = await provider.finish(begun, answer)
    roles = roles_of(provider.settings, identity)

    def work(tx: Transaction) -> Opened:
        """The account as the provider says it is now, and the session."""
        account = _account(tx, house, identity, roles)
        if begun.replaces:
            _end_replaced(tx, begun.replaces, account)
        return admit(tx, house, account, "identity provider", client, address, proved=identity.proved)

    return house.store.run("enter", work)


def roles_of(settings: Oidc, identity: Identity) -> frozenset[Role]:
    """What somebody is here for, by the groups; Forbidden when none of them counts."""
    found = frozenset(
        Role(role) for one in settings.groups if one.group in identity.groups for role in one.roles
    )
    if not found:
        raise Forbidden(
            "The identity provider puts you into no group that may use this console.",
            next_step="Ask for it where groups are given; oidc.groups names those that count.",
        )
    return found


def _account(tx: Transaction, house: House, identity: Identity, roles: frozenset[Role]) -> Account:
    box, now = house.vault.box, house.clock.now()
    before = accounts.by_subject(tx, box, identity.issuer, identity.subject)
    if before is None:
        name = check_name(identity.name or identity.subject)
        made = Account(
            *(new_id("per", house.entropy), name, roles, None, State.ACTIVE, now),
            issuer=identity.issuer,
            subject=identity.subject,
        )
        accounts.add(tx, box, made)
        what = Decision(now, made.name, "came by the identity provider", made.id, ", ".join(sorted(roles)))
        write(tx, box, what)
        return made
    if not accounts.lets_in(before, now):
        raise SignInFailed
    if before.roles == roles:
        return before
    after = msgspec.structs.replace(before, roles=roles)
    accounts.change(tx, box, after)
    why = f"{', '.join(sorted(before.roles))}; now {', '.join(sorted(roles))}"
    write(tx, box, Decision(now, "agent", f"took what {after.name} may do from the provider", after.id, why))
    return after


def _end_replaced(tx: Transaction, handle: str, account: Account) -> None:
    """Whoever signs in again is the same person, at the same browser; SignInFailed for somebody else."""
    if not sessions.end_own(tx, handle, account.id):
        raise SignInFailed("Somebody else signed in at the provider.")
