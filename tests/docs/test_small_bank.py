# SPDX-License-Identifier: Apache-2.0
"""The three steps of a small bank are carried out as they are written: real processes, real mail, a warning."""

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.docs.generate import ROOT
from tests.docs.test_tutorial import Reader, reader_in
from tests.mailserver import MailServer, open_mail_server

HOWTO = (ROOT / "docs/howto/small-bank.md").read_text(encoding="utf-8")
SAMPLE = ROOT / "src/tocsin/world/samples/invoice_wave.eml"
PATIENCE_SECONDS = 90.0
"""A file in a folder is looked at twice, ten seconds apart, before it is read."""
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
BLOCKS = _BLOCK.findall(HOWTO)

pytestmark = pytest.mark.processes


def put(settings: Path, block: str, port: int) -> None:
    """Write a block into agent.toml as a person does: a setting that stands there is changed, a section is added."""
    text = settings.read_text()
    section, *lines = block.strip().splitlines()
    if section in text:
        for line in lines:
            text = re.sub(rf"^{line.partition(' ')[0]} = .*$", line, text, count=1, flags=re.M)
    else:
        text += "\n" + block.replace("port = 25", f"port = {port}")
    settings.write_text(text)


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.2)


def found(reader: Reader) -> None:
    """An alliance, its desk, and the bank, which has joined."""
    reader.type("tocsin hub init hub --alliance 'City Alliance' --url http://127.0.0.1:8710")
    reader.type("tocsin hub serve hub")
    for name, folder, role in (("City Desk", "desk", "desk"), ("Tidewater Bank plc", "agent", "bank")):
        reader.type(f"tocsin hub enrol hub --name '{name}' --role {role} --jurisdiction GB")
        reader.type(
            f"tocsin agent init {folder} --hub http://127.0.0.1:8710 --code CODE --legal-name '{name}'"
        )


def test_the_three_steps_work_as_they_are_written(tmp_path: Path) -> None:
    with open_mail_server() as server, reader_in(tmp_path) as reader:
        found(reader)
        (tmp_path / "agent/reported").mkdir()
        (tmp_path / "agent/reported/mail.eml").write_bytes(SAMPLE.read_bytes())
        blocks = iter(BLOCKS)
        shields, shield, collect, collected, wake, test, answer, contacts = blocks
        for block in (shields, collect, wake):
            put(tmp_path / "agent/agent.toml", block[1], server.port)
        carry_out(reader, shield[1])
        assert (tmp_path / "agent/block.rpz").exists()
        reader.type("tocsin agent serve agent")
        until(lambda: "col_" in reader.type("tocsin agent collected agent"))
        carry_out(reader, collected[1])
        carry_out(reader, test[1])
        assert len(server.taken) == 1
        warned(reader)
        until(lambda: len(server.taken) == 2)
        assert [to for to, _ in server.taken] == [["ada@bank.example", "447700900123@text.example"]] * 2
        assert "1 urgent warning, open the console, ref W-1" in said(server)
        carry_out(reader, answer[1])
        assert "Nothing waits for anybody." in reader.type("tocsin agent calls agent list")
        carry_out(reader, contacts[1])
        assert "+44 20 7946 0100" in (tmp_path / "contacts.txt").read_text()


def warned(reader: Reader) -> None:
    """The desk warns, urgently."""
    reader.type(
        "tocsin agent warn desk draft --title 'A second wave' --look-for evil.example --urgency urgent"
    )
    reader.type("tocsin agent warn desk issue WRN")


def carry_out(reader: Reader, block: str) -> None:
    for line in block.splitlines():
        reader.type(re.sub(r"\bWARNING\b", "WRN", line))


def said(server: MailServer) -> str:
    return str(server.mails("ada@bank.example")[-1]["Subject"])


def test_every_command_of_the_other_pages_is_one_that_there_is() -> None:
    from tocsin.cli.main import build_parser

    for page in ("wake-a-human", "when-the-hub-is-down"):
        text = (ROOT / f"docs/howto/{page}.md").read_text(encoding="utf-8")
        lines = [
            line for language, block in _BLOCK.findall(text) if not language for line in block.splitlines()
        ]
        assert lines
        for line in lines:
            words = re.findall(r"'[^']*'|\S+", line.partition("  #")[0])
            build_parser().parse_args([word.strip("'") for word in words[1:]])
