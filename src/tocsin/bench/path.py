# SPDX-License-Identifier: Apache-2.0
"""An anonymous path of a benchmark's own: folders of hub, relay and partner that can be served as operators do, with an
epoch that has begun, and how a member sends into it.
"""

import os
import random
from collections.abc import Sequence
from pathlib import Path

import httpx
import msgspec

from tocsin.agent.anonymous.envelopes import MIXED_PATH, NOW_PATH
from tocsin.agent.signed import SignedHub
from tocsin.agent.vault import Membership
from tocsin.bench.alliance import BenchHub, found
from tocsin.bench.envelopes import BenchEpoch, declare, epoch_of, present
from tocsin.clock import SystemClock
from tocsin.config.hub import PartnerLink
from tocsin.config.relay import RelayConfig, RelayListen
from tocsin.errors import RemoteError
from tocsin.files import NumberedSecrets
from tocsin.partner import app as partner_app
from tocsin.partner.gateways import Gateways
from tocsin.privacy.ohttp import KeyConfig, encapsulate_request
from tocsin.proof.signing import Context, SigningKey
from tocsin.relay import app as relay_app
from tocsin.storage.sqlite import open_sqlite
from tocsin.web.epochs import Epochs
from tocsin.wire.envelope import MIX, NOW, admission, inner_request
from tocsin.wire.epoch import SignEpoch
from tocsin.wire.messages import encode
from tocsin.world.processes import free_port

_LATE = 409
"""Problem ``conflict``: that slot is not the present one."""


class BenchPath(msgspec.Struct, frozen=True):
    """The path, and who is on it."""

    hub: BenchHub
    epoch: BenchEpoch
    relay_url: str
    members: Sequence[Membership]
    reader: Membership

    def way(self, bank: Membership, http: httpx.AsyncClient) -> SignedHub:
        """A bank's own way to the hub."""
        return SignedHub(http, self.hub.url, bank, SystemClock(), os.urandom)

    async def send(
        self, http: httpx.AsyncClient, bank: Membership, blob: bytes, slot: int, kind: str = "slot"
    ) -> bool:
        """A blob by the relay, as a member's envelope for a slot; False when it came after it, as on a busy machine.

        RemoteError when the relay does not take it.
        """
        document = self.epoch.document
        inner, gateway = (MIX, document.mix_gateway) if kind == "slot" else (NOW, document.now_gateway)
        request, _ = encapsulate_request(
            KeyConfig.parse(gateway), inner_request(inner, 1, slot, blob), os.urandom
        )
        envelope = admission(
            SigningKey.from_seed(bank.signing_seed),
            request,
            epoch=1,
            slot=slot,
            party=bytes.fromhex(bank.party.partition("_")[2]),
            signs=Context(f"{kind}-envelope", document.realm, document.hub),
        )
        where = self.relay_url + (MIXED_PATH if kind == "slot" else NOW_PATH)
        answer = await http.post(where, content=envelope.to_bytes())
        if answer.status_code not in (200, _LATE):
            raise RemoteError(f"An envelope was refused: {answer.text[:300]}")
        return answer.status_code == 200


def found_path(folder: Path, members: int, slot_seconds: int, chance: random.Random) -> BenchPath:
    """Three operators, each with its folder under this one, and so many banks on the path; one more reads."""
    hub = found(folder / "hub", members + 1, chance)
    hub_key, ports = str(hub.exchange.identity.key), {name: free_port() for name in ("relay", "partner")}
    urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    witness = partner_app.init(folder / "partner", hub_key, ports["partner"], "Bench Partner")
    settings = RelayConfig(
        operator="Bench Relay",
        hub_key=hub_key,
        public_url=urls["relay"],
        hub_url=hub.url,
        partner_url=urls["partner"],
        listen=RelayListen(port=ports["relay"]),
    )
    relay_app.init(folder / "relay", settings)
    signing = {name: SigningKey.from_seed((folder / name / f"{name}.keys").read_bytes()) for name in ports}
    banks = hub.banks[:members]
    epoch = epoch_of(
        hub,
        [bank.party for bank in banks],
        [SigningKey.from_seed(bank.signing_seed).public for bank in banks],
        slot_seconds,
        present(),
        relay=signing["relay"],
        partner=signing["partner"],
    )
    declare(hub, epoch, urls["relay"], PartnerLink(url=urls["partner"], key=witness.key))
    secrets = NumberedSecrets(folder / "partner" / "partner.epochs")
    secrets.keep(1, epoch.mix_key)
    for name, operator, config in (
        ("relay", epoch.relay, lambda number: b""),
        ("partner", epoch.partner, Gateways(secrets, os.urandom).config),
    ):
        store = open_sqlite(folder / name / f"{name}.db", name)
        asked = SignEpoch(document=epoch.live.data, roster=encode(epoch.roster))
        Epochs(store, operator, SystemClock(), config).sign(asked)
        store.close()
    return BenchPath(hub, epoch, urls["relay"], banks, hub.banks[-1])
