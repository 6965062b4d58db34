# SPDX-License-Identifier: Apache-2.0
"""People, in scripts that have capital letters: strict. A capital letter names somebody unless the word is known.

1. Sure places: behind a title, before a colon at the beginning of a line, in a greeting or under a letter, after
   "my name is", in ``user=``, behind an ``@``; and the staff that the bank declared.
2. Everything else with a capital letter that is no ordinary word (`ordinary.txt`), with the words that belong to it.
"""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain

from tocsin.agent.redaction.narrative.again import hide_name, places_of
from tocsin.agent.redaction.narrative.cues import says_whose
from tocsin.agent.redaction.narrative.known import TITLES, is_capital, is_known, is_ordinary
from tocsin.agent.redaction.narrative.lists import given_names, one_of, starting, words
from tocsin.agent.redaction.narrative.marks import Board, Kind
from tocsin.agent.redaction.narrative.own import Own
from tocsin.domain.folding import plain

_WORD = re.compile(r"[^\W\d_]+(?:['’`.-]?[^\W\d_]+)*")
_SHORT = ("me", "m", "ra", "ds", "don")
_SHORTEST = 4
"""Letters of a given name that is known without a capital."""
_AND = ("and", "und", "et", "y", "e", "i", "ja", "ve", "och", "en", "и", "και", "та")
_AFTER = words("titles_behind")
_PARTICLES = words("particles")
_GAP = re.compile(r"[ \u00a0]{1,2}|\. ?|, (?=[A-ZÀ-Þ])|\.? \((?:retd?|ret'd|a\. ?d)\.?\) ", re.IGNORECASE)
_SPEAKER = re.compile(
    r"^[>\s*•-]{0,4}(?:\[?\d{1,2}[:.]\d{2}\]?\s|\[[^\]\n]{1,60}\]\s)?"
    r"@?([^\W\d_][^\W\d]*(?:[ .][^\W\d_][^\W\d]*\.?){0,3})(?:\s\(([^)\n]{2,20})\))?:(?=\s|$)",
    re.MULTILINE,
)
_GREETING = re.compile(r"^([^\W\d_]+(?:[ -][^\W\d_]+){0,2}),\s*$", re.MULTILINE)
_SIGNED = re.compile(
    r"(?:--|—|–|~|//)\s?([^\W\d_][^\W\d]*\.?(?:\s[^\W\d_][^\W\d]*\.?){0,2})\s*$", re.MULTILINE
)
_INITIAL = re.compile(r"^([^\W\d_]\.(?:\s?[^\W\d_]\.?){0,2})\s*$", re.MULTILINE)
_INITIALS = re.compile(
    r"(?<![\w.])((?!(?:U\. ?[SKN]|E\. ?U)\.)(?:[A-ZÀ-ÞΑ-ΩА-Я]\. ?){1,3}[A-ZÀ-ÞΑ-ΩА-Я][^\W\d_]+"
    r"(?:[ -](?:(?:[a-z]{2,3}|Al|El)[ -])?[A-ZÀ-ÞΑ-ΩА-Я][^\W\d_]+){0,4})"
)
_SIGN_OFF = re.compile(
    r"(?:[.!?)]|--|—|–|//)\s{1,2}([a-z]{2,3})\s*$|[;,(/–-]\s?([a-z]{3,20})\)?\s*$", re.MULTILINE
)
_LAST = re.compile(r"(?:^|,\s|[.!?]\s)([A-ZÀ-ÞΑ-ΩА-Я][^\W\d_]+)\s*\Z", re.MULTILINE)
_CALLED = re.compile(
    rf"{starting('called_words')}"
    r"[ :=]{1,3}((?:[^\W\d_]+(?:[-'’][^\W\d_]+)*\.?[ ]?){1,4})"
)
_QUESTION = re.compile(
    r"(?:name|nombre|nom|nome|naam|nimi|adınız|зовут|imię)[^\n?]{0,20}\?\s*\n[^\n:]{1,30}:\s([^\n,.!?\d]{3,60})",
    re.IGNORECASE,
)
_LOGIN = re.compile(
    rf"{starting('login_words')}s?(?:(?:\s[a-z]{{2,10}}){{0,2}}\s?[=:：]|\s)\s?[\"']?"
    r"([a-z][a-z0-9._-]{2,40}(?:(?:,\s|\s&\s|\sand\s)[a-z][a-z0-9._-]{2,40}){0,9})(?![\w@])"
    r"|(?:用户名?|账户名|ユーザー(?:名|id)?|사용자)\s?[:：]?\s?([a-z][a-z0-9._-]{2,40})|(?<![\w.])@([\w.]{2,40}\w)"
)
_LOGIN_NAME = re.compile(r"[a-z][\w.-]*\w", re.IGNORECASE)
_NICK = re.compile(r"^[\[(]?[\d:. ]{0,12}[\])]?\s?<[@+]?([^\W\d][\w.-]{1,30})>\s", re.MULTILINE)
_ACCOUNT = re.compile(
    r"(?<![\\\w%:])[A-Z][A-Za-z0-9.-]{1,20}\\([a-z][\w.-]{1,30})(?![\w\\])|[\\/](?:Users|home|Benutzer|Utenti|Usuarios)[\\/]([\w.-]{2,40})"
)
"""Who wrote a line of a chat; a login name behind its domain, or in a path."""
_KIN = re.compile(rf"(?<![^\W\d_])(?:{one_of('kin_words')}),?\s$")
_LONGEST_KIN = 20
_DOTTED = re.compile(r"(?<![\w@./-])([a-z]{1,20}\.[a-z]{3,20}(?:-[a-z]{2,20})?)\d{0,4}(?![\w@/]|\.\w)")
_MACHINES = words("no_people")
_EVERYBODY = ("public", "default", "all", "user", "appdata", "temp")
_SENTENCE = re.compile(r"(?:^|[.!?:;。|>*•\"„“«(\[\n-]\s*|\d\.\s)$")


