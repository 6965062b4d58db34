# SPDX-License-Identifier: Apache-2.0
"""A run over many files: how far it is, how each file ended, what a later run need not read, and how it is stopped."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.agent.collecting.houses import house_in

from tocsin.agent.collecting.queue import About, Queue
from tocsin.agent.outbox import Settled
from tocsin.cli.handed import Handed, collected, on_disk
from tocsin.cli.main import build_parser
from tocsin.cli.outcomes import FileReport, Outcome, Tally, in_a_line, needs_no_second_look, outcome_of
from tocsin.cli.progress import Progress
from tocsin.cli.screen import width
from tocsin.cli.staying import stoppable
from tocsin.errors import (
    InputError,
    Missing,
    NothingToShare,
    Refused,
    TooCostly,
    TooLarge,
    Unknown,
    Unreachable,
    Unreadable,
)
from tocsin.wire.messages import Receipt
from tocsin.wire.problem import to_problem

REPORT = "rpt_1f0c2a645a3b4c8e9b1d0123456789ab"
RECEIPT = Receipt(hub="hub_1", party="prt_1", message=REPORT, added=0, outcomes=())


def ended(**fields: Any) -> FileReport:
    return FileReport("a.eml", **fields)


def contents(one: Handed) -> bytes:
    with one.open() as file:
        return file.read()


ENDINGS = {
    Outcome.SENT: ended(report=REPORT, settled=Settled(REPORT, RECEIPT)),
    Outcome.WAITING: ended(report=REPORT, waits=True, problem=to_problem(Unreachable())),
    Outcome.ALREADY: ended(already=REPORT),
    Outcome.NOTHING: ended(problem=to_problem(NothingToShare("no value"))),
    Outcome.UNDECIDED: ended(draft="drf_1"),
    Outcome.REFUSED: ended(report=REPORT, settled=Settled(REPORT, None, "No.\n  → Ask.")),
    Outcome.SHOWN: ended(),
}


@pytest.mark.parametrize("outcome", ENDINGS)
def test_every_ending_is_told_from_every_other(outcome: Outcome) -> None:
    assert outcome_of(ENDINGS[outcome]) is outcome
    assert set(ENDINGS) == set(Outcome)


@pytest.mark.parametrize("outcome", ENDINGS)
def test_only_what_was_reported_or_drafted_or_held_nothing_needs_no_second_look(outcome: Outcome) -> None:
    through = {Outcome.SENT, Outcome.WAITING, Outcome.ALREADY, Outcome.UNDECIDED, Outcome.NOTHING}
    assert needs_no_second_look(ENDINGS[outcome]) is (outcome in through)


@pytest.mark.parametrize(
    ("kind", "through"),
    [(Refused, True), (Unreadable, False), (TooCostly, False), (TooLarge, False), (InputError, False)],
)
def test_what_could_not_be_read_is_tried_again_and_what_its_marking_forbids_is_not(
    kind: type[InputError], through: bool
) -> None:
    assert needs_no_second_look(ended(problem=to_problem(kind("why")))) is through


@given(st.lists(st.sampled_from(list(ENDINGS))), st.integers(0, 5))
def test_a_summary_counts_every_file_once(outcomes: list[Outcome], skipped: int) -> None:
    tally = Tally()
    for one in outcomes:
        tally.add(ENDINGS[one])
    tally.skipped = skipped
    total = tally.summary()
    assert total.files == len(outcomes)
    shown = outcomes.count(Outcome.SHOWN)
    counted = total.sent + total.refused + total.waiting + total.already + total.undecided + shown
    assert counted == total.files
    assert total.nothing == outcomes.count(Outcome.NOTHING) <= total.refused
    assert ("skipped" in tally.words()) is bool(skipped)


def test_the_words_of_a_summary() -> None:
    tally = Tally()
    for one in (Outcome.SENT, Outcome.NOTHING, Outcome.REFUSED, Outcome.WAITING, Outcome.UNDECIDED):
        tally.add(ENDINGS[one])
    tally.skipped = 1_200
    assert tally.words() == (
        "5 files: 0 disclosures, 1 sent, 2 refused (1 with nothing to report), 1 waiting in the outbox, "
        "1 waiting for approval, 1,200 skipped: an earlier run was through with them"
    )
    assert tally.so_far() == "1 sent, 1 with nothing to report, 1 refused"


def test_a_line_says_how_a_file_ended_and_its_name_once() -> None:
    told = {outcome: list(in_a_line(one)) for outcome, one in ENDINGS.items()}
    assert told[Outcome.SENT] == [f"a.eml: sent as {REPORT}, 0 values"]
    assert told[Outcome.REFUSED] == ["a.eml: No."]
    assert told[Outcome.UNDECIDED] == ["a.eml: kept as drf_1 until people approve it"]
    assert told[Outcome.NOTHING] == told[Outcome.SHOWN] == []
    assert list(in_a_line(ended(problem=to_problem(Unreadable("a.eml: It is empty."))))) == [
        "a.eml: It is empty."
    ]


# --- how far it is


class Watch:
    """A clock of seconds that moves by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def at_a_terminal(files: int, watch: Watch) -> Progress:
    progress = Progress(files, quiet=False, clock=watch)
    progress._terminal = True
    return progress


