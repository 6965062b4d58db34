# SPDX-License-Identifier: Apache-2.0
"""Hub and partner over one history: honest waves pass whatever the order, and no lie does.

`Hub` is a small model of what the real hub stores; it is honest unless a test tells it to lie.
"""

import hashlib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.clock import SECOND, Instant
from tocsin.errors import (
    BadProof,
    BadSignature,
    Conflict,
    Forked,
    Malformed,
    ProofError,
    Rewritten,
    TocsinError,
    TooLarge,
)
from tocsin.halves import witness as ceremony
from tocsin.halves.witness import accept, moved_head, new_witness, propose, sign_head, witness
from tocsin.proof.headmap import HeadMap, StreamHead, check_head_proof, head_key
from tocsin.proof.merkle import EMPTY, leaf_hash, root_of
from tocsin.proof.note import (
    Checkpoint,
    KeyKind,
    VerifierKey,
    log_origin,
    open_note,
    sign_note,
    verify_cosignature,
)
from tocsin.proof.signing import SigningKey

HUB = SigningKey.from_seed(b"h" * 32)
PARTNER = SigningKey.from_seed(b"p" * 32)
ORIGIN = log_origin("hub.example", "live")
HUB_KEY = VerifierKey(ORIGIN, KeyKind.NOTE, HUB.public)
PARTNER_KEY = VerifierKey("partner.example", KeyKind.COSIGNATURE, PARTNER.public)
NOW = Instant(1_800_000_000 * SECOND)
STREAMS = ("directory", "all", "members", "role:agency")


def salt_of(stream):
    return hashlib.sha256(stream.encode()).digest()


def key_of(stream):
    return head_key(salt_of(stream), stream)


class Hub:
    """What a hub keeps: every stream's leaves, the log's leaves, and how far each was witnessed."""

    def __init__(self):
        self.streams = {}
        self.log = []
        self.witnessed = {}
        self.witnessed_log = 0
        self.head = None

    def append(self, stream, data):
        self.streams.setdefault(stream, []).append(leaf_hash(data))

    def sign(self):
        """A wave: the next signed head over all streams as they stand."""
        heads = HeadMap(
            StreamHead(key_of(stream), len(leaves), root_of(leaves))
            for stream, leaves in self.streams.items()
        )
        self.head = sign_head(heads, EMPTY.extend(self.log), ORIGIN, HUB)
        self.log.append(heads.log_leaf())
        return self.head

    def propose(self):
        """The proposal for the last signed head, from what was witnessed last."""
        changes = []
        for stream, leaves in self.streams.items():
            size = self.witnessed.get(stream, 0)
            if size != len(leaves):
                changes.append(moved_head(key_of(stream), EMPTY.extend(leaves[:size]), leaves[size:]))
        held = EMPTY.extend(self.log[: self.witnessed_log])
        return propose(self.head, held, self.log[self.witnessed_log : -1], changes)

    def accept(self, answer):
        accept(self.head.note, answer, HUB_KEY, PARTNER_KEY)
        self.witnessed = {stream: len(leaves) for stream, leaves in self.streams.items()}
        self.witnessed_log = len(self.log)

    def check_readers(self, note):
        """Every reader, who holds its stream's leaves, finds its way to the note."""
        checkpoint = open_note(note, HUB_KEY).checkpoint
        for stream, leaves in self.streams.items():
            proof = self.head.heads.prove(key_of(stream), self.head.log_before)
            check_head_proof(
                proof,
                stream=stream,
                key=key_of(stream),
                size=len(leaves),
                root=root_of(leaves),
                checkpoint=checkpoint,
            )


def ask(state, proposal, now=NOW):
    return witness(state, proposal, hub_key=HUB_KEY, name="partner.example", key=PARTNER, now=now)


def wave(hub, state):
    """One honest wave; the partner's new state."""
    hub.sign()
    answer = ask(state, hub.propose())
    hub.accept(answer.note)
    return answer.state


def history(waves=4):
    """A hub and its partner after a few waves over all streams, in different sizes."""
    hub, state = Hub(), new_witness()
    for number in range(waves):
        for many, stream in enumerate(STREAMS):
            for at in range(many + 1):
                hub.append(stream, f"{number}/{stream}/{at}".encode())
        state = wave(hub, state)
    return hub, state


# --- honest histories -----------------------------------------------------------------------------------------------


