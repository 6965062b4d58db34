# SPDX-License-Identifier: Apache-2.0
import base64
import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.agent.readings import JANE, NOW, door, draft_of, found, mail, sent

from tocsin.agent.readers.mail import read_mail
from tocsin.agent.readers.reading import Attachment, Defect, Reading
from tocsin.agent.redaction.assets import assets_of
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.redaction.redact import MAX_REASONS, redact, without
from tocsin.agent.redaction.traces import Traces
from tocsin.domain.disclosure import Attack, Disclosure, Indicator
from tocsin.domain.linter import MAX_INDICATORS, lint
from tocsin.domain.marking import TLP, Marking
from tocsin.domain.observable import Kind, Observable
from tocsin.errors import Malformed, NothingToShare, Refused
from tocsin.wire.registrable import registrable

B64 = base64.urlsafe_b64encode(JANE.encode()).decode()

WHOLE = [
    ("url", "https://evil.example/login/index.html"),
    ("url", "https://evil.example:8443/a?step=2&lang=pt"),
    ("url", "http://203.0.113.7/panel/"),
    ("url", "https://northmoor-secure.com/login"),
    ("url", "https://bit.ly/3AbCdEf"),
    ("url", "https://docs.google.com/forms/d/e/1FAIpQLSe9x8y7z/viewform"),
    ("url", "https://evil-bucket.s3.amazonaws.com/index.html"),
    ("domain", "www.evil.example"),
    ("domain", "northmoor-login.com"),
    ("ipv4", "203.0.113.7"),
    ("sha256", "a" * 64),
    ("email", "evil@evil.example"),
    ("email", "northmoor.alerts@gmail.com"),
]


@pytest.mark.parametrize(("kind", "value"), WHOLE)
def test_what_tells_nothing_of_the_victim_leaves_whole(kind: str, value: str) -> None:
    assert sent(found(kind, value)) == [value]


def test_the_published_name_of_a_file_leaves_beside_a_digest_and_not_alone() -> None:
    name = found("file-name", "invoice.exe", "named")
    assert set(sent(name, found("sha256", "a" * 64, "named"))) == {"invoice.exe", "a" * 64}
    draft = draft_of(name, found("domain", "evil.example"))
    assert {one.observable.value for one in draft.disclosure.indicators} == {"evil.example"}
    assert [one.reason for one in draft.stays] == ["no digest of a file leaves beside it"]


@pytest.mark.parametrize("name", ["statement jane doe.pdf", "northmoor_q3.xlsm", "invoice_773120481.pdf"])
def test_the_name_of_a_file_that_tells_stays(name: str) -> None:
    values = (found("file-name", name, "named"), found("sha256", "a" * 64, "named"))
    assert sent(*values) == ["a" * 64]


def test_a_person_may_send_what_an_attachment_is_called() -> None:
    values = (found("file-name", "invoice.exe", "attachment"), found("sha256", "a" * 64, "attachment"))
    assert sent(*values) == ["a" * 64]
    also = redact(
        mail(*values), door(), attack=Attack.PHISHING, now=NOW, entropy=random.Random(1).randbytes,
        also=[Observable(Kind.FILE_NAME, "invoice.exe")],
    )  # fmt: skip
    assert Indicator(Observable(Kind.FILE_NAME, "invoice.exe"), "attachment") in also.disclosure.indicators


