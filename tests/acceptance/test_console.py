# SPDX-License-Identifier: Apache-2.0
"""The console by a real browser over real processes: two banks and an agency, from the first link to a rule that goes.

Every page is held against axe, and whatever the browser complains of (a script error, a policy that was broken) fails.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser
from tests.acceptance.browser import SHOTS, Visitor, chromium, first_code, invited, with_console, within
from tests.acceptance.machine import Machine
from tests.acceptance.test_slice import VALUE, mail

from tocsin.domain.party import Role

pytestmark = pytest.mark.processes
WARNED = "login-of-everybody.example"


@dataclass
class Scene:
    """Who sits where."""

    machine: Machine
    browser: Browser
    ayr: Visitor
    bute: Visitor
    agency: Visitor
    second: Visitor
    """The agency's second officer."""
    findings: list[str] = field(default_factory=list)

    def look(self, visitor: Visitor, path: str, name: str = "") -> None:
        """Open a page, and hold it against axe."""
        if path:
            visitor.go(path)
        self.findings += visitor.findings()
        if SHOTS:
            visitor.page.screenshot(
                path=f"{SHOTS}/{name or path.strip('/').replace('/', '-') or 'now'}.png", full_page=True
            )


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("console")
    with Machine(folder) as machine:
        machine.raise_hub(witnessed=False)
        homes = {
            short: machine.join(short, role)
            for short, role in (("ayr", Role.BANK), ("bute", Role.BANK), ("met", Role.AGENCY))
        }
        urls = {short: with_console(home) for short, home in homes.items()}
        for short in homes:
            machine.serve(short)
        codes = {short: first_code(machine, short) for short in homes}
        with (
            chromium() as browser,
            Visitor(browser, urls["ayr"]) as ayr,
            Visitor(browser, urls["bute"]) as bute,
            Visitor(browser, urls["met"]) as agency,
            Visitor(browser, urls["met"]) as second,
        ):
            ayr.enrol(codes["ayr"], "Jane Doe")
            bute.enrol(codes["bute"], "Ian Roe")
            agency.enrol(codes["met"], "Ada Lane")
            second.enrol(invited(homes["met"], "Bo Reed"))
            yield Scene(machine, browser, ayr, bute, agency, second)


def test_a_mail_becomes_a_receipted_report_and_the_other_bank_sees_it(scene: Scene) -> None:
    page = scene.ayr.page
    scene.look(scene.ayr, "/")
    scene.bute.go("/")
    scene.bute.page.get_by_text("Follows by itself").wait_for()
    scene.look(scene.ayr, "/report")
    page.get_by_label("Drop files here").set_input_files(
        {"name": "phish.eml", "mimeType": "message/rfc822", "buffer": mail("ayr")}
    )
    page.wait_for_url(re.compile("/approvals/drf_"))
    scene.look(scene.ayr, "", "draft")
    leaves = page.locator(".leaves").inner_text()
    assert VALUE.replace(".", "[.]") in leaves
    for secret in ("jane.doe", "4711"):
        assert secret not in leaves
    page.get_by_role("button", name="Agree, and send").click()
    page.wait_for_url(re.compile("/reports/rpt_"))
    took = within(10, lambda: "1 report of" in scene.bute.page.locator("#pulse-said").inner_text())
    page.get_by_text("Receipted").wait_for()
    scene.look(scene.ayr, "", "sent")
    assert took < 5


def test_two_officers_warn_and_a_bank_that_looks_sees_it_burn(scene: Scene) -> None:
    agency, second, bute = scene.agency, scene.second, scene.bute
    bute.go("/")
    bute.page.get_by_text("Follows by itself").wait_for()
    scene.look(agency, "/written")
    scene.look(agency, "/written/new")
    page = agency.page
    page.get_by_label("Title").fill("Phish against every bank <script>alert(1)</script>")
    page.get_by_label("What to do").fill(
        "Block the names. Tell your customers that you never ask for a code (T1566.002)."
    )
    page.get_by_label("What to look for").fill(f"hxxps://{WARNED.replace('.', '[.]')}/a\n{WARNED}")
    page.get_by_label("Urgency").select_option("urgent")
    page.get_by_role("button", name="Keep the draft").click()
    page.wait_for_url(re.compile("/written/wrn_"))
    page.get_by_text("Another officer than its author").wait_for()
    scene.look(agency, "", "writing")
    second.page.goto(page.url)
    second.page.get_by_role("button", name="Approve exactly").click()
    second.page.get_by_role("button", name="Sign and issue").click()
    second.page.locator(".big", has_text="Issued").wait_for()
    burning = bute.page.get_by_role("link", name="Phish against every bank")
    within(10, lambda: burning.count() == 1)
    scene.look(bute, "", "now-burning")
    burning.click()
    bute.page.get_by_role("heading", name="What to do").wait_for()
    scene.look(bute, "", "warning")
    bute.page.get_by_role("button", name="We have it").click()
    answered = bute.page.get_by_text("Your house has answered: received")
    answered.wait_for()
    assert answered.is_visible()
    scene.look(bute, "/warnings")


def test_what_is_known_of_a_value_is_one_search_away(scene: Scene) -> None:
    page = scene.bute.page
    scene.bute.go("/")
    page.keyboard.press("/")
    page.keyboard.type(WARNED.replace(".", "[.]"))
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="This value").wait_for()
    assert "block" in page.locator("main").inner_text()
    scene.look(scene.bute, "", "search")
    page.get_by_role("link", name=WARNED.replace(".", "[.]")).first.click()
    page.get_by_role("heading", name="Who says so").wait_for()
    scene.look(scene.bute, "", "indicator")


