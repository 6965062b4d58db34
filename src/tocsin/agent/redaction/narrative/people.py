# SPDX-License-Identifier: Apache-2.0
"""People, in scripts that have capital letters: strict. A capital letter names somebody unless the word is known.

1. Sure places: behind a title, before a colon at the beginning of a line, in a greeting or under a letter, after
   "my name is", in ``user=``, behind an ``@``; and the staff that the bank declared.
2. Everything else with a capital letter that is no ordinary word (`ordinary.txt`), with the words that belong to it.
3. Whatever was found, wherever it stands again: inflected, alone, in a link, a file name or a subject line, and the
   login names that are made of it.
"""

import re
from collections import Counter
from collections.abc import Iterator

from tocsin.agent.readers.people import spellings_of
from tocsin.agent.redaction.narrative.lists import given_names, one_of, ordinary, words
from tocsin.agent.redaction.narrative.marks import Board, Kind
from tocsin.agent.redaction.narrative.own import Own
from tocsin.domain.folding import plain

_WORD = re.compile(r"[^\W\d_]+(?:['’`.-]?[^\W\d_]+)*")
_TITLES = words("titles")
_SHORT = ("me", "m")
_AFTER = words("titles_behind")
_PARTICLES = words("particles")
_GAP = re.compile(r"[ \u00a0]{1,2}|\. ?|, (?=[A-ZÀ-Þ])")
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
_CALLED = re.compile(
    rf"(?:{one_of('called_words')})"
    r"[ :=]{1,3}((?:[^\W\d_]+(?:[-'’][^\W\d_]+)*\.?[ ]?){1,4})",
    re.IGNORECASE,
)
_QUESTION = re.compile(
    r"(?:name|nombre|nom|nome|naam|nimi|adınız|зовут|imię)[^\n?]{0,20}\?\s*\n[^\n:]{1,30}:\s([^\n,.!?\d]{3,60})",
    re.IGNORECASE,
)
_LOGIN = re.compile(
    rf"(?:{one_of('login_words')})"
    r"[=: ]{1,2}[\"']?([a-z][a-z0-9._-]{2,40})(?![\w@])|(?<![\w.])@([\w.]{2,40}\w)",
    re.IGNORECASE,
)
_DOTTED = re.compile(r"(?<![\w@./-])([a-z]{1,20}\.[a-z]{3,20}(?:-[a-z]{2,20})?)(?![\w@/]|\.\w)")
_MACHINES = words("no_people")
_SENTENCE = re.compile(r"(?:^|[.!?:;。|>*•\"„“«(\[\n-]\s*|\d\.\s)$")


def find_people(board: Board, own: Own) -> None:
    """Hide everybody who is named in letters that know capitals."""
    for name in own.staff:
        for found in re.finditer(re.escape(name), board.text):
            _hide(board, found.start(), found.end(), Kind.PERSON, guarded=True)
    for start, end in _titled(board):
        _hide(board, start, end, Kind.PERSON, guarded=True)
    for start, end in _sure(board):
        _hide(board, start, end, Kind.PERSON)
    for start, end in _capitals(board):
        _hide(board, start, end, Kind.NAME)
    _again(board, own)


def _hide(board: Board, start: int, end: int, kind: Kind, *, guarded: bool = False) -> None:
    start, end = board.trimmed(start, end)
    same = " ".join(
        sorted(word for word in plain(board.text[start:end]).split() if word.strip(".") not in _TITLES)
    )
    if not board.hide(start, end, kind, same, guarded=guarded):
        for found in (one for one in _WORD.finditer(board.text, start, end) if plain(one[0]) not in _TITLES):
            board.hide(found.start(), found.end(), kind, plain(found[0]), guarded=guarded)


def _titled(board: Board) -> Iterator[tuple[int, int]]:
    text = board.text
    spelled = list(_WORD.finditer(text))
    for at, word in enumerate(spelled[:-1]):
        title = word[0].lower().replace(".", "")
        follows = spelled[at + 1]
        close = _GAP.fullmatch(text, word.end(), follows.start())
        if (
            title in _TITLES
            and close
            and follows[0][0].isupper()
            and (title not in _SHORT or word[0][0].isupper())
        ):
            yield follows.start(), _run_end(text, spelled, at + 1)
        if follows[0].split("'")[0].split("’")[0].lower() in _AFTER and word[0][0].isupper():
            yield word.span()


def _sure(board: Board) -> Iterator[tuple[int, int]]:
    text = board.text
    yield from _speakers(text)
    for pattern in (_GREETING, _SIGNED):
        for found in pattern.finditer(text):
            if not all(_is_ordinary(part) for part in found[1].split()):
                yield found.span(1)
    for found in _INITIAL.finditer(text):
        yield found.span(1)
    for pattern in (_CALLED, _QUESTION):
        for found in pattern.finditer(text):
            yield from _lower_name(text, found.start(1), found.end(1))
    for found in _LOGIN.finditer(text):
        group = 1 if found[1] else 2
        if found[group].lower() not in _MACHINES and (group == 2 or not _is_ordinary(found[group])):
            yield found.span(group)
    for found in _DOTTED.finditer(text):
        if not all(_is_ordinary(part) for part in found[1].split(".")):
            yield found.span(1)


