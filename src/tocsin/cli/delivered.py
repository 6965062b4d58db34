# SPDX-License-Identifier: Apache-2.0
"""Send one approved message now, and say how it ended: what most commands of an agent finish with."""

import asyncio

import msgspec

from tocsin.agent.house import House
from tocsin.agent.outbox import Settled
from tocsin.agent.verbs.deliver import deliver
from tocsin.cli.command import Output
from tocsin.errors import Refused


class Delivered(msgspec.Struct, frozen=True):
    """One message and how it ended."""

    id: str
    settled: Settled


def settle(house: House, message: str) -> Delivered:
    """Send a message and wait for the hub's receipt; Refused when the hub says no."""
    (settled,) = asyncio.run(deliver(house, [message]))
    if settled.receipt is None:
        raise Refused(settled.problem)
    return Delivered(message, settled)


def delivered(house: House, message: str, sentence: str) -> Output:
    """The same as what a command prints."""
    return Output((sentence,), settle(house, message))
