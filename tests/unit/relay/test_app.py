# SPDX-License-Identifier: Apache-2.0
"""A relay in its folder: made once, looked at by its doctor, and silent about whoever it does not know."""

import httpx
import msgspec
import pytest
from tests.unit.partner.test_app import HUB_KEY

from tocsin.config.relay import RelayConfig
from tocsin.errors import ConfigError, Malformed, Taken
from tocsin.relay import app
from tocsin.web.checkup import Grade

CONFIG = RelayConfig(
    operator="Post Office",
    hub_key=str(HUB_KEY),
    public_url="https://relay.example",
    hub_url="https://hub.example",
    partner_url="https://partner.example",
)


def test_a_relay_is_made_once_with_a_key_that_only_it_can_read(tmp_path):
    made = app.init(tmp_path / "one", CONFIG)
    assert made.key != app.init(tmp_path / "two", CONFIG).key
    assert (tmp_path / "one" / "relay.keys").stat().st_mode & 0o777 == 0o600
    assert app.settings(tmp_path / "one") == CONFIG
    with pytest.raises(Taken, match="already"):
        app.init(tmp_path / "one", CONFIG)


@pytest.mark.parametrize(
    ("other", "error"),
    [
        ({"operator": " "}, ConfigError),
        ({"hub_url": "hub.example"}, ConfigError),
        ({"partner_url": ""}, ConfigError),
        ({"hub_key": "hub"}, Malformed),
    ],
    ids=["operator", "hub_url", "partner_url", "hub_key"],
)
def test_what_cannot_be_a_relay_is_refused(tmp_path, other, error):
    with pytest.raises(error):
        app.init(tmp_path / "relay", msgspec.structs.replace(CONFIG, **other))
    assert not (tmp_path / "relay" / "relay.toml").exists()


def test_the_doctor_says_that_no_epoch_was_signed(tmp_path):
    app.init(tmp_path / "relay", CONFIG)
    found = app.doctor(tmp_path / "relay")
    grades = {one.check: one.grade for one in found.findings}
    assert grades["epochs"] is Grade.NOTE
    assert Grade.PROBLEM not in grades.values()


async def test_before_the_first_epoch_it_serves_and_takes_nothing(tmp_path):
    app.init(tmp_path / "relay", CONFIG)
    relay = app.application(tmp_path / "relay")
    async with relay.router.lifespan_context(relay):
        http = httpx.AsyncClient(transport=httpx.ASGITransport(relay), base_url="http://relay.example")
        assert (await http.get("/v1/health")).json()["ready"] is False
        for path in ("/v1/slots", "/v1/now"):
            assert (await http.post(path, content=bytes(1_000))).status_code == 413
            assert (await http.post(path, content=b"")).status_code == 400
        for path in ("/v1/proposals", "/v1/epochs"):
            assert (await http.post(path, content=b"{}")).status_code in (400, 401)
