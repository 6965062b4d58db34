# SPDX-License-Identifier: Apache-2.0
"""Lookups against a million known values, as a hunt does them, beside what Python alone does in the same run.

Texts are asked as those of a column are, a batch at a time: which of them are hits. Lines of text go the whole way that
a log goes, against known values of all kinds. A tenth of what is asked is known; of networks three quarters of all
addresses lie in one. Every row demands as many hits as were planted, and the last row holds the fast index against the
definition of a hit, value by value.
"""

import gc
import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network

from tocsin.agent.hunting.child import keep_memory
from tocsin.agent.hunting.columns import BATCH
from tocsin.agent.hunting.covers import covers
from tocsin.agent.hunting.index import Index
from tocsin.agent.hunting.lines import hunt_lines
from tocsin.agent.hunting.sieve import Sieve
from tocsin.agent.hunting.tally import Tally
from tocsin.bench.result import Beside, Row
from tocsin.domain.observable import Kind, Observable
from tocsin.errors import RemoteError

_KNOWN = 1_000_000
_ASKED = 1_000_000
_LINES = 300_000
_PIECE = 2**18
"""Bytes that are read of a file at once."""
_COMPARED = 400
_EXACT, _SUFFIX, _TEXT = 1_000_000.0, 400_000.0, 150_000.0
_WORD = re.compile(rb"[0-9A-Za-z_-]{1,63}(?:\.[0-9A-Za-z_-]{1,63})+")


def run(seed: int) -> Iterator[Row]:
    """Five rows: addresses, addresses in networks, names below domains, lines of text, and disagreements."""
    keep_memory()
    chance = random.Random(seed)  # noqa: S311 a repeatable load, not a secret
    yield _addresses(chance)
    yield _networks(chance)
    yield _names(chance)
    yield _lines(chance)
    yield _agreement(chance)


def _addresses(chance: random.Random) -> Row:
    known = {_address(chance) for _ in range(_KNOWN)}
    asked = _mixed(chance, list(known), lambda: _address(chance))
    index = Index(Observable(Kind.IPV4, one) for one in known)
    hits = sum(one in known for one in asked)
    rate = _rate(lambda sieve: _demand(_asked(sieve, asked), hits), index)
    bare = _rate(lambda _: _demand(sum(one in known for one in asked), hits), index)
    return _row("addresses, each as it is", rate, "lookups/s", _EXACT, "a bare set, one by one", bare)


def _networks(chance: random.Random) -> Row:
    """Networks of 20 to 30 bits, a million of them: three quarters of all addresses lie in one."""
    networks = {
        IPv4Network((chance.getrandbits(32), chance.randint(20, 30)), strict=False) for _ in range(_KNOWN)
    }
    asked = list({_address(chance): None for _ in range(_ASKED)})
    index = Index(Observable(Kind.CIDR, str(one)) for one in networks)
    by_length: dict[int, set[int]] = {}
    for one in networks:
        by_length.setdefault(one.prefixlen, set()).add(int(one.network_address))
    masks = [(known, 2**32 - 2 ** (32 - length)) for length, known in by_length.items()]

    def bare() -> int:
        """How many lie in one, asked of a set for each length of mask."""
        numbers = (int(IPv4Address(text)) for text in asked)
        return sum(any(number & mask in known for known, mask in masks) for number in numbers)

    hits = bare()
    rate = _rate(lambda sieve: _demand(_asked(sieve, asked), hits), index)
    slow = _rate(lambda _: _demand(bare(), hits), index)
    return _row(
        "addresses, from text, in networks", rate, "lookups/s", _EXACT, "sets by length, in Python", slow
    )


def _names(chance: random.Random) -> Row:
    known = {f"{_word(chance)}.{_word(chance)[:4]}.example" for _ in range(_KNOWN)}
    below = _mixed(
        chance, [f"www.{name}" for name in known], lambda: f"{_word(chance)}.{_word(chance)}.example"
    )
    index = Index(Observable(Kind.DOMAIN, one) for one in known)
    hits = sum(name.partition(".")[2] in known for name in below)
    rate = _rate(lambda sieve: _demand(_asked(sieve, below), hits), index)
    bare = _rate(lambda _: _demand(sum(name in known for name in below), 0), index)
    return _row(
        "names, and whatever is above them", rate, "lookups/s", _SUFFIX, "a bare set, the name alone", bare
    )


