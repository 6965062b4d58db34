# SPDX-License-Identifier: Apache-2.0
"""Every value of the corpus in every file of every shield: the products' own tools take all of them."""

import json
from functools import cache
from pathlib import Path

import pytest
from tests.corpus.test_reading import Corpus, read_once
from tests.unit.agent.shields.blocks import NOW, blocked
from tests.unit.agent.shields.test_real_tools import (
    SETTINGS,
    run_datasets,
    run_named_checkzone,
    run_nft,
    run_sigma,
    run_suricata,
)

from tocsin.agent.shields.formats import BUILT_IN
from tocsin.domain.observable import Observable
from tocsin.hooks import Blocked

pytestmark = [pytest.mark.corpus, pytest.mark.processes]


@cache
def values_of(corpus: Corpus) -> tuple[Blocked, ...]:
    """Everything that any reader found anywhere in it, whoever's it is."""
    found: set[Observable] = {one.observable for reading in corpus.readings.values() for one in reading.found}
    return tuple(blocked(one) for one in sorted(found))


@pytest.fixture
def values(data_dir: Path) -> tuple[Blocked, ...]:
    return values_of(read_once(data_dir))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "none").touch()
    (tmp_path / "suricata.yaml").write_text(SETTINGS.format(folder=tmp_path))
    return tmp_path


def test_there_is_much_of_it(values: tuple[Blocked, ...]) -> None:
    assert len(values) > 5_000


def test_suricata_loads_every_rule(values: tuple[Blocked, ...], folder: Path) -> None:
    assert ", 0 rules failed" in run_suricata(folder, values, "-T")


def test_suricata_loads_every_dataset(values: tuple[Blocked, ...], folder: Path) -> None:
    assert ", 0 rules failed" in run_datasets(folder, values, "-T")


def test_named_checkzone_loads_the_zone(values: tuple[Blocked, ...], folder: Path) -> None:
    assert "OK" in run_named_checkzone(folder, values)


def test_nft_takes_the_table(values: tuple[Blocked, ...], folder: Path) -> None:
    run_nft(folder, values)


def test_sigma_takes_the_rules(values: tuple[Blocked, ...], folder: Path) -> None:
    run_sigma(folder, values)


@pytest.mark.parametrize("shield", BUILT_IN, ids=lambda shield: shield.name())
def test_every_file_is_text_and_what_is_json_is_json(values: tuple[Blocked, ...], shield) -> None:
    for name, data in shield.render(values, NOW).items():
        text = data.decode()
        if name.endswith(".json") or shield.name() in ("stix", "sentinel"):
            json.loads(text)
