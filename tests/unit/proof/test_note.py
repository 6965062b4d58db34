# SPDX-License-Identifier: Apache-2.0
"""Signed notes: as other implementations write them, as ours writes them, and everything that must not open."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.clock import SECOND, Instant
from tocsin.errors import BadSignature, Forked, Malformed, TocsinError, TooLarge
from tocsin.proof.encoding import from_base64, to_base64
from tocsin.proof.merkle import MAX_SIZE
from tocsin.proof.note import (
    Checkpoint,
    KeyKind,
    SignatureLine,
    VerifierKey,
    cosign,
    log_origin,
    open_note,
    open_under,
    refuse_fork,
    sign_note,
    verify_cosignature,
)
from tocsin.proof.signing import SigningKey, verify_exactly

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "note.json").read_text())

HUB = SigningKey.from_seed(b"h" * 32)
PARTNER = SigningKey.from_seed(b"p" * 32)
ORIGIN = log_origin("hub.example", "live")
HUB_KEY = VerifierKey(ORIGIN, KeyKind.NOTE, HUB.public)
PARTNER_KEY = VerifierKey("partner.example", KeyKind.COSIGNATURE, PARTNER.public)
NOW = Instant(1_800_000_000 * SECOND + 123_456)
HEAD = Checkpoint(ORIGIN, 1705, bytes(range(32)))
NOTE = sign_note(HEAD, HUB)
WITNESSED = cosign(open_note(NOTE, HUB_KEY), "partner.example", PARTNER, NOW)


# --- other implementations ----------------------------------------------------------------------------------------

# A live head of the Rekor v2 log of 2025 and its key, as Sigstore's trusted root publishes it.
REKOR = (
    "log2025-1.rekor.sigstore.dev\n34356369\ndA9mMr0smTXgo7nGsE01Zdc5KOOqTs2/zYfdSqxO+ks=\n\n"
    "— log2025-1.rekor.sigstore.dev zxGZFQZgTebN28s0D7vKP5gX8R+CsXCved700HCQAHgDHbdkaH3tfx7+DMPkccNhzsnSy7LijLzW"
    "Ma+evZduylLs0wc=\n"
)
REKOR_KEY = from_base64("t8rlp1knGwjfbcXAYPYAkn0XiLz1x8O4t0YkEhie244=")

# The example of golang.org/x/mod/sumdb/note, which introduced the format.
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
)
GO_LINE = (
    "— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def test_a_live_head_of_a_public_log_opens():
    key = VerifierKey("log2025-1.rekor.sigstore.dev", KeyKind.NOTE, REKOR_KEY)
    assert open_note(REKOR, key).checkpoint.size == 34_356_369


def test_the_published_example_key_and_signature_are_ours_too():
    key = VerifierKey.parse(GO_VKEY)
    assert str(key) == GO_VKEY
    encoded = from_base64(GO_LINE.split(" ")[2].strip())
    assert encoded[:4] == key.id
    verify_exactly(key.public, GO_TEXT.encode(), encoded[4:])
    assert str(SignatureLine(key.name, key.id, encoded[4:])) == GO_LINE


# --- our vectors ------------------------------------------------------------------------------------------------


def test_the_good_vector_is_written_byte_for_byte():
    good = VECTORS["good"]
    hub, partner = (SigningKey.from_seed(bytes.fromhex(good[name])) for name in ("hub_seed", "partner_seed"))
    head = Checkpoint(good["origin"], good["size"], bytes.fromhex(good["root"]))
    note = sign_note(head, hub)
    assert note == good["note"]
    opened = open_note(note, VerifierKey.parse(good["hub_key"]))
    assert cosign(opened, good["partner"], partner, Instant(good["now"])) == good["witnessed"]
    witnessed = open_note(good["witnessed"], VerifierKey.parse(good["hub_key"]))
    assert witnessed.checkpoint == head
    seen = verify_cosignature(witnessed, VerifierKey.parse(good["partner_key"]))
    assert seen == good["now"] // SECOND * SECOND


@pytest.mark.parametrize("case", VECTORS["bad"], ids=lambda case: case["name"])
def test_bad_vectors_do_not_pass_for_a_witnessed_head(case):
    errors = {"malformed": Malformed, "bad-signature": BadSignature, "too-large": TooLarge}
    hub_key, partner_key = (VerifierKey.parse(VECTORS["good"][name]) for name in ("hub_key", "partner_key"))
    with pytest.raises(errors[case["problem"]]):
        verify_cosignature(open_note(case["note"], hub_key), partner_key)


# --- the hub's signature --------------------------------------------------------------------------------------------


def test_a_note_opens_with_its_hubs_key_and_no_other():
    assert open_note(NOTE, HUB_KEY).checkpoint == HEAD
    with pytest.raises(BadSignature):
        open_note(NOTE, VerifierKey(ORIGIN, KeyKind.NOTE, PARTNER.public))


def test_a_note_of_another_realm_or_hub_does_not_open():
    for origin in (log_origin("hub.example", "drill-7"), log_origin("hub2.example", "live")):
        with pytest.raises(BadSignature, match="has not signed"):
            open_note(NOTE, VerifierKey(origin, KeyKind.NOTE, HUB.public))


def test_a_line_of_the_hub_under_another_origin_does_not_open():
    foreign = Checkpoint("elsewhere.example", 5, bytes(32))
    body = foreign.to_text()
    line = SignatureLine(HUB_KEY.name, HUB_KEY.id, HUB.sign_exactly(body.encode()))
    with pytest.raises(BadSignature):
        open_note(f"{body}\n{line}", HUB_KEY)


def test_a_cosignature_key_is_not_a_hubs_key():
    as_partner = VerifierKey(ORIGIN, KeyKind.COSIGNATURE, HUB.public)
    line = SignatureLine(as_partner.name, as_partner.id, HUB.sign_exactly(HEAD.to_text().encode()))
    with pytest.raises(BadSignature, match="has not signed"):
        open_note(f"{NOTE}{line}", as_partner)


def test_lines_of_unknown_keys_are_ignored_whatever_they_hold():
    stranger = SignatureLine("stranger.example", b"abcd", b"x")
    same_name = SignatureLine(ORIGIN, b"\0\0\0\0", b"y" * 64)
    opened = open_note(f"{NOTE}{stranger}{same_name}", HUB_KEY)
    assert len(opened.lines) == 3


def test_sixteen_signatures_are_read():
    strangers = "".join(str(SignatureLine(f"stranger-{n}.example", b"abcd", bytes(72))) for n in range(15))
    assert len(open_note(NOTE + strangers, HUB_KEY).lines) == 16


def test_a_key_signs_once():
    line = NOTE.split("\n\n")[1]
    with pytest.raises(Malformed, match="twice"):
        open_note(NOTE + line, HUB_KEY)
    stranger = str(SignatureLine("stranger.example", b"abcd", b"x"))
    with pytest.raises(Malformed, match="twice"):
        open_note(NOTE + stranger + stranger, HUB_KEY)


def test_a_note_is_bounded():
    with pytest.raises(TooLarge):
        open_note(NOTE + "x" * 4096, HUB_KEY)
    full = open_note(NOTE + str(SignatureLine("stranger.example", b"abcd", bytes(2850))), HUB_KEY)
    with pytest.raises(TooLarge):
        cosign(full, "partner.example", PARTNER, NOW)


@pytest.mark.parametrize("size", [0, 1, MAX_SIZE])
def test_every_size_of_a_log_has_one_spelling(size):
    head = Checkpoint(ORIGIN, size, bytes(32))
    assert Checkpoint.parse(head.to_text()) == head


@pytest.mark.parametrize("size", ["", "01", "+1", "-1", "1 ", "1_000", "٣", str(MAX_SIZE + 1), "9" * 30])
def test_another_spelling_of_a_size_is_malformed(size):
    with pytest.raises(Malformed):
        Checkpoint.parse(f"{ORIGIN}\n{size}\n{to_base64(bytes(32))}\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n\n",
        f"{ORIGIN}\n1\n{to_base64(bytes(32))}",
        f"{ORIGIN}\n1\n{to_base64(bytes(31))}\n",
        f"{ORIGIN}\n1\n{to_base64(bytes(32))}\nextension\n",
        f"\n1\n{to_base64(bytes(32))}\n",
        f"two words\n1\n{to_base64(bytes(32))}\n",
        f"a+b\n1\n{to_base64(bytes(32))}\n",
        f"a\u2028b\n1\n{to_base64(bytes(32))}\n",
        f"{ORIGIN}\r\n1\r\n{to_base64(bytes(32))}\r\n",
    ],
)
def test_what_is_not_three_lines_is_malformed(text):
    with pytest.raises(Malformed):
        Checkpoint.parse(text)


@given(st.integers(0, len(NOTE) - 1), st.characters())
def test_a_note_with_any_one_letter_changed_does_not_open(at, letter):
    changed = NOTE[:at] + letter + NOTE[at + 1 :]
    if changed != NOTE:
        with pytest.raises((Malformed, BadSignature)):
            open_note(changed, HUB_KEY)


@given(
    st.text()
    | st.lists(st.sampled_from([*NOTE.split("\n"), "— ", "\n", "\n\n", ORIGIN]), max_size=9).map("\n".join)
)
def test_garbage_is_refused_in_our_own_words(text):
    with suppress(TocsinError):
        open_note(text, HUB_KEY)
    with suppress(TocsinError):
        VerifierKey.parse(text)


def test_text_that_is_no_text_is_malformed():
    with pytest.raises(Malformed):
        open_note("\ud800", HUB_KEY)


# --- the cosignature ------------------------------------------------------------------------------------------------


def test_the_partner_says_when_in_whole_seconds():
    note = open_note(WITNESSED, HUB_KEY)
    assert verify_cosignature(note, PARTNER_KEY) == 1_800_000_000 * SECOND
    assert note.checkpoint == HEAD


def test_a_head_that_nobody_witnessed_is_told_from_one_that_somebody_did():
    with pytest.raises(BadSignature, match=r"partner\.example has not co-signed"):
        verify_cosignature(open_note(NOTE, HUB_KEY), PARTNER_KEY)
    assert open_note(NOTE, HUB_KEY).line_of(PARTNER_KEY) is None
    assert open_note(WITNESSED, HUB_KEY).line_of(PARTNER_KEY) is not None


def test_the_hub_cannot_co_sign_for_its_partner():
    forged = cosign(open_note(NOTE, HUB_KEY), "partner.example", HUB, NOW)
    with pytest.raises(BadSignature):
        verify_cosignature(open_note(forged, HUB_KEY), PARTNER_KEY)


def test_a_hubs_key_does_not_witness():
    as_hub = VerifierKey("partner.example", KeyKind.NOTE, PARTNER.public)
    line = open_note(WITNESSED, HUB_KEY).line_of(PARTNER_KEY)
    note = open_note(f"{NOTE}{SignatureLine(as_hub.name, as_hub.id, line.signature)}", HUB_KEY)
    with pytest.raises(BadSignature, match="has not co-signed"):
        verify_cosignature(note, as_hub)


def test_a_time_beyond_every_calendar_is_refused_though_signed():
    late = cosign(open_note(NOTE, HUB_KEY), "partner.example", PARTNER, Instant(2**63 * SECOND))
    with pytest.raises(BadSignature, match="no clock shows"):
        verify_cosignature(open_note(late, HUB_KEY), PARTNER_KEY)


def test_a_cosignature_moved_to_another_head_is_refused():
    line = WITNESSED.removeprefix(NOTE)
    other = sign_note(Checkpoint(ORIGIN, 1706, bytes(32)), HUB)
    with pytest.raises(BadSignature):
        verify_cosignature(open_note(other + line, HUB_KEY), PARTNER_KEY)


def test_a_cosignature_with_another_time_or_length_is_refused():
    line = open_note(WITNESSED, HUB_KEY).line_of(PARTNER_KEY)
    later = (1_800_000_001).to_bytes(8, "big") + line.signature[8:]
    never = b"\xff" * 8 + line.signature[8:]
    for signature in (later, never, line.signature[:-1], line.signature + b"\0", b"x"):
        forged = SignatureLine(line.name, line.key_id, signature)
        with pytest.raises(BadSignature):
            verify_cosignature(open_note(f"{NOTE}{forged}", HUB_KEY), PARTNER_KEY)


def test_the_partner_co_signs_once():
    with pytest.raises(Malformed, match="already"):
        cosign(open_note(WITNESSED, HUB_KEY), "partner.example", PARTNER, NOW)


# --- forks, origins, keys -------------------------------------------------------------------------------------------


def test_two_roots_at_one_size_are_a_fork_and_nothing_else_is():
    other_root = Checkpoint(ORIGIN, 1705, bytes(32))
    with pytest.raises(Forked, match="two different heads of size 1705"):
        refuse_fork(HEAD, other_root)
    refuse_fork(HEAD, HEAD)
    refuse_fork(HEAD, Checkpoint(ORIGIN, 1706, bytes(32)))
    refuse_fork(HEAD, Checkpoint("other", 1705, bytes(32)))


@pytest.mark.parametrize(
    ("hub", "realm"), [("hub", ""), ("hub", "a/b"), ("hub", "a b"), ("h+b", "live"), ("x" * 200, "r")]
)
def test_an_origin_is_unambiguous(hub, realm):
    with pytest.raises(Malformed):
        log_origin(hub, realm)


@given(st.binary(min_size=32, max_size=32), st.sampled_from(KeyKind))
def test_verifier_keys_come_back_from_their_text(seed, kind):
    key = VerifierKey("some.example/w1", kind, SigningKey.from_seed(seed).public)
    assert VerifierKey.parse(str(key)) == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        "PeterNeumann+c74f20a3+",
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNewmann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWAAAA",
    ],
)
def test_verifier_keys_that_are_cut_retyped_or_unknown_are_malformed(text):
    with pytest.raises(Malformed):
        VerifierKey.parse(text)


# --- under the keys of a hub that rotated ---------------------------------------------------------------------------

NEXT, THIRD = (SigningKey.from_seed(seed * 32) for seed in (b"n", b"t"))
KEYS = [VerifierKey(ORIGIN, KeyKind.NOTE, key.public) for key in (THIRD, NEXT, HUB)]


@pytest.mark.parametrize("signer", [HUB, NEXT, THIRD])
def test_an_old_note_opens_under_whichever_key_signed_it(signer: SigningKey) -> None:
    assert open_under(sign_note(HEAD, signer), KEYS).checkpoint == HEAD


def test_a_note_that_none_of_the_keys_signed_is_refused_as_by_the_present_one() -> None:
    stranger = sign_note(HEAD, SigningKey.from_seed(b"s" * 32))
    with pytest.raises(BadSignature):
        open_under(stranger, KEYS)
    with pytest.raises(BadSignature):
        open_under(sign_note(HEAD, NEXT), [KEYS[0], KEYS[2]])


def test_a_note_without_a_last_newline_is_none() -> None:
    with pytest.raises(Malformed, match="signature lines"):
        open_note(NOTE.rstrip("\n"), HUB_KEY)
