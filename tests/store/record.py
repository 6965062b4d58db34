# SPDX-License-Identifier: Apache-2.0
"""Keeps the stores of a release for ever: `python -m tests.store.record 0.1.0`, when it is cut."""

import re
import shutil
import sys
from importlib.resources import as_file
from pathlib import Path

from tocsin.storage.steps import SQL

RELEASED = Path(__file__).with_name("released")


def record(version: str, released: Path = RELEASED) -> Path:
    """Copy every kind of store as it is now; a release that was recorded is never recorded again."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise SystemExit(f"{version!r} is no version such as 0.1.0.")
    with as_file(SQL) as folder:
        shutil.copytree(folder, released / version, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    return released / version


if __name__ == "__main__":
    print(record(*sys.argv[1:]))
