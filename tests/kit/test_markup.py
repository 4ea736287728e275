"""The HTML of Markdown: no guessed links, no pictures from other sites."""

import pytest

from pages.markup import html_of


@pytest.mark.parametrize(
    "text",
    [
        "train.py, README.md, run.sh",
        "www.example.org",
        "example.com/path",
        "ana@example.org",
        "10.0.0.1 and localhost:8000",
        "//example.org/x",
        "ftp://example.org/x",
        "Node.js, data.frame, R.I.P",
    ],
)
def test_words_that_look_like_addresses_stay_text(text):
    assert html_of(text) == f"<p>{text}</p>\n"


@pytest.mark.parametrize("address", ["https://example.org/a", "http://example.org", "mailto:ana@example.org"])
def test_an_address_with_a_scheme_becomes_a_link(address):
    assert f'<a href="{address}"' in html_of(f"See {address} for more")


def test_links_that_are_written_as_such_stay():
    assert '<a href="/risks/R-1/"' in html_of("[R-1](/risks/R-1/)")


@pytest.mark.parametrize(
    "address",
    ["http://host/p.png", "https://host/p.png", "//host/p.png", "p.png", "/risks/?q=1", "/static/../risks/"],
)
def test_a_picture_becomes_a_link_with_its_text(address):
    html = html_of(f"Before ![the curve]({address}) after")

    assert "<img" not in html
    assert f'<a href="{address}"' in html and ">the curve</a>" in html


def test_a_picture_without_text_shows_its_address_and_one_in_a_link_its_text():
    assert ">http://host/p.png</a>" in html_of("![](http://host/p.png)")
    html = html_of("[![x](http://host/p.png)](https://example.org)")
    assert html.count("<a ") == 1 and ">x</a>" in html and "<img" not in html


def test_a_static_file_of_ours_is_a_picture(settings):
    assert '<img src="/static/img/mark.svg" alt="mark">' in html_of("![mark](/static/img/mark.svg)")
    whole = f"{settings.BASE_URL}/static/img/mark.svg"
    assert f'src="{whole}"' in html_of(f"![mark]({whole})")


@pytest.mark.parametrize(
    "evil",
    [
        "![x](javascript:alert(1))",
        "![x](data:image/png;base64,AAAA)",
        '<img src="http://host/p.png">',
        '![x](http://host/p.png "title")',
        '![" onerror="x](http://host/p.png)',
        "![x][1]\n\n[1]: http://host/p.png",
    ],
)
def test_no_spelling_brings_a_picture_of_a_stranger(evil):
    html = html_of(evil)
    assert "<img" not in html and "javascript:" not in html.replace("(javascript:alert(1))", "")
    assert "data:image" not in html.replace("(data:image", "") or "<a" not in html
