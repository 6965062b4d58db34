# SPDX-License-Identifier: Apache-2.0
"""Which part of a host name somebody registered, by the public suffix list that ships with tldextract.

The list's private section counts: ``run.app`` or ``github.io`` is a suffix under which strangers live side by side.
No request is ever made: the bundled list is the list (`suffix_list_urls=()`), and nothing is cached on disk. tldextract
is loaded with the first name that is looked up: it brings an HTTP client of its own, a quarter of a command's start.
"""

from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tldextract import TLDExtract


@cache
def _list() -> "TLDExtract":
    from tldextract import TLDExtract

    return TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


def look_up(host: str) -> str | None:
    """The domain registered under a public suffix: ``a.co.uk`` for ``www.a.co.uk``. Nothing is remembered.

    None for a suffix itself (``co.uk``, ``run.app``), for a name whose ending is not public (``srv.corp.local``), for
    one that no registry accepts (``__a.co.uk``) and for an address. ``.example`` (RFC 2606) counts as public, for
    demonstrations and tests.
    """
    if host.endswith(".example"):
        return ".".join(host.split(".")[-2:])
    name = _list()(host).top_domain_under_public_suffix
    return None if "_" in name else name or None


registrable = lru_cache(maxsize=65_536)(look_up)
"""The same, remembering names: for one party's own work. A hub that remembered would tell, by the time it takes, which
names others have reported."""
