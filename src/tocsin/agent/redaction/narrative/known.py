# SPDX-License-Identifier: Apache-2.0
"""Which words with a capital letter name nobody: those of the list, titles, abbreviations, compounds of German."""

import re
from functools import lru_cache

from tocsin.agent.redaction.narrative.cues import says_whose
from tocsin.agent.redaction.narrative.lists import accented, one_of, ordinary, words
from tocsin.domain.folding import plain

TITLES = words("titles")
"""What stands in front of a name, lower case, without full stops."""
_COMPOUND = re.compile(rf"[^\W\d_]{{3,}}(?:{one_of('german_endings')})")
_SIGN = re.compile(r"['’`.-]")
_TOLD_BY_ACCENTS = 3
"""Letters of words that accents tell apart; longer ones are taken for what they are without."""
_ABBREVIATION = 3
"""Capital letters that name nobody."""


def is_capital(word: str) -> bool:
    """Whether a word, or a part of it behind a hyphen, begins with a capital letter."""
    return any(part[:1].isupper() for part in _SIGN.split(word))


@lru_cache(maxsize=16_384)
def is_known(word: str) -> bool:
    """Whether a word with a capital letter names nobody: ordinary in all its parts, or an abbreviation."""
    if (word.isupper() and len(word) <= _ABBREVIATION and word.isascii()) or is_ordinary(word):
        return True
    return all(
        not part[0].isupper() or is_ordinary(part) or (part.isupper() and len(part) <= _ABBREVIATION)
        for part in filter(None, _SIGN.split(word))
    )


def _is_other(word: str, folded: str) -> bool:
    """Whether an accent makes it another word than the ordinary one: *Hà* is a name, *ha* is none."""
    small = word.casefold()
    return small != folded and len(folded) <= _TOLD_BY_ACCENTS and small not in accented()


@lru_cache(maxsize=16_384)
def is_ordinary(word: str) -> bool:
    """Whether a word, however it is written, names nobody."""
    folded = plain(word)
    bare = folded.replace(".", "")
    return (
        folded.strip(".") in TITLES
        or ((folded in ordinary() or bare in ordinary()) and not _is_other(word, folded))
        or says_whose(word.lower())
        or _COMPOUND.fullmatch(word.lower()) is not None
    )
