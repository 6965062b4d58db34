# SPDX-License-Identifier: Apache-2.0
"""The servers' side of the anonymous path: what a `mixed` report costs the hub, what issuing costs it, what a day of
cover costs hub, relay and partner, how long a report of each class takes to a reader, and whether a slot of 5,000
envelopes disturbs `named` reports.

Costs of cover are processor time without HTTP, of one envelope, times all envelopes of a day of five-minute slots.
Bytes are those of requests and replies, without what HTTP and TLS add.
"""

import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from tocsin.bench import disclosure, slotload
from tocsin.bench.alliance import BenchHub, found
from tocsin.bench.envelopes import BenchEpoch, epoch_of, present
from tocsin.bench.result import Beside, Row
from tocsin.clock import SECOND, Instant, ManualClock
from tocsin.files import NumberedSecrets
from tocsin.halves.asking import GATEWAY, Door, authority
from tocsin.hub.anonymous.epochs import Live
from tocsin.hub.anonymous.judging import MIXED, Judged, judge
from tocsin.hub.anonymous.slots import AT_ONCE
from tocsin.hub.anonymous.taking import take
from tocsin.hub.exchange import Exchange
from tocsin.partner.gateways import Gateways
from tocsin.partner.mix import Mix
from tocsin.privacy.ohttp import RESPONSE_OVERHEAD, Gateway, KeyConfig, encapsulate_request
from tocsin.privacy.tokens import TokenRequest, check_token, issue
from tocsin.proof.httpsig import NONCE_SIZE, check_body, sign_request
from tocsin.proof.signing import Context, SigningKey, verify
from tocsin.relay.admitting import Admitting
from tocsin.storage.sqlite import open_sqlite
from tocsin.web.epochs import Epochs
from tocsin.wire.envelope import (
    ADMISSION_BYTES,
    MIX,
    admission,
    blob_context,
    inner_request,
    request_bytes,
    unpack,
)
from tocsin.wire.epoch import SignEpoch
from tocsin.wire.messages import encode
from tocsin.wire.slot import reply_bytes

T = TypeVar("T")

_REPORTS = 400
_MEMBERS = 200
_SLOTS_A_DAY = 288
_SIZES = (200, 5_000)
_SHARE_OF_A_CORE = 0.05
"""That cover of 5,000 members may take at each of the three."""
_TOKENS = 200


def run(seed: int) -> Iterator[Row]:
    """Rows for intake, issuing, a day of cover at two sizes, and `named` beside a batch."""
    chance = random.Random(seed)  # noqa: S311 a repeatable load, not a secret
    with tempfile.TemporaryDirectory() as folder:
        keys = [SigningKey.from_seed(chance.randbytes(32)) for _ in range(_MEMBERS)]
        hub = found(Path(folder) / "hub", _MEMBERS, chance)
        parties = [bank.party for bank in hub.banks]
        epoch = epoch_of(hub, parties, [key.public for key in keys], 300, present())
        yield _intake(hub, epoch, chance)
        yield _issuing(epoch, chance)
        yield from _cover(Path(folder), epoch, dict(zip(parties, keys, strict=True)), chance)
    yield from disclosure.measured(chance, disclosure.Load())
    yield from slotload.measured(chance, slotload.Slotload())


def _intake(hub: BenchHub, epoch: BenchEpoch, chance: random.Random) -> Row:
    blobs = [epoch.report(chance) for _ in range(_REPORTS)]
    store, live = hub.open(), epoch.live
    _judged(hub.exchange, live, [epoch.report(chance)])  # loads the list of suffixes, as a hub does first
    began = time.process_time()
    judged = _judged(hub.exchange, live, blobs)
    with store.transaction("bench slot") as tx:
        take(tx, hub.exchange, 1, judged, present())
    ours = (time.process_time() - began) / _REPORTS * 1000
    store.close()
    context = blob_context(live.document.realm, live.document.hub, live.data)

    def barely(blob: bytes) -> None:
        """The least that anybody must do: open it, and check its token."""
        inside = unpack(live.keys.intake.open(blob, context))
        assert inside is not None, "it is a report"
        check_token(inside.token, live.keys.token_key, live.challenge)

    beside = Beside("opening it and checking its token", _each(blobs, barely) * 1000)
    return Row("a mixed report, without HTTP", ours, "ms CPU", "lower", 0.5, beside).judged()


def _issuing(epoch: BenchEpoch, chance: random.Random) -> Row:
    """All tokens of 5,000 members, from the time of a few."""
    keys = epoch.live.keys
    blinded = [chance.randbytes(255).rjust(256, b"\0") for _ in range(_TOKENS)]
    requests = [TokenRequest(keys.token_key.key_id[-1], one) for one in blinded]
    cost = _each(requests, lambda one: issue(keys.signer, keys.token_key, one))
    bare = _each(blinded, keys.signer.evaluate)
    tokens = 5_000 * epoch.document.quota
    beside = Beside("the private operations alone", bare * tokens)
    return Row("tokens of an epoch for 5,000 members", cost * tokens, "s CPU", "lower", 120, beside).judged()


