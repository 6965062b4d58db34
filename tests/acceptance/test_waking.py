# SPDX-License-Identifier: Apache-2.0
"""The night, by the installed command: a real agent wakes people by a real mail server, and a hub that dies in it.

Everything here is a process, a file or a mail; nothing is looked at from inside but what lies on the disks.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.acceptance.machine import Machine, tocsin, wait_until
from tests.looking import look
from tests.mailserver import MailServer, mail_server

from tocsin.agent import app as agent
from tocsin.config.agent import AgentConfig
from tocsin.config.files import load, save
from tocsin.config.waking import Person, Wake
from tocsin.domain.party import Role

pytestmark = pytest.mark.processes
PATIENCE_SECONDS = 60.0
PEOPLE = (Person("Ada", ("ada@duty.example",)), Person("Bo", ("bo@duty.example",)))


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Machine, MailServer]]:
    """A hub with its partner, the police, two banks; Ayr's agent serves and would wake people."""
    folder = tmp_path_factory.mktemp("night")
    with mail_server(folder / "mail") as server, Machine(folder) as machine:
        machine.raise_hub()
        for short, role in (("ayr", Role.BANK), ("clyde", Role.BANK), ("police", Role.AGENCY)):
            machine.join(short, role)
        settings = folder / "ayr" / agent.SETTINGS
        wake = Wake(people=PEOPLE, smtp=server.settings())
        save(settings, msgspec.structs.replace(load(settings, AgentConfig), wake=wake))
        machine.serve("ayr")
        yield machine, server


def done(*words: str | Path) -> str:
    """What a command printed; it must have ended well."""
    ended = tocsin(*words, timeout=120)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_an_urgent_warning_wakes_whoever_is_on_call_and_their_code_ends_it(
    night: tuple[Machine, MailServer],
) -> None:
    machine, server = night
    ayr, police = machine.folder / "ayr", machine.folder / "police"
    drafted = done(
        "agent", "warn", police, "draft", "--title", "Planted title", "--look-for", "planted-evil.example",
        "--urgency", "urgent", "--by", "Ana",
    )  # fmt: skip
    (warning,) = set(re.findall(r"wrn_[0-9a-f]{32}", drafted))
    done("agent", "warn", police, "approve", warning, "--by", "Bea")
    done("agent", "warn", police, "issue", warning, "--by", "Bea")
    assert wait_until(lambda: len(server.mails("ada@duty.example")) == 1, PATIENCE_SECONDS)
    assert server.mails("bo@duty.example") == []
    mail = server.mails("ada@duty.example")[0]
    assert mail["Subject"] == "Tocsin: 1 urgent warning, open the console, ref W-1"
    for secret in (b"lanted", b"Police", b"Ayr", warning.encode()):
        assert secret not in server.taken[0][1]
    assert "W-1     urgent warning, since" in done("agent", "calls", ayr, "list")
    (code,) = re.findall(r"Code: (\S+)", mail.get_content())
    said = json.loads(done("agent", "calls", ayr, "acknowledge", code, "--json"))
    assert said == {"refs": ["W-1"], "by": "Ada"}
    assert "Nothing waits for anybody." in done("agent", "calls", ayr, "list")
    again = tocsin("agent", "calls", ayr, "acknowledge", code)
    assert again.returncode == 1
    assert "acknowledges nothing" in again.stderr


def test_the_rota_and_the_doctor_tell_whether_anybody_would_hear(night: tuple[Machine, MailServer]) -> None:
    machine, server = night
    ayr = machine.folder / "ayr"
    shown = done("agent", "calls", ayr, "rota", "--days", "2", "--at", "2026-12-24T18:00:00Z")
    assert shown.splitlines() == ["Clock of UTC", "Thu 2026-12-24 18:00 to Sat 2026-12-26 18:00  Ada, Bo"]
    taken = len(server.taken)
    assert done("agent", "calls", ayr, "test").count("taken over") == 2
    assert len(server.taken) == taken + 2
    findings = json.loads(tocsin("agent", "doctor", ayr, "--json", timeout=120).stdout)["findings"]
    (waking,) = [one for one in findings if one["check"] == "waking"]
    assert (waking["grade"], waking["says"]) == ("ok", "2 on the rota, 0 calls open")
    server.refuses = {"ada@duty.example", "bo@duty.example"}
    failed = tocsin("agent", "calls", ayr, "test")
    server.refuses = set()
    assert failed.returncode == 1
    assert failed.stderr.count("it refuses every address (550)") == 2