def find_people(board: Board, own: Own) -> None:
    """Hide everybody who is named in letters that know capitals."""
    staff = places_of(board.text, frozenset(own.staff))
    for start, end in chain(staff, _titled(board), _kin(board), _accounts(board)):
        hide_name(board, start, end, Kind.PERSON, guarded=True)
    for start, end in chain(_sure(board), _logins(board)):
        hide_name(board, start, end, Kind.PERSON)
    for start, end in _capitals(board):
        hide_name(board, start, end, Kind.NAME, quoted=_is_given(board.text, start, end))


def _may_be_given(word: str, follows: str) -> bool:
    """Whether an ordinary word with a capital inside of a sentence may be a given name: no word says who it is."""
    return word.istitle() and follows.istitle() and not says_whose(word.lower()) and not is_known(follows)


def _is_given(text: str, start: int, end: int) -> bool:
    """Whether one of the words in a piece is a name that somebody is given."""
    return any(plain(word[0]) in given_names() for word in _WORD.finditer(text, start, end))


def _titled(board: Board) -> Iterator[tuple[int, int]]:
    """Whoever stands behind a title, with it: it tells man from woman."""
    text = board.text
    spelled = list(_WORD.finditer(text))
    for at, word in enumerate(spelled[:-1]):
        follows = spelled[at + 1]
        if (
            _is_title(word[0])
            and (len(word[0]) > 1 or text[word.end()] == ".")
            and follows[0][0].isupper()
            and not _is_title(follows[0])
            and _GAP.fullmatch(text, word.end(), follows.start())
        ):
            yield _title_start(text, spelled, at), _run_end(text, spelled, at + 1)
        if follows[0].split("'")[0].split("’")[0].lower() in _AFTER and word[0][0].isupper():
            yield word.start(), follows.end()


def _kin(board: Board) -> Iterator[tuple[int, int]]:
    """Whoever is named behind *my husband*, also where it is quoted."""
    text = board.text
    spelled = list(_WORD.finditer(text))
    for at, word in enumerate(spelled):
        before = max(0, word.start() - _LONGEST_KIN)
        if is_capital(word[0]) and _KIN.search(board.small, before, word.start()):
            yield word.start(), _run_end(text, spelled, at)


def _is_title(word: str) -> bool:
    title = word.lower().replace(".", "")
    return title in TITLES and (title not in _SHORT or word[0].isupper())


def _title_start(text: str, spelled: list[re.Match[str]], at: int) -> int:
    """Where the titles begin of which one is the last: *Mr and Mrs*, *Prof. Dr.*"""
    first = at
    for before in range(at - 1, max(-1, at - 5), -1):
        if not _GAP.fullmatch(text, spelled[before].end(), spelled[before + 1].start()):
            break
        if _is_title(spelled[before][0]):
            first = before
        elif spelled[before][0].lower() not in _AND:
            break
    return spelled[first].start()


