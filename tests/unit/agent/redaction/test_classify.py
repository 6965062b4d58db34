# SPDX-License-Identifier: Apache-2.0
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.agent.readings import JANE, NORTH, SOUTH, door, found, mail, owner_of

from tocsin.agent.readers.reading import Attachment, Found
from tocsin.agent.redaction.assets import assets_of
from tocsin.agent.redaction.classify import Classifier
from tocsin.agent.redaction.owner import Owner
from tocsin.domain.observable import Kind, Observable

PNG = Attachment("logo.png", "image/png", 100, "b" * 64)


@pytest.mark.parametrize(
    ("value", "owner"),
    [
        # the bank's own
        (found("domain", "www.northmoor.example"), Owner.OURS),
        (found("ipv4", "198.51.100.9", "sending-host"), Owner.OURS),
        (found("email", "ceo@northmoor.example", "sender"), Owner.OURS),
        (found("url", "https://northmoor.example/real"), Owner.OURS),
        # genuine names of others, and of its own under another ending
        (found("domain", "suedsoehne.example"), Owner.IMPERSONATED),
        (found("email", "info@suedsoehne.example", "sender"), Owner.IMPERSONATED),
        (found("url", "https://northmoor.co.uk/login"), Owner.IMPERSONATED),
        (found("domain", "north-moor.com"), Owner.IMPERSONATED),
        (found("domain", "www.northmoorbank.de"), Owner.IMPERSONATED),
        (found("domain", "northmoor.zendesk.com"), Owner.BYSTANDER),
        (found("url", "https://northmoor.github.io/"), Owner.IMPERSONATED),
        # look-alikes are the attacker's
        (found("domain", "northmoor-secure.com"), Owner.ATTACKER),
        (found("domain", "n0rthmoor.com"), Owner.ATTACKER),
        (found("domain", "nörthmoor.com"), Owner.ATTACKER),
        (found("domain", "nоrthmoor.com"), Owner.ATTACKER),
        (found("domain", "northmoor.example.evil.com"), Owner.ATTACKER),
        # nobody's, or everybody's
        (found("ipv4", "10.0.0.5", "sending-host"), Owner.BYSTANDER),
        (found("ipv6", "fe80::1", "sending-host"), Owner.BYSTANDER),
        (found("cidr", "203.0.0.0/8", "named"), Owner.BYSTANDER),
        (found("ipv4", "8.8.8.8", "named"), Owner.BYSTANDER),
        (found("domain", "mx1.corp.local", "sending-host"), Owner.UNCLEAR),
        (found("domain", "co.uk"), Owner.UNCLEAR),
        (found("domain", "a.run.app"), Owner.BYSTANDER),
        (found("domain", "__northmoor.com.br"), Owner.UNCLEAR),
        (found("domain", "bit.ly", "landing-host"), Owner.BYSTANDER),
        (found("domain", "gmail.com", "sender"), Owner.BYSTANDER),
        (found("url", "https://www.facebook.com/page"), Owner.BYSTANDER),
        (found("url", "https://u1.ct.sendgrid.net/ls/click?upn=x"), Owner.BYSTANDER),
        (found("email", "bounces@amazonses.com", "sender"), Owner.BYSTANDER),
        (found("url", "https://printer.example/x"), Owner.BYSTANDER),
        # the attacker's corner of a shared place
        (found("url", "https://bit.ly/abc"), Owner.ATTACKER),
        (found("url", "https://docs.google.com/forms/d/e/x"), Owner.ATTACKER),
        (found("email", "evil.person@gmail.com", "sender"), Owner.ATTACKER),
        (found("domain", "evil-x.a.run.app", "landing-host"), Owner.ATTACKER),
        # plain attackers
        (found("url", "https://evil.example/login"), Owner.ATTACKER),
        (found("ipv4", "203.0.113.5", "sending-host"), Owner.ATTACKER),
        (found("sha256", "a" * 64, "attachment"), Owner.ATTACKER),
        # codes of institutions, and what a file in a mail is called
        (found("bic", "SOUTDEFF", "named"), Owner.BYSTANDER),
        (found("bin", "476210", "named"), Owner.BYSTANDER),
        (found("file-name", "invoice.pdf.exe", "attachment"), Owner.UNCLEAR),
        (found("file-name", "invoice.pdf.exe", "named"), Owner.ATTACKER),
        (found("autonomous-system", "AS64501", "named"), Owner.ATTACKER),
        (found("autonomous-system", "AS64512", "named"), Owner.BYSTANDER),
        # only mentioned
        (found("autonomous-system", "AS64501", "text"), Owner.UNCLEAR),
        (found("iban", "GB82WEST12345698765432", "text"), Owner.UNCLEAR),
        (found("url", "https://evil.example/pixel.gif", "text"), Owner.UNCLEAR),
    ],
)  # fmt: skip
def test_each_value_has_its_owner(value: Found, owner: Owner) -> None:
    assert owner_of(value) is owner, door().classify(mail(value))[0].reason


