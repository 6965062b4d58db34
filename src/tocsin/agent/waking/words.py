# SPDX-License-Identifier: Apache-2.0
"""The words in which people are told: which kinds of things wait and how they are called, and nothing of what they are.

Whatever leaves by mail, pager or webhook is read by whoever runs them. No value, no sender, no title and no name is in
a call, so none can get into a message; what can is `WORDS`, references, numbers and a code.
"""

from collections import Counter
from collections.abc import Sequence

from tocsin.domain.call import Call, Cause
from tocsin.domain.warning import Urgency
from tocsin.hooks import Notice

SHOWN = 8
"""References in one message; the console has the rest."""
_URGENT_WARNING = "urgent warning"
_WORDS = {
    Cause.WARNING: "warning",
    Cause.HIT: "finding",
    Cause.ALARM: "alarm",
    Cause.PROBLEM: "problem",
    Cause.APPROVAL: "approval",
}
WORDS = frozenset({*_WORDS.values(), _URGENT_WARNING})
"""Every kind of thing that a message may name."""
TEST = Notice("test", ("W-0",), urgent=False, times=1, to=(), code="")
"""What `tocsin agent calls DIR test` tells."""


def notice(calls: Sequence[Call], to: tuple[str, ...], code: str) -> Notice:
    """What one person, or a team, is told of these calls, the newest first."""
    counts = Counter(map(_word, calls))
    what = ", ".join(f"{number} {word}{'s' if number > 1 else ''}" for word, number in counts.most_common())
    newest = sorted(calls, key=lambda one: one.number, reverse=True)
    refs = [one.ref for one in newest[:SHOWN]]
    if len(newest) > SHOWN:
        refs.append(f"and {len(newest) - SHOWN} more")
    urgent = any(one.is_urgent for one in calls)
    return Notice(what, tuple(refs), urgent, max(one.told for one in calls) + 1, to, code)


def headline(told: Notice) -> str:
    """One line: ``1 urgent warning, open the console, ref W-123``."""
    again = f", told {told.times} times" if told.times > 1 else ""
    return f"{told.what}, open the console, ref {', '.join(told.refs)}{again}"


def letter(told: Notice) -> str:
    """The text of a mail."""
    lines = [headline(told), ""]
    if told.code:
        lines += [
            f"Code: {told.code}",
            "Give it to whoever is at the console, by voice. It counts once, for all of these.",
            "",
        ]
    lines += ["Tocsin sends no links. Follow none that claims to come from here.", ""]
    return "\n".join(lines)


def _word(call: Call) -> str:
    urgent = call.cause is Cause.WARNING and call.urgency is Urgency.URGENT
    return _URGENT_WARNING if urgent else _WORDS[call.cause]
