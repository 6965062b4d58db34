# SPDX-License-Identifier: Apache-2.0
"""Where people look at an agent."""

from tocsin.config.listen import Listen, Port


class Console(Listen, frozen=True, forbid_unknown_fields=True):
    """The console: pages for a bank's people, on loopback, or with TLS, or behind a proxy that has it."""

    port: Port = 8720
    """Port; 0 takes a free one and logs it."""
    names: tuple[str, ...] = ()
    """Names by which browsers call it, besides `localhost` and the address: ``tocsin.bank.example``."""
