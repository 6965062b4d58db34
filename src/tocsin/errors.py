# SPDX-License-Identifier: Apache-2.0
"""Every error that Tocsin raises on purpose.

The first line of a class's docstring is the sentence that a person reads; ``next_step`` says what to do about it;
``problem`` and ``status`` are what a machine reads (RFC 9457, mapped in one place by `tocsin.wire.problem`)::

    TocsinError
     ├─ UsageError          the command or the configuration is wrong (exit code 2)
     │   ├─ ConfigError
     │   │   ├─ Taken       the folder, port or key file is somebody else's or in use
     │   │   └─ Missing     the folder or file is not there
     │   └─ NotBuilt        named in the design, refused until it is real
     ├─ InputError          what was handed in cannot be used
     │   ├─ Malformed
     │   ├─ TooLarge
     │   ├─ Unreadable      no reader knows the format, or the file is broken
     │   ├─ TooCostly       the reader ran into its bound of time or memory
     │   ├─ NothingToShare  read, but no value in it may or need leave
     │   └─ Refused         the rules for what may leave say no
     ├─ AccessError
     │   ├─ Unauthenticated
     │   ├─ ClockSkew
     │   ├─ Replayed
     │   ├─ CodeSpent       a one-time code that was used, expired or never issued
     │   ├─ LinkSpent       the same of a one-time link to the console
     │   ├─ NotSignedIn     nobody is signed in at that browser
     │   ├─ SignInFailed    one sentence for every reason
     │   ├─ SignInAgain     the step asks for a sign-in of a moment ago
     │   ├─ NotActive       the party is suspended
     │   ├─ NotAgreed       the alliance's agreement was not accepted
     │   └─ Forbidden
     ├─ StateError          the thing is not in a state in which this can happen
     │   ├─ Conflict
     │   ├─ Unknown
     │   ├─ CursorExpired
     │   ├─ Unwitnessed     the partner has yet to co-sign it
     │   └─ NotAnonymous    the class would not hide the sender now
     ├─ ProofError          somebody's history does not add up
     │   ├─ BadSignature
     │   ├─ BadProof
     │   ├─ Rewritten       an entry that was there before has changed
     │   │   └─ TakenBack   a signed head contradicts an earlier signed head of the same stream
     │   ├─ Withheld        an entry that must be there is not
     │   ├─ Forked          two histories were signed by one key
     │   │   └─ KeySwapped  a key stands where another was, without that one's agreement
     │   └─ Distrusted      the hub was proved dishonest, and no person has decided yet
     ├─ StorageError
     │   ├─ StoreBusy
     │   ├─ KeyReplaced     this process signs with a key that counts no more
     │   └─ StoreUnfit      too old an engine, a foreign or a damaged file
     ├─ VaultLocked
     └─ RemoteError         somebody else's process did not do its part
         ├─ Unreachable
         ├─ HubRestoring    a restored hub takes nothing new before it is whole
         ├─ TooSlow         its request did not arrive in time
         └─ TooMany         more than one party may ask at once
"""

from typing import ClassVar


class TocsinError(Exception):
    """Tocsin could not do what was asked."""

    problem: ClassVar[str] = "failed"
    status: ClassVar[int] = 500
    next_step: str = "Run the same command with --json and send the output to your alliance's desk."

    def __init__(self, detail: str = "", *, next_step: str = "") -> None:
        """`next_step` where the class's does not fit: one sentence, or a command."""
        super().__init__(detail)
        self.detail = detail
        if next_step:
            self.next_step = next_step

    @classmethod
    def title(cls) -> str:
        """The sentence that names this kind of error: the first line of its docstring."""
        return (cls.__doc__ or cls.__name__).strip().splitlines()[0]

    def __str__(self) -> str:
        return f"{self.title()} {self.detail}".strip()

    def diagnostics(self) -> str:
        """What happened and what to do next, for a person at a terminal."""
        return f"{self}\n  → {self.next_step}"


class UsageError(TocsinError):
    """The command cannot be carried out as written."""

    problem = "usage"
    status = 400
    next_step = "See the command's --help."


class ConfigError(UsageError):
    """The configuration cannot be used."""

    problem = "configuration"
    next_step = "Compare the file with docs/samples and correct the named setting."