def test_an_honest_wave_is_co_signed_with_the_partners_time():
    hub, state = history()
    hub.append("members", b"one more")
    hub.sign()
    answer = ask(state, hub.propose())
    note = open_note(answer.note, HUB_KEY)
    assert verify_cosignature(note, PARTNER_KEY) == NOW
    assert accept(hub.head.note, answer.note, HUB_KEY, PARTNER_KEY) == NOW
    assert (note.checkpoint.size, note.checkpoint.root) == (5, hub.head.log.root())
    assert [head.key for head in answer.moved] == [key_of("members")], "only what moved is to be written"
    hub.check_readers(answer.note)


def test_a_wave_in_which_nothing_moved_is_co_signed():
    hub, state = history()
    assert wave(hub, state).log.size == 5


def test_a_first_head_without_any_stream_is_co_signed():
    assert wave(Hub(), new_witness()).log.size == 1


def test_the_same_proposal_again_brings_the_same_answer_and_writes_nothing():
    hub, state = history()
    hub.append("all", b"x")
    hub.sign()
    first = ask(state, hub.propose())
    again = ask(first.state, hub.propose(), now=Instant(NOW + 7 * SECOND))
    assert (again.note, again.moved, again.state) == (first.note, (), first.state)


def test_an_answer_that_was_lost_is_asked_for_again_and_the_hub_goes_on():
    hub, state = history()
    hub.append("all", b"x")
    hub.sign()
    state = ask(state, hub.propose()).state
    hub.accept(ask(state, hub.propose()).note)
    hub.append("all", b"y")
    assert wave(hub, state).log.size == 6


def test_a_partner_that_was_away_takes_many_heads_in_one_step():
    hub, state = history()
    for number in range(20):
        hub.append(STREAMS[number % 4], str(number).encode())
        hub.sign()
    proposal = hub.propose()
    assert len(proposal.log_path) < 8, "its length does not grow with the absence"
    answer = ask(state, proposal)
    hub.accept(answer.note)
    hub.check_readers(answer.note)
    assert wave(hub, answer.state).log.size == 25


def test_a_partner_that_is_declared_later_takes_the_history_as_it_finds_it():
    hub, _ = history()
    hub.witnessed, hub.witnessed_log = {}, 0
    hub.append("all", b"x")
    hub.sign()
    answer = ask(new_witness(), hub.propose())
    assert (answer.state.log.size, len(answer.moved)) == (5, 4)


moves = st.lists(
    st.tuples(
        st.lists(st.tuples(st.sampled_from(STREAMS), st.integers(1, 5)), max_size=4),
        st.sampled_from(["witnessed", "partner away", "answer lost"]),
    ),
    min_size=1,
    max_size=12,
)


@given(moves)
@settings(max_examples=60, deadline=None)
def test_any_honest_history_is_witnessed_and_readable(waves):
    hub, state = Hub(), new_witness()
    for number, (appends, partner) in enumerate(waves):
        for stream, many in appends:
            for at in range(many):
                hub.append(stream, f"{number}/{at}".encode())
        hub.sign()
        hub.check_readers(hub.head.note)
        if partner == "partner away":
            continue
        answer = ask(state, hub.propose())
        state = answer.state
        if partner == "answer lost":
            answer = ask(state, hub.propose())
        hub.accept(answer.note)
        hub.check_readers(answer.note)
    assert state.log.size == hub.witnessed_log
    assert {head.key: head.size for head in state.heads} == {key_of(s): n for s, n in hub.witnessed.items()}


# --- a hub that lies ------------------------------------------------------------------------------------------------


def rewrite_a_leaf(hub):
    hub.streams["members"][2] = leaf_hash(b"other")


def rewrite_the_first_leaf(hub):
    hub.streams["members"][0] = leaf_hash(b"other")


def drop_a_leaf(hub):
    del hub.streams["members"][2]
    hub.append("members", b"filler")


def swap_two_leaves(hub):
    leaves = hub.streams["members"]
    leaves[2], leaves[3] = leaves[3], leaves[2]


def insert_a_leaf(hub):
    hub.streams["members"].insert(2, leaf_hash(b"late"))


def rewrite_the_log(hub):
    hub.log[1] = leaf_hash(b"other")


def give_a_stream_anothers_leaves(hub):
    hub.streams["members"] = [*hub.streams["role:agency"]]


LIES = [
    rewrite_a_leaf,
    rewrite_the_first_leaf,
    drop_a_leaf,
    swap_two_leaves,
    insert_a_leaf,
    rewrite_the_log,
    give_a_stream_anothers_leaves,
]


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
@pytest.mark.parametrize("waves", [2, 3, 4, 5])
def test_a_history_that_was_changed_is_not_co_signed(lie, waves):
    hub, state = history(waves)
    lie(hub)
    hub.append("members", b"one more")
    hub.sign()
    with pytest.raises(Rewritten, match="begin with what was witnessed"):
        ask(state, hub.propose())


