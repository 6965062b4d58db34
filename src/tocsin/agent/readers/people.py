# SPDX-License-Identifier: Apache-2.0
"""How a person's name may be written in a link that was made for them.

>>> sorted(spellings_of("Ms Bo Lüd"))
['blud', 'blued', 'bol', 'bolud', 'bolued', 'lbo', 'lud', 'ludb', 'ludbo', 'lued', 'luedb', 'luedbo']

Accents are taken off and written out (``ö``: ``o`` and ``oe``), and what is written out is taken back (``oe``: ``o``);
first and last name stand in either order, joined or with one of them as its initial. How words are separated and what
look-alike letters they hold is the business of `tocsin.domain.folding`.

Two short lists keep it from cutting every link to pieces: words that say what somebody is (``Customer``, ``Herr``,
``Team``) are no part of a name, and words of which links are made (``page``, ``account``) do not stand for a person
alone, only beside their other name. They are ours, made from what phishing in seven languages calls its readers.

What this cannot see: nicknames, and a name in another script than it is written in.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

from tocsin.domain.folding import plain

MAX_WORDS = 6
"""Words of one name that are used."""
MAX_LENGTH = 100

_ROLE_WORDS = (
    # titles
    "mr mrs ms miss mister sir madam dr prof herr herrn frau damen herren sr sra srta senor senora senhor "
    "senhora dom dona m mme mlle monsieur madame messieurs mesdames sig signor signora signore dhr mevr "
    "heer mevrouw dott "
    # whom one writes to without knowing the name
    "all everyone everybody there folks guys friend friends valued esteemed loyal colleague colleagues "
    "customer customers client clients user users member members subscriber subscribers shopper buyer "
    "partner partners participant holder holders cardholder owner winner beneficiary employee employees "
    "student taxpayer resident citizen cliente clientes usuario usuaria usuarios socio socia amigo amiga "
    "amigos titular correntista associado associada beneficiario kunde kundin kunden nutzer nutzerin "
    "nutzern benutzer mitglied mitglieder teilnehmer inhaber karteninhaber kontoinhaber freund freunde "
    "freundin kollege kollegin kollegen acheteur membre membres utilisateur utilisatrice abonne abonnee "
    "titulaire klant klanten gebruiker relatie utente utenti socios "
    # the greetings themselves
    "dear hi hey greetings welcome ola oi prezado prezada prezados caro cara estimado estimada querido querida hola "
    "god sehr bonjour bonsoir cher chere salut hallo liebe lieber geehrte geehrter gentile ciao beste geachte hej "
    "subject "
    # functions, lists and mailboxes
    "recipient recipients undisclosed list lists group mailing team teams support service services "
    "security helpdesk help desk department dept office sales admin administrator webmaster postmaster "
    "hostmaster info information mail email contact billing accounts accounting abuse phishing phish spam "
    "noreply reply unknown undefined null none nobody hello equipe equipo suporte soporte atendimento "
    "redaktion vertrieb kundenservice kundendienst "
)
_ORDINARY_WORDS = (
    # how sentences begin after a greeting
    "a an the this that these those there here it its in on at to for from of by with and or if as we you "
    "your yours our us i my please thank thanks due after before when while since during following "
    "important urgent attention notice new now today was were is are has have had would did not no yes "
    "what why how who voce o os as um uma seu sua seus suas nosso nossa para por com em no na nos nas de "
    "da do das dos e foi nao sim este esta estamos temos el la los las un una su sus usted nuestro "
    "nuestra hemos le les des du et vous votre vos nous notre nos ce cette il lo gli abbiamo suo sua "
    "della del di ihr ihre ihren ihrem ihrer sie wir unser unsere der die das den dem ein eine im am bei "
    "mit von vom zu zur und oder bitte aufgrund ab het een uw wij onze u van ter ten te op bin al y "
    "congratulations parabens felicitaciones felicitations gluckwunsch herzlichen achtung atencao atencion aviso "
    "alerta warning notification "
    # of what the sentences are
    "account accounts payment payments order orders card cards bank banking banco conto conta contas "
    "cuenta compte konto rekening access security secure safe update updates verify verification confirm "
    "confirmation confirmed alert action required review statement invoice transaction transfer "
    "withdrawal deposit refund bonus reward rewards points pontos puntos punkte reminder final recent tax "
    "claim form support ticket "
    # of what links are made
    "www web site page pages home index main start login logon signin signup sign log logout auth oauth "
    "sso user portal app apps api cdn img image images static assets content wp admin includes plugins "
    "themes js css html htm php asp aspx click go link links url redirect redir track open view read show "
    "get file files doc docs pdf down download mobile online net com org form forms post search data info "
    "news blog shop store pay wallet id key token code step next back end test dev demo max min win "
)
_ROLES = frozenset(_ROLE_WORDS.split())
_ORDINARY = frozenset(_ORDINARY_WORDS.split())
_WORD = re.compile(r"[^\W\d_]+")
_WRITTEN_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "æ": "ae", "œ": "oe"})
_TAKEN_OFF = str.maketrans({"ø": "o", "æ": "a", "œ": "o", "ł": "l", "đ": "d"})
_SHORTENED = re.compile(r"['’](?:re|ve|ll|s|m|d)$", re.IGNORECASE)
_PAIRS = re.compile(r"(ae|oe|ue|aa)")


def says_what_one_is(word: str) -> bool:
    """Whether a word is a title, or names everybody who reads such a mail."""
    return plain(word) in _ROLES


def is_ordinary(word: str) -> bool:
    """Whether a word stands in most links and sentences, though somebody may be called so."""
    return plain(_SHORTENED.sub("", word)) in _ORDINARY


def spellings_of(name: str) -> frozenset[str]:
    """Every way to write a name that is looked for: lower case, words joined; empty when it names nobody."""
    lower = unicodedata.normalize("NFC", name[:MAX_LENGTH]).casefold()
    words = [word for word in _WORD.findall(lower) if not says_what_one_is(word)][:MAX_WORDS]
    if all(map(is_ordinary, words)):
        return frozenset()
    alone = [word for word in words if not is_ordinary(word)]
    found = {form for word in alone for form in _written(word)}
    for some in (words, words[::-1]) if len(words) > 1 else ():
        for forms in zip(*map(_written, some), strict=True):
            found.update(_joined(forms))
    return frozenset(form for form in found if len(form) > (2 if form.isascii() else 1))


def _written(word: str) -> tuple[str, str, str]:
    """A word with its accents taken off, with them written out, and with what was written out taken back."""
    taken_off = plain(word.translate(_TAKEN_OFF))
    return taken_off, plain(word.translate(_WRITTEN_OUT)), _PAIRS.sub(lambda pair: pair[0][0], taken_off)


def _joined(words: tuple[str, ...]) -> Iterator[str]:
    """The whole, neighbours, first with last, and one of these two as an initial."""
    first, last = words[0], words[-1]
    yield "".join(words)
    yield from (one + other for one, other in pairwise(words))
    yield from (first + last, first[:1] + last, first + last[:1])
