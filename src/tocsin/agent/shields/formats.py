# SPDX-License-Identifier: Apache-2.0
"""Every built-in shield, and where the settings want its files. What each looks like is in its own file."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from tocsin.agent.shields.csv import CsvShield
from tocsin.agent.shields.datasets import DatasetsShield
from tocsin.agent.shields.defender import DefenderShield
from tocsin.agent.shields.edl import EdlShield
from tocsin.agent.shields.misp import MispShield
from tocsin.agent.shields.nftables import NftablesShield
from tocsin.agent.shields.rpz import RpzShield
from tocsin.agent.shields.sentinel import SentinelShield
from tocsin.agent.shields.sigma import SigmaShield
from tocsin.agent.shields.splunk import SplunkShield
from tocsin.agent.shields.stix import StixShield
from tocsin.agent.shields.suricata import SuricataShield
from tocsin.agent.shields.webhook import BODY, WebhookShield
from tocsin.clock import Instant
from tocsin.config.agent import AgentConfig
from tocsin.config.shields import Post
from tocsin.errors import ConfigError
from tocsin.hooks import Protect

BUILT_IN: tuple[Protect, ...] = (
    CsvShield(),
    RpzShield(),
    SuricataShield(),
    DatasetsShield(),
    SigmaShield(),
    NftablesShield(),
    EdlShield(),
    SentinelShield(),
    DefenderShield(),
    SplunkShield(),
    StixShield(),
    MispShield(),
)


class Named(msgspec.Struct, frozen=True):
    """A shield that the settings name, with where its files are and how many values they take."""

    shield: Protect
    place: Path
    """Its file, or the folder of its files."""
    cap: int

    def paths(self) -> dict[str, Path]:
        """Where each of its files is, by its name."""
        return {
            name: self.place / name if name else self.place for name in self.shield.render((), Instant(0))
        }


def named(config: AgentConfig, folder: Path) -> Iterator[Named]:
    """Each shield that the settings name; ConfigError for a cap of one that there is not."""
    caps = {one.shield: one.cap for one in config.shield_caps}
    places: list[tuple[Protect, str]] = [(one, getattr(config.shields, one.name())) for one in BUILT_IN]
    if config.post is not None:
        places.append((_webhook(config.post), BODY))
    if unknown := caps.keys() - {shield.name() for shield, _ in places}:
        raise ConfigError(f"shield_caps: there is no shield {min(unknown)[:40]!r}.")
    for shield, path in places:
        if path:
            cap = min(caps.get(shield.name(), config.shields.cap), shield.most())
            yield Named(shield, folder / path, cap)


def _webhook(config: Post) -> Protect:
    """What the webhook posts is the one file of another shield."""
    for shield in BUILT_IN:
        if shield.name() == config.format and "" in shield.render((), Instant(0)):
            return WebhookShield(shield)
    raise ConfigError(f"post.format: no shield {config.format[:40]!r} writes a single file.")
