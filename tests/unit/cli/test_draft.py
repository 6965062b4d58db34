# SPDX-License-Identifier: Apache-2.0
"""What a person sees before anything leaves: each value, what was cut off it, and everything that stays."""

from hashlib import sha256

import msgspec
import pytest
from tests.unit.agent.readings import draft_of, found, mail

from tocsin.agent.readers.reading import Attachment, Defect, Reading
from tocsin.agent.verbs.report import Prepared
from tocsin.cli.draft import lines


def shown(reading: Reading) -> list[str]:
    prepared = Prepared("a.eml", b"", reading, draft_of(reading=reading))
    return list(lines(prepared, ("members",), "named"))


PHISH = mail(found("url", "https://evil.example/a?email=jane"), found("domain", "northmoor.example"))


def test_a_person_sees_what_leaves_what_was_cut_and_what_stays_and_no_live_link() -> None:
    said = "\n".join(shown(PHISH))
    assert "hxxps://evil[.]example/a " in said
    assert "(query cut: it held a recipient's name)" in said
    assert "your own: northmoor.example" in said
    assert "https://" not in said


def test_names_of_files_and_the_rest_of_the_mail_are_said_to_stay() -> None:
    attachment = Attachment("Invoice\u202e Jane Doe.pdf", "application/pdf", 3, sha256(b"abc").hexdigest())
    said = shown(msgspec.structs.replace(PHISH, attachments=(attachment,)))
    assert said[-2:] == [
        "  - name of file Invoice? Jane Doe.pdf",
        "  - everything else in the mail: subject, text, recipients and other headers",
    ]


def test_a_person_sees_what_could_not_be_read_and_no_live_link() -> None:
    bad = Defect("objects[3] indicator--7", "'tcp://192.0.2.1/' is not an http, https or ftp URL.")
    reading = msgspec.structs.replace(mail(found("url", "https://evil.example/")), defects=(bad,))
    assert shown(reading)[-2:] == [
        "could not be used:",
        "  ! objects[3] indicator--7: 'tcp://192[.]0[.]2[.]1/' is not an http, https or ftp URL.",
    ]


def test_the_reason_stands_below_when_the_terminal_is_narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    said = shown(PHISH)
    at = said.index("  + link         hxxps://evil[.]example/a")
    assert said[at + 1].startswith(" " * 17 + "(")


def test_a_value_is_shown_once_with_its_places_and_counted_once() -> None:
    pages = [found("url", f"https://evil.example/northmoor/{n}", where=f"link {n}") for n in range(1, 8)]
    hosts = [found("domain", "evil.example", part, "From header") for part in ("landing-host", "sender")]
    logos = [found("url", "https://northmoor.example/", part, part) for part in ("link", "text")]
    reading = mail(*pages, *hosts, *logos, passed=("spf",))
    said = shown(reading)
    assert said[0].startswith("would leave: 1 value, phishing of ")
    (line,) = [line for line in said if line.startswith("  + ")]
    assert line == (
        "  + landing-host evil[.]example   (also sender; link 1, link 2, link 3, link 4, 4 more; "
        "path cut: it held your institution's name)"
    )
    assert "  - ours         hxxps://northmoor[.]example/   (link, text: your own: northmoor.example)" in said


def test_a_person_is_warned_of_a_wider_domain_and_of_a_name_that_holds_the_banks() -> None:
    reading = mail(found("url", "https://northmoor.hosts.com/z"), found("domain", "northmoor-login.com"))
    said = "\n".join(shown(reading))
    assert "wider than what was in the file: agree only if all of it is the attacker's" in said
    assert "(holds your institution's name: leaves because it is the attacker's own)" in said


def test_a_mailbox_that_is_cut_to_its_domain_is_wider_too() -> None:
    reading = mail(found("email", "jane.doe@evil.example", "reply-to"))
    said = " ".join("\n".join(shown(reading)).split())
    assert "reply-to evil[.]example (part before the @ cut: it held a recipient's name; wider than" in said


def test_a_reason_that_holds_for_several_places_is_said_once() -> None:
    page, host = "https://northmoor.evil.example/jane.doe", "northmoor.evil.example"
    reading = mail(found("url", page), found("domain", host, "landing-host"))
    said = " ".join("\n".join(shown(reading)).split())
    assert said.count("names below evil.example cut") == 1


def test_the_readers_are_shown() -> None:
    assert shown(PHISH)[1] == (
        "would be told to members: all banks and the desk; class named: the hub knows that it is you, readers do not"
    )


def test_what_is_only_mentioned_names_the_next_step() -> None:
    reading = mail(found("url", "https://evil.example/"), found("domain", "seen.example", "text"))
    assert "only mentioned: send it only if you know that it is the attacker's" in "\n".join(shown(reading))
