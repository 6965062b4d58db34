# SPDX-License-Identifier: Apache-2.0
"""commands.md is the help that the command really prints."""

from tests.docs.generate import COMMANDS, commands, generated_part

from tocsin.cli import main


def test_every_command_is_documented_as_it_explains_itself() -> None:
    # Words and not lines: later versions of Python wrap the same help elsewhere.
    assert generated_part(COMMANDS).split() == commands().split(), "run python -m tests.docs.generate"


def test_every_command_there_is_has_its_section() -> None:
    text = COMMANDS.read_text(encoding="utf-8")
    for command in main.COMMANDS:
        assert f"\n## {' '.join(filter(None, ('tocsin', command.group, command.name)))}\n" in text
