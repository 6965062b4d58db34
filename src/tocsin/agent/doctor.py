# SPDX-License-Identifier: Apache-2.0
"""The agent's doctor: what can be wrong with an agent, looked at from its folder, whether or not it serves."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx

from tocsin.agent import journal
from tocsin.agent.alarms import KINDS, alarms, told
from tocsin.agent.cases import ledger
from tocsin.agent.collecting.queue import Queue
from tocsin.agent.collecting.sources import watched
from tocsin.agent.history import proved
from tocsin.agent.history.doubt import newest_note, require_trust
from tocsin.agent.history.replica import StreamRow
from tocsin.agent.house import House
from tocsin.agent.readers.confinement import is_filtered
from tocsin.agent.readers.process import ReaderChild
from tocsin.agent.shields.protection import Protection
from tocsin.agent.shields.switching import State
from tocsin.agent.signed import COMMAND_SECONDS, SignedHub, http_client
from tocsin.agent.waking.standing import standing
from tocsin.agent.waking.waking import waking_of
from tocsin.clock import HOUR, Clock
from tocsin.config.agent import AgentConfig
from tocsin.errors import ConfigError, InputError, StateError
from tocsin.files import RUNNING, holder
from tocsin.follow.recount import Kept, demand_history
from tocsin.proof.merkle import Frontier
from tocsin.storage.store import Transaction
from tocsin.web.checkup import Check, Note, answers, counted, private, room, versions

Opened = Callable[[], AbstractContextManager[House]]
ProtectionOf = Callable[[House], Protection]
_PAGE = 1_000
_TRY = "Mend it, then try: tocsin agent calls"
_MAIL = b"From: a@example.com\r\nTo: b@example.org\r\nSubject: doctor\r\n\r\nhttps://evil.example/\r\n"


class Doctor:
    """All checks of one agent."""

    def __init__(
        self,
        folder: Path,
        settings: AgentConfig,
        opened: Opened,
        protection: ProtectionOf,
        clock: Clock,
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._opened = opened
        self._protection = protection
        self._clock = clock

    def checks(self) -> list[tuple[str, Check]]:
        """What is looked at, in the order in which it is mended."""
        return [
            ("settings", lambda: f"agent.toml; hub {self._settings.hub_url}"),
            ("modes", lambda: private(self._folder, "agent.toml", "agent.db")),
            ("disk", lambda: room(self._folder)),
            ("versions", versions),
            ("vault", self._vault),
            ("store", self._store),
            ("journal", self._journal),
            ("cases", self._cases),
            ("history", self._history),
            ("trust", self._trust),
            ("serving", self._serving),
            ("hub", self._hub),
            ("signature", self._signature),
            ("partner", self._partner),
            ("outbox", self._outbox),
            *([("sources", self._sources)] if self._sources_named() else []),
            *([("waking", self._waking)] if self._settings.wake else []),
            ("reader", self._reader),
            ("protection", self._files),
        ]

    def _vault(self) -> str:
        with self._opened() as house:
            member = house.vault.membership()
        return f"opens; {member.name}, {member.role}, {member.party}"

    def _store(self) -> str:
        with self._opened() as house:
            house.store.demand_undamaged()
            return house.store.described()

    def _journal(self) -> str:
        with self._opened() as house, house.store.reading("journal") as tx:
            return f"{len(journal.read(tx, house.vault.box)):,} lines, each chained to the one before"

    def _cases(self) -> str:
        with self._opened() as house, house.store.reading("cases") as tx:
            count = ledger.examine(tx, house.vault.box)
        return f"{counted(count, 'case')} with every file, as the journal says"

    def _history(self) -> str | Note:
        with self._opened() as house, house.store.reading("recompute") as tx:
            member = house.vault.membership_in(tx)
            rows = tx.all("streams", {}, into=StreamRow)
            firm = {head.stream: head for head in proved.firm_heads(tx)}
            for row in rows:
                roots = {row.size: Frontier.from_bytes(row.frontier).root()}
                if row.name in firm:
                    roots[firm[row.name].size] = firm[row.name].root
                demand_history(member.hub, member.realm, row.name, _entries(tx, row), roots)
        if not rows:
            return Note("Nothing was proved yet.", f"Start it: tocsin agent serve {self._folder}")
        return (
            f"{sum(row.size for row in rows):,} entries of {counted(len(rows), 'stream')} are what was signed"
        )

    def _trust(self) -> str | Note:
        with self._opened() as house, house.store.reading("alarms") as tx:
            require_trust(tx)
            heard = alarms(tx)
            late = [row.name for row in tx.all("streams", {}, into=StreamRow) if row.late]
        if heard:
            first = max(heard, key=lambda one: KINDS.index(one.kind()))
            return Note(
                f"{told(heard)}: {first.sentence}",
                f"Read them, act, then clear them: tocsin agent inbox {self._folder} --clear-alarms.",
            )
        if late:
            return Note(
                f"The partner has not witnessed: {', '.join(late)}.", "Nothing steps to block meanwhile."
            )
        return "no alarm"

    def _serving(self) -> str | Note:
        number = holder(self._folder / RUNNING)
        if number is not None:
            return f"agent serve runs, as process {number or 'unknown'}"
        return Note(
            "agent serve does not run: nothing is heard or sent.",
            f"Start it: tocsin agent serve {self._folder}",
        )

    def _hub(self) -> str | Note:
        return self._ask(lambda http: answers(http, self._settings.hub_url, self._clock))

    def _partner(self) -> str | Note:
        url = self._settings.partner_url
        if not url:
            return Note("Its address is not set: notes are not compared.", "Set `partner_url` in agent.toml.")
        return self._ask(lambda http: answers(http, url, self._clock))

    def _signature(self) -> str | Note:
        with self._opened() as house:
            with house.store.reading("newest note") as tx:
                note = newest_note(tx)
            member = house.vault.membership()

        async def ask(http: httpx.AsyncClient) -> str | Note:
            """Ask badly on purpose: whoever is refused for the question was known by the signature."""
            hub = SignedHub(http, self._settings.hub_url, member, self._clock, house.entropy)
            try:
                await hub.get("/v1/consistency", "old=1&new=1")
            except (InputError, StateError):  # it was asked badly, by somebody whom it knows
                return "the hub takes it"
            return (
                "the hub takes it"
                if note
                else Note("The hub takes it; no note was seen.", "Start agent serve.")
            )

        return self._ask(ask)

    def _ask(self, question: Callable[[httpx.AsyncClient], Awaitable[str | Note]]) -> str | Note:
        async def ask() -> str | Note:
            """The question with a client of its own, closed afterwards."""
            async with http_client(self._settings, COMMAND_SECONDS) as http:
                return await question(http)

        return asyncio.run(ask())

    def _outbox(self) -> str | Note:
        with self._opened() as house:
            waiting = house.outbox.waiting()
        if not waiting:
            return "nothing waits"
        hours = (self._clock.now() - waiting[0].queued) // HOUR
        says = f"{len(waiting)} wait, the oldest for {hours} h"
        return (
            Note(f"{says}.", "See tocsin agent outbox, and the lines `hub` and `serving`.") if hours else says
        )

    def _sources_named(self) -> bool:
        collect = self._settings.collect
        return bool(collect.folders or collect.maildirs or self._settings.imap)

    def _sources(self) -> str | Note:
        """How each does, as the agent that serves saw it last: it alone has a credential of systemd's."""
        with self._opened() as house:
            found, queue = watched(house), Queue(house).size()
        for one in found:
            if one.state.problem:
                raise ConfigError(f"{one.name}: {one.state.problem}", next_step=one.state.next_step)
        if unseen := [one.name for one in found if not one.state.looked]:
            return Note(f"Not looked at yet: {', '.join(unseen)}.", "Start it: tocsin agent serve.")
        says = f"{counted(len(found), 'source')} read, {counted(queue, 'file')} to be looked at"
        return Note(f"{says}.", f"Look at them: tocsin agent collected {self._folder}") if queue else says

    def _waking(self) -> str | Note:
        """Whether somebody would hear, as the agent that serves saw it last: it alone has systemd's credentials."""
        settings = self._settings.wake
        assert settings is not None, "it is asked only where there is a section"
        with self._opened() as house:
            waking_of(house, {})
            found = standing(house, settings, self._clock.now())
        if found.problem:
            raise ConfigError(
                f"People were not told: {found.problem}", next_step=f"{_TRY} {self._folder} test"
            )
        if found.unheard:
            return Note(
                f"Nobody acknowledged {', '.join(found.unheard[:5])}, and all were told.",
                f"Look, then: tocsin agent calls {self._folder} acknowledge {found.unheard[0]}",
            )
        return f"{len(settings.people)} on the rota, {counted(len(found.open), 'call')} open"

    def _reader(self) -> str | Note:
        with ReaderChild() as reader:
            found = reader.read(_MAIL, "a mail of the doctor's").found
            filtered = reader.pid is not None and is_filtered(reader.pid)
        if not found:
            raise ConfigError("The reader found nothing in a mail that holds an address.")
        if not filtered:
            return Note(
                "Reads, without a filter of system calls.",
                "Give the agent a user of its own (docs/THREAT_MODEL.md).",
            )
        return "reads, and may do nothing else"

    def _files(self) -> str | Note:
        with self._opened() as house:
            changes = self._protection(house).apply(self._clock.now(), dry_run=True)
        if not changes:
            return Note("No protection file is named.", "Name one in [shields] of agent.toml.")
        on = [one for one in changes if one.state == State.ON]
        if undone := [one.shield for one in changes if one.state == State.UNDONE]:
            return Note(
                f"Stand as they did before a change: {', '.join(undone)}.",
                "Nothing reaches them until somebody switches them: tocsin agent shield DIR on SHIELD --why …",
            )
        if not on:
            return Note(
                f"{counted(len(changes), 'shield')} only monitor; {changes[0].values:,} values at block.",
                "Look what would be blocked (tocsin agent shield DIR --dry-run), then switch them on one by one.",
            )
        stale = [one.path for one in on if one.changes]
        if stale:
            return Note(
                f"Not up to date: {', '.join(stale)}.", "Start agent serve, or run tocsin agent shield."
            )
        return f"{len(on)} of {len(changes)} on and up to date, {changes[0].values:,} values at block"


def _entries(tx: Transaction, row: StreamRow) -> Iterator[Kept]:
    for start in range(0, row.size, _PAGE):
        for one in proved.entries(tx, row.name, start, min(start + _PAGE, row.size)):
            yield Kept(one.header, one.salt_h, one.origin_c, one.body_c, one.salt_b, one.body)
