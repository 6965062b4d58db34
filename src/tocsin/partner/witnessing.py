# SPDX-License-Identifier: Apache-2.0
"""The partner's memory of what it witnessed: everything it co-signs is durable before it answers.

The rules are in `tocsin.halves.witness`; another key of the hub is believed by the one before it. A note that
contradicts one that was co-signed is kept: the hub has signed both, which is evidence. Any other refused note is none:
whoever has seen it can bring it again, out of time and with proofs that are not its own.
"""

import msgspec

from tocsin.clock import Clock, Instant
from tocsin.errors import BadProof, ProofError, Rewritten, Unknown
from tocsin.follow.directory import follow_hub_key
from tocsin.halves.held import check_ask, check_held, hold
from tocsin.halves.witness import Proposal, WitnessState, witness
from tocsin.proof.headmap import HeadMap, StreamHead
from tocsin.proof.merkle import EMPTY, Frontier
from tocsin.proof.note import VerifierKey, open_note, open_under, refuse_fork
from tocsin.proof.signing import SigningKey
from tocsin.storage.store import Params, Store, Transaction
from tocsin.wire.ceremony import AskHeld, Held


class _LogRow(msgspec.Struct, frozen=True):
    size: int
    frontier: bytes
    before: bytes
    note: str


class _KeyRow(msgspec.Struct, frozen=True):
    key: str


class Witnessing:
    """One partner of one hub. Used from one thread."""

    def __init__(self, store: Store, hub_key: VerifierKey, name: str, key: SigningKey, clock: Clock) -> None:
        self._store = store
        self._hub_key = hub_key
        self._name = name
        self._key = key
        self._clock = clock
        self._state = self._load()

    @property
    def note(self) -> str:
        """The newest note that was co-signed, or empty."""
        return self._state.note

    @property
    def hub_key(self) -> VerifierKey:
        """The hub's key as this partner last heard of it."""
        return self._hub_key

    @property
    def size(self) -> int:
        """How many heads were co-signed."""
        return self._state.log.size

    def demand_sound(self) -> int:
        """Heads co-signed, if the heads that are kept are those under the newest note; BadProof otherwise."""
        state = self._state
        if not state.note:
            return 0
        newest = open_note(state.note, self._hub_key).checkpoint
        if state.before.append(state.heads.log_leaf()).root() != newest.root:
            raise BadProof("The heads that are kept are not those that were co-signed.")
        return newest.size

    def witness(self, proposal: Proposal) -> str:
        """The note with the cosignature; a ProofError or Conflict says why not."""
        hub_key, changes = follow_hub_key(self._hub_key, proposal.keys)
        # What the hub has not signed is nobody's evidence: a stranger could fill the memory with it.
        open_note(proposal.note, hub_key)
        try:
            answer = witness(
                self._state,
                proposal,
                hub_key=hub_key,
                name=self._name,
                key=self._key,
                now=self._clock.now(),
            )
        except ProofError as error:
            self._keep_evidence(proposal, hub_key, str(error))
            raise

        def keep(tx: Transaction) -> None:
            """Durable before it is answered: keys, heads and the log's end."""
            now = self._clock.now()
            _believe(tx, changes, now)
            tx.run_each(
                "save_head",
                [{"key": head.key, "size": head.size, "root": head.root} for head in answer.moved],
            )
            if answer.state.log.size > self._state.log.size:
                _append(tx, answer.state, self._clock.now())

        self._store.run("witness head", keep)
        self._state = answer.state
        self._hub_key = hub_key
        return answer.note

    def held(self, ask: AskHeld) -> Held:
        """Everything that the newest co-signed note stands for, for a hub that was restored; Unauthenticated else.

        A hub that changed its key tells it so.
        """
        hub_key, changes = follow_hub_key(self._hub_key, ask.keys)
        check_ask(ask, hub_key, self._clock.now())
        if changes:
            self._store.run("follow key", lambda tx: _believe(tx, changes, self._clock.now()))
            self._hub_key = hub_key
        if not self._state.note:
            raise Unknown("This partner has co-signed nothing yet.")
        return hold(self._state)

    def _keep_evidence(self, proposal: Proposal, hub_key: VerifierKey, reason: str) -> None:
        shown = open_note(proposal.note, hub_key).checkpoint
        with self._store.reading("what was co-signed") as tx:
            signed = tx.one("log_of_size", {"size": shown.size}, into=_LogRow)
        if signed is None or Frontier.from_bytes(signed.frontier).root() == shown.root:
            return
        evidence: Params = {"added": self._clock.now(), "note": proposal.note, "reason": reason}
        with self._store.transaction("keep evidence") as tx:
            tx.run("keep_evidence", evidence)
            tx.run("bound_evidence", {})

    def _load(self) -> WitnessState:
        with self._store.reading("what was witnessed") as tx:
            heads = tx.all("heads", {}, into=StreamHead)
            log = tx.one("newest_log", {}, into=_LogRow)
            key = tx.one("believed_key", {}, into=_KeyRow)
        if key is not None:
            self._hub_key = VerifierKey.parse(key.key)
        if log is None:
            return WitnessState(HeadMap(), EMPTY, "")
        before = Frontier.from_bytes(log.before)
        return WitnessState(HeadMap(heads), Frontier.from_bytes(log.frontier), log.note, before)


def _believe(tx: Transaction, changes: list[tuple[VerifierKey, bytes]], now: Instant) -> None:
    tx.run_each("believe_key", [{"key": str(key), "body": body, "added": now} for key, body in changes])


def take_back(tx: Transaction, held: Held, hub_key: VerifierKey, key: VerifierKey, now: Instant) -> int:
    """A partner restored from a backup learns what it last co-signed; the size of that log.

    Its own signature proves it. Rewritten when the backup knows of a later note: then this is not the last.
    """
    believed = tx.one("believed_key", {}, into=_KeyRow)
    last = VerifierKey.parse(believed.key) if believed else hub_key
    present, changes = follow_hub_key(last, held.keys)
    keys = [present, *(one for one, _ in changes), last, hub_key]
    state = check_held(held, keys, key)
    known = tx.one("newest_log", {}, into=_LogRow)
    if known is not None and known.size > state.log.size:
        raise Rewritten(
            f"The backup co-signed {known.size} heads; the {state.log.size} shown are not the last."
        )
    if known is not None and known.size == state.log.size:
        refuse_fork(open_under(known.note, keys).checkpoint, open_under(state.note, keys).checkpoint)
    _believe(tx, changes, now)
    tx.run("forget_heads", {})
    tx.run_each(
        "save_head", [{"key": head.key, "size": head.size, "root": head.root} for head in state.heads]
    )
    if known is None or known.size < state.log.size:
        _append(tx, state, now)
    return state.log.size


def _append(tx: Transaction, state: WitnessState, now: Instant) -> None:
    log: Params = {
        "size": state.log.size,
        "frontier": state.log.to_bytes(),
        "before": state.before.to_bytes(),
    }
    tx.run("append_log", {**log, "note": state.note, "added": now})
