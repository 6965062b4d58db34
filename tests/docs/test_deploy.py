# SPDX-License-Identifier: Apache-2.0
"""What is deployed names only what is there: image, units, bill of materials. An installation without a network is
tried on demand (`make wheelhouse`, then TOCSIN_WHEELHOUSE=folder)."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.machinery import SourceFileLoader
from importlib.metadata import requires
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from tests.docs.generate import ROOT

from tocsin.cli.main import COMMANDS

UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
CONTAINERFILE = (ROOT / "deploy" / "Containerfile").read_text()
REQUIREMENTS = (ROOT / "requirements.txt").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
WORDS = {(command.group, command.name) for command in COMMANDS}


def instructions() -> list[tuple[str, str]]:
    """Each instruction of the image file with its words, lines that go on joined."""
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", CONTAINERFILE, flags=re.M))
    return [(line.split()[0], line.partition(" ")[2]) for line in joined.splitlines() if line.strip()]


def test_the_image_copies_only_what_is_there() -> None:
    copied = [words.split() for name, words in instructions() if name == "COPY" and "--from" not in words]
    assert copied
    for *sources, _ in copied:
        for source in sources:
            assert (ROOT / source).exists(), source


def test_the_image_is_made_of_checked_packages_and_runs_as_nobody_s_root() -> None:
    steps = instructions()
    assert {name for name, _ in steps} <= {
        "ARG", "FROM", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "ENV", "STOPSIGNAL", "ENTRYPOINT", "CMD",
    }  # fmt: skip
    runs = [words for name, words in steps if name == "RUN"]
    for install in re.findall(r"pip install (.*?)(?: && | \\|$)", " && ".join(runs)):
        assert "--require-hashes" in install or "--no-deps" in install
    last = max(number for number, (name, _) in enumerate(steps) if name == "FROM")
    after = [name for name, _ in steps[last:]]
    assert after.index("USER") > after.index("RUN")
    assert dict(steps)["USER"] == "tocsin"
    assert ":latest" not in CONTAINERFILE


def test_what_the_image_starts_is_what_it_installed() -> None:
    (entry,) = (json.loads(words) for name, words in instructions() if name == "ENTRYPOINT")
    assert entry == ["/opt/tocsin/bin/tocsin"]
    assert "tocsin" in PROJECT["scripts"]
    assert "COPY --from=build /opt/tocsin /opt/tocsin" in CONTAINERFILE
    example = re.search(r"tocsin (\w+) (\w+) /data", CONTAINERFILE)
    assert example is not None
    assert example.groups() in WORDS


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_starts_a_command_that_there_is_as_a_user_of_its_own(unit: Path) -> None:
    text = unit.read_text()
    started = re.search(r"^ExecStart=/opt/tocsin/bin/tocsin (\w+) (\w+) (\S+)$", text, re.M)
    assert started is not None
    assert started.groups()[:2] in WORDS
    assert started[3].startswith(f"/var/lib/{unit.stem}/")
    assert f"User={unit.stem}\n" in text
    for line in (
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "CapabilityBoundingSet=",
        "UMask=0077",
        "Restart=always",
    ):
        assert f"\n{line}\n" in text


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_finds_nothing_wrong_with_a_unit(unit: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed here.")
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text().replace("/opt/tocsin/bin/tocsin", sys.executable))
    ended = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", copy],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = [line for line in ended.stderr.splitlines() if unit.name in line]
    assert said == []


@pytest.fixture(scope="module")
def sbom() -> ModuleType:
    loader = SourceFileLoader("sbom", str(ROOT / "scripts" / "sbom"))
    spec = importlib.util.spec_from_loader("sbom", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def needed() -> set[str]:
    """What the installed packages themselves say that a running Tocsin needs."""
    found: set[str] = set()
    asked = [(Requirement(line), "") for line in PROJECT["dependencies"]]
    while asked:
        requirement, extra = asked.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        new = name not in found or requirement.extras
        found.add(name)
        for wanted in (*requirement.extras, "") if new else ():
            asked += [(Requirement(line), wanted) for line in requires(name) or ()]
            requirement.extras = set()
    return found


def test_the_bill_names_every_package_with_its_hashes(sbom: ModuleType) -> None:
    bill = sbom.document(PROJECT, REQUIREMENTS)
    pinned = set(re.findall(r"^([\w.-]+==[\w.!+-]+)", REQUIREMENTS, re.M))
    assert {f"{one['name']}=={one['version']}" for one in bill["components"]} == {
        one.lower() for one in pinned
    }
    for one in bill["components"]:
        assert one["externalReferences"][0]["hashes"], one["name"]
    assert sbom.document(PROJECT, REQUIREMENTS) == bill


def test_the_bill_tells_what_runs_from_what_only_builds_and_tests(sbom: ModuleType) -> None:
    bill = sbom.document(PROJECT, REQUIREMENTS)
    required = {one["name"] for one in bill["components"] if one["scope"] == "required"}
    assert required >= needed()
    assert not required & {"pytest", "hypothesis", "mypy", "ruff", "import-linter", "uv-build"}
    refs = {one["bom-ref"] for one in bill["components"]} | {bill["metadata"]["component"]["bom-ref"]}
    for one in bill["dependencies"]:
        assert {one["ref"], *one["dependsOn"]} <= refs


def test_an_installation_without_a_network(tmp_path: Path) -> None:
    house = os.environ.get("TOCSIN_WHEELHOUSE")
    if not house:
        pytest.skip("Tried on demand: make wheelhouse, then TOCSIN_WHEELHOUSE=wheelhouse.")
    nowhere = {
        **os.environ,
        "HTTPS_PROXY": "http://127.0.0.1:1",
        "HTTP_PROXY": "http://127.0.0.1:1",
        "PIP_NO_INDEX": "1",
    }

    def run(*command: str | Path) -> str:
        done = subprocess.run(
            command, cwd=house, env=nowhere, capture_output=True, text=True, timeout=500, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("sha256sum", "--check", "--quiet", "SHA256SUMS")
    run(sys.executable, "-m", "venv", tmp_path / "venv")
    pip = (tmp_path / "venv/bin/python", "-m", "pip", "install", "--quiet", "--no-index")
    run(*pip, "--find-links", ".", "--require-hashes", "-r", "requirements.txt")
    (own,) = Path(house).resolve().glob("tocsin-*.whl")
    run(*pip, "--no-deps", own)
    assert "tocsin 0." in run(tmp_path / "venv/bin/tocsin", "--version")