CUT = [
    # the reader's address, in every clothing
    (f"https://evil.example/a?email={JANE}", "https://evil.example/a"),
    ("https://evil.example/a?email=jane.doe%40northmoor.example", "https://evil.example/a"),
    (f"https://evil.example/a?u={B64}", "https://evil.example/a"),
    (f"https://evil.example/a?u={JANE.encode().hex()}", "https://evil.example/a"),
    (f"https://evil.example/a/{JANE}/login", "https://evil.example/a/"),
    (f"https://evil.example/a/{B64}", "https://evil.example/a/"),
    ("https://evil.example/a?name=Jane", "https://evil.example/a"),
    ("https://evil.example/a?to=somebody@else.example", "https://evil.example/a"),
    # the bank
    ("https://evil.example/x/northmoor/login?a=1", "https://evil.example/x/"),
    ("https://evil.example/x/north/moor/login", "https://evil.example/x/north/"),
    ("https://evil.example/x?next=https://www.northmoor.example/", "https://evil.example/x"),
    ("https://evil.example/x/N0RTHM00R.php", "https://evil.example/x/"),
    ("https://evil.example/x/n%D0%BErthmoor", "https://evil.example/x/"),
    ("https://evil.example/northmoor/", "evil.example"),
    # marks made for one reader
    ("https://evil.example/a?id=8f3a9c2e", "https://evil.example/a"),
    ("https://evil.example/a?id=1234567890", "https://evil.example/a"),
    ("https://evil.example/t/0b5e0a4c6f1d/x", "https://evil.example/t/"),
    ("https://evil.example/?c=8f3a9c2e77", "evil.example"),
    # below the registered domain: never the same page or host under another name
    ("https://northmoor.example.evil.com/login", "evil.com"),
    ("https://northmoor.evil.com/", "evil.com"),
    ("https://jane-doe.evil.com:8443/login", "evil.com"),
    ("https://a9b8c7d6e5f4.evil.com/login", "evil.com"),
    (f"https://{JANE.encode().hex()}.evil.com/", "evil.com"),
    # on a bystander's host the page is kept when it still is one
    ("https://storage.googleapis.com/bucket-7/northmoor/index.html", "https://storage.googleapis.com/bucket-7/"),
    ("https://docs.google.com/forms/d/e/1FAIpQLSe9x8y7z/viewform?e=jane@x.example",
     "https://docs.google.com/forms/d/e/1FAIpQLSe9x8y7z/viewform"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "leaves"), CUT)
def test_a_link_is_cut_before_what_tells(written: str, leaves: str) -> None:
    assert sent(found("url", written)) == [leaves]


def test_a_domain_above_a_name_that_tells_is_no_host_of_the_attack_and_said_to_be_wider() -> None:
    values = (
        found("url", "https://northmoor.hosts.com/z"),
        found("domain", "northmoor.hosts.com", "landing-host"),
    )
    for leaving in draft_of(*values).leaves:
        assert leaving.indicator == Indicator(Observable(Kind.DOMAIN, "hosts.com"), "named")
        assert leaving.wider
        assert leaving.cut == "names below hosts.com cut: they held your institution's name"


def test_a_domain_that_stood_in_the_file_is_not_wider_than_it() -> None:
    draft = draft_of(
        found("url", "https://northmoor.evil.com/z"), found("domain", "evil.com", "landing-host")
    )
    assert [(i.observable.value, i.part) for i in draft.disclosure.indicators] == [
        ("evil.com", "landing-host")
    ]
    assert not any(leaving.wider for leaving in draft.leaves)


@pytest.mark.parametrize(
    ("kind", "value", "holds"),
    [
        ("email", "northmoor.payroll@gmail.com", "your institution's name"),
        ("domain", "northmoor-bank-login.com", "your institution's name"),
        ("url", "https://northmoor-secure.com/login", "your institution's name"),
        ("email", "payroll@gmail.com", ""),
        ("url", "https://evil.example/login", ""),
    ],
)
def test_a_name_of_the_attackers_own_that_holds_the_banks_says_so(kind: str, value: str, holds: str) -> None:
    (leaving,) = draft_of(found(kind, value)).leaves
    assert (leaving.indicator.observable.value, leaving.holds, leaving.wider) == (value, holds, False)


STAYS = [
    ("url", "https://bit.ly/northmoor"),
    ("url", "https://www.google.com/url?q=https://evil.example"),
    ("url", "https://trackingservice.monday.com/tracker/link?token=8f3a9c2e77"),
    ("url", "https://northmoor.onmicrosoft.com/x"),
    ("url", "https://wa.me/?text=jane.doe"),
    ("email", "jane.doe.1@gmail.com"),
    ("email", "bounce+jane.doe=northmoor.example@amazonses.com"),
    ("domain", "northmoor.linode.com"),
]


@pytest.mark.parametrize(("kind", "value"), STAYS)
def test_what_cannot_be_cut_stays(kind: str, value: str) -> None:
    with pytest.raises(NothingToShare):
        sent(found(kind, value))


@pytest.mark.parametrize(
    "address",
    [
        "bounce+jane.doe=northmoor.example@evil.com",
        "bounces-8f3a9c2e77@evil.com",
        "northmoor@evil.com",
        "msprvs1=20417hx3k2a=bounces-55@evil.com",
        "x@northmoor.evil.com",
        "x@a9b8c7d6e5f4.evil.com",
    ],
)
def test_a_return_path_that_tells_leaves_as_its_domain(address: str) -> None:
    assert sent(found("email", address, "sender")) == ["evil.com"]


