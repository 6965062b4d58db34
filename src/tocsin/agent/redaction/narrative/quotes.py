# SPDX-License-Identifier: Apache-2.0
"""What stands in quotation marks, on one line: in a report mostly what the attacker wrote or said."""

import re
from collections.abc import Iterator

_PAIRS = (
    ('"', '"'),
    ("„", '“”"'),
    ("“", '”"“'),
    ("«", "»"),
    ("»", "«"),
    ("「", "」"),
    ("『", "』"),
    ("”", "”"),
    ("‚", "‘"),
)
LONGEST = 300
"""Characters between two marks that belong together."""
_QUOTED = re.compile(
    "|".join(
        (r"(?<!\w)" if mark == '"' else "") + rf"{mark}(?P<q{n}>[^{mark}{ends}\n]{{2,{LONGEST}}})[{ends}]"
        for n, (mark, ends) in enumerate(_PAIRS)
    )
)


def quoted_in(text: str) -> Iterator[tuple[int, int]]:
    """The pieces between quotation marks, without them, in the order of the text."""
    for found in _QUOTED.finditer(text):
        assert found.lastgroup is not None  # every alternative has its group
        yield found.span(found.lastgroup)
