# SPDX-License-Identifier: Apache-2.0
"""Passkeys (WebAuthn Level 3, verified by `fido2`): a key in somebody's machine, which asks for a finger or a PIN.

1. The key names its person by itself, so nobody is asked for a name, and nobody learns whether one exists.
2. It has looked at its person (user verification), or it lets nobody in: so it counts for two factors.
3. It signs for this console's origin alone, byte for byte, in no frame of another page, and for a challenge that is
   used once.
4. A counter that does not grow is a copied key: it is refused, and stands in the journal.
5. Which make it is, is not asked (attestation ``none``): that is a matter of which keys a bank buys.
"""

import json
import struct
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from tocsin.agent.house import House
from tocsin.agent.journal import Decision, write
from tocsin.agent.people import accounts, backoff, ceremonies, credentials, enrolling, links, sessions
from tocsin.agent.people.credentials import Credential, Found
from tocsin.agent.people.sessions import Client, Opened
from tocsin.agent.people.signing_in import admit, count_address
from tocsin.clock import Instant
from tocsin.errors import ConfigError, Conflict, Malformed, SignInFailed, Unknown
from tocsin.storage.store import Transaction

Answer = Mapping[str, object]
"""What a browser sends: ``PublicKeyCredential.toJSON()``."""
MAX_LABEL = 60
_CHALLENGE_BYTES = 32
_USER_BYTES = 16
_COMING_IN, _ADDING, _LINK = "passkey", "new passkey", "passkey for a link"
_FOREIGN = (
    *(ValueError, KeyError, TypeError, IndexError, AttributeError, AssertionError, OverflowError),
    *(RuntimeError, struct.error, InvalidSignature, UnsupportedAlgorithm),
)
"""What the library raises at bytes that are no answer of an authenticator."""


class Begun(msgspec.Struct, frozen=True):
    """For the browser, which asks the authenticator."""

    options: msgspec.Raw
    """JSON, for ``PublicKeyCredential.parseRequestOptionsFromJSON`` or ``parseCreationOptionsFromJSON``."""
    ticket: str
    """Comes back with the answer."""


class Passkey(msgspec.Struct, frozen=True):
    """One key of somebody's, as a list shows it."""

    handle: str
    label: str
    since: Instant
    used: Instant
    """When it last let its person in; 0: never."""


class _Challenge(msgspec.Struct, frozen=True):
    challenge: bytes
    person: str = ""


def begin(house: House) -> Begun:
    """Somebody wants to come in."""
    challenge = house.entropy(_CHALLENGE_BYTES)
    asked, _ = _server(house).authenticate_begin(
        user_verification=UserVerificationRequirement.REQUIRED, challenge=challenge
    )
    return Begun(_json(asked.public_key), ceremonies.seal(house, _COMING_IN, _Challenge(challenge)))


def come_in(house: House, ticket: str, answer: Answer, client: Client) -> Opened:
    """Begin a session for whoever the authenticator names; SignInFailed, or TooMany from an address that waits."""
    now, address = house.clock.now(), backoff.address_key(house.vault.box, client.address)
    house.store.run("knock", lambda tx: count_address(tx, address, now))
    begun = ceremonies.opened(house, _COMING_IN, ticket, _Challenge)
    house.store.run("use ticket", lambda tx: ceremonies.use(tx, house, ticket))

    def work(tx: Transaction) -> Opened | None:
        """None is a copied key, which is written down and must not undo that."""
        found, counter = _answered(tx, house, begun.challenge, answer)
        account = accounts.by_id(tx, house.vault.box, found.credential.person)
        if not accounts.lets_in(account, now):
            raise SignInFailed
        if (counter or found.credential.counter) and counter <= found.credential.counter:
            what = "refused a passkey whose counter did not grow"
            write(tx, house.vault.box, Decision(now, "agent", what, account.id, found.credential.label))
            return None
        used = msgspec.structs.replace(found.credential, counter=counter, used=now)
        credentials.change(tx, house, found.digest, used)
        return admit(tx, house, account, "passkey", client, address)

    opened = house.store.run("enter", work)
    if opened is None:
        raise SignInFailed
    return opened


def begin_adding(house: House, person: str) -> Begun:
    """Somebody who is signed in wants one more passkey."""
    with house.store.reading("passkeys") as tx:
        account = accounts.by_id(tx, house.vault.box, person)
    return _adding(house, _ADDING, account.id, account.name)


def add(house: House, person: str, ticket: str, answer: Answer, label: str) -> None:
    """Keep it; SignInFailed when the answer is not one to what this person was asked, Conflict for one too many."""
    begun = ceremonies.opened(house, _ADDING, ticket, _Challenge)
    if begun.person != person:
        raise SignInFailed("It was begun by somebody else.")
    made = _made(house, begun, answer, label)

    def work(tx: Transaction) -> None:
        """The ticket, the key and the line."""
        ceremonies.use(tx, house, ticket)
        account = accounts.by_id(tx, house.vault.box, person)
        if account.issuer or not accounts.lets_in(account, made.since):
            raise Conflict("This account takes no passkey.", next_step="Its provider answers for it.")
        credentials.keep(tx, house, made)
        write(tx, house.vault.box, Decision(made.since, account.name, "added a passkey", person, made.label))

    house.store.run("add passkey", work)