def test_a_senders_domain_alone_leaves_only_when_the_mail_authenticated() -> None:
    verp = found("email", "bounce+jane.doe=northmoor.example@evil.com", "sender")
    link = found("url", "https://evil.example/")
    assert sent(reading=mail(verp, link)) == ["https://evil.example/"]
    assert sent(reading=mail(verp, link, passed=("spf",))) == ["evil.com", "https://evil.example/"]


def test_a_senders_address_leaves_only_when_the_mail_authenticated_and_a_reply_to_always() -> None:
    """Anybody writes anybody as the sender; what answers go to must be held to be of use."""
    sender, reply = (
        found("email", "evil@evil.example", "sender"),
        found("email", "evil@bad.example", "reply-to"),
    )
    link = found("url", "https://evil.example/")
    assert sent(reading=mail(sender, reply, link)) == ["evil@bad.example", "https://evil.example/"]
    for method in ("spf", "dkim", "dmarc"):
        told = sent(reading=mail(sender, reply, link, passed=(method,)))
        assert told == ["evil@bad.example", "evil@evil.example", "https://evil.example/"]


def test_a_person_who_knows_that_a_sender_is_the_attackers_adds_it() -> None:
    sender = found("email", "evil@evil.example", "sender")
    link = found("url", "https://evil.example/")
    draft = redact(
        mail(sender, link),
        door(),
        attack=Attack.PHISHING,
        now=NOW,
        entropy=random.Random(1).randbytes,
        also=(sender.observable,),
    )
    told = {one.observable.value: one.part for one in draft.disclosure.indicators}
    assert told == {"evil@evil.example": "named", "https://evil.example/": "link"}


def test_the_sending_host_under_the_banks_own_name_stays() -> None:
    values = (
        found("domain", "mail.northmoor.example", "sending-host"),
        found("ipv4", "198.51.100.4", "sending-host"),
        found("domain", "mx.corp.internal", "sending-host"),
        found("ipv4", "203.0.113.4", "sending-host"),
    )
    assert sent(*values) == ["203.0.113.4"]


def test_only_the_attackers_values_leave_and_every_other_keeps_its_reason() -> None:
    reading = mail(
        found("url", "https://evil.example/login"),
        found("url", "https://www.northmoor.example/logo.png"),
        found("email", "ceo@northmoor.example", "sender"),
        found("domain", "www.w3.org"),
    )
    draft = draft_of(reading=reading)
    assert [i.observable.value for i in draft.disclosure.indicators] == ["https://evil.example/login"]
    assert [str(value.owner) for value in draft.stays] == ["ours", "ours", "bystander"]


def test_nothing_but_the_disclosures_fields_can_leave() -> None:
    reading = Reading(
        format="mail",
        title="Northmoor: verify",
        text="Dear Jane",
        found=(found("url", "https://evil.example/login"),),
        recipients=(JANE,),
        attachments=(Attachment("northmoor.pdf", "application/pdf", 10, "c" * 64),),
    )
    body = msgspec.json.encode(draft_of(reading=reading).disclosure).lower()
    assert b"northmoor" not in body
    assert b"jane" not in body
    assert set(msgspec.structs.asdict(draft_of(reading=reading).disclosure)) == {
        "report_id", "attack", "happened", "indicators", "external_ids", "marking", "grading", "text",
    }  # fmt: skip
    assert draft_of(reading=reading).disclosure.text == "", "which only a person adds"


def test_the_order_in_which_values_stood_does_not_leave() -> None:
    one, two = found("domain", "b.example"), found("domain", "a.example")
    assert sent(one, two) == sent(two, one) == ["a.example", "b.example"]


def test_two_links_that_are_cut_to_the_same_are_one_indicator() -> None:
    links = (found("url", f"https://evil.example/a?u={n}8f3a9c2e77") for n in (1, 2))
    assert sent(*links) == ["https://evil.example/a"]


