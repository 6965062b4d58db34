# SPDX-License-Identifier: Apache-2.0
"""What stands behind the readers on the bank's desk: texts to be redacted, mails to be classified, tables and lists."""

import json
import random
import warnings

from tests.fuzz.target import Read, Target
from tests.unit.agent.readers.test_outlook import lure
from tests.unit.agent.redaction.test_asset_table import OWN, WHOLE

from tocsin.agent.readers.mail import read_mail
from tocsin.agent.redaction.asset_table import read_assets, rows_of, with_rows, written
from tocsin.agent.redaction.assets import own_assets
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.redaction.features import features_of
from tocsin.agent.redaction.narration import Answers, narrate, narrated
from tocsin.agent.redaction.narrative.walk import MAX_TEXT, answered, redact_text
from tocsin.agent.redaction.redact import redact
from tocsin.agent.redaction.warninglists import Warninglists, check_entries, read_warninglist
from tocsin.clock import Instant
from tocsin.domain.disclosure import Attack, Disclosure, Indicator
from tocsin.domain.linter import lint
from tocsin.domain.marking import Marking
from tocsin.domain.narrative import check_narrative, defanged
from tocsin.domain.observable import Kind, Observable
from tocsin.wire.registrable import registrable

_NOTE = (
    "Mrs Penny Larkspur (GB94 HPBK 2038 1789 3288 04, 07700 900318) of Ayr Bank lost £300 at 14:26.\n"
    "Der Betrüger rief von 069 90009871 an; hxxps://evil[.]example/a?to=penny%40mail.example\n"
    "骗子用+86 21 5550 0166打来。\n"
)
_LISTS = tuple(
    json.dumps(
        {"name": "n", "type": kind, "list": entries, "matching_attributes": ["domain", "ip-dst"]}
    ).encode()
    for kind, entries in (
        ("string", ["evil.example"]),
        ("hostname", [".evil.example"]),
        ("cidr", ["192.0.2.0/24", "2001:db8::/32"]),
        ("substring", ["evil", "vi"]),
        ("regex", ["/^evil.*/i", "[0-9]+"]),
    )
)
_VALUES = (
    Observable(Kind.DOMAIN, "evil.example"),
    Observable(Kind.IPV4, "192.0.2.1"),
    Observable(Kind.CIDR, "192.0.2.0/25"),
)
_READING = read_mail(lure().as_bytes())
_DISCLOSURE = Disclosure(
    "rpt_" + "0" * 32,
    Attack.PHISHING,
    "2026-11-21",
    (Indicator(_VALUES[0], "named"), Indicator(Observable(Kind.URL, "https://evil.example/a?b=c"), "link")),
    (),
    Marking(),
)
_NOW = Instant(1_795_000_000_000_000)


def desk() -> list[Target]:
    """One for each thing that people hand in beside files to report."""
    given: list[tuple[str, Read, tuple[bytes, ...]]] = [
        ("redactor", _redacted, (_NOTE.encode(),)),
        (
            "text beside a report",
            _narrated,
            (_NOTE.encode(), b"They called, then evil[.]example/a?b=c twice.\n"),
        ),
        ("classifier", _classified(), (lure().as_bytes(),)),
        ("table of own assets", _owned, (WHOLE.encode(),)),
        ("warning list", _warned, _LISTS),
    ]
    return [Target(name, take, samples, seconds=2.0) for name, take, samples in given]


def _redacted(data: bytes) -> bool:
    """Redacting is asked for twice: what is left must name nobody any more, and answers change nothing else."""
    text = data.decode("utf-8", "replace")[:MAX_TEXT]
    redacted = redact_text(text, OWN)
    again = redact_text(redacted.text[:MAX_TEXT], OWN)
    assert len(redacted.text) > MAX_TEXT or again.text == redacted.text, "redacted twice it is another text"
    put_back = answered(text, redacted, redacted.doubts)
    assert set(put_back.marks) <= set(redacted.marks)
    return True


def _narrated(data: bytes) -> bool:
    """What leaves of a text, once the linter has let it, is seen where it stands and leads nowhere."""
    text, assets = data.decode("utf-8", "replace")[:MAX_TEXT], own_assets(OWN)
    found = narrate(text, _DISCLOSURE, _READING, OWN, assets, Answers())
    told = narrated(_DISCLOSURE, found)
    assert defanged(check_narrative(told.text), registrable) == told.text
    assert lint(told, registrable) == ()
    return True


def _classified() -> Read:
    classifier = Classifier(own_assets(OWN))

    def take(data: bytes) -> bool:
        reading = read_mail(data)
        classifier.classify(reading)
        features_of(reading, classifier.own)
        draft = redact(
            reading,
            classifier,
            attack=Attack.PHISHING,
            now=_NOW,
            entropy=random.Random(1).randbytes,
            meter=lambda: 0.0,
        )
        assert draft is not None
        return True

    return take


def _owned(data: bytes) -> bool:
    table = read_assets(data)
    assert rows_of(written(table)) == table.rows
    own_assets(with_rows(OWN, table.rows))
    return True


def _warned(data: bytes) -> bool:
    found = read_warninglist(data)
    if found.type == "regex":  # an expression may take as long as it likes: whoever installs a list trusts it
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # what another Python may read otherwise
            check_entries(found)
        return True
    lists = Warninglists([found])
    for value in _VALUES:
        lists.hits(value)
    return True
