# SPDX-License-Identifier: Apache-2.0
"""Nothing that a person reads runs over the edge of the terminal, and nothing is lost on the way."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.cli import screen
from tocsin.cli.screen import UNFOLDED, counted, fold, printable, readable, row, say, short, width
from tocsin.domain.observable import Kind, Observable

HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def test_without_a_terminal_nothing_is_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS")
    assert width() in (UNFOLDED, width(80))
    assert fold("word " * 200, UNFOLDED) == ["word " * 200]


@given(words=st.lists(st.text("abcdefgh", min_size=1, max_size=30), min_size=1, max_size=60))
def test_a_folded_line_fits_and_keeps_every_word(words: list[str]) -> None:
    lines = fold("  " + " ".join(words), 80)
    assert all(len(line) <= 80 for line in lines)
    assert " ".join(lines).split() == words


def test_a_word_that_is_longer_than_the_line_stays_whole() -> None:
    assert HASH * 2 in fold(f"the key is {HASH * 2} today", 80)[1]


@given(value=st.text("abc.[]/", max_size=300), note=st.text("abc def", max_size=200))
def test_a_row_fits_and_holds_its_whole_value(value: str, note: str) -> None:
    lines = row("  + attachment   ", value, note)
    assert all(len(line) <= 80 for line in lines)
    assert value in "".join(line[17:] for line in lines)


def test_a_reason_stands_beside_its_value_or_below_it() -> None:
    assert row("  - ours  ", "a.example", "your own") == ["  - ours  a.example   your own"]
    below = row("  - ours  ", "a.example", "your own: it is listed in the settings of this agent, line 3")
    assert below == [
        "  - ours  a.example",
        "          your own: it is listed in the settings of this agent, line 3",
    ]


def test_a_digest_is_folded_and_not_cut() -> None:
    lines = row("  + attachment   ", HASH)
    assert "".join(line.strip() for line in lines[1:]) == HASH[63:]


def test_an_identifier_is_short_for_a_person_and_whole_when_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    identifier = "rpt_cdbf76a2000000000000000000000000"
    assert short(identifier) == "rpt_cdbf76a2…"
    assert short(identifier, wide=True) == identifier
    monkeypatch.setenv("COLUMNS", str(UNFOLDED))
    assert short(identifier) == identifier


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        (Kind.DOMAIN, "xn--bcher-kva.example", "xn--bcher-kva[.]example = bücher[.]example"),
        (Kind.URL, "https://xn--bcher-kva.example/a", "hxxps://xn--bcher-kva[.]example/a = bücher[.]example"),
        (Kind.DOMAIN, "plain.example", "plain[.]example"),
        (Kind.DOMAIN, "xn--99999999999.example", "xn--99999999999[.]example"),
        (Kind.SHA256, HASH, HASH),
    ],
)
def test_an_international_name_stands_beside_its_encoded_form(kind: Kind, value: str, shown: str) -> None:
    assert readable(Observable(kind, value)) == shown


def test_letters_that_would_turn_the_line_around_are_not_shown() -> None:
    name = "xn--" + "a\u202eb".encode("punycode").decode()
    assert "=" not in readable(Observable(Kind.DOMAIN, f"{name}.example"))


def test_a_number_has_its_word() -> None:
    assert counted(1, "entry", "entries") == "1 entry"
    assert counted(0, "entry", "entries") == "0 entries"
    assert counted(1_200, "file") == "1,200 files"


def test_a_long_link_is_cut_behind_a_mark() -> None:
    lines = row("  + link         ", "hxxps://portal[.]secure-clearing-update[.]example/renew/some/login")
    assert [line.strip() for line in lines[1:]] == ["login"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("evil\x1b]0;owned\x07\x1b[2J.eml", r"evil\x1b]0;owned\x07\x1b[2J.eml"),
        ("gpj\u202eexe", r"gpj\u202eexe"),
        ("a\n  + link  hxxp://fake", r"a\n  + link  hxxp://fake"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("\x9b2J half \udc80", r"\x9b2J half \udc80"),
        ("Zürich\u00a0Bank 东京 می\u200cخواهم", "Zürich\u00a0Bank 东京 می\u200cخواهم"),
    ],
)
def test_nothing_that_a_stranger_wrote_moves_the_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_the_one_door_shows_every_control_as_its_escape(capsys: pytest.CaptureFixture[str]) -> None:
    say("one\x1b[2J\ntwo\u202e")
    say("three\x07", failed=True)
    out, err = capsys.readouterr()
    assert (out, err) == ("one\\x1b[2J\ntwo\\u202e\n", "three\\x07\n")


def test_no_command_prints_beside_the_door() -> None:
    """Only documents for programs, in which JSON escapes what is odd, the parser's own help, and how far it is."""
    allowed = {"main.py": 4, "screen.py": 1, "progress.py": 2}
    folder = Path(screen.__file__).parent
    printed = {path.name: path.read_text().count("print(") for path in folder.glob("*.py")}
    assert {name: count for name, count in printed.items() if count} == allowed