def test_the_time_is_a_day_and_never_in_the_future() -> None:
    link = found("url", "https://evil.example/")
    for written, day in (
        ("2026-11-20T23:59:59Z", "2026-11-20"),
        ("2031-01-01T00:00:00Z", "2026-11-21"),
        (None, "2026-11-21"),
    ):
        assert draft_of(reading=mail(link, happened=written)).disclosure.happened == day


def test_public_catalogue_identifiers_pass_and_others_do_not() -> None:
    ids = ("T1566.002", "CVE-2026-12345", "CASE-2026-77", "TICKET-1")
    reading = mail(found("url", "https://evil.example/"), external_ids=ids)
    assert draft_of(reading=reading).disclosure.external_ids == ("CVE-2026-12345", "T1566.002")


def test_a_marking_that_refuses_is_named_with_its_place() -> None:
    reading = msgspec.structs.replace(mail(), tlp="TLP:RED", marked_at="objects[4] tool--7")
    with pytest.raises(Refused, match=r"^.* objects\[4\] tool--7 is marked TLP:RED"):
        draft_of(reading=reading)
    with pytest.raises(Refused, match=r"objects\[4\] tool--7 carries a marking"):
        draft_of(reading=msgspec.structs.replace(reading, held=True))


@pytest.mark.parametrize("tlp", ["TLP:RED", "TLP:AMBER+STRICT", "TLP:PURPLE"])
def test_what_was_marked_not_to_be_passed_on_is_refused(tlp: str) -> None:
    with pytest.raises(Refused):
        draft_of(reading=mail(found("url", "https://evil.example/"), tlp=tlp))


def test_an_unknown_marking_is_held() -> None:
    with pytest.raises(Refused, match="held"):
        draft_of(reading=mail(found("url", "https://evil.example/"), held=True))


def test_the_marking_of_the_input_and_the_senders_choice_give_the_stricter() -> None:
    link = found("url", "https://evil.example/")
    assert draft_of(reading=mail(link, tlp="TLP:CLEAR")).disclosure.marking.tlp is TLP.AMBER
    green = Marking(tlp=TLP.GREEN)
    assert draft_of(reading=mail(link, tlp="TLP:AMBER"), marking=green).disclosure.marking.tlp is TLP.AMBER
    assert draft_of(reading=mail(link, tlp="TLP:CLEAR"), marking=green).disclosure.marking.tlp is TLP.GREEN


def test_without_a_value_of_the_attackers_there_is_nothing_to_share() -> None:
    with pytest.raises(NothingToShare, match=r"stays: ours: your own: northmoor\.example \(link 1\)\."):
        draft_of(found("domain", "northmoor.example"))
    with pytest.raises(NothingToShare, match="holds no value"):
        draft_of(reading=mail())


def test_a_refusal_names_every_reason_with_its_first_places_and_what_could_not_be_read() -> None:
    own = [found("url", f"https://northmoor.example/{n}", where=f"link {n}") for n in range(1, 6)]
    reading = mail(*own, found("domain", "suedsoehne.example", where="From header"))
    broken = msgspec.structs.replace(
        reading, defects=(Defect("part 2", "no boundary."), Defect("part 3", "x"))
    )
    with pytest.raises(NothingToShare) as refusal:
        draft_of(reading=broken)
    assert refusal.value.detail == (
        "What was found stays: ours: your own: northmoor.example (link 1, link 2, link 3); impersonated: genuine: "
        "Süd & Söhne Bank AG's (From header). Parts that could not be used: 2, first part 2: no boundary."
    )


def test_a_refusal_of_many_reasons_stays_short() -> None:
    names = [f"a{n}.northmoor.example" for n in range(3)] + [f"m{n}.suedsoehne.example" for n in range(3)]
    places = ["bit.ly", "gmail.com", "google.com", "imgur.com", "apple.com", "x.com", "is.gd", "192.168.0.1"]
    values = [found("ipv4" if name[0] == "1" else "domain", name) for name in names + places]
    with pytest.raises(NothingToShare, match="; 2 more reasons") as refusal:
        draft_of(*values)
    assert refusal.value.detail.count(";") < 3 * MAX_REASONS


def test_the_values_beyond_the_bound_stay() -> None:
    draft = draft_of(*(found("domain", f"h{n}.example") for n in range(MAX_INDICATORS + 5)))
    assert len(draft.disclosure.indicators) == MAX_INDICATORS
    assert len(draft.stays) == 5


