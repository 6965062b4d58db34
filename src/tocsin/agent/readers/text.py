# SPDX-License-Identifier: Apache-2.0
"""Plain text and web pages that were saved → a `Reading`.

A *list* has one value on nearly every line, as feeds and appendices do, with remarks behind ``#``, ``;`` or a blank:
whoever wrote it named each value. In *running text* only what was defanged was meant; everything else is mentioned.
"""

import re
from collections.abc import Iterator

from tocsin.agent.readers.cells import value_in
from tocsin.agent.readers.charsets import decode
from tocsin.agent.readers.gather import Gathering, plain
from tocsin.agent.readers.markup import read_page
from tocsin.agent.readers.reading import MAX_TEXT, Reading
from tocsin.domain.observable import DIGESTS, Kind

MAX_EXTERNAL_IDS = 5_000
LIST_SHARE = 0.8
"""Part of the lines that must hold a value for a text to be a list of them."""
_LOOKED_AT = 2_000
_COMMENT = ("#", "//", ";", "!")
_REMARK = re.compile(r"\s+#|\s*;|\s*,|\s|\|")
_BESIDE = re.compile(r"\s*[-,;|:\t ]\s*(\S.{0,250})")
"""What a list has behind a digest: the name of that file, if it has the form of one."""
_TECHNIQUE = re.compile(r"\bT1\d{3}(?:\.\d{3})?\b", re.ASCII)
_CVE = re.compile(r"\bCVE-\d{4}-\d{4,7}\b", re.IGNORECASE | re.ASCII)
_PAGE = re.compile(r"\s*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_BOMS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}


def text_of(data: bytes) -> str:
    """The bytes of a file that is no mail as text: by its mark of byte order, else UTF-8 where it nearly is that."""
    return decode(data, next((name for mark, name in _BOMS.items() if data.startswith(mark)), "utf-8"))


def read_text(data: bytes) -> Reading:
    """The values of a list, or those that running text names."""
    text = text_of(data)
    gathering = Gathering()
    if _PAGE.match(text[:4_096]):
        page = read_page(text)
        return _prose(gathering, page.text, "html")
    lines = text.splitlines()
    if is_list(lines):
        for number, line in _meant(lines):
            _take(gathering, line, f"line {number}")
        return reading_of(gathering, "list", text)
    return _prose(gathering, text, "text")


def is_list(lines: list[str]) -> bool:
    """Whether nearly every line that is not a remark begins with a value."""
    looked = [line for _, line in _meant(lines[: _LOOKED_AT * 5])][:_LOOKED_AT]
    found = sum(_first(line) is not None or _is_path(line) for line in looked)
    return bool(looked) and found >= LIST_SHARE * len(looked)


def external_ids_in(text: str) -> tuple[str, ...]:
    """ATT&CK techniques and CVE numbers that a text names, sorted."""
    found = set(_TECHNIQUE.findall(text)) | {one.upper() for one in _CVE.findall(text)}
    return tuple(sorted(found)[:MAX_EXTERNAL_IDS])


def reading_of(gathering: Gathering, kind: str, text: str) -> Reading:
    """What was gathered of a text of that format."""
    return Reading(
        format=kind,
        title=plain(next((line.strip("# \t") for line in text.splitlines() if line.strip("# \t")), ""), 200),
        text=plain(text, MAX_TEXT),
        found=gathering.found(),
        external_ids=external_ids_in(text),
        defects=gathering.defects(),
    )


def _prose(gathering: Gathering, text: str, kind: str) -> Reading:
    gathering.prose(text, "text")
    return reading_of(gathering, kind, text)


def _meant(lines: list[str]) -> Iterator[tuple[int, str]]:
    """The lines that are no remark, with their numbers."""
    for number, line in enumerate(map(str.strip, lines), 1):
        if line and not line.startswith(_COMMENT):
            yield number, line


def _first(line: str) -> tuple[Kind, str] | None:
    whole = value_in(line)
    return whole or value_in(_REMARK.split(line, maxsplit=1)[0])


def _is_path(line: str) -> bool:
    return line.startswith("/") and " " not in line


def _take(gathering: Gathering, line: str, where: str) -> None:
    found = _first(line)
    if found is None:
        gathering.defect(where, "is a path without its host" if _is_path(line) else "holds no value")
    else:
        gathering.value(*found, "named", where)
        if found[0] in DIGESTS and (beside := _BESIDE.match(line, len(found[1]))):
            gathering.value(Kind.FILE_NAME, beside[1], "named", where)