class Taken(ConfigError):
    """The place is taken."""

    problem = "taken"
    status = 409
    next_step = "Name another folder or port, or end what is there first."


class Missing(ConfigError):
    """There is nothing of that kind there."""

    problem = "missing"
    status = 404
    next_step = "Check its name and where it is."


class NotBuilt(UsageError):
    """This part of the design is not built yet, and Tocsin does not pretend."""

    problem = "not-built"
    status = 501
    next_step = "Use what the message offers instead; the changelog will announce it."


class InputError(TocsinError):
    """What was handed in cannot be used."""

    problem = "bad-input"
    status = 400
    next_step = "Correct the input; nothing else was affected."


class Malformed(InputError):
    """The input is not well formed."""

    problem = "malformed"
    next_step = "Correct the named field and send it again; its neighbours were not affected."


class TooLarge(InputError):
    """The input is larger than its bound."""

    problem = "too-large"
    status = 413
    next_step = "Send less at once, or split the file."


class Unreadable(InputError):
    """No reader could make sense of the file."""

    problem = "unreadable"
    status = 415
    next_step = "Save it as text, CSV, .eml or JSON, or confirm its values one by one: tocsin agent sight."


class TooCostly(InputError):
    """Reading the file ran into its bound of time or memory and was stopped."""

    problem = "too-costly"
    status = 422
    next_step = "Keep the file as evidence, and confirm its values one by one: tocsin agent sight."


class NothingToShare(InputError):
    """The file was read, but no value in it is the attacker's and safe to send."""

    problem = "nothing-to-share"
    status = 422
    next_step = "Look at the reason beside each value; add what is the attacker's after all: --also VALUE."


class Refused(InputError):
    """The rules for what may leave say no."""

    problem = "refused"
    status = 422
    next_step = "Leave out what the reason names; nothing was sent."


class AccessError(TocsinError):
    """The caller may not do this."""

    problem = "access"
    status = 403
    next_step = "Ask your alliance's desk."


class Unauthenticated(AccessError):
    """The request is not signed by a key that the directory knows."""

    problem = "unauthenticated"
    status = 401
    next_step = "Check that this agent is enrolled and that its key was not rotated elsewhere."


class ClockSkew(AccessError):
    """The request's clock is too far from the hub's."""

    problem = "clock-skew"
    status = 401
    next_step = "Correct this machine's clock; the agent signs again with the hub's time."


class Replayed(AccessError):
    """This signed request was seen before."""

    problem = "replayed"
    status = 401
    next_step = "Sign a new request; do not repeat an old one."


class CodeSpent(AccessError):
    """The enrolment code was used, has expired, or was never issued."""

    problem = "code-spent"
    next_step = "Ask the hub's operator for a new code: tocsin hub enrol."


class LinkSpent(AccessError):
    """The link was used, has expired, was replaced by a newer one, or was never issued."""

    problem = "link-spent"
    next_step = "Ask whoever sent it for a new one: tocsin agent people DIR invite or reset."


class NotSignedIn(AccessError):
    """Nobody is signed in here, or not any more."""

    problem = "not-signed-in"
    status = 401
    next_step = "Sign in."


class SignInFailed(AccessError):
    """That let nobody in."""

    problem = "sign-in-failed"
    status = 401
    next_step = (
        "Try again; after several failures even the right words count only after a quarter of an hour."
    )


class SignInAgain(AccessError):
    """This step asks for a sign-in of a moment ago."""

    problem = "sign-in-again"
    status = 401
    next_step = "Sign in once more, then take the step again; what you filled in is kept."


class NotActive(AccessError):
    """This party is not active in the alliance."""

    problem = "not-active"
    next_step = (
        "Ask your alliance's desk why; what was approved is kept, and sent once the party is active again."
    )


class NotAgreed(AccessError):
    """The alliance has an agreement that must be accepted first."""

    problem = "not-agreed"
    next_step = "Read it, compare its SHA-256, add --accept-agreement with that hash; the code was not spent."


class Forbidden(AccessError):
    """This party may not do that."""

    problem = "forbidden"
    next_step = "Ask your alliance's desk who may do it."


class StateError(TocsinError):
    """The thing is not in a state in which this can happen."""

    problem = "state"
    status = 409
    next_step = "Look at its present state first."


