# SPDX-License-Identifier: Apache-2.0
"""Mails to classified indicators, per second of processor time: child and parent together.

The mails are made from the story's own sample with other hosts, names and padding, so that nothing is remembered from
the one before. Beside it stands the least that any reader must do: the standard library's parser and one regular
expression for links, in one process, without classification, bounds or isolation.
"""

import random
import re
import resource
import time
from collections.abc import Iterator
from email.parser import BytesParser
from importlib.resources import files

from tocsin.agent.readers.process import ReaderChild
from tocsin.agent.redaction.assets import assets_of
from tocsin.agent.redaction.classify import Classifier
from tocsin.bench.result import Beside, Row

_MAILS = 1_500
_TARGET = 300.0
_LINK = re.compile(rb"https?://[^\s\"'<>]+")


def run(seed: int) -> Iterator[Row]:
    """One row: mails per CPU-second."""
    mails = list(_mails(seed))
    started = time.process_time()
    for data in mails:
        message = BytesParser().parsebytes(data)
        for part in message.walk():
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                _LINK.findall(payload)
    bare = time.process_time() - started
    classifier = Classifier(assets_of("Northbridge Bank plc", domains=("northbridge.example",)))
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.process_time()
    values = 0
    with ReaderChild() as reader:
        for data in mails:
            values += len(classifier.classify(reader.read(data, "mail")))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    child = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    spent = time.process_time() - started + child
    assert values > 5 * len(mails), "every mail of this benchmark holds more than five values"
    beside = Beside("stdlib parse + one regex", len(mails) / bare)
    yield Row(
        "mail to classified indicators", len(mails) / spent, "mails per CPU-second", "higher", _TARGET, beside
    ).judged()


def _mails(seed: int) -> Iterator[bytes]:
    chance = random.Random(seed)  # noqa: S311 a repeatable load, not a secret
    sample = (files("tocsin.world") / "samples" / "invoice_wave.eml").read_bytes()
    for _ in range(_MAILS):
        word = "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=12)).encode()
        padding = b"".join(b"<p>%d</p>\n" % chance.randrange(10**9) for _ in range(chance.randrange(800)))
        yield sample.replace(b"secure-clearing-update", word).replace(b"</body>", padding + b"</body>")
