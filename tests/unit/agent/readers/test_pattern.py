# SPDX-License-Identifier: Apache-2.0
"""A pattern names the values that it looks for, whatever stands around them."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.agent.readers.pattern import MAX_PATTERN, Named, comparisons, named_at, named_in
from tocsin.domain.observable import Kind
from tocsin.errors import Malformed

SHA256 = "ab" * 32


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("[url:value = 'https://evil.example/']", [("url:value", "https://evil.example/")]),
        ("[ url:value='a' OR url:value = 'b' ]", [("url:value", "a"), ("url:value", "b")]),
        ("[url:value IN ('a', 'b','c')]", [("url:value", "a"), ("url:value", "b"), ("url:value", "c")]),
        ("[ipv4-addr:value ISSUBSET '192.0.2.0/24']", [("ipv4-addr:value", "192.0.2.0/24")]),
        (
            f"[file:hashes.'SHA-256' = '{SHA256}' AND file:name = 'a'] FOLLOWEDBY [x:y = 'z'] WITHIN 5 SECONDS",
            [("file:hashes.'SHA-256'", SHA256), ("file:name", "a"), ("x:y", "z")],
        ),
        ("([a:b = 'c'] OR [d:e = 'f']) REPEATS 5 TIMES WITHIN 1.5 SECONDS", [("a:b", "c"), ("d:e", "f")]),
        ("[a:b = 'it\\'s \\\\ [ AND ] fine']", [("a:b", "it's \\ [ AND ] fine")]),
        ("[autonomous-system:number = 64501 AND a:b > 7]", [("autonomous-system:number", "64501")]),
        ("[a:b != 'c']", []),
        ("[a:b NOT = 'c' AND a:d = 'e']", [("a:d", "e")]),
        ("[a:b NOT IN ('c', 'd')]", []),
        ("[a:b LIKE 'c%' OR a:b MATCHES '^c']", []),
        ("[a:b > 7.5 AND a:c = true AND a:d = h'ffd8' AND a:e = t'2026-01-01T00:00:00Z']", []),
        ("[a:b[*].c.'d e'[0].f = 'g']", [("a:b[*].c.'d e'[0].f", "g")]),
        ("[a:b = 'c'] START t'2026-01-01T00:00:00Z' STOP t'2026-01-02T00:00:00Z'", [("a:b", "c")]),
    ],
)
def test_the_values_that_a_pattern_looks_for(pattern: str, expected: list[tuple[str, str]]) -> None:
    assert list(comparisons(pattern)) == expected


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "url:value = 'a'",
        'rule x { strings: $a = "b" condition: $a }',
        'alert tcp any any -> any any (msg:"x";)',
        "[url:value = 'never closed]",
        "[url:value = 'a' \x00]",
        "[]",
        "[" + "a:b = 'c' OR " * MAX_PATTERN + "]",
    ],
)
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(Malformed):
        list(comparisons(pattern))


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("domain-name:value", "evil.example", Named(Kind.DOMAIN, "evil.example", "named")),
        ("ipv4-addr:value", "192.0.2.1/32", Named(Kind.IPV4, "192.0.2.1", "named")),
        ("ipv4-addr:value", "192.0.2.0/24", Named(Kind.CIDR, "192.0.2.0/24", "named")),
        ("ipv6-addr:value", "2001:db8::1/128", Named(Kind.IPV6, "2001:db8::1", "named")),
        ("url:value", "192.0.2.1:80", Named(Kind.IPV4, "192.0.2.1", "named")),
        ("url:value", "evil.example/a.php", Named(Kind.DOMAIN, "evil.example", "named")),
        ("email-addr:value", "a@evil.example", Named(Kind.EMAIL, "a@evil.example", "named")),
        ("email-message:from_ref.value", "a@evil.example", Named(Kind.EMAIL, "a@evil.example", "sender")),
        ("network-traffic:dst_ref.value", "192.0.2.1", Named(Kind.IPV4, "192.0.2.1", "c2")),
        ("network-traffic:dst_ref.value", "evil.example", Named(Kind.DOMAIN, "evil.example", "c2")),
        ("network-traffic:src_ref.value", "2001:db8::1", Named(Kind.IPV6, "2001:db8::1", "named")),
        ("domain-name:resolves_to_refs[*].value", "192.0.2.1", Named(Kind.IPV4, "192.0.2.1", "named")),
        ("file:hashes.'SHA-256'", SHA256, Named(Kind.SHA256, SHA256, "named")),
        ("file:hashes.SHA256", SHA256, Named(Kind.SHA256, SHA256, "named")),
        ("file:hashes.md5", "ab" * 16, Named(Kind.MD5, "ab" * 16, "named")),
        ("artifact:hashes.'SHA-1'", "ab" * 20, Named(Kind.SHA1, "ab" * 20, "named")),
        ("file:hashes.SSDEEP", "3:a:b", None),
        ("file:name", "a.exe", Named(Kind.FILE_NAME, "a.exe", "named")),
        ("autonomous-system:number", "64501", Named(Kind.SYSTEM, "64501", "named")),
        ("network-traffic:dst_ref.type", "ipv4-addr", None),
        ("x509-certificate:hashes.'SHA-256'", SHA256, None),
    ],
)
def test_what_stands_at_a_path(path: str, value: str, named: Named | None) -> None:
    assert named_at(path, value) == named


@given(st.text(alphabet="[]()'=\\ aANDORIN:.!<>0tbh,", max_size=200))
def test_no_text_raises_anything_else(pattern: str) -> None:
    with suppress(Malformed):
        list(comparisons(pattern))


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_quoted_value_comes_back_as_it_was(one: str, other: str) -> None:
    quoted = [text.replace("\\", "\\\\").replace("'", "\\'") for text in (one, other)]
    pattern = f"[url:value = '{quoted[0]}' OR url:value IN ('{quoted[1]}')]"
    assert [value for _, value in comparisons(pattern)] == [one, other]


@pytest.mark.parametrize(
    ("pattern", "part"),
    [
        (f"[file:name = 'a.exe' AND file:hashes.MD5 = '{'ab' * 16}']", "named"),
        ("[file:name = 'a.exe']", "text"),
        ("[file:name = 'a.exe' AND domain-name:value = 'evil.example']", "text"),
    ],
)
def test_a_files_name_is_accused_beside_a_digest_alone(pattern: str, part: str) -> None:
    assert {one.part for one in named_in(pattern) if one.kind is Kind.FILE_NAME} == {part}
