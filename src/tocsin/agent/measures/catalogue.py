# SPDX-License-Identifier: Apache-2.0
"""A catalogue of controls that a bank has installed: which control answers which ATT&CK techniques.

It is a file of the Mappings Explorer of the Center for Threat-Informed Defense, such as the CRI Profile's, in the form
in which it is published. Each has its own licence and none is shipped with Tocsin: the operator fetches it, installs it
in the agent's folder, and replaces it when there is a newer one. Only mappings of the kind ``mitigates`` count.

Source: center-for-threat-informed-defense/mappings-explorer, mappings/cri_profile.
"""

from pathlib import Path
from typing import Annotated

import msgspec

from tocsin.domain.catalogue import Catalogue, catalogue_of
from tocsin.errors import Malformed, Missing, TooLarge
from tocsin.files import replace_file

FILE = "controls.json"
MAX_BYTES = 16 * 2**20
MAX_MAPPINGS = 100_000
_MITIGATES = "mitigates"

_Name = Annotated[str, msgspec.Meta(max_length=400)]


class Control(msgspec.Struct, frozen=True):
    """One control."""

    id: str
    """``PR.AA-03.03``."""
    says: str
    """In the framework's own words, as far as the file has them."""
    techniques: tuple[str, ...]
    """ATT&CK techniques that it mitigates, sorted."""


class Controls(msgspec.Struct, frozen=True):
    """One catalogue."""

    framework: str
    version: str
    attack: str
    """Version of ATT&CK that it was made for."""
    controls: tuple[Control, ...]
    """By their identifiers."""


class _Metadata(msgspec.Struct, frozen=True):
    mapping_framework: _Name
    mapping_framework_version: _Name = ""
    attack_version: _Name = ""


class _Mapping(msgspec.Struct, frozen=True):
    capability_id: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    mapping_type: _Name = ""
    capability_description: _Name | None = None
    attack_object_id: _Name | None = None


class _File(msgspec.Struct, frozen=True):
    metadata: _Metadata
    mapping_objects: Annotated[tuple[_Mapping, ...], msgspec.Meta(max_length=MAX_MAPPINGS)]


def install(folder: Path, file: Path) -> Controls:
    """Check a catalogue and keep it in an agent's folder, in the place of the one before."""
    if not file.is_file():
        raise Missing(f"{file} is no file that can be read.")
    with file.open("rb") as opened:
        data = opened.read(MAX_BYTES + 1)
    found = read(data)
    replace_file(folder / FILE, data)
    return found


def installed(folder: Path) -> Controls:
    """The catalogue of an agent; Missing when none was installed."""
    path = folder / FILE
    if not path.is_file():
        raise Missing(
            "No catalogue of controls is installed.",
            next_step="Install one: tocsin agent measures DIR --install FILE.",
        )
    return read(path.read_bytes())


def read(data: bytes) -> Controls:
    """A catalogue from its bytes; TooLarge, or Malformed when it is none or maps nothing."""
    if len(data) > MAX_BYTES:
        raise TooLarge(f"A catalogue of controls has at most {MAX_BYTES // 2**20} MiB.")
    try:
        file = msgspec.json.decode(data, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"It is no mapping file of the Mappings Explorer: {error}.") from None
    says: dict[str, str] = {}
    techniques: dict[str, set[str]] = {}
    for one in file.mapping_objects:
        technique = one.attack_object_id or ""
        if one.mapping_type == _MITIGATES and catalogue_of(technique) is Catalogue.ATTACK:
            says.setdefault(one.capability_id, (one.capability_description or "").strip())
            techniques.setdefault(one.capability_id, set()).add(technique)
    if not techniques:
        raise Malformed("No control of it mitigates an ATT&CK technique.")
    return Controls(
        framework=file.metadata.mapping_framework,
        version=file.metadata.mapping_framework_version,
        attack=file.metadata.attack_version,
        controls=tuple(
            Control(name, says[name], tuple(sorted(techniques[name]))) for name in sorted(techniques)
        ),
    )
