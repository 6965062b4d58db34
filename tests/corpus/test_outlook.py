# SPDX-License-Identifier: Apache-2.0
"""Every real mail that can be saved as Outlook does is read from its .msg as from itself."""

from email.errors import MessageError
from pathlib import Path

import pytest
from tests.unit.agent.readers.outlook_files import msg

from tocsin.agent.readers.mail import read_mail, read_outlook
from tocsin.agent.readers.reading import Reading
from tocsin.domain.observable import Kind

pytestmark = pytest.mark.corpus

PICTURES = {
    "spec__fixtures__emails__attachment_emails__attachment_with_quoted_filename.eml",
    "spec__fixtures__emails__mime_emails__raw_email11.eml",
    "spec__fixtures__emails__mime_emails__raw_email_with_nested_attachment.eml",
}
"""Mails whose pictures are shown only because MIME says so (RFC 2183 inline), which a .msg does not keep."""


def told(reading: Reading) -> object:
    """What counts of a reading; a .msg keeps no MIME: neither its places nor its defects, nor how it spelt names."""
    values = {
        (found.observable, found.part)
        for found in reading.found
        if found.part != "attachment" or found.observable.kind is not Kind.FILE_NAME
    }
    return values, reading.title, reading.hops, reading.authentication, reading.happened


def saved(path: Path) -> tuple[bytes, bytes] | None:
    """A mail and its .msg; None for one that the standard library cannot take apart."""
    data = path.read_bytes()
    try:
        return data, msg(data)
    except (MessageError, AssertionError, LookupError, ValueError, TypeError, AttributeError):
        return None


def test_a_saved_mail_says_what_the_mail_says(data_dir: Path) -> None:
    paths = sorted((data_dir / "mail").rglob("*.eml"))
    pairs = {path.name: pair for path in paths if (pair := saved(path))}
    assert len(pairs) > 0.9 * len(paths) > 400
    other = [
        name
        for name, (mail, outlook) in pairs.items()
        if told(read_mail(mail)) != told(read_outlook(outlook))
    ]
    assert set(other) == PICTURES
