# SPDX-License-Identifier: Apache-2.0
"""The ways in which this agent's people are told, as the `[wake]` section names them."""

import re
from collections.abc import Mapping

from tocsin.agent.credential import Credentials
from tocsin.agent.house import House
from tocsin.agent.signed import COMMAND_SECONDS, http_client
from tocsin.agent.waking.smtp import Mail
from tocsin.agent.waking.syslog import Log
from tocsin.agent.waking.webhook import Hook
from tocsin.config.waking import Wake
from tocsin.errors import ConfigError
from tocsin.hooks import Notify

_ADDRESS = re.compile(r"[^\s@,;<>\"()]{1,64}@[^\s@,;<>\"()]{1,255}")


def channels_of(house: House, settings: Wake, environment: Mapping[str, str]) -> list[Notify]:
    """Every way that is named, mail first; ConfigError when there is none, or one cannot be used as it is written."""
    credentials = Credentials(house.folder, environment)
    clock, entropy = house.clock, house.entropy
    found: list[Notify] = []
    if settings.smtp.host:
        if any(not person.mail for person in settings.people):
            raise ConfigError("Somebody of `wake.people` has no mail address.")
        for address in (settings.smtp.sender, *(one for person in settings.people for one in person.mail)):
            _check_address(address)
        found.append(Mail(settings.smtp, credentials, clock, entropy))
    if settings.webhook.url:
        way_out = lambda: http_client(house.config, COMMAND_SECONDS)  # noqa: E731 one client for each message
        found.append(Hook(settings.webhook, credentials, way_out, clock, entropy))
    if settings.syslog.host:
        found.append(Log(settings.syslog, clock))
    if not found:
        raise ConfigError(
            "`wake` names neither a mail server, nor a webhook, nor a log server: nobody would hear."
        )
    return found


def _check_address(address: str) -> None:
    if not _ADDRESS.fullmatch(address):
        raise ConfigError(f"`wake`: {address[:60]!r} is no mail address.")
