# SPDX-License-Identifier: Apache-2.0
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.agent.readings import NORTH

from tocsin.agent.redaction.assets import aliases_of, assets_of, covering, known_as, own_assets
from tocsin.config.agent import OwnAssets
from tocsin.domain.observable import Kind, normalise
from tocsin.errors import ConfigError


@pytest.mark.parametrize(
    ("name", "alias"),
    [
        ("Northmoor Bank plc", "northmoor"),
        ("Northmoor Bank plc", "northmoorbank"),
        ("Banco do Norte S.A.", "bancodonorte"),
        ("Banco do Norte S.A.", "norte"),
        ("Banco Central do Norte", "bancocentral"),
        ("Banco Central do Norte", "bcn"),
        ("Royal Bank of Northland", "rbn"),
        ("Royal Bank of Northland", "royalbank"),
        ("Hill & Dale Holdings, Inc.", "hillanddale"),
        ("Hill & Dale Holdings, Inc.", "hilldale"),
        ("Crédit Côtier SA", "créditcôtier"),
        ("Crédit Côtier SA", "creditcotier"),
        ("Crédit Côtier SA", "cotier"),
        ("北銀行株式会社", "北銀行"),
    ],
)
def test_a_legal_name_is_expanded_to_what_people_say(name: str, alias: str) -> None:
    assert alias in aliases_of(name)


def test_the_name_that_the_alliance_knows_one_by_is_ones_own_too() -> None:
    typed = OwnAssets(legal_name="Zeder Bank", aliases=("Zedi",))
    assert known_as(typed, "ZEDER BANK plc") == typed
    both = known_as(typed, "Cedar Trust plc")
    assert both.aliases == ("Zedi", "Cedar Trust plc")
    assert {"zeder", "zedi", "cedar", "cedartrust"} <= own_assets(both).names


@pytest.mark.parametrize("generic", ["bank", "the", "plc", "national", "of", "america", "trust"])
def test_words_that_every_bank_bears_are_no_alias(generic: str) -> None:
    assert generic not in aliases_of("The National Trust Bank of America plc")


@given(st.text(max_size=60))
def test_expansion_never_fails_and_every_alias_is_one_joined_word(name: str) -> None:
    for alias in aliases_of(name):
        assert len(alias) > 1
        assert not any(c.isspace() for c in alias)


def test_the_label_of_a_domain_is_a_name() -> None:
    assert "norbank" in assets_of("Northmoor plc", domains=("nor-bank.example",)).names


def test_a_configured_alias_is_a_name() -> None:
    assert "nomo" in assets_of("Northmoor plc", aliases=("NoMo",)).names


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("domain", "northmoor.example"),
        ("domain", "a.b.northmoor.example"),
        ("email", "anyone@mail.northmoor.example"),
        ("url", "https://www.northmoor.example/login"),
        ("ipv4", "198.51.100.7"),
        ("url", "http://198.51.100.7/x"),
        ("cidr", "198.51.0.0/16"),
        ("email", "northmoor.desk@gmail.com"),
    ],
)
def test_the_banks_own_are_recognised(kind: str, value: str) -> None:
    assert NORTH.owns(normalise(Kind(kind), value))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("domain", "notnorthmoor.example"),
        ("domain", "northmoor.example.evil.example"),
        ("ipv4", "198.51.101.7"),
        ("ipv6", "2001:db8::1"),
        ("sha256", "a" * 64),
    ],
)
def test_others_are_not(kind: str, value: str) -> None:
    assert NORTH.owns(normalise(Kind(kind), value)) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"domains": ("no domain",)},
        {"networks": ("300.1.1.1/8",)},
        {"addresses": ("x",)},
        {"codes": ("NORT",)},
    ],
)
def test_a_wrong_asset_is_named(wrong: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(ConfigError, match="Northmoor"):
        assets_of("Northmoor", **wrong)


def test_assets_come_from_the_agents_configuration() -> None:
    own = own_assets(
        OwnAssets("Northmoor plc", domains=("n.example",), partners=("p.example", "192.0.2.0/24"))
    )
    assert own.domains == {"n.example"}
    assert own.partners == {"p.example"}


@pytest.mark.parametrize(
    ("kind", "value", "asset"),
    [
        ("iban", "GB70 NORT 4091 7712 3456 78", "GB??NORT"),
        ("iban", "GB82 WEST 1234 5698 7654 32", None),
        ("bic", "nortgb2lxxx", "NORTGB2L"),
        ("bic", "NORTGB2LKEN", "NORTGB2L"),
        ("bic", "NORTDEFF", None),
        ("bin", "46581200", "46581200"),
        ("bin", "465812", "46581200"),
        ("bin", "46581201", None),
    ],
)
def test_accounts_codes_and_cards_are_known_by_how_they_begin(
    kind: str, value: str, asset: str | None
) -> None:
    own = own_assets(OwnAssets("Northmoor plc", iban=("gb?? NORT",), bic=("NORTGB2LXXX",), bin=("46581200",)))
    assert own.owns(normalise(Kind(kind), value)) == asset


def test_a_bank_that_declares_none_owns_none() -> None:
    assert NORTH.owns(normalise(Kind.IBAN, "GB82 WEST 1234 5698 7654 32")) is None


def test_a_name_covers_itself_and_what_stands_under_it() -> None:
    assert covering("a.b.example", frozenset({"b.example"})) == "b.example"
    assert covering("ab.example", frozenset({"b.example"})) is None
