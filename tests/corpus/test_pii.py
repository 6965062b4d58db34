# SPDX-License-Identifier: Apache-2.0
"""What the redactor hides of a hundred texts that were made to test finders of personal data."""

from collections import Counter
from pathlib import Path

import msgspec
import pytest
from tests.corpus.redaction_score import tells
from tests.corpus.texts import Span

from tocsin.agent.redaction.narrative.walk import redact_text
from tocsin.config.agent import OwnAssets

pytestmark = pytest.mark.corpus

OWN = OwnAssets(legal_name="Northmoor Bank plc")
MISSED = {"PERSON": 1, "PHONE_NUMBER": 0, "CREDIT_CARD": 0, "ADDRESS": 3}
"""A name in small letters; of addresses letters of a wrong encoding, a number lines above its town, *the corner*."""


class _Found(msgspec.Struct, frozen=True):
    entity_type: str
    entity_value: str
    start_position: int
    end_position: int


class _Made(msgspec.Struct, frozen=True):
    full_text: str
    spans: tuple[_Found, ...]


def test_people_phones_cards_and_addresses_are_hidden(data_dir: Path) -> None:
    made = msgspec.json.decode((data_dir / "text/pii/generated_small.json").read_bytes(), type=list[_Made])
    there, missed = Counter[str](), Counter[str]()
    for one in made:
        gone = {at for mark in redact_text(one.full_text, OWN).marks for at in range(mark.start, mark.end)}
        for found in one.spans:
            at = range(found.start_position, found.end_position)
            left = "".join("\0" if place in gone else one.full_text[place] for place in at)
            kind = "person" if found.entity_type == "PERSON" else found.entity_type
            there[found.entity_type] += 1
            missed[found.entity_type] += tells(Span(kind, at.start, at.stop, found.entity_value), left)
    print("\n" + ", ".join(f"{kind} {there[kind] - missed[kind]} of {there[kind]}" for kind in sorted(there)))
    assert {kind: missed[kind] for kind in MISSED} == MISSED
