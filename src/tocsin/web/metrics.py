# SPDX-License-Identifier: Apache-2.0
"""What a monitor reads: numbers in Prometheus's text format, given to whoever holds the key, and to nobody else.

There is no exception for loopback: a reverse proxy on the same machine makes everybody a neighbour. Without a key
file in the settings there is nothing at that address. A label never names a party, a stream, a value or a secret.

Source: Prometheus, "Exposition formats", text format 0.0.4.
"""

import hmac
import resource
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from pathlib import Path

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tocsin import __version__
from tocsin.errors import ConfigError, Unauthenticated
from tocsin.web.checkup import private

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SHORTEST_KEY = 32
"""Characters: `openssl rand -hex 32` makes 64."""

Labels = tuple[tuple[str, str], ...]


class Metric(msgspec.Struct, frozen=True):
    """One number, or one for each set of labels."""

    name: str
    kind: str
    """``counter`` or ``gauge``."""
    help: str
    values: Mapping[Labels, float]


def gauge(name: str, sentence: str, value: float) -> Metric:
    """A number that goes up and down."""
    return Metric(name, "gauge", sentence, {(): value})


def counter(name: str, sentence: str, value: float) -> Metric:
    """A number that only grows, until the process is started again."""
    return Metric(name, "counter", sentence, {(): value})


def by(label: str, values: Mapping[str, float]) -> dict[Labels, float]:
    """A number for each value of one label, in order."""
    return {((label, name),): value for name, value in sorted(values.items())}


def transactions(tallies: Mapping[str, Mapping[tuple[str, str], int]]) -> Metric:
    """How the named transactions of each store ended; a tally is taken at once, whoever counts meanwhile."""
    values: dict[Labels, float] = {
        (("store", store), ("name", name), ("outcome", outcome)): count
        for store, tally in tallies.items()
        for (name, outcome), count in sorted(dict(tally).items())
    }
    return Metric("tocsin_transactions_total", "counter", "Transactions by name and end.", values)


def process() -> tuple[Metric, ...]:
    """What this process is and has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    build: Labels = (("version", __version__),)
    return (
        Metric("tocsin_build_info", "gauge", "The version that runs.", {build: 1}),
        counter("process_cpu_seconds_total", "Processor time.", used.ru_utime + used.ru_stime),
        gauge("process_resident_memory_max_bytes", "The most memory it has held.", used.ru_maxrss * 1024),
    )


def exposition(metrics: Iterable[Metric]) -> bytes:
    """All of them in the text format."""
    lines = []
    for one in metrics:
        lines += [f"# HELP {one.name} {one.help}", f"# TYPE {one.name} {one.kind}"]
        lines += [f"{one.name}{_labels(labels)} {value:.15g}" for labels, value in one.values.items()]
    return ("\n".join(lines) + "\n").encode()


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    escaped = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
    return "{" + ",".join(f'{name}="{value.translate(escaped)}"' for name, value in labels) + "}"


def read_key(folder: Path, name: str) -> bytes:
    """The hash of the key in a file; empty when none is named. ConfigError for a short one or one that others read."""
    if not name:
        return b""
    path = folder / name
    private(path.parent, path.name)
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}.", next_step="Make it: openssl rand -hex 32") from None
    if len(key) < SHORTEST_KEY:
        raise ConfigError(
            f"{path}: at least {SHORTEST_KEY} characters.", next_step="Make it: openssl rand -hex 32"
        )
    return sha256(key).digest()


def metrics_routes(key: bytes, measure: Callable[[], Iterable[Metric]]) -> list[Route]:
    """The address, where there is a key; without it nothing is there."""

    async def give(request: Request) -> Response:
        """The numbers, for whoever shows the key."""
        scheme, _, shown = request.headers.get("authorization", "").partition(" ")
        right = hmac.compare_digest(sha256(shown.strip().encode()).digest(), key)
        if scheme.lower() != "bearer" or not right:
            raise Unauthenticated("The numbers are for whoever holds the key: Authorization: Bearer …")
        return Response(exposition(measure()), headers={"Cache-Control": "no-store"}, media_type=MEDIA_TYPE)

    return [Route("/metrics", give, methods=["GET"])] if key else []