@given(st.integers(1, 5), st.sampled_from(STREAMS), st.data())
@settings(max_examples=60, deadline=None)
def test_any_leaf_ever_witnessed_is_protected(waves, stream, data):
    hub, state = history(waves)
    at = data.draw(st.integers(0, len(hub.streams[stream]) - 1))
    hub.streams[stream][at] = leaf_hash(b"other")
    for number in range(data.draw(st.integers(0, 3))):
        hub.append(stream, str(number).encode())
    hub.sign()
    with pytest.raises(ProofError):
        ask(state, hub.propose())


def test_a_stream_that_shrank_is_not_co_signed():
    hub, state = history()
    del hub.streams["members"][-1]
    hub.sign()
    leaves = hub.streams["members"]
    change = msgspec.structs.replace(
        moved_head(key_of("members"), EMPTY, leaves), old_size=hub.witnessed["members"], path=()
    )
    proposal = propose(hub.head, EMPTY.extend(hub.log[:-1]), (), [change])
    with pytest.raises(Rewritten, match="There were 12 entries, and now there are 11"):
        ask(state, proposal)


def test_a_log_that_shrank_is_not_co_signed():
    hub, state = history()
    del hub.log[-2:]
    hub.witnessed_log = len(hub.log)
    hub.sign()
    with pytest.raises(Rewritten, match="The log had 4 heads, and the hub now signs one of 3"):
        ask(state, hub.propose())


def test_a_second_head_of_the_same_size_is_a_fork():
    hub, state = history()
    hub.append("members", b"for some")
    hub.sign()
    state = ask(state, hub.propose()).state
    hub.log.pop()
    hub.streams["members"][-1] = leaf_hash(b"for others")
    hub.sign()
    with pytest.raises(Forked, match="two different heads of size 5"):
        ask(state, hub.propose())


def test_a_stream_that_moved_unnamed_is_not_co_signed():
    hub, state = history()
    hub.append("members", b"named")
    hub.append("all", b"unnamed")
    hub.sign()
    proposal = hub.propose()
    named = tuple(change for change in proposal.changes if change.key == key_of("members"))
    with pytest.raises(BadProof, match="does not sign these heads"):
        ask(state, msgspec.structs.replace(proposal, changes=named))


def test_a_stream_that_was_left_out_of_the_map_is_not_co_signed():
    hub, state = history()
    del hub.streams["all"]
    hub.sign()
    with pytest.raises(BadProof, match="left out"):
        ask(state, hub.propose())


def test_a_stream_named_twice_is_not_co_signed():
    hub, state = history()
    hub.append("members", b"x")
    hub.sign()
    proposal = hub.propose()
    with pytest.raises(Malformed, match="one head, not two"):
        ask(state, msgspec.structs.replace(proposal, changes=proposal.changes * 2))


def test_a_hub_that_pretends_a_known_stream_is_new_is_not_co_signed():
    hub, state = history()
    hub.streams["members"] = [leaf_hash(b"fresh")]
    hub.witnessed["members"] = 0
    hub.sign()
    with pytest.raises(Conflict, match="is held with 12 entries, not 0"):
        ask(state, hub.propose())


def test_a_log_with_a_skipped_head_that_is_not_in_it_is_not_co_signed():
    hub, state = history()
    hub.sign()
    hub.log[-1] = leaf_hash(b"other")
    hub.sign()
    hub.log[-2] = leaf_hash(b"yet another")
    with pytest.raises(ProofError):
        ask(state, hub.propose())


def test_a_note_of_another_hub_realm_or_key_is_not_co_signed():
    hub, state = history()
    hub.sign()
    proposal = hub.propose()
    head = hub.head.log
    for origin, key in (
        (log_origin("hub.example", "drill-7"), HUB),
        (log_origin("hub2.example", "live"), HUB),
        (ORIGIN, PARTNER),
    ):
        note = sign_note(Checkpoint(origin, head.size, head.root()), key)
        with pytest.raises(BadSignature):
            ask(state, msgspec.structs.replace(proposal, note=note))


def prepared():
    """A state and an honest proposal with skipped heads and two moved streams."""
    hub, state = history()
    for number in range(3):
        hub.append("members", str(number).encode())
        hub.append("all", str(number).encode())
        hub.sign()
    return state, hub.propose()


STATE, PROPOSAL = prepared()


def altered(**change):
    """The proposal with its first moved stream changed."""
    first, *rest = PROPOSAL.changes
    return msgspec.structs.replace(PROPOSAL, changes=(msgspec.structs.replace(first, **change), *rest))


