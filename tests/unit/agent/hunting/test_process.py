# SPDX-License-Identifier: Apache-2.0
"""The hunting child finds what is in real files of every format, and a bad file ends nothing."""

import gzip
import os
import re
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tocsin.agent.hunting import process
from tocsin.agent.hunting.found import Found, Hunted
from tocsin.agent.hunting.frames import Answer
from tocsin.agent.hunting.process import HuntingChild, SparkChild
from tocsin.domain.observable import Kind, Observable, normalise
from tocsin.errors import ConfigError, TooCostly, Unreadable

pytestmark = pytest.mark.processes
EVIL = normalise(Kind.DOMAIN, "evil.example")


@pytest.fixture(scope="module")
def child(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HuntingChild]:
    with HuntingChild([EVIL], [tmp_path_factory.getbasetemp()]) as made:
        yield made


def counts(result: Hunted) -> dict[str, int]:
    return {str(one.observable): one.lines for one in result.found}


def test_a_log_is_hunted_through_whatever_it_is_called(child: HuntingChild, tmp_path: Path) -> None:
    plain, packed = tmp_path / "a", tmp_path / "b"
    plain.write_text("to www.evil.example\nto good.example\n")
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    heard: list[int] = []
    for path in (plain, packed):
        result = child.file(str(path), tell=heard.append)
        assert (counts(result), result.lines) == ({"domain:evil.example": 1}, 2)
    assert heard == [2, 2]


def test_lines_that_were_just_written_are_hunted_through(child: HuntingChild) -> None:
    assert counts(child.lines([b"x", b"to evil.example"])) == {"domain:evil.example": 1}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("no log", b"MZ\0\0\0"),
        ("no parquet", b"PAR1 and no more"),
        ("zero", b"\0" * 100),
    ],
    ids=["a program", "a broken table", "zeros"],
)
def test_what_is_no_log_is_said_and_the_next_is_read(
    child: HuntingChild, tmp_path: Path, name: str, data: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(Unreadable):
        child.file(str(path))
    assert counts(child.lines([b"evil.example"]))


def test_a_place_that_is_not_there_and_a_link_are_refused(child: HuntingChild, tmp_path: Path) -> None:
    (tmp_path / "log").write_text("evil.example\n")
    os.symlink(tmp_path / "log", tmp_path / "link")
    with pytest.raises(Unreadable):
        child.file(str(tmp_path / "nowhere"))
    with pytest.raises(Unreadable):
        child.file(str(tmp_path / "link"))
    assert counts(child.file(str(tmp_path / "link"), follow=True))


def test_a_child_that_dies_costs_at_most_its_log_and_the_next_starts_another(child: HuntingChild) -> None:
    child.lines([b"x"])
    dead = child.pid
    assert dead
    os.kill(dead, signal.SIGKILL)
    with suppress(Unreadable):  # where its end was not seen before it was asked
        child.lines([b"y"])
    assert counts(child.lines([b"evil.example"]))
    assert child.pid != dead


def test_a_child_that_says_nothing_is_ended() -> None:
    with HuntingChild([EVIL], silence_seconds=5) as child:
        child.lines([b"x"])
        child.pause()
        child._silence_seconds = 0.2
        with pytest.raises(TooCostly):
            child.lines([b"y"])
        assert child.pid is None


def test_a_value_that_nobody_asked_for_is_not_believed(
    child: HuntingChild, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Found(normalise(Kind.DOMAIN, "ayr.example"), 1, 0, 0, (), (), exact=True)
    monkeypatch.setattr(HuntingChild, "_answer", lambda *_: Answer(hunted=Hunted((other,))))
    assert child.lines([b"x"]).found == ()


# --- real logs


def of_file(data_dir: Path, name: str, known: list[Observable]) -> Hunted:
    with HuntingChild(known, [data_dir / "logs"]) as child:
        return child.file(str(data_dir / "logs" / name))


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("zeek-json/ssl.json.gz", 49_474),
        ("zeek-json/weird.json.gz", 24_202),
        ("zeek-json/rdp.json.gz", 4_122),
        ("zeek-json/smtp.json.gz", 1_188),
        ("suricata/test6-malicious.suricata.json", 5_000),
    ],
)
def test_every_line_of_a_real_log_is_counted_and_sound(data_dir: Path, name: str, lines: int) -> None:
    result = of_file(data_dir, name, [EVIL])
    assert (result.lines, result.odd, result.found, result.problem) == (lines, 0, (), "")


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("slips/dataset__test9-mixed-zeek-dir__http.log", "ipv4:103.41.26.58"),
        ("slips/dataset__test9-mixed-zeek-dir__dns.log", "domain:felk.cvut.cz"),
        ("slips/dataset__port-scans__horizontal__conn.log", "ipv4:195.113.214.219"),
        ("slips/dataset__test3-mixed.binetflow", "ipv4:216.73.23.146"),
        ("suricata/test6-malicious.suricata.json", "ipv4:78.36.196.213"),
        ("azure/az_net_flows.csv", "ipv4:65.55.44.109"),
    ],
)
def test_as_many_lines_are_found_in_a_real_log_as_hold_the_value(
    data_dir: Path, name: str, value: str
) -> None:
    kind, _, text = value.partition(":")
    known = normalise(Kind(kind), text)
    result = of_file(data_dir, name, [known])
    lines = (data_dir / "logs" / name).read_text().splitlines()
    expected = sum(_holds(line, text) for line in lines)
    assert counts(result) == {value: expected}
    assert expected > 0


def _holds(line: str, text: str) -> bool:
    """Whether it stands there with nothing of a longer value around it."""
    begin = r"(?<![\w.-])" if text[0].isdigit() else r"(?<![\w-])"
    return re.search(rf"{begin}{re.escape(text)}(?![\w-]|\.\w)", line) is not None


def test_spark_is_an_extra_and_is_told_no_more_of_the_environment_than_it_asks_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(process, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="no ibis") as refused:
        SparkChild([EVIL], {})
    assert "pip install 'tocsin[spark]'" in refused.value.next_step
    monkeypatch.setattr(process, "find_spec", lambda name: name)
    spark = {"PATH": "/bin", "JAVA_HOME": "/java", "SPARK_REMOTE": "sc://lake"}
    told = SparkChild([EVIL], {**spark, "CREDENTIALS_DIRECTORY": "/x", "PASSWORD": "x"})._environment()
    assert told == {**spark, "OPENBLAS_NUM_THREADS": "1"}
