# SPDX-License-Identifier: Apache-2.0
"""A case's campaign is found in one's own mail, wherever that lies; nothing else is, and nothing of it is kept."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.looking import look
from tests.unit.agent.collecting.houses import NOTHING, house_in, phish

from tocsin.agent.cases.record import Case
from tocsin.agent.collecting.queue import About, Queue
from tocsin.agent.house import House
from tocsin.agent.hunting.mails import Campaign, places
from tocsin.agent.readers.process import ReaderChild
from tocsin.agent.verbs import case as verbs
from tocsin.domain.mail_features import MailFeatures
from tocsin.errors import Unreadable, UsageError

WORDS = "please confirm your account by the page below or it will be closed within the next hours and not opened again"
MBOX = b"From jane@ayr.example Sat Nov 21 08:30:00 2026\n"
HTML = "<html><body>" + "<p><b>{0}</b></p>" * 7 + "</body></html>"


def mail(number: int, text: str = WORDS, subject: str = "Your account {0}", kind: str = "plain") -> bytes:
    """One of a campaign: links, names and numbers differ, words do not."""
    head = f"From: Security <alert@bad-{number}.example>\nTo: Jane{number} Doe <jane{number}@ayr.example>\n"
    typed = f"Subject: {subject.format(number)}\nMIME-Version: 1.0\nContent-Type: text/{kind}\n\n"
    return f"{head}{typed}Dear Jane{number},\n{text} https://bad-{number}.example/{number}\n".encode()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with house_in(tmp_path / "ayr") as made:
        yield made


@pytest.fixture
def reader() -> Iterator[ReaderChild]:
    with ReaderChild() as child:
        yield child


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    place = tmp_path / "mail"
    (place / "cur").mkdir(parents=True)
    return place


def case_of(house: House, place: Path, *mails: bytes) -> Case:
    """A case with these mails in custody, put in by hand: nobody has read them yet."""
    paths = []
    for number, data in enumerate(mails):
        paths.append(place / f"{place.name}-{number}.eml")
        paths[-1].write_bytes(data)
    opened = verbs.open_case(house, "A wave", "ada")
    return verbs.attach(house, opened.id, paths, "ada")


def hunted(house: House, reader: ReaderChild, case: Case, *through: Path) -> Campaign:
    campaign = Campaign(house, reader, case)
    others = [one for one in verbs.listed(house)[0] if one.id != case.id]
    for place in places(house, others, through):
        campaign.look(place)
    return campaign


def test_mails_of_the_campaign_are_found_wherever_they_lie(
    house: House, reader: ReaderChild, inbox: Path, tmp_path: Path
) -> None:
    case = case_of(house, tmp_path, mail(1))
    (tmp_path / "other").mkdir()
    other = case_of(house, tmp_path / "other", mail(2), NOTHING.encode())
    about = About("folder x", "3.eml", "", 1)
    item = house.store.run("collect", lambda tx: Queue(house).add(tx, about, mail(3)))
    (inbox / "cur" / "4").write_bytes(mail(4))
    (inbox / "5.mbox").write_bytes(b"".join(MBOX + one + b"\n" for one in (mail(5), phish(6), mail(7))))
    (inbox / "ordinary.eml").write_text(NOTHING)
    campaign = hunted(house, reader, case, inbox)
    assert {one.title for one in campaign.found} == {f"Your account {number}" for number in (2, 3, 4, 5, 7)}
    where = " ".join(one.where for one in campaign.found)
    assert all(place in where for place in (other.id, item, "cur/4", "5.mbox"))
    assert {one.by for one in campaign.found} == {("text", "subject")}
    assert (campaign.mails, campaign.unread) == (7, 0)


def test_a_mail_counts_once_and_the_cases_own_not_at_all(
    house: House, reader: ReaderChild, inbox: Path, tmp_path: Path
) -> None:
    case = case_of(house, tmp_path, mail(1), mail(2))
    for name, number in (("own", 1), ("own too", 2), ("new", 3), ("again", 3)):
        (inbox / name).write_bytes(mail(number))
    campaign = hunted(house, reader, case, inbox)
    assert [one.title for one in campaign.found] == ["Your account 3"]
    assert campaign.mails == 1


def test_tags_join_mails_whose_words_are_others_and_a_subject_alone_joins_none(
    house: House, reader: ReaderChild, inbox: Path, tmp_path: Path
) -> None:
    other = "this is something else that somebody wrote to somebody about a matter of which nobody here has ever heard"
    case = case_of(house, tmp_path, mail(1, HTML.format(WORDS), kind="html"))
    (inbox / "same tags").write_bytes(mail(2, HTML.format(other), "Other", kind="html"))
    (inbox / "same subject").write_bytes(mail(3, other))
    found = hunted(house, reader, case, inbox).found
    assert [(one.title, one.by) for one in found] == [("Other", ("shape",))]


def test_what_is_shared_with_several_mails_of_the_case_is_told_together(
    house: House, reader: ReaderChild, inbox: Path, tmp_path: Path
) -> None:
    case = case_of(house, tmp_path, mail(1, subject="First and foremost"), mail(2, subject="Second of them"))
    assert len(Campaign(house, reader, case).known) == 2
    (inbox / "3").write_bytes(mail(3, subject="Second of them"))
    assert hunted(house, reader, case, inbox).found[0].by == ("text", "subject")


def test_a_file_that_cannot_be_read_costs_none_of_the_others(
    house: House, reader: ReaderChild, inbox: Path, tmp_path: Path
) -> None:
    case = case_of(house, tmp_path, mail(1))
    (inbox / "a").write_bytes(b"\x00\x01\x02 no mail")
    (inbox / "b").write_bytes(mail(2))
    campaign = Campaign(house, reader, case)
    looked = places(house, [], [inbox])
    (inbox / "c").write_bytes(mail(3))
    for place in (*looked, *places(house, [], [inbox / "c"])):
        if place.name.endswith("/c"):
            (inbox / "c").unlink()
        campaign.look(place)
    assert [one.title for one in campaign.found] == ["Your account 2"]
    assert campaign.unread == 2
    assert [problem.count(str(inbox)) for problem in campaign.problems] == [1, 1]


def test_a_file_that_was_changed_in_the_vault_is_named(
    house: House, reader: ReaderChild, tmp_path: Path
) -> None:
    case = case_of(house, tmp_path, mail(1))
    (tmp_path / "other").mkdir()
    other = case_of(house, tmp_path / "other", mail(2))
    house.store.run("tamper", lambda tx: tx.run("drop_case_evidence", {"vault_case": other.id}))
    campaign = hunted(house, reader, case)
    assert (campaign.found, campaign.unread) == ([], 1)
    assert other.evidence[0].file.digest in campaign.problems[0]


@pytest.mark.parametrize("text", ["", "few words"])
def test_a_case_whose_mails_say_too_little_is_refused(
    house: House, reader: ReaderChild, tmp_path: Path, text: str
) -> None:
    mails = [mail(1, text)] if text else []
    with pytest.raises(Unreadable, match="words or tags"):
        Campaign(house, reader, case_of(house, tmp_path, *mails))


def test_a_place_that_is_not_there_is_said_before_anything_is_read(house: House, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        places(house, [], [tmp_path / "nowhere"])


def test_nothing_is_kept_and_nothing_queued(
    house: House, reader: ReaderChild, inbox: Path, tmp_path: Path
) -> None:
    case = case_of(house, tmp_path, mail(1))
    (inbox / "2").write_bytes(mail(2))
    named = look(house.folder / "agent.db", "SELECT name FROM sqlite_schema WHERE type = 'table'")

    def rows() -> list[list[tuple[object, ...]]]:
        return [list(look(house.folder / "agent.db", f"SELECT count(*) FROM {name}")) for (name,) in named]

    before = rows()
    assert hunted(house, reader, case, inbox).found
    assert rows() == before


def test_every_feature_of_a_mail_can_be_told_as_a_reason() -> None:
    """The order and the names in which `Alike.by` gives them."""
    assert MailFeatures.__struct_fields__ == ("text", "shape", "subject", "sending_host", "attachments")
