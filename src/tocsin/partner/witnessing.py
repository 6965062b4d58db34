# SPDX-License-Identifier: Apache-2.0
"""The partner's memory of what it witnessed: everything it co-signs is durable before it answers.

The rules are in `tocsin.halves.witness`. A refused note is kept: it carries the hub's signature, and is evidence.
"""

import msgspec

from tocsin.clock import Clock
from tocsin.errors import ProofError
from tocsin.halves.witness import Proposal, WitnessState, witness
from tocsin.proof.headmap import HeadMap, StreamHead
from tocsin.proof.merkle import EMPTY, Frontier
from tocsin.proof.note import VerifierKey, open_note
from tocsin.proof.signing import SigningKey
from tocsin.storage.store import Params, Store, Transaction


class _LogRow(msgspec.Struct, frozen=True):
    size: int
    frontier: bytes
    note: str


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

    def witness(self, proposal: Proposal) -> str:
        """The note with the cosignature; a ProofError or Conflict says why not."""
        # What the hub has not signed is nobody's evidence: a stranger could fill the memory with it.
        open_note(proposal.note, self._hub_key)
        try:
            answer = witness(
                self._state,
                proposal,
                hub_key=self._hub_key,
                name=self._name,
                key=self._key,
                now=self._clock.now(),
            )
        except ProofError as error:
            self._keep_evidence(proposal, str(error))
            raise

        def keep(tx: Transaction) -> None:
            tx.run_each(
                "save_head",
                [{"key": head.key, "size": head.size, "root": head.root} for head in answer.moved],
            )
            if answer.state.log.size > self._state.log.size:
                log = answer.state.log
                row: Params = {"size": log.size, "frontier": log.to_bytes(), "note": answer.note}
                tx.run("append_log", {**row, "added": self._clock.now()})

        self._store.run("witness head", keep)
        self._state = answer.state
        return answer.note

    def _keep_evidence(self, proposal: Proposal, reason: str) -> None:
        evidence: Params = {"added": self._clock.now(), "note": proposal.note, "reason": reason}
        with self._store.transaction("keep evidence") as tx:
            tx.run("keep_evidence", evidence)
            tx.run("bound_evidence", {})

    def _load(self) -> WitnessState:
        with self._store.reading("what was witnessed") as tx:
            heads = tx.all("heads", {}, into=StreamHead)
            log = tx.one("newest_log", {}, into=_LogRow)
        if log is None:
            return WitnessState(HeadMap(), EMPTY, "")
        return WitnessState(HeadMap(heads), Frontier.from_bytes(log.frontier), log.note)
