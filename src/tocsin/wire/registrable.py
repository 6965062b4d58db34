# SPDX-License-Identifier: Apache-2.0
"""Which part of a host name somebody registered, by the public suffix list that ships with publicsuffixlist.

The list's private section counts: ``run.app`` or ``github.io`` is a suffix under which strangers live side by side.
No request is ever made and nothing is cached on disk: the bundled list is the list. It is read with the first name that
is looked up.
"""

from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from itertools import chain

from publicsuffixlist import PSLFILE, PublicSuffixList

_MORE = ("*.web.core.windows.net",)
"""What the list has one label too high: under each zone there, such as ``z22``, strangers live side by side."""


@cache
def _list() -> PublicSuffixList:
    with open(PSLFILE, encoding="utf-8") as lines:
        return PublicSuffixList(_encoded(chain(lines, _MORE)), accept_unknown=False, accept_encoded_idn=False)


def _encoded(lines: Iterable[str]) -> Iterator[str]:
    """Rules as names are asked for: encoded. The package would encode each, also what is ASCII, at twice the cost."""
    for line in lines:
        if line.isascii():
            yield line
        elif not line.startswith("//"):
            yield line.split()[0].encode("idna").decode()


def look_up(host: str) -> str | None:
    """The domain registered under a public suffix: ``a.co.uk`` for ``www.a.co.uk``. Nothing is remembered.

    None for a suffix itself (``co.uk``, ``run.app``), for a name whose ending is not public (``srv.corp.local``), for
    one that no registry accepts (``__a.co.uk``) and for an address. ``.example`` (RFC 2606) counts as public, for
    demonstrations and tests.
    """
    if host.endswith(".example"):
        return ".".join(host.split(".")[-2:])
    name = _list().privatesuffix(host)
    return None if name is None or "_" in name else name


registrable = lru_cache(maxsize=65_536)(look_up)
"""The same, remembering names: for one party's own work. A hub that remembered would tell, by the time it takes, which
names others have reported."""
