# SPDX-License-Identifier: Apache-2.0
"""`tocsin agent warninglists`: which lists hold a value back until a person looks; install one, or remove it."""

import argparse
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tocsin.agent import app
from tocsin.agent.redaction.warninglists import Warninglist
from tocsin.agent.verbs.sight import recognise
from tocsin.agent.warninglists import install, installed, remove
from tocsin.cli.command import Command, Output, folder
from tocsin.cli.screen import counted, printable, row
from tocsin.domain.observable import defang
from tocsin.errors import Missing


class ListedWarninglist(msgspec.Struct, frozen=True):
    """One list that is installed."""

    name: str
    type: str
    version: str
    entries: int


class WarninglistsShown(msgspec.Struct, frozen=True):
    """All of them, or those on which a value stands."""

    lists: tuple[ListedWarninglist, ...]
    value: str = ""


def _arguments(parser: argparse.ArgumentParser) -> None:
    folder(parser, "agent")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--install",
        nargs="+",
        metavar="PATH",
        help="install these files, or every .json file in these folders",
    )
    what.add_argument("--remove", metavar="NAME", help="forget the list of this name")
    what.add_argument("--check", metavar="VALUE", help="only the lists on which this value stands")


def _warninglists(parsed: argparse.Namespace) -> Iterator[Output]:
    with app.opened(Path(parsed.dir)) as house:
        if parsed.install:
            new = install(house.folder, [file for name in parsed.install for file in _files(Path(name))])
            yield Output((f"{counted(len(new), 'list')} installed.",))
        if parsed.remove:
            remove(house.folder, parsed.remove)
            yield Output((f"{printable(parsed.remove)} was removed.",))
        lists = installed(house.folder)
    if parsed.check:
        value = recognise(parsed.check)
        names = lists.hits(value)
        found = tuple(_listed(one) for one in lists.lists if one.name in names)
        said = (
            f"{defang(value.value)} stands on {counted(len(found), 'list')}: it is held until a person looks."
        )
        none = f"{defang(value.value)} stands on none of {counted(len(lists.lists), 'list')}."
        yield Output((said if found else none, *_lines(found)), WarninglistsShown(found, value.value))
        return
    every = tuple(_listed(one) for one in lists.lists)
    nothing = ("No warning list is installed: those of MISP/misp-warninglists can be, by --install.",)
    yield Output(tuple(_lines(every)) or nothing, WarninglistsShown(every))


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(path.rglob("*.json"))
    if not path.is_file():
        raise Missing(f"{path} is no file that can be read.")
    return [path]


def _listed(one: Warninglist) -> ListedWarninglist:
    return ListedWarninglist(one.name, one.type, str(one.version), len(one.entries))


def _lines(lists: tuple[ListedWarninglist, ...]) -> Iterator[str]:
    for one in lists:
        told = f"({one.type}, {counted(one.entries, 'entry', 'entries')}, version {printable(one.version)})"
        yield from row("  ", printable(one.name), told)


WARNINGLISTS = Command(
    "agent",
    "warninglists",
    "install and ask lists of what is often accused by mistake",
    _warninglists,
    _arguments,
    "Example: tocsin agent warninglists my-agent --install misp-warninglists/lists\n\n"
    "The lists are files in MISP's format, of every type. A value on one of them does not leave by itself (add it by "
    "tocsin agent report --also if it is the attacker's all the same) and is held instead of blocked. It is never "
    "hidden: live command servers stand on lists of public resolvers.",
)
