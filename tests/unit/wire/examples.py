# SPDX-License-Identifier: Apache-2.0
"""One example of every message, equal to what stands in ``recorded_v1``.

A recorded message is never edited: a release must read what earlier releases wrote. `python -m
tests.unit.wire.examples` writes the file of a kind that has none yet.
"""

from pathlib import Path

import msgspec

from tocsin.clock import Instant
from tocsin.domain.acknowledgement import Answer
from tocsin.domain.level import Band
from tocsin.domain.observable import Kind, Observable
from tocsin.domain.party import Role, Standing
from tocsin.domain.warning import Urgency, Warning
from tocsin.halves.opening import Keys
from tocsin.privacy.blindrsa import PublicKey
from tocsin.privacy.hybrid import Opener
from tocsin.privacy.ohttp import Gateway
from tocsin.privacy.tokens import TokenKey
from tocsin.wire import (
    answering,
    audit,
    bundle,
    ceremony,
    defence,
    edges,
    epoch,
    events,
    messages,
    opening,
    parties,
    slot,
    witnessing,
)
from tocsin.wire.messages import Message, encode, encode_warning

RECORDED = Path(__file__).parent / "recorded_v1"

PARTY = "prt_1f0c2a645a3b4c8e9b1d0123456789ab"
OTHER = "prt_5f0c2a645a3b4c8e9b1d0123456789ab"
REPORT = "rpt_2f0c2a645a3b4c8e9b1d0123456789ab"
WARNING = "wrn_3f0c2a645a3b4c8e9b1d0123456789ab"
SENT = 1_795_249_800_000_000
KEY, SALT, HASH, SIGNATURE = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32, b"\x04" * 64
LOGIN = Observable(Kind.DOMAIN, "login.example")
WARNED = encode_warning(
    Warning(
        id=WARNING,
        author=PARTY,
        title="Password theft by telephone",
        look_for=(LOGIN,),
        measures="Block the name.",
        urgency=Urgency.URGENT,
        issued=Instant(SENT),
        expires=Instant(SENT + 86_400_000_000),
    )
)

ENTRY = messages.Entry(
    stream="members",
    seq=7,
    header=b'{"kind":"header"}',
    salt_h=SALT,
    origin_c=HASH,
    body_c=HASH,
    body=b'{"type":"indicator"}',
    salt_b=SALT,
)
HEAD = messages.Head(
    stream="role:agency+jurisdiction:GB",
    size=8,
    root=HASH,
    map_index=0,
    map_size=2,
    map_path=(HASH,),
    log_path=(HASH, HASH),
    note="hub.example/log\n8\nAwMD\n\n— hub.example AAAA\n",
)
CHANGE = parties.SignedChange(change=b'{"kind":"key-change"}', by_before=SIGNATURE, by_after=SIGNATURE)

POLICE = Keys("City Police", b"\x05" * 32).card()
OPENED = audit.OpenTokens(
    number=1, requests=(b"\x00\x02\x01" + bytes(256),) * 2, draw=HASH, seeds=(KEY,), signature=SIGNATURE
)
KEPT = opening.KeptEscrow(
    document=b'{"kind":"epoch-document"}',
    token=bytes(354),
    random=SALT,
    one_time_key=KEY,
    signature=SIGNATURE,
    body=b'{"kind":"report"}',
    escrow=bytes(192),
)
DOCUMENT = epoch.EpochDocument(
    hub="hub_1f0c2a645a3b4c8e9b1d0123456789ab",
    realm="live",
    number=1,
    operators=epoch.Operators("City Alliance", "Post Office", "Vault Trust"),
    issue_from=SENT,
    issue_until=SENT + 86_400_000_000,
    begins=SENT + 2 * 86_400_000_000,
    ends=SENT + 9 * 86_400_000_000,
    slot_seconds=300,
    quota=20,
    issuer_key=TokenKey(PublicKey((1 << 2047) + 1)).to_bytes(),
    hub_key=b"\x0a" * 32,
    intake_key=Opener(KEY).public,
    mix_gateway=Gateway(1, b"\x05" * 32).config.to_bytes(),
    now_gateway=Gateway(1, b"\x06" * 32).config.to_bytes(),
    relay_url="https://relay.example",
    relay_key=b"\x07" * 32,
    partner_key=b"\x09" * 32,
    envelope_bytes=16_384,
    results=8,
    floor=20,
    members=1,
    members_root=HASH,
)

