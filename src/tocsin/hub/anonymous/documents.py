# SPDX-License-Identifier: Apache-2.0
"""Making the next epoch's document, in time, with the words of relay and partner under it.

1. Both say which keys of theirs stand in it. The hub makes its own, durable before anybody hears of them.
2. The document is durable before it is shown: there is never another one of its number.
3. Both sign it; asked again, they sign the same again.
4. It is an entry of the directory: whoever reads that has the same parameters as everybody else.

While an epoch lives, the relay is told when keys or standing of its members change; and asked in every slot whether it
knows the epoch still: one that came back without its store is asked to sign once more.
"""

import logging
from contextlib import suppress
from functools import partial

from tocsin.clock import SECOND, Instant
from tocsin.config.anonymous import AnonymousPath
from tocsin.domain.audience import DIRECTORY
from tocsin.errors import ConfigError, RemoteError
from tocsin.files import NumberedSecrets
from tocsin.halves.epochs import check_signed
from tocsin.hub.anonymous.epochs import present_roster, roster_now
from tocsin.hub.anonymous.keys import EpochKeys, new_keys
from tocsin.hub.anonymous.operators import Operators
from tocsin.hub.commits import Commits
from tocsin.hub.exchange import Exchange
from tocsin.hub.streams import HUB_ITSELF, Draft, directory_size
from tocsin.hub.views.anonymous import (
    CLOSED,
    DRAFTED,
    KNOWN_CLOSED,
    LOST,
    STATED,
    EpochRow,
    epochs,
    keep_draft,
    move,
)
from tocsin.hub.views.directory import key_changes
from tocsin.ids import new_id
from tocsin.proof.encoding import from_base64
from tocsin.proof.note import VerifierKey
from tocsin.storage.store import Params, Store, Transaction
from tocsin.wire.epoch import ACCOUNTABLE, EpochClosed, EpochDocument, EpochEvent, ProposedKeys, Roster
from tocsin.wire.epoch import Operators as Names
from tocsin.wire.messages import encode
from tocsin.wire.trustees import Trustee

log = logging.getLogger("tocsin.hub")

_KEPT = 8
"""Epochs that the store keeps, the newest."""