def _speakers(text: str) -> Iterator[tuple[int, int]]:
    """Who stands before a colon at the beginning of a line; in small letters a known name, or one that is often."""
    found = list(_SPEAKER.finditer(text))
    often = Counter(one[1].lower() for one in found)
    for one in found:
        name = one[1].lower()
        told = one[1][0].isupper() or often[name] > 1 or plain(name) in given_names()
        if told and not all(_is_ordinary(part) for part in name.split()):
            yield one.span(1)
        if one[2] and not _is_ordinary(one[2]):
            yield one.span(2)


def _lower_name(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The words of a name that may be written without capitals, up to the first ordinary one."""
    last = start
    for found in _WORD.finditer(text, start, end):
        if _is_ordinary(found[0]) and plain(found[0]) not in _PARTICLES:
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
        if word[0][0].isupper() and not (text[before.end()] == "." and len(before[0]) > 4):
            end = word.end()
        elif plain(word[0]) not in _PARTICLES:
            break
    return end


def _capitals(board: Board) -> Iterator[tuple[int, int]]:
    """Runs of words with capital letters of which one is not known, without the known ones at their beginning."""
    text = board.text
    spelled = list(_WORD.finditer(text))
    at = 0
    while at < len(spelled):
        word = spelled[at]
        if not _is_capital(word[0]):
            if (
                plain(word[0]) in given_names()
                and not _is_ordinary(word[0])
                and len(word[0]) > 3
                and word[0].isascii()
            ):
                follows = spelled[at + 1 : at + 2]
                if (
                    follows
                    and text[word.end() : follows[0].start()] == " "
                    and not _is_ordinary(follows[0][0])
                ):
                    yield word.start(), follows[0].end()
            at += 1
            continue
        end = _run_end(text, spelled, at)
        run = [w for w in spelled[at : at + 9] if w.end() <= end]
        at += len(run)
        begins = _SENTENCE.search(text[max(0, word.start() - 4) : word.start()]) is not None
        while run and _is_known(run[0][0]) and (begins or len(run) == 1 or len(run[0][0]) > 3):
            run.pop(0)
        while run and not _is_capital(run[-1][0]):
            run.pop()
        if run:
            yield run[0].start(), run[-1].end()


def _is_capital(word: str) -> bool:
    return any(part[:1].isupper() for part in re.split(r"['’`.-]", word))


def _is_known(word: str) -> bool:
    """Whether a word with a capital letter names nobody: ordinary in all its parts, or an abbreviation."""
    if word.isupper() and len(word) <= 3 and word.isascii():
        return True
    if _is_ordinary(word):
        return True
    parts = [part for part in re.split(r"['’`.-]", word) if part]
    return all(
        not part[0].isupper() or _is_ordinary(part) or (part.isupper() and len(part) <= 3) for part in parts
    )


_GERMAN = re.compile(
    r"[^\W\d_]{3,}(?:ungen|ung|heit|keit|schaft|tion|tionen|tät|konto|kontos|karte|nummer|adresse|zeit|datum|betrag|system|dienst|zentrale|abteilung|gebühren|verfahren|daten|datei|seite|mail"
    r"|versuch|versuche|verkehr|führung|anzeige|schutz|zugang|zugriff|meldung|liste|stelle|name|schein|auszug|kampagne|angriff|angriffe|fall|protokoll|notiz|bericht|sperre|schlüssel|wort)"
)


def _is_ordinary(word: str) -> bool:
    folded = plain(word)
    if folded.strip(".") in _TITLES:
        return True
    return (
        folded in ordinary()
        or folded.replace(".", "") in ordinary()
        or _GERMAN.fullmatch(word.lower()) is not None
    )


def _again(board: Board, own: Own) -> None:
    """What was found, wherever else it stands: in the text, in what is guarded, and as a login name."""
    full = [board.text[m.start : m.end] for m in board.marks if m.kind in (Kind.PERSON, Kind.NAME)]
    names = [*own.staff, *full]
    names += [
        f"{name.split()[0]} {part}" for name in names if " " in name for part in name.split()[-1].split("-")
    ]
    stems = {
        plain(part)
        for name in names
        for part in re.split(r"[\s_.@-]+", name)
        if len(part) > 2 and not _is_ordinary(part)
    }
    stems -= _TITLES | _PARTICLES
    logins = {
        login
        for name in dict.fromkeys(names)
        if len(name) < 60
        for login in spellings_of(name)
        if len(login) > 3 and login not in ordinary()
    }
    initials = {"".join(part[0] for part in plain(name).split()) for name in names if len(name.split()) > 1}
    for found in re.finditer(r"[^\W_]+", board.text):
        folded = plain(found[0])
        begins = found[0][0].isupper() and any(
            folded[:-cut] in stems for cut in range(1, 5) if len(folded) - cut > 2
        )
        if folded in stems or begins or folded in logins:
            _hide(board, found.start(), found.end(), Kind.PERSON, guarded=True)
    for found in re.finditer(r"(?:--|—|\.)\s?([a-z]{2,3})\s*$", board.text, re.MULTILINE):
        if found[1] in initials:
            _hide(board, found.start(1), found.end(1), Kind.PERSON)
