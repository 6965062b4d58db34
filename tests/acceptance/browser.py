# SPDX-License-Identifier: Apache-2.0
"""A real browser for tests: Debian's Chromium, whose every complaint is a failure."""

import base64
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import msgspec
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from tests.acceptance.machine import Machine, wait_until

from tocsin.agent import app as agent
from tocsin.agent.people import administering, links, totp
from tocsin.agent.people.person import Role
from tocsin.clock import SystemClock
from tocsin.config.agent import AgentConfig
from tocsin.config.console import Console
from tocsin.config.files import load, save
from tocsin.config.sign_in import SignIn
from tocsin.world.processes import free_port

PASSWORD = "seven quiet bells at noon"
PATIENCE_MILLISECONDS = 30_000


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, without a window; skipped where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("No chromium is installed here.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
        )
        try:
            yield browser
        finally:
            browser.close()


def with_console(home: Path) -> str:
    """Give an agent a console, before it serves; where it will be."""
    settings, port = home / agent.SETTINGS, free_port()
    url = f"http://localhost:{port}"  # a passkey is for a name, never for an address
    config = load(settings, AgentConfig)
    save(settings, msgspec.structs.replace(config, console=Console(port=port), sign_in=SignIn(origin=url)))
    return url


class Visitor:
    """One person at one browser window; whatever the browser complains of is kept."""

    def __init__(self, browser: Browser, url: str, **window: object) -> None:
        self.url = url
        self.context = browser.new_context(**window)  # type: ignore[arg-type]
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MILLISECONDS)
        self.complaints: list[str] = []
        self.seed = ""
        self._spent = 0
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on(
            "dialog", lambda dialog: (self.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss())
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def enrol(self, code: str, name: str = "") -> None:
        """Use a one-time link as a person does: name, password, telephone."""
        page = self.page
        page.goto(f"{self.url}{links.path(code)}")
        self.seed = page.locator(".seed code").inner_text().replace(" ", "")
        if name:
            page.get_by_label("Your name").fill(name)
        page.get_by_label("A password").fill(PASSWORD)
        page.get_by_label("The six digits").fill(self.code())
        page.get_by_role("button", name="Open my account").click()
        page.get_by_role("link", name="go in").click()
        page.get_by_role("heading", name="Now", exact=True).wait_for()

    def sign_in(self, name: str) -> None:
        """By password and telephone, where the page asks for it."""
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_label("Code of your telephone").fill(self.code())
        self.page.get_by_role("button", name="Sign in").click()

    def code(self) -> str:
        """What the telephone shows, once it shows another than before."""
        seed = base64.b32decode(self.seed + "=" * (-len(self.seed) % 8))
        while (step := totp.step_of(SystemClock().now())) <= self._spent:
            time.sleep(0.2)
        self._spent = step
        return totp.code_at(seed, step)

    def with_authenticator(self) -> None:
        """A machine that has a finger on it, as far as the browser can tell."""
        session = self.context.new_cdp_session(self.page)
        session.send("WebAuthn.enable")
        options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True}
        options |= {"hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True}
        session.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    def go(self, path: str) -> None:
        """Open a page."""
        self.page.goto(self.url + path)

    def findings(self) -> list[str]:
        """What axe finds wrong with this page (WCAG 2.2 A and AA)."""
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        found = Axe().run(self.page, options={"runOnly": {"type": "tag", "values": tags}})
        return [
            f"{self.page.url}: {one['id']}: {one['help']}: {one['nodes'][0]['html'][:200]}"
            for one in found.response["violations"]
        ]


def first_code(machine: Machine, short: str) -> str:
    """The one-time link of an agent that nobody administers yet, as its operator reads it from the screen."""
    found = re.compile(r"/first/(\S+)")
    assert wait_until(lambda: found.search(machine.said(short)) is not None), machine.said(short)
    match = found.search(machine.said(short))
    assert match is not None
    return match[1]


def invited(home: Path, name: str) -> str:
    """A one-time link for another person, who drafts and approves."""
    with agent.opened(home) as house:
        return administering.invite(
            house, name, frozenset({Role.ANALYST, Role.APPROVER}), None, "operator"
        ).link.code


def within(seconds: float, holds: Callable[[], bool]) -> float:
    """How long it took until it held; fails when it did not in time."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, "not in time"
        time.sleep(0.02)
    return time.monotonic() - began


SHOTS = os.environ.get("TOCSIN_SHOTS", "")
"""A folder into which every page is drawn, for people who look at them."""