def _cover(
    folder: Path, epoch: BenchEpoch, keys: dict[str, SigningKey], chance: random.Random
) -> Iterator[Row]:
    document = epoch.document
    clock = ManualClock(Instant(document.begins + 150 * SECOND))
    blobs = list(epoch.covers(len(keys)))
    requests = [
        encapsulate_request(
            KeyConfig.parse(document.mix_gateway), inner_request(MIX, 1, 0, blob), os.urandom
        )[0]
        for blob in blobs
    ]
    costs = {
        "relay": _at_relay(folder, epoch, keys, requests, clock),
        "partner": _at_partner(folder, epoch, requests, clock),
        "hub": _at_hub(folder, epoch, blobs, chance),
    }
    for members in _SIZES:
        envelopes = members * _SLOTS_A_DAY
        target = _SHARE_OF_A_CORE * 86_400 * members / max(_SIZES)
        for place, (cost, name, bare) in costs.items():
            row = f"a day's cover of {members:,} at the {place}, without HTTP"
            yield Row(
                row, cost * envelopes, "s CPU", "lower", target, Beside(name, bare * envelopes)
            ).judged()
        yield from _bytes(epoch, members)


def _bytes(epoch: BenchEpoch, members: int) -> Iterator[Row]:
    document, envelopes = epoch.document, members * _SLOTS_A_DAY
    request = request_bytes(document.blob_bytes)
    reply = reply_bytes(members, document.results) + RESPONSE_OVERHEAD
    bare = Beside("the envelopes themselves", document.envelope_bytes * envelopes / 1e9)
    for place, each in (
        ("relay, both sides", 2 * (request + reply) + ADMISSION_BYTES),
        ("partner, both sides", request + reply + document.blob_bytes),
        ("hub", document.blob_bytes),
    ):
        name = f"a day's cover of {members:,} at the {place}"
        target = 200 * members / max(_SIZES)
        yield Row(name, each * envelopes / 1e9, "GB", "lower", target, bare).judged()


def _at_relay(
    folder: Path,
    epoch: BenchEpoch,
    keys: dict[str, SigningKey],
    requests: Sequence[bytes],
    clock: ManualClock,
) -> tuple[float, str, float]:
    store = open_sqlite(folder / "relay.db", "relay")
    epochs = Epochs(store, epoch.relay, clock, lambda number: b"")
    epochs.sign(SignEpoch(document=epoch.live.data, roster=encode(epoch.roster)))
    admitting, document = Admitting(epochs, clock), epoch.document
    context = Context("slot-envelope", document.realm, document.hub)
    admissions = [
        admission(
            key,
            request,
            epoch=1,
            slot=0,
            party=bytes.fromhex(party.partition("_")[2]),
            signs=context,
        ).to_bytes()
        for (party, key), request in zip(keys.items(), requests, strict=True)
    ]

    def carry(envelope: bytes) -> None:
        """The relay's part: admit it, and sign the request to the partner."""
        _, request = admitting.admit(envelope, "slot")
        _signed(epoch, request, clock.now())

    ours = _each(admissions, carry)
    key = next(iter(keys.values()))
    signature = key.sign(context, requests[0])
    bare = _each(requests, lambda _: verify(key.public, context, requests[0], signature))
    store.close()
    return ours, "checking one signature each", bare


def _at_partner(
    folder: Path, epoch: BenchEpoch, requests: Sequence[bytes], clock: ManualClock
) -> tuple[float, str, float]:
    secrets = NumberedSecrets(folder / "partner.epochs")
    secrets.keep(1, epoch.mix_key)
    store, gateways = open_sqlite(folder / "partner.db", "partner"), Gateways(secrets, os.urandom)
    epochs = Epochs(store, epoch.partner, clock, gateways.config)
    epochs.sign(SignEpoch(document=epoch.live.data, roster=encode(epoch.roster)))
    mix, door = Mix(store, epochs, gateways, clock, os.urandom), Door(_partner(epoch), GATEWAY)
    asked = [(request, _signed(epoch, request, clock.now())) for request in requests]

    def keep(one: tuple[bytes, dict[str, str]]) -> None:
        """The partner's part: check who hands it over, open it, keep it, answer."""
        request, headers = one
        check_body(door.recognise(headers, epoch.relay.key.public, clock.now()), request)
        mix.take(request)

    ours = _each(asked, keep)
    gateway = Gateway(1, epoch.mix_key)
    bare = _each(requests, gateway.open_request)
    store.close()
    return ours, "opening one layer of each", bare


def _at_hub(
    folder: Path, epoch: BenchEpoch, blobs: Sequence[bytes], chance: random.Random
) -> tuple[float, str, float]:
    hub, live = found(folder / "another", 1, chance).exchange, epoch.live
    began = time.process_time()
    _judged(hub, live, blobs)
    assert len({sha256(blob).digest() for blob in blobs}) == len(blobs), "the hub signs for the hash of each"
    ours = (time.process_time() - began) / len(blobs)
    context = blob_context(live.document.realm, live.document.hub, live.data)
    return ours, "opening each", _each(blobs, lambda blob: live.keys.intake.open(blob, context))


def _judged(hub: Exchange, live: Live, blobs: Sequence[bytes]) -> list[Judged]:
    """As many in a turn as the hub takes."""
    turns = (judge(hub, live, blobs[at : at + AT_ONCE], MIXED) for at in range(0, len(blobs), AT_ONCE))
    return [one for turn in turns for one in turn]


def _signed(epoch: BenchEpoch, request: bytes, now: Instant) -> dict[str, str]:
    headers = sign_request(
        epoch.relay.key,
        "relay",
        method="POST",
        authority=_partner(epoch),
        path=GATEWAY,
        query="",
        body=request,
        now=now,
        nonce=os.urandom(NONCE_SIZE),
    )
    return {name.lower(): value for name, value in headers}


def _partner(epoch: BenchEpoch) -> str:
    return authority("partner", epoch.document.hub)


def _each(things: Sequence[T], work: Callable[[T], object]) -> float:
    """Seconds of processor time for each."""
    began = time.process_time()
    for one in things:
        work(one)
    return (time.process_time() - began) / len(things)
