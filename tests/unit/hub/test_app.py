# SPDX-License-Identifier: Apache-2.0
"""What an operator does to a hub's folder: made whole or not at all, and one partner for good."""

import pytest
from tests.looking import look

from tocsin.config.files import load
from tocsin.config.hub import HubConfig
from tocsin.errors import ConfigError, Malformed, Refused, StorageError, Unknown
from tocsin.hub import app
from tocsin.hub.done import Made
from tocsin.partner import app as partner

URL = "http://127.0.0.1:1"


def made(folder) -> Made:
    return app.init(folder / "hub", "City Alliance", URL, 0, "hub.db")


def keys(folder) -> list[str]:
    """Who holds the keys that the directory states, in order."""
    rows = look(folder / "hub" / "hub.db", "SELECT body FROM body ORDER BY seq")
    return [str(bytes(body).decode()).split('"holder":"')[1].split('"')[0] for (body,) in rows]


def test_a_new_hub_is_named_by_its_key_and_states_it(tmp_path):
    hub = made(tmp_path)
    assert hub.key.startswith(f"{hub.hub}/heads/live+")
    assert keys(tmp_path) == ["hub"]
    assert (tmp_path / "hub").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "hub" / "hub.keys").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "hub" / "hub.db").stat().st_mode & 0o777 == 0o600


def test_a_hub_is_made_once(tmp_path):
    hub = made(tmp_path)
    with pytest.raises(ConfigError, match="already"):
        made(tmp_path)
    assert app.status(tmp_path / "hub").hub == hub.hub


@pytest.mark.parametrize("url", ["", "hub.example", "ftp://hub.example", "http://"])
def test_an_address_that_agents_could_not_reach_is_refused_before_anything_is_made(tmp_path, url):
    with pytest.raises(ConfigError, match="address"):
        app.init(tmp_path / "hub", "City Alliance", url, 0, "hub.db")
    assert not (tmp_path / "hub").exists()


def test_what_failed_half_way_can_be_tried_again(tmp_path):
    with pytest.raises(StorageError):
        app.init(tmp_path / "hub", "City Alliance", URL, 0, "nowhere/hub.db")
    assert made(tmp_path).hub


def test_a_store_of_another_hub_is_left_alone(tmp_path):
    made(tmp_path)
    with pytest.raises(ConfigError, match="another hub's"):
        app.init(tmp_path / "other", "Village Alliance", URL, 0, str(tmp_path / "hub" / "hub.db"))
    assert keys(tmp_path) == ["hub"]


def test_a_partner_is_declared_once_and_may_move(tmp_path):
    hub = made(tmp_path)
    first = partner.init(tmp_path / "partner", hub.key, 0)
    other = partner.init(tmp_path / "other", hub.key, 0)
    app.declare_partner(tmp_path / "hub", "http://127.0.0.1:2", first.key)
    app.declare_partner(tmp_path / "hub", "http://127.0.0.1:3", first.key)
    assert keys(tmp_path) == ["hub", "partner"]
    with pytest.raises(Refused, match="without the first one's agreement"):
        app.declare_partner(tmp_path / "hub", "http://127.0.0.1:4", other.key)
    declared = load(tmp_path / "hub" / "hub.toml", HubConfig).partner
    assert declared is not None
    assert (declared.url, declared.key) == ("http://127.0.0.1:3", first.key)


def test_a_hub_does_not_witness_itself(tmp_path):
    hub = made(tmp_path)
    with pytest.raises(ConfigError, match="itself"):
        app.declare_partner(tmp_path / "hub", URL, hub.key)
    with pytest.raises(Malformed):
        app.declare_partner(tmp_path / "hub", URL, hub.key[:-3])


def test_a_folder_that_holds_no_hub_says_so(tmp_path):
    for ask in (app.status, lambda folder: app.enrol(folder, "A", app.Role.BANK, "GB")):
        with pytest.raises(ConfigError):
            ask(tmp_path)


def test_erasing_what_nobody_said_is_no_success(tmp_path):
    made(tmp_path)
    with pytest.raises(Unknown):
        app.erase(tmp_path / "hub", "rpt_" + "0" * 32, "law")
