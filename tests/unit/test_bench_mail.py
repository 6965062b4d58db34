# SPDX-License-Identifier: Apache-2.0
"""The benchmark of mails reads a folder of them, and needs no peer to be there."""

import sys
from importlib.resources import files
from pathlib import Path

import pytest

from tocsin.bench import mail
from tocsin.errors import UsageError

pytestmark = pytest.mark.processes
SAMPLE = (files("tocsin.world") / "samples" / "invoice_wave.eml").read_bytes()


def test_what_is_no_mail_in_a_folder_is_not_counted(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"{number}.eml").write_bytes(SAMPLE)
    (tmp_path / "0.csv").write_bytes(b"a,b\n1,2\n")
    (row,) = mail.run_beside(1, tmp_path, None)
    assert (row.name, row.target) == ("real mail to classified indicators", 300)
    assert row.value > 0 < row.beside.value


def test_an_interpreter_without_the_peers_is_told_how_to_get_them() -> None:
    with pytest.raises(UsageError) as told:
        list(mail.run_beside(1, None, Path(sys.executable)))
    assert "pip install eml_parser iocextract" in told.value.next_step


def test_nothing_more_is_measured_unless_it_is_asked_for() -> None:
    assert list(mail.run_beside(1, None, None)) == []


def test_a_folder_without_a_mail_is_refused(tmp_path: Path) -> None:
    (tmp_path / "0.csv").write_bytes(b"a,b\n1,2\n")
    with pytest.raises(UsageError, match="holds no mail"):
        list(mail.run_beside(1, tmp_path, None))
