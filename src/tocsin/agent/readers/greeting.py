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
from collections.abc import Callable, Iterator, Sequence
from heapq import merge
from itertools import chain, islice

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


def _begun(case: Callable[[str], str], before: str) -> re.Pattern[str]:
    """Greetings and labels whose first letter is in that case and has that before it.

    Each begins with a letter of its own, so that the search passes over whatever is none of them.
    """
    begun: dict[str, tuple[list[str], list[str]]] = {}
    for place, words in enumerate((_GREETINGS, _LABELS)):
        for word in re.split(r"\|(?![^(]*\))", words):
            begun.setdefault(word[0], ([], []))[place].append(word[1:])
    return re.compile(
        "|".join(
            rf"{case(letter)}{before}(?i:(?:{'|'.join(greetings) or '(?!)'})(?!\w)(?:\s?\([\w/]{{1,3}}\)|/\w{{1,3}})?"
            rf"[\s,;:.!-]{{0,6}}|(?:{'|'.join(labels) or '(?!)'})\s?:\s?)"
            for letter, (greetings, labels) in begun.items()
        )
    )


# A greeting begins a word, and that with a capital or where a line begins.
_CAPITAL = _begun(str.upper, r"(?<![\w@].)")
_SMALL = _begun(str.lower, "")
_LINE = re.compile(r"[\n\r>](?=[a-z])")
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
    told = (part for part in parts if sum(map(str.isdigit, part)) >= SHORTEST_NUMBER)
    found = (number[0] for part in told for number in _NUMBER.finditer(_URL.sub(" ", part)))
    numbers = (one for one in found if not one.isalpha())
    long = (n for n in numbers if sum(map(str.isdigit, n)) >= SHORTEST_NUMBER and not _YEAR.fullmatch(n))
    return list(dict.fromkeys(long))[:MAX_NUMBERS]


def _ends(text: str) -> list[int]:
    """Where each greeting ends, 0 for a name alone; one inside of a sentence counts only when it has a capital."""
    ends = [0] if _OPENING.match(text) else []
    ends += islice(_greetings_in(text), MAX_GREETINGS)
    return ends[:MAX_GREETINGS]


def _greetings_in(text: str) -> Iterator[int]:
    """The same for greetings alone, in their order."""
    begun = _LINE.finditer(text) if any(mark in text for mark in "\n\r>") else ()
    lines = chain((0,), (line.end() for line in begun))
    small = filter(None, (_SMALL.match(text, begin) for begin in lines))
    end = 0
    for greeting in merge(_CAPITAL.finditer(text), small, key=lambda found: found.start()):
        if greeting.start() >= end:
            end = greeting.end()
            yield end


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
