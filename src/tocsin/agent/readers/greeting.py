# SPDX-License-Identifier: Apache-2.0
"""Whom a mail greets, and the numbers that it tells them: ``Dear Helen Marsh,``, ``Olá, João``, ``Kundennummer 88213``.

A mail that was sent as a blind copy has no recipient in its header; its greeting still names one, and its links do so
too. Nothing here is sent: the words are only used to recognise a person in what would be.

A name is up to `MAX_WORDS` words after the greeting, each with a capital or in a script without capitals, small words
such as *van* and *dos* between them. Titles and words for everybody (`people.py`) before it are passed over;
such a word behind it (``Dear Ledger user``) says that it is a product's name. One word without a capital is taken too
when the greeting ends behind it (``Hi hmarsh,``), and so is an address.

A number is taken from the subject and from `NEAR` characters after a greeting, but for URLs there, when it has
`SHORTEST_NUMBER` digits or more and is no year.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from tocsin.agent.readers.people import is_ordinary, says_what_one_is

MAX_GREETINGS = 20
"""Greetings looked at in one text."""
MAX_NUMBERS = 40
MAX_WORDS = 5
NEAR = 300
SHORTEST_NUMBER = 4

_GREETINGS = (
    r"dear(?:est)?|hello|hi|hey|good (?:morning|afternoon|evening|day)|greetings|welcome(?: back)?|attn|"
    r"geehrte[rs]?|sehr geehrte[rs]?|verehrte[rs]?|guten (?:tag|morgen|abend)|hallo|liebe[rs]?|"
    r"gr(?:ü|ue)(?:ß|ss) (?:gott|dich)|moin|"
    r"ol[áa]|oi|prezad[oa]s?|car[oa]s?|estimad[oa]s?|querid[oa]s?|bom dia|boa (?:tarde|noite)|sr\(a\)|"
    r"hola|buen(?:os|as) (?:d[ií]as|tardes|noches)|apreciad[oa]s?|distinguid[oa]s?|"
    r"bonjour|bonsoir|cher|ch[èe]re|chers|salut|"
    r"gentile|gentilissim[oa]|egregi[oa]|spettabile|buongiorno|buonasera|salve|ciao|"
    r"beste|geachte|goedendag|goedemorgen|hej|k[æä]re|dzie[ńn] dobry|szanown[yai]"
)
_LABELS = (
    r"name|full name|account name|customer|client|account holder|cardholder|nome|cliente|titular|correntista|"
    r"nombre|nom|kunde|kundin|kontoinhaber(?:in)?|naam|klant|intestatario"
)


def _by_first_letter(words: str) -> str:
    """The same alternatives, those of one letter behind it: one look at a letter refuses all the others."""
    by_letter: dict[str, list[str]] = {}
    for word in re.split(r"\|(?![^(]*\))", words):
        by_letter.setdefault(word[0], []).append(word[1:])
    return "|".join(
        f"(?-i:[{letter}{letter.upper()}])(?:{'|'.join(rest)})" for letter, rest in by_letter.items()
    )


# What stands before the words is there for speed: at nearly every place of a text it fails at once. A greeting begins a
# word, and that with a capital or where a line begins.
_GREETING = re.compile(
    r"(?<![\w@])(?:(?<![^\n\r>])(?=[a-z])|(?=(?-i:[A-Z])))"
    rf"(?:(?:{_by_first_letter(_GREETINGS)})(?!\w)(?:\s?\([\w/]{{1,3}}\)|/\w{{1,3}})?[\s,;:.!-]{{0,6}}|(?:{_by_first_letter(_LABELS)})\s?:\s?)",
    re.IGNORECASE,
)
_OPENING = re.compile(r"\s{0,20}[^\W\d_][\w'’-]{1,40}(?: [^\W\d_][\w'’-]{1,40}){0,2},")
"""A mail, or a subject, that begins with a name and a comma."""
_WORD = re.compile(
    r"[\s\"“”'*(]{0,4}([^\W\d_](?:[\w'’`-]{0,40}\w)?)"  # the word
    r"(\([\w/]{1,3}\)|/\w{1,3}(?!\w))?"  # (a), /in
    r"([.,:;!?)]|[ \t\r]{0,3}\n[ \t\r]{0,3}\n)?"  # what ends it
)
_HANDLE = re.compile(r"\s{0,4}([^\W_][\w.+-]{1,62}\w)[ ]?(?:[,!:;\n\r]|$)")
_ADDRESS = re.compile(r"\s{0,4}([\w.+-]{1,64})@[\w.-]{1,253}")
_SMALL_WORDS = "de da do das dos del della di du van von der den zu la le el e y i al bin ibn ben ter ten"
_PARTICLES = frozenset(_SMALL_WORDS.split(" "))
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_URL = re.compile(r"(?:https?://|www\.)\S{1,2000}", re.IGNORECASE)
_NUMBER = re.compile(r"(?<!\w)(?:\d{1,8}(?: \d{1,8}){1,6}|[^\W_]{1,20}(?:[./-][^\W_]{1,20}){0,6})(?!\w)")
_YEAR = re.compile(r"(?:19|20)\d\d")


def visible(text: str) -> str:
    """A text without the characters that nobody sees and that senders strew into words."""
    return text if text.isascii() else _INVISIBLE.sub("", text)


def told_in(text: str, *, everywhere: bool = False) -> tuple[list[str], list[str]]:
    """What one text tells of whom it is to: the names after its greetings with the local parts of addresses that stand
    there, and the numbers near its greetings, or `everywhere` in it: in a subject.
    """
    ends = _ends(text)
    names = [name for end in ends for name in _names_at(text, end)]
    return names, _numbers_in([text] if everywhere else [text[end : end + NEAR] for end in ends])


def _numbers_in(parts: Sequence[str]) -> list[str]:
    found = (number[0] for part in parts for number in _NUMBER.finditer(_URL.sub(" ", part)))
    told = (n for n in found if sum(map(str.isdigit, n)) >= SHORTEST_NUMBER and not _YEAR.fullmatch(n))
    return list(dict.fromkeys(told))[:MAX_NUMBERS]


def _ends(text: str) -> list[int]:
    """Where each greeting ends, 0 for a name alone; one inside of a sentence counts only when it has a capital."""
    ends = [0] if _OPENING.match(text) else []
    ends += [greeting.end() for greeting in islice(_GREETING.finditer(text), MAX_GREETINGS)]
    return ends[:MAX_GREETINGS]


def _names_at(text: str, start: int) -> Iterator[str]:
    """What is called there: an address' local part, else a name, else a single word that ends the greeting."""
    words: list[str] = []
    position = start
    while word := _WORD.match(text, position):
        if address := _ADDRESS.match(text, position):
            yield address[1]
            break
        spoken, _, mark = word.groups()
        if says_what_one_is(spoken):
            if words:
                return
        elif is_ordinary(spoken) and spoken.casefold() not in _PARTICLES:
            break
        elif _is_name(spoken) or (words and spoken.casefold() in _PARTICLES):
            words.append(spoken)
        else:
            break
        position = word.end()
        if len(words) == MAX_WORDS or (words and mark and not (mark == "." and len(spoken) < 3)):
            break
    if words:
        yield " ".join(words)
    elif (handle := _HANDLE.match(text, position)) and not _names_nobody(handle[1]):
        yield handle[1]


def _is_name(word: str) -> bool:
    return not word[0].islower()


def _names_nobody(word: str) -> bool:
    return says_what_one_is(word) or is_ordinary(word)
