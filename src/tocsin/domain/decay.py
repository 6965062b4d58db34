# SPDX-License-Identifier: Apache-2.0
"""How long a value counts after somebody named it: decay, turned into the moment at which it ends.

MISP's polynomial model scores a value ``base × (1 − (t / lifetime)^(1 / speed))``, t after its last sighting, and asks
again for each row of each search. The score meets the threshold at one moment, known in advance::

    t* = lifetime × (1 − threshold / base)^speed

So that moment is stored with each posting, and a search is a comparison. Whoever names the value again, in a report or
a sighting, adds a posting with a later end. Source: A. Mokaddem et al., "Taxonomy driven indicator scoring in MISP
threat intelligence platforms" (arXiv 1902.03914), and misp-decaying-models.

>>> [ends_after(Decay(), kind) / DAY for kind in (Kind.DOMAIN, Kind.IPV4, Kind.SHA256)]
[30.0, 18.75, 90.0]
"""

from functools import lru_cache

from tocsin.clock import DAY
from tocsin.config.shields import Decay
from tocsin.domain.observable import DIGESTS, Kind

_ADDRESSES = frozenset({Kind.IPV4, Kind.IPV6, Kind.CIDR, Kind.SYSTEM})
_ACCOUNTS = frozenset({Kind.IBAN, Kind.WALLET, Kind.BIC, Kind.BIN})


@lru_cache(maxsize=1_024)
def ends_after(decay: Decay, kind: Kind) -> int:
    """Microseconds that a value of this kind counts; 0 when the base is not above the threshold."""
    if kind in _ADDRESSES:
        days, speed = decay.address_days, decay.address_speed
    elif kind in DIGESTS:
        days, speed = decay.hash_days, decay.hash_speed
    elif kind in _ACCOUNTS:
        days, speed = decay.account_days, decay.account_speed
    else:
        days, speed = decay.name_days, decay.name_speed
    left = max(0.0, 1 - decay.threshold / decay.base)
    return round(days * DAY * float(left**speed))
