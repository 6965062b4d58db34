# SPDX-License-Identifier: Apache-2.0
"""Whether a text of one's own names a bank of the alliance: a warning never says who was hurt.

Only a whole name counts, without its legal form, as words that follow each other and in any spelling of case and
accents: "Norte" alone is a place, "Banco do Norte" is a member. Nicknames and products are not seen, and a name made of
generic words alone ("First National Bank") counts only with its legal form, as it is written.

>>> named_in("Mails in the name of BANCO DO NORTE arrive.", ["Banco do Norte S.A."])
'Banco do Norte S.A.'
>>> named_in("A wave in the north (norte).", ["Banco do Norte S.A."]) is None
True
"""

import re
from collections.abc import Iterable

from tocsin.agent.redaction.assets import Assets, assets_of, is_generic, without_legal_form
from tocsin.agent.redaction.classify import Classifier
from tocsin.domain.folding import plain
from tocsin.domain.warning import Warning
from tocsin.errors import Refused

_WORDS = re.compile(r"[^\W_]+|&")
_INITIAL = re.compile(r"\b([^\W_])\.(?=[^\W_]\b|\W|$)")
"""A letter of ``S.A.``, with its dot."""


class MemberNames:
    """The banks of the alliance, and whoever writes a warning."""

    def __init__(self, own: Assets, banks: Iterable[str]) -> None:
        self._banks = [name for name in banks if name != own.legal_name]
        self._classifier = Classifier(own, tuple(map(assets_of, self._banks)))

    def demand_unnamed(self, warning: Warning) -> None:
        """Refused when its text names a bank, or a value that it looks for is a bank's or its author's own."""
        for where, text in (("title", warning.title), ("measures", warning.measures)):
            if name := named_in(text, self._banks):
                raise Refused(f"{where}: It names {name}, and a warning never says who was hurt.")
        for index, observable in enumerate(warning.look_for):
            kept = self._classifier.kept_home(observable)
            if reason := kept.reason if kept else self._classifier.genuine(observable):
                raise Refused(f"look_for[{index}]: It is not the attacker's: {reason}.")


def named_in(text: str, names: Iterable[str]) -> str | None:
    """The first of the names that stands in the text; None when none does."""
    padded = f" {' '.join(_words(text))} "
    return next((name for name in names if f" {_looked_for(name)} " in padded), None)


def _looked_for(name: str) -> str:
    whole = _words(name)
    short = without_legal_form(whole)
    tells = any(not is_generic(word) and len(word) > 1 for word in short)
    return " ".join(short if tells else whole)


def _words(text: str) -> list[str]:
    """Its words in lower case and without accents, ``S.A.`` as one; & is a word of its own."""
    folded = plain(_INITIAL.sub(r"\1", text))
    return ["and" if word == "&" else word for word in _WORDS.findall(folded)]
