# SPDX-License-Identifier: Apache-2.0
"""Names that are evidence: malware, kits and actors, known ones and new ones, and the subject lines of the attack.

A new name is known by the word before it ("the kit", "Gruppe", "campaña"), in quotation marks or with a capital
letter inside. Subject lines are guarded as a whole: people in them are found only by what is sure.
"""

import re
from collections.abc import Iterator

from tocsin.agent.redaction.narrative.lists import one_of, threats
from tocsin.agent.redaction.narrative.marks import Board

_SHORT = 5
_QUOTES = "\"“”„«»‚‘「『【〈'"
_THREAT_WORD = f"(?:{one_of('before_threats')})"
_QUOTED = re.compile(
    rf"{_THREAT_WORD}\D{{0,28}}?[{_QUOTES}]([^\n{_QUOTES}]{{2,40}})[{_QUOTES}]", re.IGNORECASE
)
_BARE = re.compile(
    r"(?i:\b(?:malware|kit|ransomware|trojan|stealer|loader|botnet|schadsoftware|maliciel|familie|family|familia|famiglia|família|rodzina|семейство|家族|ファミリー|계열|परिवार|عائلة)\b)"
    r"(?:\s(?i:looks\slike|is|ist|est|es|è|は))?[\s:]{1,3}([A-Z][\w.-]*(?:\s(?:[A-Z][\w.]+|\d[\d.]*))?)"
)
_CAMEL = re.compile(
    r"(?<![\w@.-])(?!(?:Mc|Mac|De|La|Le|Di|Fitz|Van|O)[A-Z])[A-Z][a-z]+(?:[A-Z][a-z0-9]*)+[A-Z]{0,3}\d*(?![\w])"
)
_WORD = re.compile(r"(?<![^\W_a-zA-Z0-9])[A-Za-z0-9][A-Za-z0-9$()-]*(?:\s\d\.\d)?|[A-Z][A-Za-z0-9]+")
_CAPITAL = r"[A-ZÇĞİÖŞÜ][\w-]+"
_BEFORE_WORD = re.compile(rf"(?<![\w.])({_CAPITAL}(?: {_CAPITAL})?)\s(?:{one_of('behind_threats')})(?!\w)")
_SUBJECT = re.compile(
    rf"(?:{one_of('subject_words')})"
    rf"(?:\s(?:line|diesmal|ist|lautet|is))?\s?[:：]?\s?(?:[{_QUOTES}]([^\n]{{2,160}}?)[{_QUOTES}”“»」』】](?!\w)|(?<=[:：]\s)([^\n{_QUOTES}]{{2,160}}?)(?=\n|$|[.!?]\s))",
    re.IGNORECASE,
)
_TURKISH = re.compile(
    rf"[{_QUOTES}]([^\n{_QUOTES}]{{2,160}})[{_QUOTES}]\s(?:konulu|başlıklı|teemaga|aiheella|제목)"
)
_MESSAGE = re.compile(
    rf"(?:e?mail|message|sms|text|email)\s[{_QUOTES}]([^\n{_QUOTES}]{{2,160}})[{_QUOTES}]", re.IGNORECASE
)


def find_evidence_names(board: Board) -> None:
    """Keep the names of what attacks; guard the words that the attacker wrote above his mail."""
    text = board.text
    for start, end in _known(text):
        board.keep(start, end)
    for pattern in (_QUOTED, _BARE, _BEFORE_WORD):
        for found in pattern.finditer(text):
            if len(found[1].split()) <= 4 and not found[1].islower():
                board.keep(found.start(1), found.end(1))
    for found in _CAMEL.finditer(text):
        board.keep(found.start(), found.end())
    for pattern in (_SUBJECT, _TURKISH, _MESSAGE):
        for found in pattern.finditer(text):
            group = 1 if found[1] else 2
            board.guard(found.start(group), found.end(group))


def _known(text: str) -> Iterator[tuple[int, int]]:
    """Names that public reports know, of up to three words; in small letters only longer ones."""
    spelled = list(_WORD.finditer(text))
    for at, word in enumerate(spelled):
        start = word.start()
        for last in reversed(spelled[at : at + 3]):
            phrase = text[start : last.end()].lower().rstrip(")-")
            if phrase not in threats() and last is word:
                phrase = phrase.split("-")[0]
            if phrase in threats() and (not word[0][0].islower() or len(phrase) > _SHORT):
                yield start, start + len(phrase)
                break
