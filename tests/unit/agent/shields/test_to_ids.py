# SPDX-License-Identifier: Apache-2.0
"""From a MISP file to a shield: what is not marked `to_ids` becomes no rule anywhere, whoever reports it."""

import json

from tests.alliance import Alliance
from tests.unit.agent.shields.blocks import BOX, all_on, named_in

from tocsin.agent.readers.formats import read
from tocsin.agent.redaction.approve import approve
from tocsin.agent.redaction.assets import own_assets
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.redaction.redact import redact
from tocsin.agent.shields.formats import BUILT_IN
from tocsin.agent.shields.protection import Protection
from tocsin.agent.verbs.report import Prepared, send
from tocsin.config.shields import Shields
from tocsin.domain.disclosure import Attack
from tocsin.domain.marking import Marking

ACTED_ON = {
    "domain": "evil.example",
    "ip-dst": "192.0.2.66",
    "url": "http://evil.example/pay",
    "sha256": "ab" * 32,
}
CONTEXT = {
    "domain": "seen-too.example",
    "ip-dst": "192.0.2.99",
    "url": "http://seen-too.example/a",
    "sha256": "cd" * 32,
}
EVERYTHING = Shields(**{shield.name(): f"out/{shield.name()}" for shield in BUILT_IN})  # type: ignore[arg-type]


def event() -> bytes:
    attributes = [
        {"type": kind, "category": "Network activity", "value": value, "to_ids": acted}
        for values, acted in ((ACTED_ON, True), (CONTEXT, False))
        for kind, value in values.items()
    ]
    return json.dumps({"Event": {"info": "a wave", "date": "2026-11-21", "Attribute": attributes}}).encode()


async def test_what_is_not_to_ids_becomes_no_rule(tmp_path):
    async with Alliance(tmp_path) as alliance:
        banks = [await alliance.join(short, follow=False) for short in ("ayr", "bute")]
        reader = await alliance.join("clyde")
        for bank in banks:
            house, data = bank.house, event()
            reading = read(data)
            door = Classifier(own_assets(house.config.own))
            draft = redact(
                reading,
                door,
                attack=Attack.PHISHING,
                now=house.clock.now(),
                entropy=house.entropy,
                marking=Marking(),
            )
            prepared = Prepared("event.json", data, reading, draft)
            send(house, prepared, approve(draft, "Jane", house.clock.now()), "named", ())
            (settled,) = await bank.deliver()
            assert settled.receipt is not None
        await alliance.settled()
        folder = reader.house.folder
        protection = Protection(reader.levels(), named_in(folder, EVERYTHING), folder, all_on, BOX)
        changes = protection.apply(alliance.clock.now(), dry_run=False)
        assert {change.values for change in changes} == {len(ACTED_ON)}
        written = b"".join(path.read_bytes() for path in (folder / "out").rglob("*") if path.is_file())
        for value in ACTED_ON.values():
            assert value.removeprefix("http://").encode() in written
        for value in CONTEXT.values():
            assert value.removeprefix("http://").encode() not in written
            assert reader.level(value) == "", "it did not even leave"