def test_a_withdrawn_warning_leaves_the_rules(scene: Scene) -> None:
    rules = scene.machine.folder / "bute" / "block.csv"
    within(10, lambda: WARNED in rules.read_text())
    scene.look(scene.bute, "/shields")
    scene.look(scene.bute, "/shields/csv", "shield")
    page = scene.agency.page
    page.reload()
    page.get_by_text("Withdraw it", exact=True).click()
    page.get_by_label("Why").fill("It was a test of ours.")
    page.get_by_role("button", name="Withdraw it everywhere").click()
    page.locator(".big", has_text="Withdrawn").wait_for()
    within(10, lambda: WARNED not in rules.read_text())
    assert WARNED not in rules.read_text()


def test_a_draft_is_changed_and_approved_by_another_person(scene: Scene) -> None:
    """Under four eyes whoever drafted it does not send it."""
    page = scene.ayr.page
    scene.ayr.go("/report")
    page.get_by_label("Or paste").fill(
        "They call from https://refund.phish-of-today.example/pay and 203.0.113.77."
    )
    page.get_by_role("button", name="Show what would leave").click()
    page.wait_for_url(re.compile("/collected/col_"))
    scene.look(scene.ayr, "", "collected-one")
    page.get_by_label("refund[.]phish-of-today[.]example/pay").check()
    page.get_by_role("button", name="Draft a report").click()
    page.wait_for_url(re.compile("/approvals/drf_"))
    page.get_by_label("Kind of attack").select_option("fraud")
    page.get_by_role("button", name="Change the draft").click()
    page.locator(".leaves .fact", has_text="fraud").wait_for()
    scene.look(scene.ayr, "/approvals")
    scene.look(scene.ayr, "/collected")
    page.get_by_role("link", name="Approvals").first.click()
    page.locator("tbody a").first.click()
    page.get_by_text("Refuse it", exact=True).click()
    page.get_by_label("Why").fill("Only a rumour.")
    page.get_by_role("button", name="Refuse: nothing").click()
    page.get_by_text("Nothing waits.").wait_for()


def test_a_case_is_a_timeline(scene: Scene) -> None:
    page = scene.ayr.page
    scene.look(scene.ayr, "/cases")
    page.locator("tbody a").first.click()
    page.get_by_label("Write down what happened").fill(
        "The customer's helpdesk was told.\n<img src=x onerror=alert(1)>"
    )
    page.get_by_role("button", name="Write it").click()
    page.locator(".timeline", has_text="helpdesk").wait_for()
    assert page.locator(".timeline img").count() == 0
    scene.look(scene.ayr, "", "case")


def test_whoever_signs_out_is_out(scene: Scene) -> None:
    page = scene.bute.page
    scene.bute.go("/report")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Sign in").wait_for()
    scene.look(scene.bute, "", "sign-in")
    scene.bute.go("/cases")
    page.get_by_role("heading", name="Sign in").wait_for()
    scene.bute.sign_in("Ian Roe")
    page.get_by_role("heading", name="Cases").wait_for()
    assert page.url.endswith("/cases"), "led to where it was going"


def test_a_person_is_let_in_by_a_link_and_comes_back_by_a_passkey(scene: Scene) -> None:
    page = scene.ayr.page
    scene.look(scene.ayr, "/people")
    page.get_by_label("Name").fill("Cy Marsh")
    page.get_by_label("auditor").last.check()
    page.get_by_role("button", name="Make a link").click()
    link = page.locator("#link")
    link.wait_for()
    scene.look(scene.ayr, "", "invited")
    with Visitor(scene.browser, scene.ayr.url) as auditor:
        auditor.with_authenticator()
        auditor.enrol(link.inner_text().rpartition("/")[2])
        assert auditor.page.get_by_role("link", name="Report", exact=True).count() == 0
        auditor.go("/report")
        auditor.page.get_by_text("needs the role").wait_for()
        auditor.go("/account")
        auditor.page.get_by_label("What it is called").fill("the laptop")
        auditor.page.get_by_role("button", name="Add a passkey").click()
        auditor.page.get_by_role("rowheader", name="the laptop").wait_for()
        scene.look(auditor, "", "account")
        auditor.page.get_by_role("button", name="Sign out").click()
        auditor.page.get_by_role("button", name="Come in by a passkey").click()
        auditor.page.get_by_role("heading", name="Now", exact=True).wait_for()
        assert [one for one in auditor.complaints if "403" not in one] == []


def test_narrow_and_dark_it_is_as_clear(scene: Scene) -> None:
    for theme in ("dark", "light"):
        scene.ayr.page.emulate_media(color_scheme=theme)
        for width in (360, 1280):
            scene.ayr.page.set_viewport_size({"width": width, "height": 800})
            for path in ("/", "/report"):
                scene.look(scene.ayr, path, f"{path.strip('/').replace('/', '-') or 'now'}-{theme}-{width}")
                wide = scene.ayr.page.evaluate("document.documentElement.scrollWidth")
                assert wide <= width, f"{path} is {wide} wide on {width}"


def test_an_address_that_is_none_says_so(scene: Scene) -> None:
    scene.ayr.go("/nowhere")
    scene.ayr.page.get_by_role("heading", name="There is nothing").wait_for()
    assert [one for one in scene.ayr.complaints if "404" in one], "the browser was told so, too"
    scene.ayr.complaints[:] = [one for one in scene.ayr.complaints if "404" not in one]


def test_nothing_was_complained_of(scene: Scene) -> None:
    assert scene.findings == []
    for visitor in (scene.ayr, scene.bute, scene.agency, scene.second):
        assert visitor.complaints == []
