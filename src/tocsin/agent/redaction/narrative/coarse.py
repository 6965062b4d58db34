# SPDX-License-Identifier: Apache-2.0
"""Sums and times of day, told so that nobody finds the payment: some thousand EUR, in the morning of 2026-11-21.

A sum keeps its order of magnitude and its currency; a time its day, which a disclosure tells anyway, and a quarter of
it. A date without a time stays. Durations stay.
"""

import re
import unicodedata
from functools import lru_cache

from tocsin.agent.redaction.narrative.lists import one_of
from tocsin.agent.redaction.narrative.marks import Board, Kind

_CURRENCIES = {
    "EUR": "€ euro euros eiro eurų eurot eurot eur евро євро ευρώ евра",
    "GBP": "£ gbp pounds pound quid",
    "USD": "$ usd dollars dollar dollari دولار 美元 долларов us$",
    "AED": "aed dirham dirhams درهم درهما دراهم दिरहम dhs",
    "JPY": "円 jpy yen",
    "CNY": "元 人民币 cny rmb yuan",
    "KRW": "원 ₩ krw won",
    "INR": "₹ inr rupees रुपये रुपए रु रु. rs روپے",
    "TRY": "₺ tl try lira",
    "PLN": "pln zł złotych",
    "UAH": "грн гривень uah ₴",
    "RUB": "₽ руб рублей rub",
    "CHF": "chf franken fr.",
    "HUF": "huf forint forintot ft",
    "CZK": "czk kč korun",
    "SEK": "sek kronor",
    "NOK": "nok kroner",
    "DKK": "dkk",
    "RON": "ron lei",
    "BGN": "bgn лв лв. лева",
    "ILS": '₪ ils שקל שקלים ש"ח nis',
    "HKD": "hk$ hkd",
    "SGD": "sgd",
    "CAD": "cad",
    "AUD": "aud",
    "BTC": "btc",
    "KES": "kes ksh",
    "TZS": "tzs tsh",
    "MYR": "rm myr",
    "PHP": "₱ php",
    "IDR": "rp idr",
    "THB": "฿ thb บาท",
    "BDT": "৳ টাকা",
    "VND": "₫ đồng vnd",
    "ISK": "isk",
    "BRL": "r$ brl",
    "MXN": "mxn",
    "ZAR": "zar",
    "SAR": "sar ريال",
    "": "¥ kr kr. dinar دينار دينارا دنانير تومان",
}
_CODE_OF = {word: code for code, words in _CURRENCIES.items() for word in words.split()}
_LONGEST_FIRST = sorted(_CODE_OF, key=len, reverse=True)
_SIGNS = "|".join(map(re.escape, _LONGEST_FIRST))
_MANY = rf"(?:\s?(?:{one_of('many')})\b\.?|[千万萬億만천]){{0,2}}"
_FIGURE = rf"\d(?:[\d'’.,٫٬]|[ \u00a0\u202f](?=\d{{3}}(?!\d))){{0,24}}(?:,-|\.-)?{_MANY}(?:\d{{1,4}}[千천]?)?"
_LETTER = "[^\\W\\d_]"
_CASED = "[A-Za-zÀ-ɏͰ-ӿ]"
_AMOUNT = re.compile(
    rf"(?<!{_CASED})(?:{_SIGNS})\.?\s?{_FIGURE}(?!\d*[a-z]{{2}})(?:\s?(?:{_SIGNS})(?!{_CASED}))?|(?<![0-9A-Za-z_.-]){_FIGURE}\s?(?:(?:[$€£₹₩₺₪₽円元원])|(?:{_SIGNS})(?!{_CASED})|(?<=[\d万千만천])\s?(?:美元|円|원|元))"
)
_PLAIN = re.compile(
    r"(?<![\w.,/+-])(?<!\d:)(?:\d{1,3}\s?[x×]\s)?\d{1,7}(?:[.,' ]\d{3})*[.,]\d{2}(?![\w.,/:%]\d|\w|%)"
)
_WORDS = re.compile(
    r"\b[^\W\d_]{0,30}(?:tausend|hundert|thousand|hundred|mille|cents|mila|mil|million)[^\W\d_]{0,30}\s(?:euros?|pounds?|dollars?|dirhams?)\b"
)
_DAY = (
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}\s?[年년]\s?\d{1,2}\s?[月월]\s?\d{1,2}\s?[日일]"
    rf"|(?:{_LETTER}{{2,10}},?\s)?(?:{_LETTER}{{3,9}}\.?\s\d{{1,2}}(?:,?\s\d{{4}})?|\d{{1,2}}\.?\s(?:de\s)?{_LETTER}{{3,12}}\.?(?:\s(?:de\s)?\d{{4}})?))"
)
_CLOCK = (
    r"(?:(?:오전|오후|上午|下午|午前|午後|晚上|凌晨|أصيل)\s?)?(?:[01]?\d|2[0-4])"
    r"(?:[:.][0-5]\d(?::[0-5]\d(?:[.,]\d{1,6})?)?|\s?(?:[ap]\.?m\b|uhr\b|o'clock\b)|\s?[hu時时点點시](?:\s?[0-5]?\d(?![\d])\s?[分분]?)?)"
    r"(?:\s?(?:[ap]\.?m\b\.?|z|[+-]\d{2}:?\d{2}|(?:utc|gmt|cet|cest|eet|eest|bst|est|uhr|msk)\b|صباحا|مساء|ظهرا|عصرا|ليلا))?"
)
_AT = re.compile(
    rf"(?<![0-9A-Za-z_.:/@-])(?:(?P<day>{_DAY})(?:t|,?\s(?:{one_of('day_time')})?|(?<=[日일]))(?P<t1>{_CLOCK})"
    rf"|(?P<word>(?:{one_of('clock_words')})\s)?(?P<t2>{_CLOCK})(?:,?\s(?:{one_of('time_day')})\s(?P<day2>{_DAY}|\d{{1,2}}/\d{{1,2}}))?)(?![0-9A-Za-z_]|[:.,]\d)"
)
_FIGURES = {
    code: str(unicodedata.digit(chr(code)))
    for code in range(0x80, 0x10000)
    if unicodedata.category(chr(code)) == "Nd"
}
"""Figures of every script as the plain ones."""
_DURATION = re.compile(r"\(\d:\d\d\)")