class Documents:
    """The epoch documents of one hub process. Used from one event loop."""

    def __init__(
        self,
        hub: Exchange,
        settings: AnonymousPath,
        partner_key: VerifierKey,
        operators: Operators,
        secrets: NumberedSecrets,
        commits: Commits,
        reader: Store,
    ) -> None:
        self._hub, self._settings, self._partner_key = hub, settings, partner_key
        self._operators, self._secrets, self._commits, self._reader = operators, secrets, commits, reader
        self._told_at = 0
        """Size of the directory as of which the relay knows everybody's keys."""
        self._asked_at = Instant(0)
        """When the relay was asked whether it knows the present epoch."""

    async def look(self) -> None:
        """Do what is due: a document that is drafted is signed and stated, or else the next one is drafted."""
        with self._reader.reading("epochs") as tx:
            rows, keys, size = epochs(tx), key_changes(tx), directory_size(tx)
        await self._tell_closed(rows)
        if size != self._told_at:  # first: a suspension waits for no partner that is away
            await self._tell_relay(rows, keys)
            self._told_at = size
        await self._remind_relay(rows, keys)
        drafted = [row for row in rows if row.state in (DRAFTED, LOST)]
        if drafted:
            await self._state(drafted[0], keys)
        elif self._begins(rows) is not None and self._anybody():
            await self._draft(rows, keys)

    def _anybody(self) -> bool:
        with self._reader.reading("members") as tx:
            return bool(present_roster(tx))

    def _begins(self, rows: list[EpochRow]) -> Instant | None:
        """When the next epoch begins, if its document is due by now."""
        now, settings = self._hub.clock.now(), self._settings
        ahead = (settings.issue_seconds + settings.rest_seconds) * SECOND
        open_ones = [row for row in rows if row.state in (DRAFTED, STATED)]
        if not open_ones or open_ones[-1].read.ends < now + ahead:
            return Instant(now + ahead)
        ends = open_ones[-1].read.ends
        return Instant(ends) if ends <= now + ahead + settings.issue_seconds * SECOND else None

    async def _draft(self, rows: list[EpochRow], keys: tuple[bytes, ...]) -> None:
        number = rows[-1].number + 1 if rows else 1
        relay = await self._operators.relay.propose(number, keys)
        partner = await self._operators.partner.propose(number, keys)
        self._demand_known(relay, partner)
        own = EpochKeys(number, self._keys_of(number), self._hub.entropy)

        def keep(tx: Transaction) -> None:
            """Make the document, with the members of this moment; nothing where another process has."""
            begins, members = self._begins(rows), present_roster(tx)
            if begins is None or not members or number in {row.number for row in epochs(tx)}:
                return  # another process of this hub was faster
            roster = Roster(members=members)
            keep_draft(tx, self._document(number, begins, roster, own, relay, partner), roster)
            tx.run("bound_epochs", {"below": number - _KEPT})

        await self._commits.run(keep, quiet=True)

    def _keys_of(self, number: int) -> bytes:
        """Ours for that epoch, made unless they are there; another process of this hub may make them meanwhile."""
        if (kept := self._secrets.get(number)) is None:
            with suppress(FileExistsError):
                self._secrets.keep(number, new_keys(self._hub.entropy))
            kept = self._secrets.get(number)
        assert kept is not None, "they were made just now"
        return kept

    def _demand_known(self, relay: ProposedKeys, partner: ProposedKeys) -> None:
        if relay.signing_key != from_base64(self._settings.relay_key):
            raise ConfigError("The relay has another key than the one that was declared: tocsin hub relay.")
        if partner.signing_key != self._partner_key.public:
            raise ConfigError(
                "The partner has another key than the one that was declared: tocsin hub partner."
            )

    def _document(
        self,
        number: int,
        begins: Instant,
        roster: Roster,
        own: EpochKeys,
        relay: ProposedKeys,
        partner: ProposedKeys,
    ) -> EpochDocument:
        settings, identity = self._settings, self._hub.identity
        issue_until = begins - settings.rest_seconds * SECOND
        return EpochDocument(
            hub=identity.id,
            realm=identity.realm,
            number=number,
            operators=Names(settings.operator, relay.operator, partner.operator),
            issue_from=issue_until - settings.issue_seconds * SECOND,
            issue_until=issue_until,
            begins=begins,
            ends=begins + settings.slots * settings.slot_seconds * SECOND,
            slot_seconds=settings.slot_seconds,
            quota=settings.quota,
            issuer_key=own.token_key.to_bytes(),
            hub_key=own.signing.public,
            intake_key=own.intake.public,
            mix_gateway=partner.gateway,
            now_gateway=own.gateway.config.to_bytes(),
            relay_url=relay.url,
            relay_key=relay.signing_key,
            partner_key=partner.signing_key,
            envelope_bytes=settings.envelope_bytes,
            results=settings.results,
            floor=settings.floor,
            rehearsal=settings.rehearsal,
            members=len(roster.members),
            members_root=roster.digest(),
            token_class=settings.token_class,
            trustees=_trustees(settings),
            needed=settings.needed if settings.token_class == ACCOUNTABLE else 0,
        )

    async def _state(self, row: EpochRow, keys: tuple[bytes, ...]) -> None:
        relay, partner = self._operators.relay, self._operators.partner
        by_relay = await relay.sign(row.document, row.roster, row.number, keys)
        by_partner = await partner.sign(row.document, row.roster, row.number, keys)
        check_signed(row.document, by_relay, by_partner)
        event = EpochEvent(document=row.document, by_relay=by_relay, by_partner=by_partner)

        def state(tx: Transaction) -> None:
            """Put the document into the directory, once; one that is lost is closed by the next look."""
            if move(tx, row.number, row.state, STATED if row.state == DRAFTED else CLOSED):
                self._append(tx, "epoch", event)

        await self._commits.run(state)
        log.info("epoch %d of the anonymous path is in the directory", row.number)

    async def _tell_closed(self, rows: list[EpochRow]) -> None:
        """Everybody reads that tokens are refused; whoever waits sends in a later epoch."""
        for row in rows:
            if row.state == CLOSED:

                def tell(tx: Transaction, number: int = row.number) -> None:
                    """Put it into the directory that the epoch is closed, once."""
                    if move(tx, number, CLOSED, KNOWN_CLOSED):
                        self._append(tx, "epoch-closed", EpochClosed(number=number))

                await self._commits.run(tell)

    def _append(self, tx: Transaction, kind: str, event: EpochEvent | EpochClosed) -> None:
        draft = Draft(kind, new_id("fct", self._hub.entropy), encode(event))
        self._hub.streams.append(tx, DIRECTORY, [draft], HUB_ITSELF)

    async def _remind_relay(self, rows: list[EpochRow], keys: tuple[bytes, ...]) -> None:
        now = self._hub.clock.now()
        known = [row for row in rows if row.state == STATED and now < row.read.ends]
        if now < self._asked_at + self._settings.slot_seconds * SECOND or not any(
            row.read.holds(now) for row in known
        ):
            return
        self._asked_at = now
        try:
            knows = await self._operators.relay.knows_present()
        except RemoteError:
            return  # it is away, and asked in the next slot
        if not knows:
            for row in known:
                await self._operators.relay.sign(row.document, row.roster, row.number, keys)

    async def _tell_relay(self, rows: list[EpochRow], keys: tuple[bytes, ...]) -> None:
        now = self._hub.clock.now()
        for row in rows:
            if row.state != STATED or row.read.ends <= now:
                continue
            with self._reader.reading("roster") as tx:
                roster = roster_now(tx, row)
            if roster in (b"", row.roster):
                continue
            await self._operators.relay.sign(row.document, roster, row.number, keys)
            changed: Params = {"number": row.number, "roster": roster}
            await self._commits.run(partial(_set_roster, changed), quiet=True)


def _trustees(settings: AnonymousPath) -> tuple[Trustee, ...]:
    if settings.token_class != ACCOUNTABLE:
        return ()
    return tuple(
        Trustee(one.name, from_base64(one.sealing_key), from_base64(one.signing_key))
        for one in settings.trustees
    )


def _set_roster(changed: Params, tx: Transaction) -> None:
    tx.run("set_roster", changed)