@pytest.mark.parametrize(
    ("kind", "value"),
    [("iban", "GB70NORT40917712345678"), ("bic", "NORTGB2L"), ("bin", "465812")],
)
def test_the_banks_own_accounts_codes_and_cards_are_its_own(kind: str, value: str) -> None:
    own = assets_of("Northmoor plc", accounts=("GB??NORT",), codes=("NORTGB2L",), cards=("46581200",))
    assert Classifier(own).classify(mail(found(kind, value, "named")))[0].owner is Owner.OURS


def test_the_brand_keyword_inside_a_longer_word_names_nobody() -> None:
    zelle = Classifier(assets_of("Zelle Inc.", domains=("zelle.example",)))
    assert zelle.classify(mail(found("domain", "gazelle.com")))[0].owner is Owner.ATTACKER


def test_recipients_and_their_domains_are_the_customers() -> None:
    reading = mail(
        found("email", "bob@customer.example", "sender"),
        found("domain", "intra.customer.example"),
        recipients=("bob@customer.example",),
    )
    assert {value.owner for value in door().classify(reading)} == {Owner.CUSTOMER}


def test_a_recipient_at_a_mail_provider_does_not_make_the_provider_a_customer() -> None:
    reading = mail(
        found("email", "bob@gmail.com", "text"),
        found("email", "evil@gmail.com", "sender"),
        recipients=("bob@gmail.com",),
    )
    assert [value.owner for value in door().classify(reading)] == [Owner.CUSTOMER, Owner.ATTACKER]


def test_whoever_forwards_the_phish_as_an_attachment_is_not_the_attacker() -> None:
    reading = mail(
        found("email", "worried@customer.example", "sender", "From header"),
        found("ipv4", "192.0.2.77", "sending-host", "authentication-results header"),
        found("email", "evil@evil.example", "sender", "forwarded mail: From header"),
        found("url", "https://evil.example/x", "link", "forwarded mail: link 1"),
        passed=("dmarc",),
    )
    owners = [value.owner for value in door().classify(reading)]
    assert owners == [Owner.CUSTOMER, Owner.CUSTOMER, Owner.ATTACKER, Owner.ATTACKER]


def test_a_colleague_whose_mail_authenticates_does_not_vouch_for_the_phish_inside() -> None:
    reading = mail(
        found("email", JANE, "sender", "From header"),
        found("url", "https://evil.example/x", "link", "forwarded mail: link 1"),
        passed=("dmarc", "spf"),
    )
    assert [value.owner for value in door().classify(reading)] == [Owner.OURS, Owner.ATTACKER]


@pytest.mark.parametrize("title", ["Fwd: verify", "FW: verify", "WG: Konto", "ENC: conta", " fwd : x"])
def test_a_forwarding_subject_leaves_the_sender_to_a_person(title: str) -> None:
    reading = mail(
        found("email", "worried@customer.example", "sender"),
        found("url", "https://evil.example/"),
        title=title,
    )
    assert [value.owner for value in door().classify(reading)] == [Owner.UNCLEAR, Owner.ATTACKER]


@pytest.mark.parametrize("sender", ["a@northmoor.example", "a@suedsoehne.example", "a@northmoor.co.uk"])
def test_a_mail_that_authenticates_at_a_genuine_domain_waits_for_a_person(sender: str) -> None:
    link = found("url", "https://evil.example/")
    for passed in (("dmarc",), ("spf",)):
        held = door().classify(mail(found("email", sender, "sender"), link, passed=passed))
        assert held[1].owner is Owner.UNCLEAR
    assert door().classify(mail(found("email", sender, "sender"), link))[1].owner is Owner.ATTACKER


def test_spf_of_an_attackers_envelope_does_not_vouch_for_a_forged_from() -> None:
    reading = mail(
        found("email", "a@northmoor.example", "sender"),
        found("email", "b@evil.example", "sender"),
        found("url", "https://evil.example/"),
        passed=("spf",),
    )
    assert [value.owner for value in door().classify(reading)] == [Owner.OURS, Owner.ATTACKER, Owner.ATTACKER]


def test_a_senders_domain_with_the_banks_name_may_be_its_own_until_it_authenticates() -> None:
    sender = found("email", "x@northmoorinsurance.com", "sender")
    assert owner_of(sender) is Owner.IMPERSONATED
    assert owner_of(sender, mail(sender, passed=("spf",))) is Owner.ATTACKER


def test_a_picture_may_be_the_banks_own_logo() -> None:
    value = found("sha256", "b" * 64, "attachment")
    assert owner_of(value, mail(value, attachments=(PNG,))) is Owner.UNCLEAR


def test_every_verdict_has_a_reason_and_nothing_is_lost() -> None:
    values = tuple(found("domain", f"h{i}.example") for i in range(20))
    verdicts = door().classify(mail(*values))
    assert [verdict.observable for verdict in verdicts] == [value.observable for value in values]
    assert all(verdict.reason for verdict in verdicts)


@given(st.from_regex(r"[a-z]{1,10}(\.[a-z]{1,8}){0,3}", fullmatch=True), st.sampled_from([NORTH, SOUTH]))
def test_nothing_under_a_genuine_domain_is_ever_the_attackers(label: str, institution: object) -> None:
    domain = "northmoor.example" if institution is NORTH else "suedsoehne.example"
    value = Found(Observable(Kind.DOMAIN, f"{label}.{domain}"), "landing-host", "link 1", "")
    assert owner_of(value) is not Owner.ATTACKER
