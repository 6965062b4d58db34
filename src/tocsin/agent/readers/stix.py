# SPDX-License-Identifier: Apache-2.0
"""stub"""

from tocsin.agent.readers.reading import Reading
from tocsin.errors import Unreadable


def read_stix(data: bytes) -> Reading:
    raise Unreadable("json")
