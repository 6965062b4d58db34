# SPDX-License-Identifier: Apache-2.0
"""Controls come in the order of how much of a warning they answer, and what is no catalogue is refused by itself."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.alliance import Alliance
from tests.unit.agent.test_warn import ANA, CONTENT, EVIL, issued

from tocsin.agent.cases.facts import RiskAccepted, Took
from tocsin.agent.measures import catalogue
from tocsin.agent.measures.advice import advise, techniques
from tocsin.agent.measures.catalogue import Control, install, installed
from tocsin.agent.measures.ranking import rank
from tocsin.agent.verbs.defend import accept, find, take
from tocsin.clock import DAY, Instant
from tocsin.domain.party import Role
from tocsin.errors import Malformed, Missing, TooLarge

MAIL = Control("PR.AA-03.03", "Email verification", ("T1566", "T1566.002"))
SITES = Control("DE.CM-01.05", "Website and service blocking", ("T1204.001", "T1566.002"))
BACKUP = Control("PR.DS-11.01", "Data backup", ("T1486", "T1490"))
EVERYTHING = Control("AA.AA-00.00", "Be good", ("T1204.001", "T1486", "T1490", "T1566", "T1566.002"))
NAMES = st.sampled_from(["T1566", "T1566.002", "T1566.001", "T1486", "T1204.001"])


def file_of(*controls: Control, kind: str = "mitigates") -> dict:
    """A catalogue as the Mappings Explorer publishes it."""
    return {
        "metadata": {
            "mapping_framework": "cri_profile",
            "mapping_framework_version": "v2.1",
            "attack_version": "16.1",
        },
        "mapping_objects": [
            {
                "capability_id": one.id,
                "capability_description": one.says,
                "mapping_type": kind,
                "attack_object_id": technique,
                "references": [],
            }
            for one in controls
            for technique in one.techniques
        ],
    }


def written(folder: Path, file: object) -> Path:
    path = folder / "controls-published.json"
    path.write_text(json.dumps(file))
    return path


def test_whoever_answers_more_stands_first_and_of_equals_whoever_is_about_less() -> None:
    found = rank([EVERYTHING, BACKUP, SITES, MAIL], ["T1566.002", "T1204.001"])
    assert [one.control for one in found] == ["DE.CM-01.05", "AA.AA-00.00", "PR.AA-03.03"]
    assert found[0].by_name == ("T1204.001", "T1566.002")


def test_a_form_is_answered_in_general_by_what_answers_its_family_and_the_other_way_round() -> None:
    (answer,) = rank([MAIL], ["T1566.001"])
    assert (answer.by_name, answer.in_general) == ((), ("T1566.001",))
    (answer,) = rank([SITES], ["T1566"])
    assert (answer.by_name, answer.in_general) == ((), ("T1566",))
    assert rank([BACKUP], ["T1566"]) == ()


@given(st.lists(NAMES, max_size=5), st.permutations([MAIL, SITES, BACKUP, EVERYTHING]))
def test_the_order_follows_from_the_controls_and_not_from_how_they_came(
    asked: list[str], controls: list[Control]
) -> None:
    found = rank(controls, asked)
    assert found == rank([MAIL, SITES, BACKUP, EVERYTHING], asked[::-1])
    counts = [(len(one.by_name), len(one.in_general)) for one in found]
    assert counts == sorted(counts, reverse=True)


def test_a_catalogue_is_kept_and_replaced(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="No catalogue"):
        installed(tmp_path)
    install(tmp_path, written(tmp_path, file_of(MAIL)))
    assert installed(tmp_path).controls == (MAIL,)
    install(tmp_path, written(tmp_path, file_of(SITES, MAIL)))
    found = installed(tmp_path)
    assert found.controls == (SITES, MAIL)
    assert (found.framework, found.version, found.attack) == ("cri_profile", "v2.1", "16.1")


@pytest.mark.parametrize(
    "file",
    [
        [],
        {},
        {"metadata": {"mapping_framework": "x"}, "mapping_objects": []},
        file_of(MAIL, kind="non_mappable"),
        file_of(Control("X", "", ("not a technique",))),
        file_of(Control("X" * 41, "", ("T1566",))),
    ],
    ids=["a list", "nothing", "no mappings", "another kind", "no technique", "a long name"],
)
def test_what_is_no_catalogue_is_refused_and_the_one_before_stays(tmp_path: Path, file: object) -> None:
    install(tmp_path, written(tmp_path, file_of(MAIL)))
    with pytest.raises(Malformed):
        install(tmp_path, written(tmp_path, file))
    assert installed(tmp_path).controls == (MAIL,)


def test_a_file_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "MAX_BYTES", 100)
    with pytest.raises(TooLarge):
        install(tmp_path, written(tmp_path, file_of(MAIL, SITES)))


async def test_a_warning_is_advised_on_by_its_words_its_reports_and_what_was_decided(tmp_path: Path) -> None:
    async with Alliance(tmp_path) as alliance:
        police, ayr = await alliance.join("police", Role.AGENCY), await alliance.join("ayr")
        content = msgspec.structs.replace(
            CONTENT, measures="Watch for T1566.002, then T1486; T15 is nothing."
        )
        one = await issued(police, content)
        await ayr.report(EVIL)
        await alliance.settled()
        install(ayr.house.folder, written(tmp_path, file_of(MAIL, SITES, BACKUP)))
        standing = find(ayr.house, one.id)
        assert techniques(ayr.house, standing.warning) == {"T1566.002", "T1486"}
        take(ayr.house, one.id, ANA, Took("SPF enforced", alliance.clock.now(), MAIL.id))
        until = Instant(alliance.clock.now() + DAY)
        alliance.clock.advance(1)
        accept(ayr.house, one.id, ANA, RiskAccepted("no mail here", until, MAIL.id))
        found = advise(ayr.house, standing, ["T1999"])
        assert [answer.control for answer in found.controls] == [SITES.id, MAIL.id, BACKUP.id]
        assert found.unanswered == ("T1999",)
        assert [(one.control, one.accepted_until) for one in found.decided] == [(MAIL.id, until)]


@pytest.mark.corpus
def test_the_published_catalogue_of_the_cri_profile_is_read(tmp_path: Path, data_dir: Path) -> None:
    path = data_dir / "regulatory" / "cri_profile-v2.1_attack-16.1-enterprise.json"
    found = install(tmp_path, path)
    assert len(found.controls) == 60
    assert sum(len(one.techniques) for one in found.controls) == 2_152
    assert len({technique for one in found.controls for technique in one.techniques}) == 430
    by_name = {technique: [one.control for one in rank(found.controls, [technique]) if one.by_name]
               for technique in ("T1566.002", "T1498", "T1486")}  # fmt: skip
    assert {technique: len(controls) for technique, controls in by_name.items()} == {
        "T1566.002": 7, "T1498": 6, "T1486": 4,
    }  # fmt: skip
    assert "PR.AA-03.03" in by_name["T1566.002"]
    assert "PR.IR-04.02" in by_name["T1498"]
    assert "PR.DS-11.01" in by_name["T1486"]