def _sure(board: Board) -> Iterator[tuple[int, int]]:
    text = board.text
    yield from _speakers(text)
    for pattern in (_GREETING, _SIGNED):
        for found in pattern.finditer(text):
            if not all(is_ordinary(part) for part in found[1].split()):
                yield found.span(1)
    for pattern in (_INITIAL, _INITIALS, _LAST):
        for found in pattern.finditer(text):
            yield found.span(1)
    for found in _SIGN_OFF.finditer(text):
        if (found[1] and not is_ordinary(found[1])) or (found[2] and plain(found[2]) in given_names()):
            yield found.span(found.lastindex or 0)
    for pattern in (_CALLED, _QUESTION):
        for found in pattern.finditer(board.small):
            yield from _lower_name(text, found.start(1), found.end(1))


def _logins(board: Board) -> Iterator[tuple[int, int]]:
    """Login names, by the word before them or by their form."""
    text = board.text
    for found in _LOGIN.finditer(board.small):
        for name in _LOGIN_NAME.finditer(text, *found.span(found.lastindex or 0)):
            if name[0].lower() not in _MACHINES and (found[3] or not is_ordinary(name[0])):
                yield name.span()
    for found in _DOTTED.finditer(board.bare):
        if not all(is_ordinary(part) for part in found[1].split(".")):
            yield found.span()


def _accounts(board: Board) -> Iterator[tuple[int, int]]:
    for pattern in (_NICK, _ACCOUNT):
        for found in pattern.finditer(board.text):
            name = found[found.lastindex or 0].lower()
            if name not in _MACHINES and name not in _EVERYBODY and not is_ordinary(name):
                yield found.span(found.lastindex or 0)


def _speakers(text: str) -> Iterator[tuple[int, int]]:
    """Who stands before a colon at the beginning of a line; in small letters where several do."""
    found = list(_SPEAKER.finditer(text))
    often = Counter(one[1].lower() for one in found)
    for one in found:
        name = one[1].lower()
        told = one[1][0].isupper() or len(often) > 1 or often[name] > 1 or plain(name) in given_names()
        if told and not all(is_ordinary(part) for part in name.split()):
            yield one.span(1)
        if one[2] and not is_ordinary(one[2]):
            yield one.span(2)


def _lower_name(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The words of a name that may be written without capitals, up to the first ordinary one."""
    last = start
    for found in _WORD.finditer(text, start, end):
        if is_ordinary(found[0]) and plain(found[0]) not in _PARTICLES:
            break
        last = found.end()
    if last > start:
        yield start, last


def _run_end(text: str, spelled: list[re.Match[str]], at: int) -> int:
    """Where a name ends that begins with a word: capitals, initials and small words between them."""
    end = spelled[at].end()
    for before, word in zip(spelled[at : at + 7], spelled[at + 1 : at + 8], strict=False):
        if not _GAP.fullmatch(text, before.end(), word.start()):
            break
        if word[0].isupper() and says_whose(word[0].lower()):
            break
        if word[0][0].isupper() and not (text[before.end()] == "." and len(before[0]) > 4):
            end = word.end()
        elif plain(word[0]) not in _PARTICLES:
            break
    return end


def _small_end(text: str, spelled: list[re.Match[str]], at: int, *, alone: bool) -> int:
    """Where a name ends that begins with a listed given name in small letters; 0 when none does.

    `alone`: a given name is enough, as in a text that has no capital letters.
    """
    word = spelled[at]
    if len(word[0]) < _SHORTEST or plain(word[0]) not in given_names() or is_ordinary(word[0]):
        return 0
    follows = spelled[at + 1] if at + 1 < len(spelled) else None
    if follows and text[word.end() : follows.start()] == " " and not is_ordinary(follows[0]):
        return follows.end()
    return word.end() if alone else 0


def _capitals(board: Board) -> Iterator[tuple[int, int]]:
    """Runs of words with capital letters of which one is not known, without the known ones at their beginning."""
    text = board.text
    spelled = list(_WORD.finditer(text))
    no_capitals = text.islower()
    at = 0
    while at < len(spelled):
        word = spelled[at]
        if not is_capital(word[0]):
            if end := _small_end(text, spelled, at, alone=no_capitals):
                yield word.start(), end
            at += 1
            continue
        end = _run_end(text, spelled, at)
        run = [w for w in spelled[at : at + 9] if w.end() <= end]
        at += len(run)
        begins = _SENTENCE.search(text[max(0, word.start() - 4) : word.start()]) is not None
        while run and is_known(run[0][0]) and (begins or len(run) == 1 or len(run[0][0]) > 3):
            if len(run) > 1 and plain(run[0][0]) in given_names() and not is_ordinary(run[0][0]):
                break
            if not begins and len(run) > 1 and _may_be_given(run[0][0], run[1][0]):
                break
            run.pop(0)
        while run and not is_capital(run[-1][0]):
            run.pop()
        if run:
            yield run[0].start(), run[-1].end()