@pytest.mark.parametrize(
    ("proposal", "error"),
    [
        (altered(key=bytes(32)), Conflict),
        (altered(key=b"short"), Malformed),
        (altered(key=PROPOSAL.changes[1].key), Conflict),
        (altered(old_size=PROPOSAL.changes[0].old_size - 1), Conflict),
        (altered(new_size=PROPOSAL.changes[0].new_size + 1), ProofError),
        (altered(new_size=PROPOSAL.changes[0].new_size - 1), ProofError),
        (altered(new_size=-1), Malformed),
        (altered(new_root=bytes(32)), Rewritten),
        (altered(path=()), Rewritten),
        (altered(path=PROPOSAL.changes[0].path[:-1]), Rewritten),
        (altered(path=(*PROPOSAL.changes[0].path, bytes(32))), Rewritten),
        (msgspec.structs.replace(PROPOSAL, changes=PROPOSAL.changes[1:]), BadProof),
        (msgspec.structs.replace(PROPOSAL, held=3), Conflict),
        (msgspec.structs.replace(PROPOSAL, held=5), Conflict),
        (msgspec.structs.replace(PROPOSAL, log=b""), Malformed),
        (msgspec.structs.replace(PROPOSAL, log=STATE.log.to_bytes()), Rewritten),
        (msgspec.structs.replace(PROPOSAL, log=STATE.log.to_bytes(), log_path=()), BadProof),
        (msgspec.structs.replace(PROPOSAL, log_path=()), Rewritten),
        (msgspec.structs.replace(PROPOSAL, note=""), Malformed),
    ],
    ids=lambda value: "" if isinstance(value, ceremony.Proposal) else value.__name__,
)
def test_any_single_change_to_a_proposal_is_refused(proposal, error):
    if proposal.note == STATE.note:
        assert ask(STATE, proposal).note == STATE.note, (
            "the last head again: the last answer again, nothing new"
        )
        return
    with pytest.raises(error):
        ask(STATE, proposal)


def test_the_last_note_under_a_new_proposal_brings_the_last_answer_and_nothing_new():
    answer = ask(STATE, msgspec.structs.replace(PROPOSAL, note=STATE.note))
    assert (answer.note, answer.state) == (STATE.note, STATE)


def test_the_prepared_proposal_itself_is_co_signed():
    assert ask(STATE, PROPOSAL).state.log.size == 7


def test_a_proposal_is_bounded():
    with pytest.raises(TooLarge):
        ask(STATE, msgspec.structs.replace(PROPOSAL, changes=PROPOSAL.changes * ceremony.MAX_CHANGES))


@given(st.data())
@settings(deadline=None)
def test_garbage_in_a_proposal_is_refused_in_our_own_words(data):
    hashes = st.lists(st.binary(max_size=33), max_size=5).map(tuple)
    change = st.fixed_dictionaries(
        {},
        optional={
            "key": st.binary(max_size=33),
            "old_size": st.integers(),
            "new_size": st.integers(),
            "new_root": st.binary(max_size=33),
            "path": hashes,
        },
    )
    proposal = altered(**data.draw(change))
    fields = st.fixed_dictionaries(
        {},
        optional={
            "held": st.integers(),
            "log": st.binary(max_size=80),
            "log_path": hashes,
            "note": st.text(),
        },
    )
    proposal = msgspec.structs.replace(proposal, **data.draw(fields))
    if proposal != PROPOSAL:
        with pytest.raises(TocsinError):
            ask(STATE, proposal)


# --- a partner that lies ----------------------------------------------------------------------------------------------


def test_the_hub_refuses_an_answer_for_another_head():
    hub, state = history()
    hub.append("all", b"x")
    hub.sign()
    with pytest.raises(BadProof, match="answered with head 4, not 5"):
        accept(hub.head.note, state.note, HUB_KEY, PARTNER_KEY)


def test_the_hub_refuses_an_answer_without_the_partners_signature():
    hub, _ = history()
    hub.sign()
    with pytest.raises(BadSignature, match="has not co-signed"):
        accept(hub.head.note, hub.head.note, HUB_KEY, PARTNER_KEY)


def test_a_refusal_changes_nothing():
    hub, state = history()
    honest = len(hub.streams["members"])
    hub.append("members", b"x")
    kept = hub.streams["members"][0]
    hub.streams["members"][0] = leaf_hash(b"other")
    hub.sign()
    with pytest.raises(Rewritten):
        ask(state, hub.propose())
    hub.log.pop()
    hub.streams["members"][0] = kept
    assert wave(hub, state).heads.get(key_of("members")).size == honest + 1
