# SPDX-License-Identifier: Apache-2.0
"""A text that a person lets go beside the values of a draft, and what was done to it before.

1. It is redacted as `tocsin agent redact` does; whom the file itself was written to goes too, whoever declared them.
2. Each doubt is answered: it is the attacker's and stays (`keep`), or it is not (`drop`). Nothing leaves with one open.
3. Its links become those of the disclosure, as far as they were shortened, and everything in it is defanged.
4. `tocsin.domain.narrative` has the last word: it may name no value that the disclosure does not tell.

Who may approve it is decided where the disclosure is: people, never a standing rule.
"""

from collections.abc import Collection, Iterator

import msgspec

from tocsin.agent.readers.reading import Reading
from tocsin.agent.redaction.assets import Assets
from tocsin.agent.redaction.traces import Traces
from tocsin.config.agent import OwnAssets
from tocsin.domain.disclosure import Disclosure
from tocsin.domain.linter import lint_text
from tocsin.domain.narrative import check_narrative, defanged, refanged
from tocsin.domain.observable import Kind, Observable, host_of, normalise
from tocsin.errors import InputError, Malformed, Refused
from tocsin.wire.registrable import registrable

_OF_READERS = ("a recipient", "a number that the mail")
"""What `Traces` says of the file's readers, and of nobody whom the bank declared."""


class Answers(msgspec.Struct, frozen=True):
    """What a person says of a text that was shown before."""

    keep: tuple[str, ...] = ()
    """Doubts that are the attacker's: ``[phone 1]``."""
    drop: tuple[str, ...] = ()
    """Doubts that are not."""
    hide: tuple[str, ...] = ()
    """Words that go as well."""


class Narration(msgspec.Struct, frozen=True):
    """A text on its way out, beside what it was."""

    written: str
    """As the person wrote it: stays home."""
    text: str
    """As it leaves."""
    counts: tuple[tuple[str, int], ...]
    """How many pieces were replaced, by kind, the most first."""
    doubts: tuple[str, ...]
    """Placeholders that nobody has decided on; none may be open when it leaves."""
    stays: tuple[str, ...]
    """Phones, accounts and mailboxes in it that were taken for the attacker's: a person looks at each."""


def narrate(
    written: str, disclosure: Disclosure, reading: Reading, own: OwnAssets, assets: Assets, answers: Answers
) -> Narration:
    """The text as it would leave beside this disclosure, with the doubts that are still open.

    TooLarge or TooCostly when it cannot be redacted; InputError for an answer to no doubt of it.
    """
    # Its expressions are a quarter of a command's start.
    from tocsin.agent.redaction.narrative.walk import answered, redact_text

    written = "\n".join(line.rstrip() for line in written.strip().splitlines())
    told = [one.observable for one in disclosure.indicators]
    readers = frozenset(_readers_in(written, told, reading, assets))
    found = redact_text(written, own, {*answers.hide, *readers})
    if strange := [one for one in answers.drop if one not in found.doubts]:
        raise InputError(
            f"{strange[0][:80]} is none of the doubts: {', '.join(found.doubts) or 'there are none'}."
        )
    shown = answered(written, found, answers.keep)
    return Narration(
        written,
        defanged(_with_links_of(shown.text, told), registrable),
        shown.counts(),
        tuple(one for one in shown.doubts if one not in answers.drop),
        shown.stays,
    )


def narrated(disclosure: Disclosure, narration: Narration) -> Disclosure:
    """The disclosure with the text. Refused, with the line, when the linter finds what may not leave."""
    with_text = msgspec.structs.replace(disclosure, text=narration.text)
    try:
        check_narrative(narration.text)
    except Malformed as error:
        raise Refused(error.detail) from None
    for finding in lint_text(with_text, registrable):
        raise Refused(
            f"{finding.where}: {finding.sentence}",
            next_step="Write it otherwise, let it go by --hide, or tell the value too by --also.",
        )
    return with_text


def require_answered(narration: Narration | None) -> None:
    """InputError while there is a text with a doubt that nobody has decided on."""
    if narration and narration.doubts:
        raise InputError(
            f"Whose is {', '.join(narration.doubts)}? The words around it do not say.",
            next_step="Answer each: --keep for what is the attacker's, --drop for what is not.",
        )


def _readers_in(
    written: str, told: Collection[Observable], reading: Reading, assets: Assets
) -> Iterator[str]:
    """Words that tell to whom the file was written; not those that hold what is told anyway."""
    traces = Traces.of(msgspec.structs.replace(assets, names=frozenset()), reading)
    hosts = frozenset(filter(None, map(host_of, told)))
    for raw in dict.fromkeys(written.split()):
        word = raw.strip(".,;:!?()[]{}<>\"'“”„«»…")
        plain = refanged(word).lower()
        is_told = any(host in plain for host in hosts)
        if word and not is_told and (traces.found_in(word) or "").startswith(_OF_READERS):
            yield word


def _with_links_of(text: str, told: Collection[Observable]) -> str:
    """The text with each link as far as the disclosure tells it, or its host alone; others stay for the linter."""
    from tocsin.agent.redaction.narrative.links import links_in
    from tocsin.agent.redaction.narrative.marks import PLACEHOLDER

    hosts = frozenset(filter(None, map(host_of, told)))
    filled = PLACEHOLDER.sub(lambda found: "x" * len(found[0]), text)
    pieces, at = [], 0
    for start, end in links_in(filled):
        raw = refanged(filled[start:end])
        try:
            link = normalise(Kind.URL, raw if "://" in raw else f"http://{raw}")
        except Malformed:
            continue
        begun = (one.value for one in told if one.kind is Kind.URL and link.value.startswith(one.value))
        host = host_of(link) or ""
        if longest := max(begun, key=len, default=host if host in hosts else ""):
            pieces += [text[at:start], longest]
            at = end
    return "".join((*pieces, text[at:]))
