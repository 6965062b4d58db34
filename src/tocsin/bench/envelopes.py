# SPDX-License-Identifier: Apache-2.0
"""An epoch of a benchmark's own, with as many tokens, reports and cover as it takes; built by production code."""

import os
import random
from collections.abc import Iterator, Sequence

import msgspec

from tocsin.bench.alliance import BenchHub
from tocsin.clock import DAY, SECOND, Instant, SystemClock
from tocsin.config.anonymous import AnonymousPath
from tocsin.config.files import load, save
from tocsin.config.hub import HubConfig, PartnerLink
from tocsin.domain.disclosure import Attack, Disclosure, Indicator
from tocsin.domain.marking import Marking
from tocsin.domain.observable import Kind, Observable
from tocsin.domain.party import Role
from tocsin.files import NumberedSecrets
from tocsin.halves.epochs import Operator
from tocsin.hub.anonymous.epochs import Live
from tocsin.hub.anonymous.keys import EpochKeys, new_keys
from tocsin.hub.views.anonymous import STATED
from tocsin.ids import new_id
from tocsin.privacy.hybrid import Recipient
from tocsin.privacy.ohttp import Gateway
from tocsin.privacy.tokens import ask, finish, issue, token_nonce
from tocsin.proof.encoding import to_base64
from tocsin.proof.signing import Context, SigningKey
from tocsin.storage.store import Params
from tocsin.wire.envelope import blob_context, cover, enclose, pack
from tocsin.wire.epoch import EpochDocument, Member, Operators, Roster
from tocsin.wire.messages import Report, encode
from tocsin.wire.stix21 import mint

_QUOTA = 20


class BenchEpoch(msgspec.Struct, frozen=True):
    """One epoch, with every private key of it in one hand: only a benchmark has that."""

    live: Live
    kept: bytes
    """The hub's keys as it keeps them."""
    roster: Roster
    mix_key: bytes
    relay: Operator
    partner: Operator
    alliance_identity: str

    @property
    def document(self) -> EpochDocument:
        """Its parameters."""
        return self.live.document

    def report(self, chance: random.Random, report_class: str = "mixed", report: str = "") -> bytes:
        """A blob with a report of three values under a fresh token; `report` is its identifier, empty: a fresh one."""
        document, keys, one_time = self.document, self.live.keys, SigningKey.from_seed(chance.randbytes(32))
        drawn = chance.randbytes(32)
        pending = ask(
            keys.token_key,
            self.live.challenge,
            token_nonce(drawn, one_time.public),
            salt=chance.randbytes(48),
            random=chance.randbytes(272),
        )
        token = finish(pending, issue(keys.signer, keys.token_key, pending.request))
        signs = Context("anonymous-report", document.realm, document.hub)
        found = enclose(
            _body(self.alliance_identity, chance, report_class, report),
            token,
            drawn,
            one_time,
            chance.randbytes(32),
            signs=signs,
            document=self.live.data,
        )
        return self._sealed(pack(found, document.envelope_bytes))

    def covers(self, count: int) -> Iterator[bytes]:
        """So many blobs with nothing in them."""
        for _ in range(count):
            yield self._sealed(cover(self.document.envelope_bytes))

    def _sealed(self, plaintext: bytes) -> bytes:
        document = self.document
        context = blob_context(document.realm, document.hub, self.live.data)
        return Recipient(document.intake_key).seal(plaintext, context)


def epoch_of(
    hub: BenchHub,
    members: Sequence[str],
    keys: Sequence[bytes],
    slot_seconds: int,
    begins: Instant,
    *,
    relay: SigningKey | None = None,
    partner: SigningKey | None = None,
) -> BenchEpoch:
    """An epoch of these members, by their identifiers and signing keys, that begins then; its operators have these
    keys, or fresh ones.
    """
    identity = hub.exchange.identity
    kept, mix_key = new_keys(os.urandom), os.urandom(32)
    own = EpochKeys(1, kept, os.urandom)
    named = sorted(zip(members, keys, strict=True))
    roster = Roster(members=tuple(Member(party, Role.BANK, key) for party, key in named))
    relay = relay or SigningKey.from_seed(os.urandom(32))
    partner = partner or SigningKey.from_seed(os.urandom(32))
    document = EpochDocument(
        hub=identity.id,
        realm=identity.realm,
        number=1,
        operators=Operators("Bench Alliance", "Bench Relay", "Bench Partner"),
        issue_from=begins - 2 * DAY,
        issue_until=begins - DAY,
        begins=begins,
        ends=begins + 2_016 * slot_seconds * SECOND,
        slot_seconds=slot_seconds,
        quota=_QUOTA,
        issuer_key=own.token_key.to_bytes(),
        hub_key=own.signing.public,
        intake_key=own.intake.public,
        mix_gateway=Gateway(1, mix_key).config.to_bytes(),
        now_gateway=own.gateway.config.to_bytes(),
        relay_url="https://relay.example",
        relay_key=relay.public,
        partner_key=partner.public,
        envelope_bytes=16_384,
        results=8,
        floor=20,
        members=len(roster.members),
        members_root=roster.digest(),
    )
    data = encode(document)
    return BenchEpoch(
        Live(data, document, own, document.challenge(data)),
        kept,
        roster,
        mix_key,
        Operator("relay", "Bench Relay", identity.id, identity.realm, relay),
        Operator("partner", "Bench Partner", identity.id, identity.realm, partner),
        identity.alliance_identity,
    )


def declare(hub: BenchHub, epoch: BenchEpoch, relay_url: str, partner: PartnerLink) -> None:
    """What makes the hub take that epoch for its own, with that relay and that partner."""
    config, document = load(hub.folder / "hub.toml", HubConfig), epoch.document
    path = AnonymousPath(
        operator=document.operators.hub,
        relay_url=relay_url,
        relay_key=to_base64(epoch.relay.key.public),
        slot_seconds=document.slot_seconds,
        slots=document.slots,
        issue_seconds=60,
        rest_seconds=60,
    )
    save(hub.folder / "hub.toml", msgspec.structs.replace(config, anonymous=path, partner=partner))
    NumberedSecrets(hub.folder / "hub.epochs").keep(1, epoch.kept)
    store = hub.open()
    row: Params = {"number": 1, "document": epoch.live.data, "roster": encode(epoch.roster), "state": STATED}
    store.run("bench epoch", lambda tx: tx.run("keep_epoch", row))
    store.close()


def present() -> Instant:
    """Now, by this machine's clock."""
    return SystemClock().now()


def _body(alliance_identity: str, chance: random.Random, report_class: str, report: str) -> bytes:
    values = [f"login-{chance.randrange(10**12)}.example" for _ in range(3)]
    indicators = tuple(Indicator(Observable(Kind.DOMAIN, value), "link") for value in values)
    report = report or new_id("rpt", chance.randbytes)
    disclosure = Disclosure(report, Attack.PHISHING, "2026-11-21", indicators, (), Marking())
    objects = mint(disclosure, alliance_identity, chance.randbytes)
    raw = tuple(msgspec.Raw(encode(one)) for one in objects)
    return encode(Report(id=report, sent=0, report_class=report_class, objects=raw))
