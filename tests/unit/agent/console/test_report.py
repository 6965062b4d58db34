# SPDX-License-Identifier: Apache-2.0
"""Report: an archive of many files ends, and is kept whole when it took too long."""

import pytest
from tests.unit.agent.readings import found

from tocsin.agent.console.rooms import report
from tocsin.agent.readers.documents import Document
from tocsin.agent.readers.process import ReaderChild
from tocsin.agent.readers.reading import Reading
from tocsin.errors import TooCostly
from tocsin.web.pages.page import Upload

READING = Reading("mail", found=(found("url", "https://evil.example/a"),))


def test_what_takes_too_long_to_read_is_kept_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "documents", lambda *_: iter([Document("a.zip > 1", b"1", READING)] * 2))
    files = [Upload("a.zip", b"whole")]
    assert [one.data for one in report.read(ReaderChild(), files)] == [b"1", b"1"]
    monkeypatch.setattr(report, "MOST_SECONDS", -1.0)
    (kept,) = report.read(ReaderChild(), files)
    assert (kept.name, kept.data, kept.reading) == ("a.zip", b"whole", None)
    assert isinstance(kept.error, TooCostly)