class Conflict(StateError):
    """That cannot be done as things stand."""

    problem = "conflict"
    next_step = "Look at what stands there now; nothing was changed."


class Unknown(StateError):
    """There is no such thing, or none that you may see."""

    problem = "unknown"
    status = 404
    next_step = "Check the identifier."


class CursorExpired(StateError):
    """The reading position belongs to another history or another key."""

    problem = "cursor-expired"
    status = 410
    next_step = "Start again without a cursor."


class Unwitnessed(StateError):
    """The partner has not co-signed that yet, and without it nothing is taken."""

    problem = "unwitnessed"
    next_step = (
        "Wait: it is asked again and again. If it lasts, call the partner, and compare: tocsin agent compare."
    )


class NotAnonymous(StateError):
    """This class would not hide who sends it now, so nothing was sent."""

    problem = "not-anonymous"
    next_step = "See tocsin agent anonymous DIR, and wait; or report as class named: the hub learns it, readers do not."


class ProofError(TocsinError):
    """The history does not prove itself."""

    problem = "proof"
    status = 502
    next_step = (
        "Do not delete anything. Call the alliance's partner: the hub's history may have been changed."
    )


class BadSignature(ProofError):
    """A signature does not verify."""

    problem = "bad-signature"


class BadProof(ProofError):
    """A proof does not lead to the signed head."""

    problem = "bad-proof"


class Rewritten(ProofError):
    """An entry that was there before has changed."""

    problem = "rewritten"


class TakenBack(Rewritten):
    """The hub has signed a history that contradicts what it signed before."""

    problem = "taken-back"


class Withheld(ProofError):
    """Something that the hub has published was not delivered."""

    problem = "withheld"


class Forked(ProofError):
    """One key has signed two different histories."""

    problem = "forked"


class Distrusted(ProofError):
    """This agent no longer believes the hub: protection stays, new entries are held."""

    problem = "distrusted"
    next_step = (
        "Call the partner and other members, compare notes (tocsin agent compare); then: tocsin agent trust."
    )


class KeySwapped(Forked):
    """A key was put in another one's place without its agreement."""

    problem = "key-swapped"
    next_step = (
        "Do not delete anything, and do not trust the new key. Call whoever holds it by a number that you know: "
        "either their key was stolen, or the hub was."
    )


class StorageError(TocsinError):
    """The store could not do its work."""

    problem = "storage"
    status = 503
    next_step = "Check disk space and permissions, then try again."


class StoreBusy(StorageError):
    """Another process holds the store."""

    problem = "store-busy"
    next_step = "Wait a moment and try again; nothing was changed."


class KeyReplaced(StorageError):
    """This hub process signs with a key that was replaced."""

    problem = "key-replaced"
    next_step = "Start it again (tocsin hub serve): it then signs with the new key. Nothing was changed."


class StoreUnfit(StorageError):
    """The store cannot be used safely."""

    problem = "store-unfit"
    next_step = "Restore from a backup or upgrade the named part; the file was not touched."


class VaultLocked(TocsinError):
    """The vault's master key is missing or wrong."""

    problem = "vault-locked"
    next_step = "Check the key file named in the agent's configuration."


class RemoteError(TocsinError):
    """Another process did not do its part."""

    problem = "remote"
    status = 502
    next_step = "It is tried again by itself; look at that process's log if it lasts."


class Unreachable(RemoteError):
    """The other side cannot be reached."""

    problem = "unreachable"
    status = 503
    next_step = "Check the address, the network and the proxy; what was approved is kept and sent later."


class HubRestoring(RemoteError):
    """The hub is being restored from a backup and takes nothing new until it is whole again."""

    problem = "restoring"
    status = 503
    next_step = "Nothing: what was approved is kept and sent by itself, and protection stays as it is."


class TooSlow(RemoteError):
    """The request did not arrive in time."""

    problem = "too-slow"
    status = 408
    next_step = "Nothing: what was approved is kept and sent again. Look at the line if it lasts."


class TooMany(RemoteError):
    """More was asked at once than one party may."""

    problem = "too-many"
    status = 429
    next_step = "Nothing: what was approved is kept and sent again by itself, a little later."
