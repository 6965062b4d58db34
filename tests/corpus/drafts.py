# SPDX-License-Identifier: Apache-2.0
"""What would leave of each mail of the corpus, read and redacted once for all tests.

For each mail of `phish_bank` stands an agent that knows the legal name and one domain of the bank whose brand the mail
abuses, nothing else; for others one that knows nobody.
"""

import random
from collections import defaultdict
from functools import cache
from pathlib import Path

import msgspec
from tests.corpus.banks import KNOWN, brands

from tocsin.agent.readers.process import ReaderChild
from tocsin.agent.readers.reading import Reading
from tocsin.agent.redaction.assets import Assets, assets_of
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.redaction.redact import Draft, redact
from tocsin.clock import Instant, from_text
from tocsin.domain.disclosure import Attack, Disclosure
from tocsin.errors import InputError

NOW = Instant(from_text("2026-11-21T08:30:00Z"))


def sent(disclosure: Disclosure) -> bytes:
    """The bytes that would be sent."""
    return msgspec.json.encode(disclosure)


@cache
def agent_of(brand: str) -> Classifier:
    """The agent of the bank that owns a brand."""
    if brand not in KNOWN:
        return Classifier(Assets("Nobody's Bank"))
    name, domain = KNOWN[brand]
    return Classifier(assets_of(name, domains=(domain,)))


def draft_of(reading: Reading, classifier: Classifier) -> Draft | None:
    """What would leave of a reading; None when it is refused."""
    try:
        return redact(
            reading, classifier, attack=Attack.PHISHING, now=NOW, entropy=random.Random(1).randbytes
        )
    except InputError:
        return None


@cache
def drafts(data_dir: Path, folder: str) -> tuple[tuple[str, str, Draft | None], ...]:
    """Of each mail in a folder its name, its brand and its draft."""
    return tuple(
        (name, brand, draft_of(reading, agent_of(brand)))
        for name, brand, reading in readings(data_dir, folder)
    )


@cache
def readings(data_dir: Path, folder: str) -> tuple[tuple[str, str, Reading], ...]:
    """Of each mail in a folder its name, its brand and its reading."""
    abused = defaultdict(str, brands(data_dir))
    paths = sorted(path for path in (data_dir / "mail" / folder).rglob("*") if path.is_file())
    names = [path.relative_to(data_dir / "mail").as_posix() for path in paths]
    with ReaderChild() as child:
        read = [child.read(path.read_bytes(), path.name) for path in paths]
    return tuple((n, abused[n], reading) for n, reading in zip(names, read, strict=True))