def test_a_rota_that_cannot_be_read_ends_the_start_and_says_why(night: tuple[Machine, MailServer]) -> None:
    machine, _ = night
    clyde = machine.folder / "clyde"
    plain = load(clyde / agent.SETTINGS, AgentConfig)
    assert "agent.toml has no section [wake]" in tocsin("agent", "calls", clyde, "list").stderr
    save(
        clyde / agent.SETTINGS, msgspec.structs.replace(plain, wake=Wake(people=PEOPLE, time_zone="Atlantis"))
    )
    ended = tocsin("agent", "serve", clyde)
    save(clyde / agent.SETTINGS, plain)
    assert ended.returncode == 2
    assert "nobody would hear" in ended.stderr


def test_contacts_are_kept_printed_and_forgotten(night: tuple[Machine, MailServer]) -> None:
    machine, _ = night
    ayr, page = machine.folder / "ayr", machine.folder / "page.txt"
    assert wait_until(lambda: "Clyde Bank plc" in done("agent", "contacts", ayr, "list"), PATIENCE_SECONDS)
    made = done(
        "agent", "contacts", ayr, "add", "Clyde Bank plc", "--kind", "member", "--who", "SOC duty",
        "--phone", "+44 20 7946 0999", "--agreed", "form signed 2026-11-02",
    )  # fmt: skip
    (contact,) = set(re.findall(r"con_[0-9a-f]{32}", made))
    done("agent", "contacts", ayr, "page", page)
    assert "MEMBER  Clyde Bank plc\n    SOC duty, 24x7\n    tel   +44 20 7946 0999\n" in page.read_text()
    assert "NO NUMBER IS KNOWN OF\n    Police Agency\n" in page.read_text()
    assert page.stat().st_mode & 0o077 == 0
    done("agent", "contacts", ayr, "remove", contact[:14])
    assert "no number is known of Clyde Bank plc" in done("agent", "contacts", ayr, "list")
    assert "7946" not in "".join(path.read_text() for path in machine.folder.glob("ayr.*.log"))


def test_the_hub_dies_and_a_member_that_never_served_has_what_the_other_has(
    night: tuple[Machine, MailServer],
) -> None:
    machine, _ = night
    ayr, clyde, file = machine.folder / "ayr", machine.folder / "clyde", machine.folder / "for-clyde.bundle"
    assert wait_until(lambda: look(ayr / "agent.db", "SELECT * FROM warning") != [], PATIENCE_SECONDS)
    machine.kill("hub")
    shown = done("agent", "bundle", ayr, "export", file, "--to", "clyde bank PLC")
    assert "for Clyde Bank plc" in shown
    assert file.stat().st_mode & 0o077 == 0
    over = tocsin("agent", "bundle", ayr, "export", file, "--to", "Clyde Bank plc")
    assert over.returncode == 2, "never over another file"
    nobody = tocsin("agent", "bundle", ayr, "export", machine.folder / "x", "--to", "Nobody")
    assert "No parties of the alliance are called 'Nobody'" in nobody.stderr
    assert "Proved and kept what Ayr Bank plc handed over" in done("agent", "bundle", clyde, "import", file)
    assert "WARNING urgent from Police Agency: Planted title" in done("agent", "inbox", clyde)
    cut = machine.folder / "cut.bundle"
    cut.write_bytes(file.read_bytes()[:-100])
    refused = tocsin("agent", "bundle", clyde, "import", cut)
    assert refused.returncode == 1
    assert "not the one that its maker signed" in refused.stderr
    own = tocsin("agent", "bundle", ayr, "import", file)
    assert "made for another party" in own.stderr
