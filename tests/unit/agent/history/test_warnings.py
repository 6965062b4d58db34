# SPDX-License-Identifier: Apache-2.0
"""The view over warnings is a function of what was proved: of no order, no repetition, and no entry that is gone."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.agent.history import warnings
from tocsin.agent.history.changes import Changes
from tocsin.agent.history.replica import StreamRow
from tocsin.clock import DAY, MINUTE, Instant
from tocsin.domain.observable import Kind, Observable
from tocsin.domain.warning import Urgency, Warning
from tocsin.errors import Malformed
from tocsin.follow.verify import VerifiedEntry
from tocsin.storage.sqlite import open_sqlite
from tocsin.storage.store import Store, Transaction
from tocsin.wire.answering import AcknowledgementEvent, AnswersEvent
from tocsin.wire.messages import Header, encode, encode_warning

ISSUED = Instant(1_795_249_800_000_000)
IDS = ("wrn_1f0c2a645a3b4c8e9b1d0123456789ab", "wrn_2f0c2a645a3b4c8e9b1d0123456789ab")
AUTHORS = ("prt_1f0c2a645a3b4c8e9b1d0123456789ab", "prt_2f0c2a645a3b4c8e9b1d0123456789ab")
STREAMS = ("all", "members", "role:bank")


class Said(msgspec.Struct, frozen=True):
    """A version, or (without a warning) the erasure of an earlier entry of its stream."""

    stream: str
    warning: Warning | None
    erases: int = -1


def a_warning(number: int = 0, author: int = 0, version: int = 1, content: str = "a", gone: bool = False):
    return Warning(
        id=IDS[number],
        author=AUTHORS[author],
        title=f"Wave {content}",
        look_for=() if gone else (Observable(Kind.DOMAIN, f"v{version}-{content}.example"),),
        measures="",
        urgency=Urgency.URGENT,
        issued=ISSUED,
        expires=Instant(ISSUED + DAY),
        version=version,
        withdrawn="It was wrong." if gone else "",
    )


WARNINGS = st.builds(
    a_warning,
    number=st.integers(0, 1),
    author=st.integers(0, 1),
    version=st.integers(2, 4),
    content=st.sampled_from("ab"),
    gone=st.sampled_from([False, False, False, True]),
)
SAID = st.builds(Said, stream=st.sampled_from(STREAMS), warning=WARNINGS) | st.builds(
    Said, stream=st.sampled_from(STREAMS), warning=st.none(), erases=st.integers(0, 3)
)


def chain_of(warning: Warning) -> str:
    return f"chn_{warning.id}_{warning.author}"


def entry_of(stream: str, seq: int, warning: Warning, *, chain: str | None = None) -> VerifiedEntry:
    header = Header(
        entry="warning",
        added=ISSUED + 1000 * seq,
        fact=warning.id,
        chain=chain_of(warning) if chain is None else chain,
    )
    salt = bytes(32)
    return VerifiedEntry(
        stream, seq, header, encode(header), salt, salt, salt, salt, encode_warning(warning), salt
    )


def keep(tx: Transaction, entry: VerifiedEntry) -> None:
    """What `tocsin.agent.history.replica` does with every entry."""
    if tx.one("stream_by_name", {"name": entry.stream}, into=StreamRow) is None:
        tx.run("save_stream", msgspec.structs.asdict(StreamRow(entry.stream, 0, b"", "", 0, 99, 0, 0, "")))
    tx.run(
        "keep_entry",
        {
            "stream": entry.stream,
            "seq": entry.seq,
            "header": entry.header_bytes,
            "salt_h": entry.salt_h,
            "origin_c": entry.origin_c,
            "body_c": entry.body_c,
            "leaf": entry.leaf,
            "kind": entry.header.entry,
            "fact": entry.header.fact,
            "added": entry.header.added,
        },
    )


class _Standing(msgspec.Struct, frozen=True):
    id: str
    author: str
    chain: str
    version: int
    withdrawn: int
    body: bytes


class _Posting(msgspec.Struct, frozen=True):
    value: str
    stream: str
    seq: int
    fact: str
    kind: str
    may_block: int
    since: int
    expires: int
    named: str
    firm: int
    named_firm: str


def view(store: Store) -> tuple[list[object], list[object]]:
    with store.reading("view") as tx:
        stands = tx.all("warnings", {"now": ISSUED}, into=_Standing)
        values = tx.all("known_values", {"first": "", "last": "\U0010ffff", "now": ISSUED}, into=_Posting)
    return sorted(map(repr, stands)), sorted(map(repr, values))


def play(log: dict[str, list[Said]], order: list[str], *, cold: bool) -> tuple[list[object], list[object]]:
    """The streams entry by entry, in this order between them; a cold reader finds erased entries without a body."""
    store = open_sqlite(":memory:", "agent")
    erased = {
        (stream, one.erases) for stream, entries in log.items() for one in entries if one.warning is None
    }
    at = dict.fromkeys(log, 0)
    for stream in order:
        seq, at[stream] = at[stream], at[stream] + 1
        one = log[stream][seq]
        with store.transaction("arrives") as tx:
            if one.warning is None:
                if one.erases < seq:
                    warnings.erase(tx, {"stream": stream, "seq": one.erases}, Changes())
                continue
            entry = entry_of(stream, seq, one.warning)
            keep(tx, entry)
            gone = any(
                (stream, seq) == (stream, other.erases) and place > seq
                for place, other in enumerate(log[stream])
                if other.warning is None
            )
            if not (cold and gone and (stream, seq) in erased):
                warnings.apply(tx, entry, encode_warning(one.warning), Changes())
    found = view(store)
    store.close()
    return found


@settings(max_examples=150)
@given(st.lists(SAID, max_size=9), st.randoms())
def test_any_order_of_arrival_and_a_rebuild_give_the_same_view(said: list[Said], dice) -> None:
    log: dict[str, list[Said]] = {}
    for one in said:
        log.setdefault(one.stream, []).append(one)
    as_told = [one.stream for one in said]
    shuffled = list(as_told)
    dice.shuffle(shuffled)
    first = play(log, as_told, cold=False)
    assert play(log, shuffled, cold=False) == first
    assert play(log, sorted(as_told), cold=True) == first


def arrive(store: Store, *entries: VerifiedEntry) -> list[str]:
    said = []
    for entry in entries:
        with store.transaction("arrives") as tx:
            keep(tx, entry)
            assert entry.body is not None
            said.append(warnings.apply(tx, entry, entry.body, Changes()))
    return said


@pytest.fixture
def store():
    made = open_sqlite(":memory:", "agent")
    yield made
    made.close()


def values(store: Store) -> list[str]:
    return [str(one) for one in view(store)[1]]


def test_a_later_version_takes_the_place_of_an_earlier_one_and_its_values(store: Store) -> None:
    first, second = a_warning(), a_warning(version=2, content="b")
    arrive(store, entry_of("all", 0, first), entry_of("all", 1, second), entry_of("all", 2, first))
    (posting,) = values(store)
    assert "v2-b.example" in posting


def test_a_withdrawal_leaves_the_warning_without_values(store: Store) -> None:
    arrive(store, entry_of("all", 0, a_warning(version=2, gone=True)), entry_of("all", 1, a_warning()))
    stands, postings = view(store)
    assert len(stands) == 1
    assert "withdrawn=1" in str(stands[0])
    assert postings == []


def test_two_contents_as_one_version_are_told_once(store: Store) -> None:
    one, other = a_warning(version=2), a_warning(version=2, content="b")
    said = arrive(store, entry_of("all", 0, one), entry_of("all", 1, other), entry_of("all", 2, other))
    assert [bool(sentence) for sentence in said] == [False, True, False]
    assert "two different contents as version 2" in said[1]


def test_another_author_replaces_and_erases_nothing_under_the_same_identifier(store: Store) -> None:
    theirs = a_warning(author=1, version=3, content="b")
    arrive(store, entry_of("all", 0, a_warning()), entry_of("all", 1, theirs))
    assert len(values(store)) == 2
    with store.transaction("erase") as tx:
        warnings.erase(tx, {"stream": "all", "seq": 1}, Changes())
    (posting,) = values(store)
    assert "v1-a.example" in posting


def test_erasing_the_last_version_brings_no_older_one_back(store: Store) -> None:
    first, second = a_warning(), a_warning(version=2)
    arrive(store, entry_of("all", 0, first), entry_of("all", 1, second))
    with store.transaction("erase") as tx:
        warnings.erase(tx, {"stream": "all", "seq": 1}, Changes())
    assert view(store) == ([], [])
    arrive(store, entry_of("members", 0, first))
    assert view(store) == ([], []), "a replay after the erasure"


def test_one_warning_under_two_chains_is_told(store: Store) -> None:
    second = entry_of("all", 1, a_warning(version=2), chain="chn_other")
    assert "two chains" in arrive(store, entry_of("all", 0, a_warning()), second)[1]
    with store.transaction("erase") as tx:
        warnings.erase(tx, {"stream": "all", "seq": 1}, Changes())
    assert view(store) == ([], [])


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        (entry_of("all", 0, a_warning(), chain=""), "another warning"),
        (
            entry_of("all", 0, msgspec.structs.replace(a_warning(), issued=Instant(ISSUED + 5 * MINUTE + 1))),
            "issued later",
        ),
    ],
)
def test_an_entry_that_cannot_be_one_is_refused(store: Store, entry: VerifiedEntry, complaint: str) -> None:
    with pytest.raises(Malformed, match=complaint):
        arrive(store, entry)


def test_bands_are_taken_from_their_own_audience_or_in_the_authors_own_stream(store: Store) -> None:
    entry, party = entry_of("members", 0, a_warning()), AUTHORS[0]
    event = AnswersEvent(
        chain="chn_x", version=1, audience="all", role="bank", received="1", acted="0", not_affected="0"
    )
    with store.transaction("bands") as tx:
        with pytest.raises(Malformed, match="no place"):
            warnings.apply_answers(tx, entry, event, party)
        home = msgspec.structs.replace(entry, stream=f"party:{party}")
        warnings.apply_answers(tx, home, event, party)


def test_an_answer_that_came_back_does_not_overrule_a_later_decision(store: Store) -> None:
    entry = entry_of("party:x", 0, a_warning())
    with store.transaction("answers") as tx:
        decided = {"chain": "chn_x", "version": 1, "answer": "acted", "message": "msg_2"}
        tx.run("save_own_answer", decided)
        warnings.recall(tx, entry, AcknowledgementEvent(chain="chn_x", version=1, answer="received"))
        found = tx.one("own_answer", {"chain": "chn_x", "version": 1}, into=_Answer)
    assert found == _Answer("acted")


class _Answer(msgspec.Struct, frozen=True):
    answer: str
