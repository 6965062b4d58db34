# SPDX-License-Identifier: Apache-2.0
"""The tutorial is carried out as it is written: every command in order, real processes, what it shows is what comes."""

import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.docs.generate import ROOT

TUTORIAL = (ROOT / "docs/tutorial/report-a-mail.md").read_text(encoding="utf-8")
SAMPLE = ROOT / "src/tocsin/world/samples/invoice_wave.eml"
TOCSIN = (sys.executable, "-m", "tocsin")
PATIENCE_SECONDS = 30.0
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)

pytestmark = pytest.mark.processes


class Reader:
    """Somebody who types what stands there, in one folder."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._port = port
        self._seen = ""
        self._stayed: list[subprocess.Popen[str]] = []

    def type(self, line: str) -> str:
        """Carry one command out; what it printed. One that serves stays until the end."""
        words = shlex.split(self._filled_in(line))
        assert words.pop(0) == "tocsin"
        if words[:2] == ["hub", "init"]:
            words += ["--port", str(self._port)]
        if words[1] == "serve":
            return self._stay(words)
        done = subprocess.run(
            [*TOCSIN, *words], cwd=self._folder, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        self._seen += done.stdout
        return done.stdout

    def type_until(self, line: str, shown: str) -> None:
        """The same command again until it shows what the tutorial shows."""
        end = time.monotonic() + PATIENCE_SECONDS
        while shown not in (printed := self.type(line)):
            assert time.monotonic() < end, f"{line}\n{printed}"
            time.sleep(0.2)

    def leave(self) -> None:
        """Ctrl-C in every terminal."""
        for process in self._stayed:
            process.terminate()
        for process in self._stayed:
            process.communicate(timeout=PATIENCE_SECONDS)

    def _filled_in(self, line: str) -> str:
        codes = re.findall(r"[A-Z2-7]{16}\.hub_[0-9a-f]{32}", self._seen)
        reports = re.findall(r"rpt_[0-9a-f]{32}", self._seen)
        warnings = re.findall(r"wrn_[0-9a-f]{32}", self._seen)
        filled = line.replace(":8710", f":{self._port}")
        filled = re.sub(r"\bCODE\b", codes[-1] if codes else "CODE", filled)
        filled = re.sub(r"\bWRN\b", warnings[0] if warnings else "WRN", filled)
        return re.sub(r"\bRPT\b", reports[0] if reports else "RPT", filled)

    def _stay(self, words: list[str]) -> str:
        process = subprocess.Popen(
            [*TOCSIN, *words], cwd=self._folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self._stayed.append(process)
        assert process.stdout is not None
        printed = process.stdout.readline()
        assert "ready" in printed
        return printed


@contextmanager
def reader_in(folder: Path) -> Iterator[Reader]:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port = place.getsockname()[1]
    reader = Reader(folder, port)
    try:
        yield reader
    finally:
        reader.leave()


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_the_tutorial_works_as_it_is_written(tmp_path: Path) -> None:
    blocks = _BLOCK.findall(TUTORIAL)
    (tmp_path / "suspicious.eml").write_bytes(SAMPLE.read_bytes())
    with reader_in(tmp_path) as reader:
        for (language, block), (_, following) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
            if language == "toml":
                settings = tmp_path / "tidewater/agent.toml"
                for setting in block.splitlines():
                    name = setting.partition(" ")[0]
                    changed = re.sub(rf"^{name} = .*$", setting, settings.read_text(), flags=re.M)
                    settings.write_text(changed)
            if language != "sh":
                continue
            *lines, last = block.splitlines()
            printed = "".join(map(reader.type, lines))
            if last.startswith("tocsin agent inbox") and (
                shown := re.match(r"(?:watch|block)\s+\S+", following)
            ):
                reader.type_until(last, shown[0])
                continue
            printed += reader.type(last)
            for expected in following.splitlines() if "--dry-run" in block else []:
                assert expected.strip() == "…" or one_line(expected) in one_line(printed), expected
        for name in ("block.csv", "block.rpz"):
            _wait_until_gone("portal.secure-clearing-update.example", tmp_path / "tidewater" / name)


def _wait_until_gone(value: str, path: Path) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while value in path.read_text():
        assert time.monotonic() < end
        time.sleep(0.2)
    assert "payments-verify.example" in path.read_text()
