# SPDX-License-Identifier: Apache-2.0
"""The options of `tocsin agent report`: which files, which of their values, in which words, to whom and how exactly."""

import argparse

from tocsin.agent.anonymous.reports import CLASSES
from tocsin.agent.verbs.report import NO_EMBARGO
from tocsin.cli.case import tied
from tocsin.cli.command import folder
from tocsin.cli.narrative import text_arguments
from tocsin.cli.readers import audiences, label, time
from tocsin.cli.sending import approver
from tocsin.domain.disclosure import Attack
from tocsin.domain.likeness import Grain
from tocsin.domain.marking import TLP


def arguments(parser: argparse.ArgumentParser) -> None:
    """All of them."""
    folder(parser, "agent")
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="*",
        help="a file of any kind that is read (below), an archive of such files, a folder of them, or col_… of "
        "tocsin agent collected",
    )
    parser.add_argument(
        "--collected", action="store_true", help="everything that waits in tocsin agent collected"
    )
    parser.add_argument(
        "--class",
        dest="report_class",
        default="named",
        choices=("named", *CLASSES),
        help="who learns the sender: named, the hub alone (default); now, at once and nobody but the relay; mixed, in "
        "the next slot and nobody. What each still tells is shown before it goes",
    )
    _unnamed(parser)
    parser.add_argument(
        "--dry-run", action="store_true", help="check and show what would leave; send nothing, keep nothing"
    )
    approver(parser)
    _choice(parser)
    text_arguments(parser)
    tied(parser)
    parser.add_argument("--again", action="store_true", help="send a file that was reported before once more")
    parser.add_argument(
        "--attack",
        choices=list(Attack),
        metavar="KIND",
        help=f"kind of attack: {', '.join(Attack)} (default: phishing for a mail, other for a bundle)",
    )
    _telling(parser)


def _unnamed(parser: argparse.ArgumentParser) -> None:
    """The options that say what of the anonymous path's cautions a person does without."""
    parser.add_argument(
        "--without-hold",
        action="store_true",
        help="class mixed: also in the first slots after an outage, when whoever was hit comes back",
    )
    parser.add_argument(
        "--pseudonymous",
        action="store_true",
        help="class mixed: also among fewer senders than the floor asks for",
    )
    parser.add_argument(
        "--by-name",
        action="store_true",
        help="class named: also what you have reported anonymously; the hub then knows whose that was",
    )


def _telling(parser: argparse.ArgumentParser) -> None:
    """The options that say how coarsely, to whom and when it is told."""
    parser.add_argument(
        "--happened",
        default=Grain.DAY,
        type=Grain,
        choices=list(Grain),
        help="how exactly to tell when: the day (default), or only the first day of its week or month",
    )
    parser.add_argument(
        "--tlp",
        default=TLP.AMBER,
        type=label,
        metavar="LABEL",
        help="label under which it leaves (default TLP:AMBER). A stricter label in the file itself counts instead; "
        "a file marked TLP:AMBER+STRICT or TLP:RED is refused",
    )
    audiences(parser, "members: all banks and the desk")
    parser.add_argument(
        "--not-before",
        default=NO_EMBARGO,
        type=time,
        metavar="TIME",
        help="an embargo, such as 2026-11-21T18:00Z: the hub holds it and shows it to nobody earlier; "
        "tocsin agent erase takes it back",
    )


def _choice(parser: argparse.ArgumentParser) -> None:
    """Which of a file's values are sent, where that is not left to the rules."""
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="VALUE",
        help="leave this value out, written as it is shown, and with a host all that is at it; may be given again",
    )
    parser.add_argument(
        "--also",
        action="append",
        default=[],
        metavar="VALUE",
        help="send this value too: it is only mentioned, but you know that it is the attacker's (the name of a file "
        "as file-name:NAME); may be given again",
    )
