# SPDX-License-Identifier: Apache-2.0
"""Identifiers of public catalogues: they describe an attack in everybody's words and name no victim.

===============  =========================================================================
``mitre-attack``  techniques, tactics, software, groups, mitigations, campaigns: ``T1566.002``
``cve``           vulnerabilities: ``CVE-2023-23397``
``capec``         attack patterns: ``CAPEC-98``
===============  =========================================================================
"""

import re
from enum import StrEnum


class Catalogue(StrEnum):
    """A public catalogue, as STIX names it in `source_name`."""

    ATTACK = "mitre-attack"
    CVE = "cve"
    CAPEC = "capec"


_FORMS = {
    Catalogue.ATTACK: re.compile(r"T\d{4}(?:\.\d{3})?|TA\d{4}|[SGMC]\d{4}", re.ASCII),
    Catalogue.CVE: re.compile(r"CVE-\d{4}-\d{4,7}", re.ASCII),
    Catalogue.CAPEC: re.compile(r"CAPEC-\d{1,4}", re.ASCII),
}


def catalogue_of(identifier: str) -> Catalogue | None:
    """The catalogue that an identifier belongs to; None when it has the form of none."""
    return next((name for name, form in _FORMS.items() if form.fullmatch(identifier)), None)
