# SPDX-License-Identifier: Apache-2.0
"""The command line itself: help that is complete, words that lead on, and exit codes that a script can trust."""

import argparse
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tocsin.cli.command import Command, Output
from tocsin.cli.main import build_parser, run


def parsers(name: str, parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    yield name, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, below in action.choices.items():
                yield from parsers(f"{name} {word}", below)


EVERY = dict(parsers("tocsin", build_parser()))


@pytest.mark.parametrize("name", EVERY)
def test_every_option_says_what_it_is(name: str) -> None:
    assert [action.dest for action in EVERY[name]._actions if not action.help and action.dest != "help"] == [
        action.dest for action in EVERY[name]._actions if isinstance(action, argparse._SubParsersAction)
    ]


@pytest.mark.parametrize("name", EVERY)
def test_help_fits_a_terminal_of_80_columns(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for line in dict(parsers("tocsin", build_parser()))[name].format_help().splitlines():
        assert len(line) <= 80, line


@pytest.mark.parametrize(("words", "usage"), [([], "usage: tocsin "), (["agent"], "usage: tocsin agent ")])
def test_no_command_prints_the_help(words: list[str], usage: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) == 0
    assert capsys.readouterr().out.startswith(usage)


def test_an_unknown_option_is_answered_with_the_usage_of_its_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["agent", "inbox", "folder", "--nope"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("usage: tocsin agent inbox")
    assert "--nope" in said


def test_a_command_starts_without_what_it_does_not_use() -> None:
    """Another HTTP client, and what draws on terminals for httpx's own command: half as much to load as all of ours."""
    command = [sys.executable, "-X", "importtime", "-m", "tocsin", "--version"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}
    assert "httpx" in loaded
    assert not loaded & {"requests", "rich", "pygments", "duckdb", "numpy"}
    assert not loaded & {"lxml.etree", "pypdf"}, "what comes from outside is parsed in a child alone"
    assert not [name for name in loaded if name.startswith("tocsin.agent.redaction.narrative.")]


def test_a_folder_that_is_not_there_is_not_blamed_on_its_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["agent", "inbox", str(tmp_path / "gone")]) == 2
    said = capsys.readouterr().err
    assert "docs/samples" not in said
    assert "DIR" in said


def test_a_file_where_the_folder_belongs_is_told_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mail = tmp_path / "mail.eml"
    mail.write_text("Subject: x\n\n")
    assert run(["agent", "report", str(mail), str(tmp_path)]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "is a file, and a folder is wanted there" in said
    assert "it comes before everything else" in said


def test_what_failed_goes_to_standard_error_and_costs_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def both(parsed: argparse.Namespace) -> Iterator[Output]:
        yield Output(("bad.eml: refused",), code=1)
        yield Output(("good.eml: sent",))

    monkeypatch.setattr("tocsin.cli.main.COMMANDS", (Command("", "try", "try it", both),))
    assert run(["try"]) == 1
    said = capsys.readouterr()
    assert (said.out, said.err) == ("good.eml: sent\n", "bad.eml: refused\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="There is no full device on this system.")
@pytest.mark.parametrize("words", [["--help"], [], ["agent", "report", "--help"]])
def test_a_full_disk_is_no_traceback(words: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "tocsin", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert "Traceback" not in ended.stderr
    assert "Exception ignored" not in ended.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["hub", "statsu", "DIR"], "Did you mean status?"),
        (["agent", "report", "DIR", "one.eml", "--yess"], "there is no --yess here. Did you mean --yes?"),
        (["agent", "report", "DIR", "one.eml", "--qqq"], "there is no --qqq here."),
        (["agent", "ack", "DIR", "wrn_1", "--answer", "seen"], "none of received, acted, not-affected"),
        (["agent", "warn", "draft", "DIR"], "the folder comes before the step: tocsin agent warn DIR draft"),
    ],
)
def test_a_slip_is_answered_in_plain_words_with_what_was_probably_meant(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words) == 2
    heard = capsys.readouterr().err
    assert said in " ".join(heard.split())
    assert "<" not in heard


def test_wrong_arguments_are_a_problem_document_for_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["hub", "enrol", "DIR", "--json"]) == 2
    out, err = capsys.readouterr()
    problem = json.loads(out)
    assert problem["type"] == "tag:tocsin,2026:problem/usage"
    assert "--name" in problem["detail"]
    assert err == ""


@pytest.mark.processes
@pytest.mark.parametrize("seconds", [0.05, 0.2, 0.4])
def test_an_interrupt_during_start_up_leaves_no_trace(seconds: float, tmp_path: Path) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "tocsin", "agent", "serve", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        assert started.stderr is not None
        while "tocsin" not in started.stderr.readline():
            assert started.poll() is None
        time.sleep(seconds)
        started.send_signal(signal.SIGINT)
        _, said = started.communicate(timeout=30)
    assert "Traceback" not in said
    assert started.returncode == 130 or "tocsin: " in said, said[-500:]
