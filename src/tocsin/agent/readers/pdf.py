# SPDX-License-Identifier: Apache-2.0
"""A PDF → the text and the links of its pages, by pypdf.

Read as running text: what was defanged was meant, everything else is mentioned, the links too. A report links to its
sources as a lure does to its trap, and nothing in the file says which it is; a person does (``--also``). Nothing is
drawn, run or followed: no picture, no script, no embedded file.

Bounded by pypdf's own limits, set here far below its defaults, and by processor time: pages that come too late are a
defect, and those before them stand. A broken page is a defect too. What opens without a password is opened; anything
else that is encrypted is refused. Source: ISO 32000-2 §7.6 encryption, §12.6.4.8 links.
"""

import logging
from collections.abc import Iterator
from io import BytesIO

import msgspec
from pypdf import Configuration, PageObject, PasswordType, PdfReader, apply_configuration
from pypdf.errors import LimitReachedError, PyPdfError

from tocsin.agent.readers.gather import Gathering
from tocsin.agent.readers.reading import Reading
from tocsin.agent.readers.text import reading_of
from tocsin.clock import Meter, cpu_seconds
from tocsin.domain.observable import Kind
from tocsin.errors import TooCostly, Unreadable

MAX_PAGES = 500
MAX_LINKS = 5_000
MAX_TEXT_READ = 2_000_000
"""Characters in which values are looked for."""
MAX_SECONDS = 0.5
"""Of processor time after which no other page is begun; the kernel ends the child at one second."""
_STREAM = 8 * 2**20
"""Bytes of one stream when it is unpacked; a page's text has some thousands."""
_LIMITS = Configuration(
    maximum_declared_stream_length=32 * 2**20,
    array_based_stream_maximum_output_length=_STREAM,
    lzw_maximum_output_length=_STREAM,
    run_length_maximum_output_length=_STREAM,
    zlib_maximum_output_length=_STREAM,
    zlib_maximum_recovery_input_length=2**18,
    stream_filters_maximum_length=4,
    stream_decoding_work_maximum_length=4 * _STREAM,
    stream_parsing_work_maximum_count=60_000,
    page_tree_maximum_entries=10_000,
    page_tree_maximum_depth=50,
    page_tree_maximum_page_entries=100_000,
    xform_maximum_invocations_per_extraction=200,
    jbig2dec_binary=None,
    disable_legacy_handling=True,
)
MAX_OBJECTS = 200_000
"""Entries of a table of objects that is itself a stream."""
_BROKEN = (PyPdfError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError,
           RuntimeError, AssertionError, ImportError)  # fmt: skip
"""What pypdf raises where an object is not what it is referred to as, or asks for a part that is not installed."""
_Places = list[tuple[str, str]]
logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it would say of every broken object that it is one


def is_pdf(head: bytes) -> bool:
    """Whether a file begins as a PDF does."""
    return head.startswith(b"%PDF-")


class Shown(msgspec.Struct, frozen=True):
    """What a file shows to whoever opens it."""

    text: str
    links: tuple[tuple[str, str], ...] = ()
    """Where they stand, and where they lead."""
    defects: tuple[tuple[str, str], ...] = ()
    """Where something could not be read, and why."""


def read_pdf(data: bytes, meter: Meter = cpu_seconds) -> Reading:
    """What the pages say and link to, as a report does; the refusals of `show_pdf`."""
    shown, gathering = show_pdf(data, meter), Gathering()
    for place, url in shown.links:
        gathering.mention(Kind.URL, url, place)
    for place, reason in shown.defects:
        gathering.defect(place, reason)
    gathering.prose(shown.text, "text")
    return reading_of(gathering, "pdf", shown.text)


def show_pdf(data: bytes, meter: Meter = cpu_seconds) -> Shown:
    """The pages' text and links. Unreadable when no page can be found, or a password is needed; TooCostly.

    `meter` counts this process's work: it ends with the page in which `MAX_SECONDS` are over.
    """
    until = meter() + MAX_SECONDS
    links: _Places = []
    defects: _Places = []
    with apply_configuration(_LIMITS):
        text = "\n".join(_texts(_opened(data), links, defects, meter, until))
    if len(text) > MAX_TEXT_READ:
        defects.append(("text", f"only the first {MAX_TEXT_READ:,} characters were searched"))
    return Shown(text[:MAX_TEXT_READ], tuple(links), tuple(defects))


def _opened(data: bytes) -> list[PageObject]:
    """Its pages, of which nothing was read yet."""
    try:
        reader = PdfReader(
            BytesIO(data), root_object_recovery_limit=1_000, xref_stream_maximum_entries=MAX_OBJECTS
        )
        if reader.is_encrypted and reader.decrypt("") is PasswordType.NOT_DECRYPTED:
            raise Unreadable("It looks like a PDF that opens with a password only: save it without one.")
        return list(reader.pages[: MAX_PAGES + 1])
    except LimitReachedError as error:
        raise TooCostly(f"It looks like a PDF beyond the reader's bounds ({error}).") from None
    except _BROKEN as error:
        raise Unreadable(f"It looks like a PDF but is not well formed ({error}).") from None


def _texts(
    pages: list[PageObject], links: _Places, defects: _Places, meter: Meter, until: float
) -> Iterator[str]:
    """The text of one page after the other; their links and defects are added on the way."""
    for number, page in enumerate(pages, 1):
        if number > MAX_PAGES or meter() > until:
            defects.append((f"page {number}", "and those behind it were not read: the PDF is too long"))
            return
        try:
            links += ((f"page {number}, link {place}", url) for place, url in enumerate(_links(page), 1))
            yield page.extract_text().strip()
        except _BROKEN as error:
            defects.append((f"page {number}", f"cannot be read ({error})"))


def _links(page: PageObject) -> Iterator[str]:
    """Where the links of a page lead, if out of the file."""
    for annotation in (page.annotations or [])[:MAX_LINKS]:
        action = annotation.get_object().get("/A")
        target = action.get_object().get("/URI") if action is not None else None
        if target is not None:
            yield str(target.get_object())
