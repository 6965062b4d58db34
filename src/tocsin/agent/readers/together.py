# SPDX-License-Identifier: Apache-2.0
"""A mail and the files in it as one reading. It is made in the agent, which loads no reader of untrusted files."""

from collections.abc import Iterable

import msgspec

from tocsin.agent.readers.gather import MAX_DEFECTS, MAX_FOUND
from tocsin.agent.readers.reading import MAX_NAMES, MAX_NUMBERS, Defect, Found, Reading
from tocsin.domain.observable import Observable
from tocsin.errors import InputError

MAX_ATTACHED = 20
"""Files of one mail that are read."""


def together(mail: Reading, parts: Iterable[tuple[str, Reading | InputError]]) -> Reading:
    """A mail's reading with what was read of the files in it, each by the place where it stood; pure."""
    found: dict[tuple[Observable, str], Found] = {(one.observable, one.part): one for one in mail.found}
    names, numbers = dict.fromkeys(mail.recipient_names), dict.fromkeys(mail.recipient_numbers)
    defects = list(mail.defects)
    for where, part in parts:
        if isinstance(part, InputError):
            defects.append(Defect(where, part.detail.removeprefix(f"{where}: ").removeprefix(f"{where} ")))
            continue
        for one in part.found[: MAX_FOUND - len(found)]:
            placed = msgspec.structs.replace(one, where=f"{where}: {one.where}")
            found.setdefault((one.observable, one.part), placed)
        defects += (Defect(f"{where}: {one.where}", one.reason) for one in part.defects)
        names.update(dict.fromkeys(part.recipient_names))
        numbers.update(dict.fromkeys(part.recipient_numbers))
    return msgspec.structs.replace(
        mail,
        found=tuple(found.values()),
        defects=tuple(defects[:MAX_DEFECTS]),
        recipient_names=tuple(names)[: 2 * MAX_NAMES],
        recipient_numbers=tuple(numbers)[: 2 * MAX_NUMBERS],
    )
