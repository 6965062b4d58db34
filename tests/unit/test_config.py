# SPDX-License-Identifier: Apache-2.0
"""A configuration is read whole or refused with the file and the setting that is wrong."""

from pathlib import Path

import pytest

from tocsin.config.agent import AgentConfig, OwnAssets
from tocsin.config.files import load, save
from tocsin.config.hub import HubConfig, PartnerLink
from tocsin.config.partner import PartnerConfig
from tocsin.config.shields import Shields
from tocsin.errors import ConfigError

HUB = HubConfig(alliance="Example Alliance", public_url="https://hub.example")
AGENT = AgentConfig(
    hub_url="https://hub.example",
    master_key="../agent.key",
    own=OwnAssets(legal_name="Example Bank plc", domains=("bank.example",), networks=("192.0.2.0/24",)),
    shields=Shields(csv="block.csv", cap=10),
)
PARTNER = PartnerConfig(hub_key="example+key")


@pytest.mark.parametrize(
    "config",
    [
        HUB,
        HubConfig("A", "https://a.example", partner=PartnerLink("https://p.example", "key")),
        AGENT,
        PARTNER,
    ],
    ids=["hub", "hub with partner", "agent", "partner"],
)
def test_what_is_saved_is_loaded(config: HubConfig | AgentConfig | PartnerConfig, tmp_path: Path) -> None:
    place = tmp_path / "some.toml"
    save(place, config)
    assert load(place, type(config)) == config
    assert [path.name for path in tmp_path.iterdir()] == ["some.toml"], "nothing is left beside it"


def test_a_setting_that_is_not_given_has_its_default(tmp_path: Path) -> None:
    place = tmp_path / "partner.toml"
    place.write_text('hub_key = "example+key"\n')
    assert load(place, PartnerConfig) == PARTNER
    assert (PARTNER.listen.host, PARTNER.listen.port) == ("127.0.0.1", 8711)


def test_a_partner_keeps_its_own_port_when_another_setting_of_its_place_is_given(tmp_path: Path) -> None:
    place = tmp_path / "partner.toml"
    place.write_text('hub_key = "example+key"\n[listen]\nhost = "::1"\n')
    assert load(place, PartnerConfig).listen.port == 8711


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "hub_key"),
        ('hub_key = "k"\nhub_kei = "typo"', "hub_kei"),
        ('hub_key = "k"\n[listen]\nportt = 1', "portt"),
        ('hub_key = "k"\n[listen]\nport = "8711"', "listen.port"),
        ('hub_key = "k"\n[listen]\nport = 65536', "listen.port"),
        ('hub_key = "k"\n[listen]\nport = -1', "listen.port"),
        ('hub_key = "k"\nhub_key = "k"', "overwrite"),
        ("hub_key = ", "Invalid"),
        ("a = " + "[" * 5_000, "recursion"),
        (b'hub_key = "\xff"', "utf-8"),
        (b'hub_key = "\xed\xa0\x80"', "utf-8"),
    ],
)
def test_a_wrong_file_is_refused_by_the_name_of_its_setting(
    text: str | bytes, complaint: str, tmp_path: Path
) -> None:
    place = tmp_path / "partner.toml"
    place.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError, match=complaint) as caught:
        load(place, PartnerConfig)
    assert "partner.toml" in str(caught.value)


@pytest.mark.parametrize(
    "setting",
    ["heartbeat_seconds = 0", "heartbeat_seconds = 1.5", "witness_seconds = 0.0", "witness_seconds = -1.0",
     "witness_seconds = inf", "witness_seconds = nan"],
)  # fmt: skip
def test_a_wait_of_a_hub_has_bounds(setting: str, tmp_path: Path) -> None:
    place = tmp_path / "hub.toml"
    place.write_text(f'alliance = "A"\npublic_url = "https://a.example"\n{setting}\n')
    with pytest.raises(ConfigError, match=setting.partition(" ")[0]):
        load(place, HubConfig)


@pytest.mark.parametrize("setting", ["cap = 0", "cap = -1"])
def test_a_shield_has_bounds(setting: str, tmp_path: Path) -> None:
    place = tmp_path / "agent.toml"
    save(place, AGENT)
    text = place.read_text().replace("cap = 10\n", "")
    place.write_text(text.replace("[shields]\n", f"[shields]\n{setting}\n"))
    with pytest.raises(ConfigError, match=setting.partition(" ")[0]):
        load(place, AgentConfig)


def test_a_missing_file_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="init"):
        load(tmp_path / "hub.toml", HubConfig)


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        load(tmp_path, HubConfig)


def test_what_is_saved_is_for_its_owner_only(tmp_path: Path) -> None:
    place = tmp_path / "agent.toml"
    place.touch(mode=0o644)
    save(place, AGENT)
    assert place.stat().st_mode & 0o777 == 0o600