def _lines(chance: random.Random) -> Row:
    """Lines of a proxy, 150 bytes each, one in a thousand with a known name; of what is known half are names."""
    known = [f"{_word(chance)}.example" for _ in range(_KNOWN // 2)]
    index = Index([*(Observable(Kind.DOMAIN, one) for one in known), *_others(chance, _KNOWN - len(known))])
    texts, hits = [], 0
    for number in range(_LINES):
        host = f"cdn{chance.randrange(10_000)}.good.example"
        if number % 1_000 == 0:
            host, hits = f"www.{chance.choice(known)}", hits + 1
        texts.append(
            f"2026-11-21T08:30:{number % 60:02}.{number % 1000:03}Z proxy-1 10.{_address(chance).partition('.')[2]} "
            f"TCP_MISS/200 {chance.randrange(10**6)} GET http://{host}/assets/{_word(chance)}.js - DIRECT text/html"
        )
    plain, lines = set(map(str.encode, known)), list(map(str.encode, texts))

    def bare() -> int:
        """How many words are known, asked of a set: the word and the name one label up."""
        found = 0
        for line in lines:
            for word in _WORD.findall(line):
                if word in plain or word.partition(b".")[2] in plain:
                    found += 1
        return found

    log = b"\n".join(lines)
    pieces = [log[start : start + _PIECE] for start in range(0, len(log), _PIECE)]

    def whole(sieve: Sieve) -> None:
        """Hunt in all the lines, and find what was put there."""
        hunted = hunt_lines(pieces, sieve, Tally(index), lambda behind: None)
        _demand(sum(one.lines for one in hunted.found), hits)

    rate = _rate(whole, index, _LINES)
    slow = _rate(lambda _: _demand(bare(), hits), index, _LINES)
    return _row("lines of text", rate, "lines/s", _TEXT, "one regular expression and a set of names", slow)


def _others(chance: random.Random, count: int) -> Iterator[Observable]:
    """Values of the other kinds: half of them URLs, then addresses, digests, networks and mail addresses."""
    for number in range(count):
        name = f"{_word(chance)}.example"
        match number % 20:
            case 0:
                yield Observable(Kind.CIDR, f"203.{chance.randrange(256)}.{chance.randrange(256)}.0/24")
            case 1:
                yield Observable(Kind.EMAIL, f"drop@{name}")
            case 2 | 3 | 4:
                yield Observable(Kind.SHA256, f"{chance.getrandbits(256):064x}")
            case 5 | 6 | 7 | 8 | 9:
                yield Observable(Kind.IPV4, f"198.{_address(chance).partition('.')[2]}")
            case _:
                yield Observable(Kind.URL, f"http://{name}/{_word(chance)}")


def _agreement(chance: random.Random) -> Row:
    """Whether sieve, index and definition agree over values of all kinds that share what they are made of."""
    known = [_any(chance) for _ in range(_COMPARED)]
    index = Index(known)
    asked = [one for one in (_any(chance) for _ in range(_COMPARED)) if one.kind is not Kind.CIDR]
    let = {asked[place] for place in Sieve(index).texts([one.value for one in asked])}
    wrong = met = 0
    for seen in asked:
        expected = {one for one in known if covers(one, seen)}
        met += len(expected)
        wrong += expected != set(index.match(seen)) or bool(expected and seen not in let)
    beside = Beside("hits that all found", met)
    return Row("values on which index and definition differ", wrong, "values", "lower", 0, beside).judged()


def _any(chance: random.Random) -> Observable:
    host = ".".join(chance.choices(("a", "b", "c"), k=chance.randint(1, 3))) + ".example"
    number = f"192.0.2.{chance.randrange(16)}"
    return chance.choice(
        (
            Observable(Kind.DOMAIN, host),
            Observable(Kind.IPV4, number),
            Observable(Kind.CIDR, f"192.0.2.{chance.randrange(4) * 4}/30"),
            Observable(
                Kind.URL,
                f"http://{chance.choice((host, number))}/{chance.choice(('', 'a/', 'a/b', 'a?q=1'))}",
            ),
            Observable(Kind.EMAIL, f"x@{host}"),
            Observable(Kind.MD5, chance.choice("ab") * 32),
        )
    )


def _mixed(chance: random.Random, known: list[str], other: Callable[[], str]) -> list[str]:
    return [chance.choice(known) if number % 10 == 0 else other() for number in range(_ASKED)]


def _address(chance: random.Random) -> str:
    return "{}.{}.{}.{}".format(*chance.getrandbits(32).to_bytes(4))


def _word(chance: random.Random) -> str:
    return f"{chance.getrandbits(40):08x}"


def _demand(found: int, planted: int) -> None:
    if found != planted:
        raise RemoteError(f"{found} hits where {planted} were planted.")


def _rate(work: Callable[[Sieve], None], index: Index, count: int = _ASKED) -> float:
    """So many in a second of processor time."""
    sieve = Sieve(index)
    gc.collect()
    gc.freeze()  # as the hunting child does once it knows its values
    began = time.process_time()
    work(sieve)
    return count / (time.process_time() - began)


def _asked(sieve: Sieve, texts: Sequence[str]) -> int:
    """How many of the texts are hits."""
    batches = (texts[start : start + BATCH] for start in range(0, len(texts), BATCH))
    return sum(len(sieve.texts(some)) for some in batches)


def _row(name: str, value: float, unit: str, target: float, beside: str, other: float) -> Row:
    return Row(f"{name}, {_KNOWN:,} known", value, unit, "higher", target, Beside(beside, other)).judged()