def test_a_draft_is_a_struct_that_json_can_carry() -> None:
    body = msgspec.json.encode(draft_of(found("url", "https://evil.example/a?email=jane")))
    assert b'"cut":"query cut: it held' in body


@given(
    st.lists(
        st.sampled_from([value for value, _ in CUT] + [value for _, value in STAYS[:5]]),
        min_size=1,
        max_size=8,
    ),
    st.integers(0, 2**32),
)
def test_whatever_leaves_is_clean_and_names_no_victim(urls: list[str], seed: int) -> None:
    reading = mail(*(found("url", url) for url in urls), found("url", "https://evil.example/"))
    draft = redact(reading, door(), attack=Attack.PHISHING, now=NOW, entropy=random.Random(seed).randbytes)
    assert not lint(draft.disclosure, registrable)
    body = msgspec.json.encode(draft.disclosure)
    assert b"northmoor" not in body
    assert b"jane" not in body
    assert msgspec.json.decode(body, type=Disclosure) == draft.disclosure


FORWARDED = b"""\
Received: from relay.customer.example (relay.customer.example [203.0.113.99]) by mx.northmoor.example; Fri, 20 Nov 2026 10:00:00 +0000
From: Bob Customer <bob@customer.example>
To: abuse@northmoor.example
Subject: is this from you?
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

Please look. Bob, https://bobs-own-page.example/
--b
Content-Type: message/rfc822

Received-SPF: pass client-ip=203.0.113.5;
From: Northmoor Bank <service@northmoor.example>
Return-Path: <bounce+bob=customer.example@evil.com>
To: bob@customer.example
Subject: verify your account
Content-Type: text/html

<a href="https://northmoor-help.com/start?u=bob%40customer.example">verify</a>
<img src="https://www.northmoor.example/logo.png">
--b--
"""  # noqa: E501


def test_a_real_forwarded_phish_yields_the_attackers_values_and_nothing_of_its_bearers() -> None:
    leaves = sent(reading=read_mail(FORWARDED))
    assert leaves == ["northmoor-help.com", "203.0.113.5", "https://northmoor-help.com/start"]


ADDRESSED = [
    # in the header, whatever the mailbox is called
    ('To: "Helen Marsh" <hm17@northmoor.example>', "Hello,", "https://evil.example/a?x=HelenMarsh", "https://evil.example/a"),
    ('To: "Helen Marsh" <hm17@northmoor.example>', "Hello,", "https://evil.example/a?x=Helen.Marsh", "https://evil.example/a"),
    ('To: "Helen Marsh" <hm17@northmoor.example>', "Hello,", "https://evil.example/a/helen-marsh/6", "https://evil.example/a/"),
    ('To: "Helen Marsh" <hm17@northmoor.example>', "Hello,", "https://hmarsh.evil.com/login", "evil.com"),
    ("X-Original-To: =?utf-8?q?Bj=C3=B6rn_Gro=C3=9F?= <b.g@x.example>", "", "https://evil.example/a?x=Bj%C3%B6rn",
     "https://evil.example/a"),
    ("To: =?utf-8?q?Bj=C3=B6rn_Gro=C3=9F?= <b.g@x.example>", "", "https://evil.example/a?x=Bjorn", "https://evil.example/a"),
    ("To: =?utf-8?q?Bj=C3=B6rn_Gro=C3=9F?= <b.g@x.example>", "", "https://evil.example/7/Bj%C3%B6rn/", "https://evil.example/7/"),
    # in the greeting alone: a blind copy
    ("Subject: x", "Dear Helen Marsh,", "https://evil.example/a?x=h.marsh", "https://evil.example/a"),
    ("Subject: x", "Sehr geehrter Herr Groß,", "https://evil.example/a/gross/b", "https://evil.example/a/"),
    ("Subject: x", "Olá, João", "https://evil.example/joao/b", "evil.example"),
    ("Subject: Helen Marsh, your card", "Hello,", "https://evil.example/a/marshh", "https://evil.example/a/"),
    # numbers: told to the reader anywhere, else in a query
    ("Subject: Case 88213", "Hello,", "https://evil.example/a/88213/b", "https://evil.example/a/"),
    ("Subject: x", "Dear Helen, born 02.04.1978", "https://evil.example/a/1978-04-02", "https://evil.example/a/"),
    ("Subject: x", "Hello,", "https://evil.example/a?kdnr=88213", "https://evil.example/a"),
    ("Subject: x", "Hello,", "https://evil.example/a?geb=1978-04-02", "https://evil.example/a"),
    ("Subject: x", "Hello,", "https://evil.example/a?id=12345678", "https://evil.example/a"),
    # what names nobody
    ("To: Security Team <st@x.example>", "Dear Customer,", "https://evil.example/security/customer?a=1",
     "https://evil.example/security/customer?a=1"),
    ("To: undisclosed-recipients:;", "Sehr geehrter Kunde,", "https://evil.example/kunde/2024/11",
     "https://evil.example/kunde/2024/11"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "greeting", "link", "leaves"), ADDRESSED)