EXAMPLES: tuple[Message, ...] = (
    messages.Enrol(
        code="example-code", signing_key=KEY, sealing_key=KEY, recovery_key=KEY, agreement="03" * 32
    ),
    messages.Enrolled(
        party=PARTY,
        name="Example Bank plc",
        role=Role.BANK,
        jurisdiction="GB",
        realm="live",
        alliance="Example Alliance",
        alliance_identity="identity--9b1d0123-5a3b-4c8e-9b1d-0123456789ab",
        hub_key="hub.example+00000000+AAAA",
        partner_key=None,
    ),
    parties.KeyChange(by=KEY, signing_key=HASH, sealing_key=HASH, recovery_key=HASH),
    parties.Recover(change=CHANGE),
    parties.Rotate(id="msg_5f0c2a645a3b4c8e9b1d0123456789ab", sent=SENT, change=CHANGE),
    parties.Accept(id="msg_6f0c2a645a3b4c8e9b1d0123456789ab", sent=SENT, agreement="03" * 32),
    parties.AgreementEvent(digest="03" * 32),
    messages.Report(
        id=REPORT, sent=SENT, audiences=("members",), objects=(msgspec.Raw(b'{"type":"indicator"}'),)
    ),
    messages.Report(id=REPORT, sent=SENT, unattended=True, objects=(msgspec.Raw(b'{"type":"indicator"}'),)),
    messages.Sight(
        id="msg_4f0c2a645a3b4c8e9b1d0123456789ab", sent=SENT, observable=LOGIN, happened="2026-11-21"
    ),
    messages.Warn(id=WARNING, sent=SENT, audiences=("all",), warning=WARNED, signature=SIGNATURE),
    answering.Acknowledge(
        id="msg_6f0c2a645a3b4c8e9b1d0123456789ab",
        sent=SENT,
        chain="chn_7f0c2a645a3b4c8e9b1d0123456789ab",
        version=1,
        answer=Answer.ACTED,
    ),
    messages.Erase(id="msg_5f0c2a645a3b4c8e9b1d0123456789ab", sent=SENT, fact=REPORT, reason="mistake"),
    messages.Receipt(
        hub="hub.example",
        party=PARTY,
        message=REPORT,
        added=SENT,
        outcomes=(
            messages.Outcome("indicator--6f0c2a64-5a3b-4c8e-9b1d-0123456789ab", "accepted", "", "members", 7),
            messages.Outcome("objects[1]", "refused", "It is not well formed."),
        ),
    ),
    messages.SignedReceipt(receipt=b'{"kind":"receipt"}', signature=SIGNATURE),
    messages.Header(
        entry="object",
        added=SENT,
        fact=REPORT,
        chain="chn_7f0c2a645a3b4c8e9b1d0123456789ab",
        batch="bat_8f0c2a645a3b4c8e9b1d0123456789ab",
        named=False,
    ),
    messages.Header(entry="object", added=SENT, fact=REPORT, unattended=True),
    ENTRY,
    HEAD,
    messages.Welcome(hub="hub.example", streams=("all", "members")),
    messages.Part(head=HEAD, size=4, path=(HASH, bytes(32)), position="AQAAAAACAAEBAg"),
    messages.Consistency(old=3, new=5, path=(bytes(32), b"\x01" * 32)),
    messages.Health(ready=True, witness="unwitnessed"),
    parties.KeyEvent(holder="partner", key="partner.example+00000000+AAAA"),
    parties.PartyEvent(
        party=PARTY,
        name="Example Bank plc",
        role=Role.BANK,
        jurisdiction="GB",
        standing=Standing.ACTIVE,
        signing_key=KEY,
        sealing_key=KEY,
        recovery_key=KEY,
        agreement="03" * 32,
    ),
    events.MembershipEvent(group="sepa", party=PARTY, since=SENT, until=None, reads_from=SENT),
    events.SightingEvent(observable=LOGIN, happened="2026-11-21"),
    events.BandEvent(observable=LOGIN, named=Band.FEW),
    events.WarningEvent(author=PARTY, warning=WARNED, signature=SIGNATURE),
    answering.AcknowledgementEvent(
        chain="chn_7f0c2a645a3b4c8e9b1d0123456789ab", version=1, answer=Answer.ACTED
    ),
    answering.AnswersEvent(
        chain="chn_7f0c2a645a3b4c8e9b1d0123456789ab",
        version=1,
        audience="all",
        role=Role.BANK,
        received=Band.FEW,
        acted=Band.ONE,
        not_affected=Band.NONE,
    ),
    events.ErasureEvent(fact=REPORT, seqs=(3, 7), reason="mistake"),
    witnessing.Witness(
        held=4,
        log=HASH,
        log_path=(HASH,),
        changes=(witnessing.ChangedHead(key=HASH, old_size=7, new_size=8, new_root=HASH, path=(HASH,)),),
        note="hub.example/log\n5\nAwMD\n\n— hub.example AAAA\n",
    ),
    witnessing.Cosigned(note="hub.example/log\n5\nAwMD\n\n— hub.example AAAA\n— partner.example AAAA\n"),
    ceremony.Restoring(
        hub="hub.example",
        epoch=1,
        party=PARTY,
        streams=(ceremony.Lacking("directory", 12), ceremony.Lacking("members", 7, (3, 5))),
    ),
    ceremony.Refill(head=HEAD, entries=(ENTRY,), path=(HASH,)),
    ceremony.Refilled(stream="members", size=8),
    ceremony.Claim(receipts=(messages.SignedReceipt(receipt=b'{"kind":"receipt"}', signature=SIGNATURE),)),
    ceremony.Claimed(missing=(REPORT,)),
    ceremony.RestartEvent(epoch=1, log=8, since=SENT),
    ceremony.AbandonedEvent(stream="members", times=1),
    ceremony.LostEvent(kept=6, lost=2, reason="disaster"),
    ceremony.AskHeld(asked=SENT, signature=SIGNATURE, keys=(b"{}",)),
    ceremony.Held(
        note="hub.example/log\n5\nAwMD\n\n— hub.example AAAA\n— partner.example AAAA\n",
        before=HASH,
        heads=(ceremony.HeldHead(HASH, 8, HASH),),
    ),
    edges.AdmitEdge(code="ABCDEFGHIJKLMNOP.hub.example", signing_key=KEY),
    edges.EdgeAdmitted(
        edge="edg_4f0c2a645a3b4c8e9b1d0123456789ab",
        name="north",
        realm="live",
        hub_key="hub.example+1a2b3c4d+AAAA",
        partner_key=None,
        cursor_key=KEY,
        epochs=(edges.Epoch(1, {0: 12, 1: 7}),),
    ),
    edges.Replicate(sizes=(12, 7)),
    edges.Chart(streams=("directory", "members"), closed=(edges.MapHead(HASH, 3, HASH),)),
    bundle.Bundle(
        hub="hub_0123456789abcdef0123456789abcdef",
        realm="live",
        by=PARTY,
        to=OTHER,
        made=SENT,
        expires=SENT + 259_200_000_000,
        epoch=0,
        streams=(bundle.Span("directory", 0, 12), bundle.Span("members", 40, 52)),
        digest=HASH,
    ),
    bundle.SignedBundle(bundle=b'{"kind":"bundle"}', signature=SIGNATURE),
    defence.DefenceProof(
        hub="hub.example",
        realm="live",
        hub_key="hub.example+1a2b3c4d+AAAA",
        partner_key=None,
        party=PARTY,
        warning=WARNING,
        made=SENT + 2,
        by="Ana Ferreira",
        shown=(defence.Shown(HEAD, HASH, (defence.Placed(ENTRY, (HASH,)),)),),
        lines=(
            defence.DefenceLine(
                1, SENT, "Ana Ferreira", "warned", version=1, stream="members", seq=7, added=SENT
            ),
            defence.DefenceLine(
                2, SENT + 1, "Bo", "took", happened=SENT, control="DE.CM-01.05", text="Blocked it."
            ),
        ),
        record=HASH,
    ),
    defence.SignedDefence(proof=b'{"kind":"defence-proof"}', signature=SIGNATURE),
    DOCUMENT,
    epoch.Roster(members=(epoch.Member(PARTY, Role.BANK, KEY), epoch.Member(OTHER, Role.DESK, b""))),
    epoch.SignEpoch(document=b'{"kind":"epoch-document"}', roster=b'{"kind":"roster"}'),
    epoch.EpochSigned(signature=SIGNATURE),
    epoch.ProposeKeys(number=2, keys=(b'{"kind":"key"}',)),
    epoch.ProposedKeys(operator="Post Office", signing_key=KEY, gateway=b"\x01", url="https://relay.example"),
    epoch.EpochEvent(document=b'{"kind":"epoch-document"}', by_relay=SIGNATURE, by_partner=SIGNATURE),
    epoch.EpochClosed(number=1),
    epoch.AskTokens(number=1, requests=(b"\x00\x02\x01" + bytes(256),)),
    epoch.IssuedTokens(answers=(bytes(256),)),
    slot.SignedCount(epoch=1, slot=7, senders=190, signature=SIGNATURE),
    slot.CollectSlot(epoch=1, slot=7),
    slot.SlotResults(
        epoch=1, slot=7, results=(bytes(272),), delivered=slot.Delivered(b"\x08" * 16, 200, SIGNATURE)
    ),
    slot.ResultsTaken(in_time=True),
    audit.ChosenTokens(draw=HASH),
    OPENED,
    audit.FalseTokens(document=encode(DOCUMENT), party=PARTY, signing_key=KEY, opened=encode(OPENED)),
    POLICE,
    KEPT,
    opening.OpeningRequest(made=SENT, requester=POLICE, purpose="Case 7", kept=KEPT),
    opening.OpenedShare(request=HASH, number=1, sealed=bytes(100), signature=SIGNATURE),
    opening.OpeningAsked(number=1, request=HASH, epoch=1, needed=2),
    opening.OpeningApproved(
        request=HASH,
        epoch=1,
        approvals=(opening.Approval(1, HASH, SIGNATURE), opening.Approval(2, HASH, SIGNATURE)),
    ),
)


def place_of(message: Message) -> Path:
    """The recorded file of a message's kind; with a word for what a later release added to it."""
    later = ".unattended" if getattr(message, "unattended", False) else ""
    return RECORDED / f"{kind_of(message)}{later}.json"


def kind_of(message: Message) -> str:
    """Its tag."""
    return str(type(message).__struct_config__.tag)


def kinds_of_message() -> set[type[Message]]:
    """Every class of message that has a kind."""
    found, left = set(), [Message]
    while left:
        left += (kind := left.pop()).__subclasses__()
        if isinstance(kind.__struct_config__.tag, str) and kind.__struct_config__.tag not in (
            "Message",
            "Told",
        ):
            found.add(kind)
    return found


if __name__ == "__main__":
    RECORDED.mkdir(exist_ok=True)
    for example in EXAMPLES:
        if not place_of(example).exists():
            place_of(example).write_bytes(encode(example) + b"\n")