def find_coarse(board: Board) -> None:
    """Put something less telling in the place of every sum and every time of day."""
    text = board.small.translate(_FIGURES)
    for found in _DURATION.finditer(text):
        board.settle(found.start(), found.end())
    for found in _AT.finditer(text):
        _moment(board, found)
    for pattern in (_AMOUNT, _WORDS, _PLAIN):
        for found in pattern.finditer(text):
            board.hide(found.start(), found.end(), Kind.AMOUNT, about(found[0]), guarded=False)


@lru_cache(maxsize=4_096)
def about(raw: str) -> str:
    """A sum as words and its currency.

    >>> about("£14,250.00"), about("98万円"), about("1.299,00 EUR")
    ('some tens of thousand GBP', 'some hundreds of thousand JPY', 'some thousand EUR')
    """
    folded = unicodedata.normalize("NFKC", raw).lower()
    code = next((_CODE_OF[word] for word in _LONGEST_FIRST if word in folded), "")
    folded = re.sub(r"^\d{1,3}\s?[x×]\s", "", folded)
    figure = re.search(r"\d[\d.,'’ \u00a0\u202f]*", folded)
    whole = re.sub(r"\D", "", re.sub(r"[.,]\d{1,2}(?!\d)\D*$", "", figure[0].strip())) if figure else "10000"
    size = len(whole.lstrip("0"))
    rest = folded[figure.end() :] if figure else ""
    size += (
        6
        if re.match(r"m(?!il)|mio", rest)
        else 4
        if re.match("[万萬만]", rest)
        else 3
        if re.match("k|tsd|千|ألف|الف|हज|bin|тыс|mil", rest)
        else 0
    )
    size = min(max(size, 1), 12)
    name = ("units", "thousand", "million", "billion")[(size - 1) // 3]
    many = ("some", "some tens of", "some hundreds of")[(size - 1) % 3]
    return f"{many} {name}{' ' + code if code else ''}"


def _moment(board: Board, found: re.Match[str]) -> None:
    clock = found["t1"] or found["t2"]
    raw = unicodedata.normalize("NFKC", clock)
    numbers = re.findall(r"\d+", raw)
    if (
        not found["t1"]
        and not found["word"]
        and re.fullmatch(r"\d{1,2}\.\d{2}", raw)
        and not re.search(r"\d{2}\.\d{2}$", raw)
    ):
        return
    if len(numbers) < 2 and not re.search(r"[時时点點시]|[uh]\d|uhr|o'clock|[ap]\.?m", raw, re.I):
        return
    hour = int(numbers[0]) % 24
    if re.search(r"p\.?m|오후|下午|午後|晚上|مساء|عصر", raw, re.I) and hour < 12:
        hour += 12
    day = _day(found["day"] or found["day2"] or "")
    part = ("night", "morning", "afternoon", "evening")[hour // 6]
    board.hide(
        found.start(), found.end(), Kind.MOMENT, f"in the {part}{' of ' + day if day else ''}", guarded=False
    )


def _day(raw: str) -> str:
    """A date in the one form, when its order is plain; else nothing: a wrong day tells more than none."""
    folded = unicodedata.normalize("NFKC", raw)
    numbers = [int(n) for n in re.findall(r"\d+", folded)]
    if len(numbers) == 3 and numbers[0] > 31 and 1 <= numbers[1] <= 12 and numbers[2] <= 31:
        return f"{numbers[0]:04}-{numbers[1]:02}-{numbers[2]:02}"
    if len(numbers) == 3 and numbers[2] > 1000 and 1 <= numbers[1] <= 12 and numbers[0] <= 31:
        return f"{numbers[2]:04}-{numbers[1]:02}-{numbers[0]:02}"
    return ""
