# SPDX-License-Identifier: Apache-2.0
"""protocol.md names every message, field, address and bound that the code has, and none that it has not."""

import inspect
import re
from pathlib import Path

import msgspec
import pytest
from tests.docs.generate import ROOT

from tocsin.domain.audience import DIRECTORY, Audience
from tocsin.domain.disclosure import PARTS, Attack
from tocsin.domain.level import Band
from tocsin.domain.linter import MAX_INDICATORS, WIDEST_V4, WIDEST_V6
from tocsin.domain.marking import PAP
from tocsin.domain.warning import MAX_LIFE_DAYS, MAX_TEXT, MAX_VALUES, Warning
from tocsin.halves.witness import MAX_CHANGES
from tocsin.hub.reading.fanout import MAX_QUEUE
from tocsin.hub.routes import OPERATIONS
from tocsin.hub.verbs.report import MAX_AUDIENCES
from tocsin.ids import PREFIXES
from tocsin.proof.note import MAX_NOTE
from tocsin.web.pipe import MAX_BEHIND
from tocsin.wire import (
    answering,
    audit,
    bundle,
    ceremony,
    cursor,
    defence,
    edges,
    epoch,
    events,
    messages,
    opening,
    parties,
    slot,
    trustees,
    witnessing,
)
from tocsin.wire.defence import DefenceLine, Shown
from tocsin.wire.messages import MAX_OBJECTS, Message, Outcome
from tocsin.wire.stix21 import StixGrouping, StixIndicator
from tocsin.wire.witnessing import ChangedHead

TEXT = (ROOT / "docs/reference/protocol.md").read_text(encoding="utf-8")
KINDS: dict[str, type[Message]] = {
    str(one.__struct_config__.tag): one
    for one in (
        *vars(messages).values(),
        *vars(answering).values(),
        *vars(events).values(),
        *vars(witnessing).values(),
        *vars(ceremony).values(),
        *vars(edges).values(),
        *vars(bundle).values(),
        *vars(parties).values(),
        *vars(defence).values(),
        *vars(epoch).values(),
        *vars(slot).values(),
        *vars(audit).values(),
        *vars(opening).values(),
        *vars(trustees).values(),
    )
    if inspect.isclass(one) and issubclass(one, Message) and one.__struct_config__.tag != one.__name__
}
SECTIONS = dict(re.findall(r"^#### (\S+)\n(.*?)(?=^#|\Z)", TEXT, re.M | re.S))


def first_cells(table: str) -> list[str]:
    """What stands in backquotes at the beginning of each row."""
    return re.findall(r"^\| `([^`]+)`", table, re.M)


def test_every_kind_of_message_has_its_section_and_no_other() -> None:
    assert set(SECTIONS) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_a_message_is_explained_in_its_order(kind: str) -> None:
    given, told = first_cells(SECTIONS[kind]), [name for name in KINDS[kind].__struct_fields__ if name != "v"]
    assert given == told


@pytest.mark.parametrize(
    ("struct", "kind"),
    [
        (Outcome, "receipt"),
        (ChangedHead, "witness"),
        (Warning, "warn"),
        (Shown, "defence-proof"),
        (DefenceLine, "defence-proof"),
    ],
)
def test_the_structs_inside_of_messages_are_explained_where_they_stand(
    struct: type[msgspec.Struct], kind: str
) -> None:
    for field in struct.__struct_fields__:
        assert f"`{field}`" in SECTIONS[kind], field


def test_every_address_of_the_hub_is_there_with_what_it_takes_and_gives() -> None:
    for one in OPERATIONS:
        (row,) = re.findall(rf"^\| {one.method} \| `{re.escape(one.path)}` \|.*$", TEXT, re.M)
        assert f"| {'yes' if one.signed else 'no'} |" in row
        for message in (one.takes, one.gives):
            assert message is None or f"`{message.__struct_config__.tag}`" in row


@pytest.mark.parametrize("process", ["hub/routes.py", "hub/edge/routes.py", "partner/app.py"])
def test_no_route_is_served_that_is_not_there(process: str) -> None:
    for address in re.findall(
        r'Route\("([^"]+)"', (ROOT / "src/tocsin" / process).read_text(encoding="utf-8")
    ):
        assert f"`{address}`" in TEXT


@pytest.mark.parametrize("struct", [StixIndicator, StixGrouping])
def test_the_fields_of_a_stix_object_stand_in_the_order_in_which_it_is_written(
    struct: type[msgspec.Struct],
) -> None:
    (row,) = re.findall(rf"^\| `{struct.__struct_config__.tag}` \|.*$", TEXT, re.M)
    assert re.findall(r"`(\w+)`", row)[1:] == ["type", *struct.__struct_fields__]


def test_every_word_of_a_small_vocabulary_is_named() -> None:
    for word in (*Attack, *PARTS, *PAP, *Band, *messages.ERASURE_REASONS):
        assert f"`{word}`" in TEXT, word


def test_the_audiences_are_written_canonically() -> None:
    section = TEXT.partition("## 6. Audiences")[2].partition("\n## ")[0]
    shown = first_cells(section)
    assert DIRECTORY in shown
    for text in set(shown) - {DIRECTORY}:
        example = text.replace("…", "0" * 32)
        assert str(Audience.parse(example)) == example


def test_every_prefix_of_an_identifier_on_the_wire_is_explained() -> None:
    for prefix in set(PREFIXES) - {"cas", "con", "cor", "drf", "hnt", "inv", "per"}:  # these stay at home
        assert f"`{prefix}_" in TEXT, prefix


@pytest.mark.parametrize(
    "words",
    [
        f"{MAX_OBJECTS:,} objects",
        f"{MAX_AUDIENCES} audiences",
        f"note {MAX_NOTE:,} bytes",
        f"{MAX_VALUES:,} values",
        f"up to {MAX_INDICATORS:,} `indicator`s",
        f"{MAX_CHANGES:,}",
        f"{MAX_QUEUE:,} chunks or {MAX_BEHIND >> 20} MiB",
        f"at most {MAX_LIFE_DAYS} days",
        f"{MAX_TEXT:,} characters",
        f"wider than /{WIDEST_V4} (IPv6: /{WIDEST_V6})",
        f"{messages.MAX_BODY >> 20} MiB",
    ],
)
def test_the_bounds_are_those_of_the_code(words: str) -> None:
    assert words in " ".join(TEXT.split())
    assert f"cursor {cursor.MAX_TEXT} characters" in " ".join(TEXT.split())


def test_every_file_that_it_points_to_is_there() -> None:
    for path in re.findall(r"`((?:src|tests)/[\w./]+)`", TEXT):
        assert Path(ROOT / path).exists(), path