def test_elsewhere_than_on_a_terminal_a_line_is_written_now_and_then() -> None:
    progress = Progress(300, quiet=False)
    assert [number for number in range(1, 301) if progress.show(number, 0, "so far")] == [100, 200]
    assert Progress(300, quiet=False).show(100, 0, "so far") == "100 of 300 files."


def test_on_a_terminal_one_line_is_written_over_itself_and_fits(capsys: pytest.CaptureFixture[str]) -> None:
    watch = Watch()
    progress = at_a_terminal(12_000, watch)
    for number in range(1, 4):
        watch.now += 1
        assert progress.show(number, 0, "9 sent, " + "and so on " * 20) is None
    progress.clear()
    progress.clear()
    said = capsys.readouterr()
    assert said.out == ""
    pieces = said.err.split("\r\x1b[K")
    assert pieces[0] == pieces[-1] == ""
    assert [piece[:16] for piece in pieces[1:-1]] == [
        "1 of 12,000 file",
        "2 of 12,000 file",
        "3 of 12,000 file",
    ]
    assert all(len(piece) < width(80) for piece in pieces)
    assert "\n" not in said.err


def test_how_long_the_rest_takes_is_told_by_what_was_really_read(capsys: pytest.CaptureFixture[str]) -> None:
    watch = Watch()
    progress = at_a_terminal(1_000, watch)
    watch.now = 10.0
    progress.show(500, 480, "x")
    watch.now = 20.0
    progress.show(900, 895, "x")
    watch.now = 30.0
    progress.show(950, 950, "x")
    said = capsys.readouterr().err
    assert "500 of 1,000 files, 4 min left: x" in said
    assert "900 of 1,000 files, 7 min left: x" in said
    assert "950 of 1,000 files: x" in said


def test_a_program_and_a_finished_run_see_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert Progress(10, quiet=True).show(5, 0, "x") is None
    assert at_a_terminal(10, Watch()).show(10, 0, "x") is None
    assert capsys.readouterr().err == ""


def test_ctrl_c_stops_between_two_steps_and_a_second_one_at_once() -> None:
    before = signal.getsignal(signal.SIGINT)
    with stoppable(between=True) as is_stopped:
        assert not is_stopped()
        os.kill(os.getpid(), signal.SIGINT)
        assert is_stopped()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
    with stoppable(between=False) as is_stopped, pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
    assert not is_stopped()


# --- what was handed in


def test_files_folders_and_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("b", "deep/a", "c"):
        (tmp_path / name).write_text(name)
    found = list(on_disk([str(tmp_path / "c"), str(tmp_path)]))
    assert [Path(one.name).relative_to(tmp_path).as_posix() for one in found] == ["c", "b", "c", "deep/a"]
    assert [contents(one) for one in found] == [b"c", b"b", b"c", b"deep/a"]
    with pytest.raises(Missing):
        list(on_disk([str(tmp_path / "gone")]))


def test_a_pipe_that_took_a_files_place_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    (one,) = on_disk([str(tmp_path / "a")])
    (tmp_path / "a").unlink()
    os.mkfifo(tmp_path / "a")
    with pytest.raises(Unreadable, match="no regular file"):
        contents(one)


def test_a_file_that_went_meanwhile_is_refused_by_itself(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    (one,) = on_disk([str(tmp_path / "a")])
    (tmp_path / "a").unlink()
    with pytest.raises(Unreadable, match="No such file") as refusal:
        contents(one)
    assert "the other files were not affected" in refusal.value.next_step


def test_collected_files_are_named_by_their_first_digits_or_taken_all(tmp_path: Path) -> None:
    with house_in(tmp_path / "ayr") as house:
        queue = Queue(house)
        items = [
            house.store.run(
                "add", lambda tx, name=name: queue.add(tx, About("s", name, "", 1), name.encode())
            )
            for name in ("one", "two")
        ]
        assert [contents(one) for one in collected([], queue, everything=True)] in (
            [b"one", b"two"],
            [b"two", b"one"],
        )
        (named,) = collected([f"{items[1][:12]}…"], queue, everything=False)
        assert (named.item, contents(named), named.name) == (items[1], b"two", f"{items[1]}: two")
        assert list(collected(["mail.eml"], queue, everything=False)) == []
        assert list(on_disk([items[0]])) == [], "it names no file"
        with pytest.raises(Unknown):
            list(collected(["col_00000000"], queue, everything=False))


@pytest.mark.parametrize(
    "words",
    [
        ["agent", "--dry-run", "a.eml", "b.eml"],
        ["agent", "a.eml", "--dry-run", "b.eml"],
        ["agent", "a.eml", "b.eml", "--dry-run"],
    ],
)
def test_files_stand_before_and_behind_options(words: list[str]) -> None:
    parsed = build_parser().parse_args(["agent", "report", *words])
    assert (parsed.dir, parsed.files, parsed.dry_run) == ("agent", ["a.eml", "b.eml"], True)


def test_a_word_too_many_is_still_refused() -> None:
    _, unknown = build_parser().parse_known_args(["agent", "report", "agent", "a.eml", "--nope", "b.eml"])
    assert unknown == ["--nope"]