def begin_link(house: House, code: str, name: str) -> Begun:
    """Somebody wants to come in by a one-time link, with a passkey from then on; `name` of the first administrator."""
    with house.store.reading("open link") as tx:
        link = links.look(tx, house, code)
        chosen = enrolling.name_for(tx, house, link, name)
    return _adding(house, _LINK, link.person, chosen)


def take_link(
    house: House, code: str, name: str, ticket: str, answer: Answer, label: str, client: Client
) -> Opened:
    """Make the account whole with its first passkey, and sign its person in; the link, the ticket and the key count
    together or not at all.
    """
    begun = ceremonies.opened(house, _LINK, ticket, _Challenge)
    made = _made(house, begun, answer, label)

    def work(tx: Transaction) -> Opened:
        """A ticket of one link makes no key for another's person."""
        ceremonies.use(tx, house, ticket)
        if links.look(tx, house, code).person != begun.person:
            raise SignInFailed("It was begun with another link.")
        account = enrolling.taken_up(tx, house, code, name)
        credentials.keep(tx, house, msgspec.structs.replace(made, person=account.id))
        return sessions.begin(tx, house, account, "link", client)

    return house.store.run("redeem link", work)


def passkeys(house: House, person: str) -> list[Passkey]:
    """Those of a person, the oldest first."""
    with house.store.reading("passkeys") as tx:
        found = credentials.of(tx, house, person)
    kept = [(one.digest.hex(), one.credential) for one in found]
    return [Passkey(handle, one.label, one.since, one.used) for handle, one in kept]


def drop(house: House, person: str, handle: str, by: str) -> None:
    """Take one from a person; Unknown when it is none of theirs."""

    def work(tx: Transaction) -> None:
        """Drop it and write that down."""
        found = [one for one in credentials.of(tx, house, person) if one.digest.hex() == handle]
        if not found:
            raise Unknown("There is no such passkey.")
        tx.run("drop_passkey", {"digest": found[0].digest})
        label = found[0].credential.label
        write(tx, house.vault.box, Decision(house.clock.now(), by, "took a passkey away", person, label))

    house.store.run("drop passkey", work)


def _adding(house: House, kind: str, person: str, name: str) -> Begun:
    """The same user handle for every key of a person, by which an authenticator tells its accounts apart."""
    challenge = house.entropy(_CHALLENGE_BYTES)
    handle = bytes.fromhex(person.removeprefix("per_")) if person else house.entropy(_USER_BYTES)
    asked, _ = _server(house).register_begin(
        PublicKeyCredentialUserEntity(name=name, id=handle, display_name=name),
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=UserVerificationRequirement.REQUIRED,
        challenge=challenge,
    )
    return Begun(_json(asked.public_key), ceremonies.seal(house, kind, _Challenge(challenge, person)))


def _made(house: House, begun: _Challenge, answer: Answer, label: str) -> Credential:
    """The key that an authenticator has made for what was begun."""
    if not 0 < len(label.strip()) <= MAX_LABEL or not label.isprintable():
        raise Malformed(f"A passkey is called by 1 to {MAX_LABEL} printable letters, such as: laptop.")
    try:
        read = RegistrationResponse.from_dict(dict(answer))
        data = _server(house).register_complete(_state(begun.challenge), read)
        made = AttestedCredentialData(data.credential_data or b"")
        fits = bytes(read.raw_id) == made.credential_id and not read.response.client_data.cross_origin
    except _FOREIGN as error:
        raise SignInFailed(f"The passkey was not made: {type(error).__name__}.") from None
    if not fits:
        raise SignInFailed("The passkey was made for something else.")
    identifier, now = bytes(made.credential_id), house.clock.now()
    return Credential(begun.person, identifier, bytes(made), data.counter, label.strip(), now)


def _answered(tx: Transaction, house: House, challenge: bytes, answer: Answer) -> tuple[Found, int]:
    """Which key has signed the challenge, and how far its counter is; SignInFailed for anything else."""
    try:
        read = AuthenticationResponse.from_dict(dict(answer))
        found = credentials.find(tx, house, bytes(read.raw_id))
        if found is None or read.response.client_data.cross_origin:
            raise SignInFailed
        known = [AttestedCredentialData(found.credential.data)]
        _server(house).authenticate_complete(_state(challenge), known, read)
        return found, int(read.response.authenticator_data.counter)
    except _FOREIGN:
        raise SignInFailed from None


def _server(house: House) -> Fido2Server:
    """For this console's origin alone; ConfigError where there is none."""
    origin = house.config.sign_in.origin
    if not origin:
        raise ConfigError("Passkeys need to know where browsers reach the console: sign_in.origin.")
    entity = PublicKeyCredentialRpEntity(name="Tocsin", id=urlsplit(origin).hostname)
    return Fido2Server(entity, verify_origin=lambda given: given == origin)


def _state(challenge: bytes) -> dict[str, object]:
    """As the library keeps it between the halves."""
    text = urlsafe_b64encode(challenge).rstrip(b"=").decode()
    return {"challenge": text, "user_verification": UserVerificationRequirement.REQUIRED}


def _json(options: Mapping[str, object]) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(options, default=dict).encode())
