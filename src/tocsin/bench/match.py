# SPDX-License-Identifier: Apache-2.0
"""Lookups against a million known values, each in one process, beside what Python alone does in the same run.

A tenth of what is asked is known. Every row demands as many hits as were planted, and the last row holds the fast index
against the definition of a hit, value by value.
"""

import gc
import random
import re
import time
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv4Network

from tocsin.agent.hunting.covers import covers
from tocsin.agent.hunting.index import Index
from tocsin.agent.hunting.sieve import Sieve
from tocsin.bench.result import Beside, Row
from tocsin.domain.observable import Kind, Observable
from tocsin.errors import RemoteError

_KNOWN = 1_000_000
_ASKED = 1_000_000
_LINES = 300_000
_BLOCK = 25_000
"""Lines of four megabytes: the agent hunts through as many at once."""
_COMPARED = 400
_EXACT, _SUFFIX, _TEXT = 1_000_000.0, 400_000.0, 150_000.0
_WORD = re.compile(rb"[0-9A-Za-z_-]{1,63}(?:\.[0-9A-Za-z_-]{1,63})+")


def run(seed: int) -> Iterator[Row]:
    """Five rows: addresses, addresses in networks, names below domains, lines of text, and disagreements."""
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
    hits, once = sum(one in known for one in asked), len(known.intersection(asked))
    rate = _rate(lambda: _demand(len(index.addresses(asked)), once))
    bare = _rate(lambda: _demand(sum(one in known for one in asked), hits))
    return _row("addresses, each as it is", rate, "lookups/s", _EXACT, "a bare set, one by one", bare)


def _networks(chance: random.Random) -> Row:
    """Networks of 20 to 30 bits, a million of them: three quarters of all addresses lie in one."""
    networks = {
        IPv4Network((chance.getrandbits(32), chance.randint(20, 30)), strict=False) for _ in range(_KNOWN)
    }
    asked = [_address(chance) for _ in range(_ASKED)]
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
    rate = _rate(lambda: _demand(sum(1 for _ in index.in_networks(asked)), hits))
    slow = _rate(lambda: _demand(bare(), hits))
    return _row(
        "addresses, from text, in networks", rate, "lookups/s", _EXACT, "sets by length, in Python", slow
    )


def _names(chance: random.Random) -> Row:
    known = {f"{_word(chance)}.{_word(chance)[:4]}.example" for _ in range(_KNOWN)}
    below = _mixed(
        chance, [f"www.{name}" for name in known], lambda: f"{_word(chance)}.{_word(chance)}.example"
    )
    index = Index(Observable(Kind.DOMAIN, one) for one in known)
    hits = len({name for name in below if name.partition(".")[2] in known})
    rate = _rate(lambda: _demand(len(index.names(below)), hits))
    bare = _rate(lambda: _demand(sum(name in known for name in below), 0))
    return _row(
        "names, and whatever is above them", rate, "lookups/s", _SUFFIX, "a bare set, the name alone", bare
    )


def _lines(chance: random.Random) -> Row:
    """Lines of a proxy, 150 bytes each, one in a thousand with a known name."""
    known = [f"{_word(chance)}.example" for _ in range(_KNOWN)]
    index = Index(Observable(Kind.DOMAIN, one) for one in known)
    sieve, lines, hits = Sieve(index), [], 0
    for number in range(_LINES):
        host = f"cdn{chance.randrange(10_000)}.good.example"
        if number % 1_000 == 0:
            host, hits = f"www.{chance.choice(known)}", hits + 1
        lines.append(
            f"2026-11-21T08:30:{number % 60:02}.{number % 1000:03}Z proxy-1 {_address(chance)} TCP_MISS/200 "
            f"{chance.randrange(10**6)} GET http://{host}/assets/{_word(chance)}.js - DIRECT text/javascript".encode()
        )
    plain = set(map(str.encode, known))

    def bare() -> int:
        """How many words are known, asked of a set: the word and the name one label up."""
        found = 0
        for line in lines:
            for word in _WORD.findall(line):
                if word in plain or word.partition(b".")[2] in plain:
                    found += 1
        return found

    blocks = [b"\n".join(lines[start : start + _BLOCK]) for start in range(0, _LINES, _BLOCK)]
    rate = _rate(lambda: _demand(sum(1 for one in blocks for _ in sieve.lines(one)), hits), _LINES)
    slow = _rate(lambda: _demand(bare(), hits), _LINES)
    return _row("lines of text", rate, "lines/s", _TEXT, "one regular expression and a set", slow)


def _agreement(chance: random.Random) -> Row:
    """Whether index and definition agree over values of all kinds that share what they are made of."""
    known = [_any(chance) for _ in range(_COMPARED)]
    index = Index(known)
    wrong = met = 0
    for seen in (_any(chance) for _ in range(_COMPARED)):
        if seen.kind is Kind.CIDR:
            continue
        expected = {one for one in known if covers(one, seen)}
        met += len(expected)
        wrong += expected != set(index.match(seen))
    beside = Beside("hits that both found", met)
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


def _rate(work: Callable[[], None], count: int = _ASKED) -> float:
    """So many in a second of processor time."""
    gc.collect()
    gc.freeze()  # as the hunting child does once it knows its values
    began = time.process_time()
    work()
    return count / (time.process_time() - began)


def _row(name: str, value: float, unit: str, target: float, beside: str, other: float) -> Row:
    return Row(f"{name}, {_KNOWN:,} known", value, unit, "higher", target, Beside(beside, other)).judged()
