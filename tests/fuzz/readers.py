# SPDX-License-Identifier: Apache-2.0
"""The readers of the child, each with files that it reads. What one says of bent bytes its own agent must believe."""

import gzip
import json
import zipfile
from collections.abc import Callable
from io import BytesIO

import msgspec
from tests.fuzz.target import Read, Target
from tests.unit.agent.readers.outlook_files import msg
from tests.unit.agent.readers.pdf_files import pdf
from tests.unit.agent.readers.test_documents import crossing
from tests.unit.agent.readers.test_logs import ALERT, CONN, TSV, lines
from tests.unit.agent.readers.test_office import DOCUMENT, SHARED, SHEET, office
from tests.unit.agent.readers.test_outlook import lure
from tests.unit.agent.readers.test_rtf import SIMPLE, stored

from tocsin.agent.readers import rtf
from tocsin.agent.readers.around import Around
from tocsin.agent.readers.attached import read_attached
from tocsin.agent.readers.child import CPU_SECONDS
from tocsin.agent.readers.containers import gunzip, split_mbox, unzip
from tocsin.agent.readers.formats import read
from tocsin.agent.readers.logs import read_log
from tocsin.agent.readers.mail import read_mail, read_outlook
from tocsin.agent.readers.misp import read_misp
from tocsin.agent.readers.office import read_office
from tocsin.agent.readers.pdf import read_pdf
from tocsin.agent.readers.pieces import Cutter
from tocsin.agent.readers.process import checked
from tocsin.agent.readers.reading import Reading
from tocsin.agent.readers.stix import read_stix, survey_stix
from tocsin.agent.readers.table import read_table
from tocsin.agent.readers.text import read_text
from tocsin.errors import Malformed, Unreadable

_MBOX = (
    b"From a@b Thu Aug 22 12:36:23 2002\nFrom: x@evil.example\n\nhi\n>From here on\n\n"
    b"From b@c Thu Aug 22 12:36:24 2002\nFrom: y@evil.example\n\nho\n"
)
_EVENT = {
    "Event": {
        "info": "x",
        "date": "2026-11-21",
        "distribution": "3",
        "Tag": [{"name": "tlp:green"}],
        "Attribute": [{"type": "domain|ip", "value": "evil.example|192.0.2.1", "to_ids": True}],
        "Object": [
            {"name": "file", "Attribute": [{"type": "md5", "value": "d41d8cd98f00b204e9800998ecf8427e"}]}
        ],
    }
}
_LIST = b"# a list\nevil.example\nhxxps://bad[.]example/a ; seen\n192.0.2.1\n"
_TABLE = b"value,type,day\nevil.example,domain,2026-11-21\nhttps://bad.example/a,url,1\n"
_PAGE = b'<!doctype html><html><body><p>evil[.]example <a href="https://bad.example">x</a></body></html>'
_NOTE = b"Dear all,\nthe host evil[.]example, T1566 and CVE-2026-12345 were seen.\n"
_RTF = (
    rb'{\rtf1\ansi\fromhtml1 {\*\htmltag84 <a href="https://evil.example/a">}\htmlrtf x\htmlrtf0 \u1084?\'e4}'
)


def readers() -> list[Target]:
    """One for each format, and for what stands between: pieces, compressed bodies, and the choice of the format."""
    mail = lure().as_bytes()
    book = office(xl__sharedStrings=SHARED, xl__worksheets__sheet1=SHEET)
    letter = office(word__document=DOCUMENT)
    event, bundle = json.dumps(_EVENT).encode(), crossing()
    logs = (lines(CONN, CONN), lines(ALERT, {"timestamp": "t", "event_type": "flow"}), TSV.encode())
    given: list[tuple[str, Callable[[bytes], object], tuple[bytes, ...]]] = [
        ("mail", read_mail, (mail, _MBOX)),
        ("Outlook mail", read_outlook, (msg(mail), msg(mail, keep_header=False))),
        ("compressed RTF", rtf.unwrap, (SIMPLE, stored(_RTF))),
        ("STIX bundle", read_stix, (bundle,)),
        ("piece of a bundle", lambda data: read_stix(data, survey_stix(data, Around(first=7))), (bundle,)),
        ("long list", lambda data: list(Cutter().cut(BytesIO(data))), (bundle, b"[" + event + b"]")),
        ("MISP event", read_misp, (event, b'{"response": [' + event + b"]}", b"[" + event + b"]")),
        ("log", read_log, logs),
        ("table", read_table, (_TABLE,)),
        ("text", read_text, (_LIST, _PAGE, _NOTE)),
        ("Office file", read_office, (book, letter)),
        ("file in a mail", read_attached, (book, letter, pdf("Dear Ms Bo,", links=("https://a.example/",)))),
        ("PDF", read_pdf, (pdf("evil[.]example (x)", "two", links=("https://a.example/",)),)),
        ("gzip", gunzip, (gzip.compress(mail, mtime=0),)),
        ("ZIP", unzip, (_zipped(mail), book)),
        ("mbox", split_mbox, (_MBOX,)),
    ]
    every = tuple(sample for name, _, samples in given for sample in samples if name != "compressed RTF")
    return [
        Target(f"reader of {name}", _as_child(take), samples, seconds=CPU_SECONDS)
        for name, take, samples in [*given, ("any file", read, every)]
    ]


def _as_child(take: Callable[[bytes], object]) -> Read:
    """As the child does: nesting beyond Python's own is a refusal; and what is read is believed."""

    def run(data: bytes) -> bool:
        try:
            found = take(data)
        except RecursionError:
            raise Unreadable("It is nested too deep.") from None
        msgspec.msgpack.encode(found)  # so it is sent
        if isinstance(found, Reading):
            _believed(found)
        return True

    return run


def _believed(reading: Reading) -> None:
    try:
        sound = checked(reading)
    except Malformed as error:
        raise AssertionError(f"its own agent would not believe it: {error.detail}") from error
    assert sound == reading, f"a value is not in its normal form: {sound.defects[-1]}"


def _zipped(mail: bytes) -> bytes:
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("a.eml", mail)
        opened.writestr("folder/b.txt", b"evil.example")
    return archive.getvalue()