def test_whoever_a_real_mail_was_written_to_does_not_leave(
    field: str, greeting: str, link: str, leaves: str
) -> None:
    head = f"From: a@evil.example\r\n{field}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    values = sent(reading=read_mail(f"{head}{greeting}\r\n\r\nGo to {link} now.".encode()))
    assert leaves in values
    assert leaves == link or link not in values


def test_a_hop_that_the_banks_own_host_took_leaves_and_one_of_a_strangers_does_not() -> None:
    blind = Classifier(assets_of("Northmoor Bank plc", domains=("northmoor.example",)))
    hop = FORWARDED.partition(b"--b\n")[0].replace(b"multipart/mixed; boundary=b", b"text/plain")
    for taker, owner in ((b"mx.northmoor.example", "attacker"), (b"mx.provider.example", "unclear")):
        reading = read_mail(hop.replace(b"mx.northmoor.example", taker))
        assert [v.owner for v in blind.classify(reading) if v.part == "sending-host"] == [owner]


def test_a_path_of_many_segments_is_looked_at_a_few_times_and_still_cut_where_it_tells(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each look costs the path's length: looking at every beginning would cost a mail of 400 kB a minute."""
    looks: list[str] = []
    look = Traces.found_in

    def counted(self: Traces, text: str) -> str | None:
        looks.append(text)
        return look(self, text)

    monkeypatch.setattr(Traces, "found_in", counted)
    before = "ab/" * 300
    told = found("url", f"https://evil.example/{before}jane.doe/{'cd/' * 300}")
    assert sent(told) == [f"https://evil.example/{before}"]
    assert len(looks) < 30


def test_what_is_left_when_a_files_time_is_used_up_stays() -> None:
    values = [found("domain", f"evil-{number}.example") for number in range(10)]
    meter = iter(float(seconds) / 2 for seconds in range(100))
    draft = redact(
        mail(*values),
        door(),
        attack=Attack.PHISHING,
        now=NOW,
        entropy=random.Random(1).randbytes,
        meter=lambda: next(meter),
    )
    assert [leaving.value.observable for leaving in draft.leaves] == [one.observable for one in values[:4]]
    assert {value.reason for value in draft.stays} == {
        "the values before it took 2 seconds to look at: report the rest separately"
    }


def test_what_a_person_leaves_out_stays_and_says_so() -> None:
    values = [found("domain", f"evil-{number}.example") for number in range(3)]
    draft = draft_of(*values)
    home = {values[0].observable, values[2].observable}
    left = without(draft, home)
    assert [one.observable for one in left.disclosure.indicators] == [values[1].observable]
    assert [one.indicator.observable for one in left.leaves] == [values[1].observable]
    assert {value.observable for value in left.stays if value.reason == "you left it out"} == home
    assert left.disclosure.report_id == draft.disclosure.report_id
    assert without(draft, ()) == draft


def test_who_leaves_a_host_out_leaves_out_what_is_at_it() -> None:
    page, host = found("url", "https://two.example/a"), found("domain", "two.example", "landing-host")
    other = found("url", "https://one.example/a")
    left = without(draft_of(page, host, other), {host.observable})
    assert [one.observable for one in left.disclosure.indicators] == [other.observable]
    left = without(draft_of(page, host, other), {page.observable})
    assert host.observable in {one.observable for one in left.disclosure.indicators}


def test_nobody_leaves_out_everything_or_what_does_not_leave_anyway() -> None:
    value = found("domain", "evil.example")
    with pytest.raises(NothingToShare):
        without(draft_of(value), {value.observable})
    with pytest.raises(Malformed):
        without(draft_of(value), {found("domain", "other.example").observable})
