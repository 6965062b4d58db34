# SPDX-License-Identifier: Apache-2.0
"""`tocsin demo`, `bench`, `drill`: the alliance on one machine."""

from tocsin.cli.command import Command, NotYet

COMMANDS = (
    Command(
        "drill",
        "run",
        "run an exercise inside the real system",
        NotYet("tocsin demo tells one story meanwhile."),
    ),
    Command("drill", "list", "list exercises", NotYet("tocsin demo tells one story meanwhile.")),
)
