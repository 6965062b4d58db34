# SPDX-License-Identifier: Apache-2.0
"""What an HTML body leads to is told apart from what it loads and from what it merely names."""

import pytest

from tocsin.agent.readers.markup import Page, read_page


def links(source: str) -> list[str]:
    return [url for _, url in read_page(source).links]


@pytest.mark.parametrize(
    ("source", "url"),
    [
        ("<a href='https://evil.example/a'>x</a>", "https://evil.example/a"),
        ("<A HREF=https://evil.example/a>x", "https://evil.example/a"),
        ("<map><area href='https://evil.example/a'></map>", "https://evil.example/a"),
        ("<form action='https://evil.example/post'><input></form>", "https://evil.example/post"),
        ("<form><button formaction='https://evil.example/b'></form>", "https://evil.example/b"),
        ("<meta http-equiv=refresh content='0; URL=\"https://evil.example/r\"'>", "https://evil.example/r"),
        ("<iframe src='https://evil.example/f'></iframe>", "https://evil.example/f"),
        ("<base href='https://evil.example/x/'><a href='login'>x</a>", "https://evil.example/x/login"),
        ("<a href='//evil.example/a'>x</a>", "https://evil.example/a"),
        ("<a href='www.evil.example/a'>x</a>", "http://www.evil.example/a"),
        ("<a href=' ht\ntps://evil.ex\tample/a '>x</a>", "https://evil.example/a"),
        ("<a href='https:\\\\evil.example\\a'>x</a>", "https://evil.example/a"),
        ("<a href='&#104;ttps://evil.example/?a=1&amp;b=2'>x</a>", "https://evil.example/?a=1&b=2"),
        ("<p><a href='https://evil.example/a'><table><b></p></i>", "https://evil.example/a"),
    ],
)
def test_what_can_be_followed_is_a_link(source: str, url: str) -> None:
    assert links(source) == [url]


def test_a_second_document_behind_the_first_is_read_like_it() -> None:
    page = read_page(
        "<html><p>Dear</p></html><html><title>t</title><p>Helen <a href='https://evil.example/'>bank</a>"
    )
    assert (page.text, page.loose_text) == ("Dear Helen bank", "Dear Helen")
    assert page.links == (("link 1", "https://evil.example/"),)


@pytest.mark.parametrize(
    "source",
    [
        "<html xmlns='http://www.w3.org/1999/xhtml'>x",
        "<!DOCTYPE html PUBLIC 'x' 'http://www.w3.org/TR/xhtml1/DTD/x.dtd'><p>x",
        "<style>@import url(https://css.example/x.css)</style><p style='background:url(https://a.example/)'>x",
        "<!-- <a href='https://comment.example/'>x</a> --><p>x",
        "<script>location='https://script.example/'</script>x",
        "<a href='javascript:alert(1)'>x</a><a href='#top'>y</a><a href='tel:1'>z</a><a href='/only/a/path'>z</a>",
        "<base href='http://[bad/'><a href='x'>x</a>",
    ],
)
def test_what_nobody_follows_is_no_value(source: str) -> None:
    page = read_page(source)
    assert (page.links, page.resources) == ((), ())
    assert "://" not in page.loose_text


def test_pictures_and_styles_are_resources_and_not_links() -> None:
    page = read_page(
        "<body background='https://a.example/bg'><img src='https://b.example/i.png'>"
        "<link rel=stylesheet href='https://c.example/s.css'><img src='cid:logo'>"
    )
    hosts = {"https://a.example/bg", "https://b.example/i.png", "https://c.example/s.css"}
    assert set(page.resources) == hosts
    assert page.links == ()


def test_a_url_shown_inside_a_link_is_read_but_is_not_what_the_link_follows() -> None:
    page = read_page(
        "<p>Hello <a href='https://evil.example/'>https://bank.example/</a> https://also.example/ you"
    )
    assert [url for _, url in page.links] == ["https://evil.example/"]
    assert "https://bank.example/" in page.text
    assert "bank.example" not in page.loose_text
    assert "https://also.example/" in page.loose_text


def test_mail_links_name_their_address() -> None:
    assert read_page("<a href='mailto:drop@evil.example?subject=x'>x</a>").mailto == ("drop@evil.example",)


def test_a_meta_charset_in_the_body_changes_nothing() -> None:
    assert read_page("<meta charset='utf-16'><p>né").text == "né"


@pytest.mark.parametrize("source", ["", "   ", "\x00", "<", "<!", "&#xffffffff;", "\ud800"])
def test_no_markup_is_an_empty_page(source: str) -> None:
    assert read_page(source).links == Page().links


def test_links_beneath_more_tags_than_the_parser_takes_are_found_by_scanning() -> None:
    page = read_page("<div>" * 50_000 + "<a href='https://evil.example/a'>x</a>")
    assert page.links == (("link 1", "https://evil.example/a"),)
    assert "bounds" in page.defect
