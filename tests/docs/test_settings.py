# SPDX-License-Identifier: Apache-2.0
"""No setting is a secret: each has its sentence in the source, its line in a sample and its row in the reference."""

import ast
import inspect
import re
import tomllib
import typing
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tocsin.config import agent, anonymous, console, hub, listen, partner, relay, shields, sign_in, waking
from tocsin.config.agent import AgentConfig
from tocsin.config.files import load
from tocsin.config.hub import EdgeConfig, HubConfig
from tocsin.config.partner import PartnerConfig
from tocsin.config.relay import RelayConfig

DOCS = Path(__file__).resolve().parents[2] / "docs"
CONFIGS = {
    "hub": HubConfig,
    "agent": AgentConfig,
    "partner": PartnerConfig,
    "edge": EdgeConfig,
    "relay": RelayConfig,
}
each_config = pytest.mark.parametrize("name", CONFIGS)

Settings = type[msgspec.Struct]


def settings_of(kind: Settings, within: str = "") -> Iterator[str]:
    """Every setting by its full name, such as ``listen.port``."""
    for field in msgspec.structs.fields(kind):
        section = _section(field.type)
        if section is None:
            yield f"{within}{field.encode_name}"
        else:
            yield from settings_of(section, f"{within}{field.encode_name}.")


def defaults_of(kind: Settings, within: str = "", *, absent: bool = False) -> Iterator[tuple[str, str]]:
    """Every setting with its default as a file would have it; ``required`` and ``absent`` where there is none."""
    for field in msgspec.structs.fields(kind):
        section = _section(field.type)
        if section is not None:
            yield from defaults_of(
                section, f"{within}{field.encode_name}.", absent=absent or field.default is None
            )
        elif absent or field.required:
            yield f"{within}{field.encode_name}", "absent" if absent else "required"
        else:
            yield f"{within}{field.encode_name}", msgspec.json.encode(field.default).decode()


def _section(kind: object) -> Settings | None:
    """The class of a section, also of one that may be absent or stand several times; None for a plain value."""
    choices = typing.get_args(kind) or (kind,)
    found = [one for one in choices if isinstance(one, type) and issubclass(one, msgspec.Struct)]
    return found[0] if found else None


def sample(name: str) -> Path:
    return DOCS / "samples" / f"{name}.toml"


def with_everything_switched_on(name: str) -> str:
    """The sample with its commented-out settings: ``#name = …``, without a space, where a sentence has one."""
    return re.sub(r"^#(?=[\w\[])", "", sample(name).read_text(), flags=re.MULTILINE)


@each_config
def test_a_sample_is_a_configuration_that_works(name: str) -> None:
    assert load(sample(name), CONFIGS[name])


@each_config
def test_a_sample_with_everything_switched_on_works_too(name: str, tmp_path: Path) -> None:
    full = tmp_path / f"{name}.toml"
    full.write_text(with_everything_switched_on(name))
    assert load(full, CONFIGS[name])


@each_config
def test_a_sample_mentions_every_setting_and_no_other(name: str) -> None:
    assert set(_leaves(tomllib.loads(with_everything_switched_on(name)))) == set(settings_of(CONFIGS[name]))


@each_config
def test_every_setting_of_a_sample_has_its_sentence_above_it(name: str) -> None:
    lines = sample(name).read_text().splitlines()
    bare = [
        line
        for above, line in zip(["", *lines], lines, strict=False)
        if re.match(r"#?\w+ = ", line) and not re.match(r"# .*[.:]$", above)
    ]
    assert bare == []


@each_config
def test_a_switched_off_setting_shows_its_default(name: str, tmp_path: Path) -> None:
    """What the sample would set, if it were switched on, is what holds without it; sections are examples."""
    text = sample(name).read_text()
    switched_on = tmp_path / f"{name}.toml"
    switched_on.write_text(re.sub(r"^#(?=\w)(?!.*example)", "", text, flags=re.MULTILINE))
    assert load(switched_on, CONFIGS[name]) == load(sample(name), CONFIGS[name])


@each_config
def test_the_reference_names_every_setting_of_a_file_and_no_other(name: str) -> None:
    reference = (DOCS / "reference" / "settings.md").read_text()
    part = reference.partition(f"## {name}.toml")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([\w.]+)` \|", part, flags=re.MULTILINE)) == set(settings_of(CONFIGS[name]))


@each_config
def test_the_reference_says_what_holds_where_nothing_is_set(name: str) -> None:
    reference = (DOCS / "reference" / "settings.md").read_text()
    part = reference.partition(f"## {name}.toml")[2].partition("\n## ")[0]
    said = dict(re.findall(r"^\| `([\w.]+)` \| `?(.*?)`? \|", part, flags=re.MULTILINE))
    assert said == dict(defaults_of(CONFIGS[name]))


def test_every_setting_has_its_sentence_in_the_source() -> None:
    bare = [
        f"{node.name}.{ast.unparse(field.target)}"
        for module in (agent, anonymous, console, hub, listen, partner, relay, shields, sign_in, waking)
        for node in ast.parse(inspect.getsource(module)).body
        if isinstance(node, ast.ClassDef)
        for field, after in zip(node.body, [*node.body[1:], None], strict=True)
        if isinstance(field, ast.AnnAssign) and not _is_sentence(after)
    ]
    assert bare == []


def _is_sentence(node: ast.stmt | None) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        and node.value.value.endswith((".", "`"))
    )


def _leaves(table: dict[str, object], within: str = "") -> Iterator[str]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{within}{name}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            yield from _leaves(value[0], f"{within}{name}.")
        else:
            yield f"{within}{name}"
