"""Mentions in Markdown: which handles a text mentions, and how they are shown."""

import pytest

from pages import markup
from talk.mentions import handles_in, linker


@pytest.mark.parametrize(
    ("text", "handles"),
    [
        ("@ana-moreau please look", ["ana-moreau"]),
        ("Ask @ana, @BEN and @ana.", ["ana", "ben"]),
        ("(@ana) — **@ben**", ["ana", "ben"]),
        ("ana@example.org, https://x.example/@ana", []),
        ("`@property` and\n\n    @indented code", []),
        ("[@ana](https://x.example)", []),
        ("", []),
        ("@", []),
    ],
)
def test_handles_are_found_in_words_only(text, handles):
    assert handles_in(text) == handles


def test_a_mention_is_shown_by_name_with_a_link_and_others_stay_as_typed():
    link = linker({"ana": ("Ana <Moreau>", "/people/3/")})

    html = markup.html_of("Hello @ana, `@ana` and @nobody", link)

    assert '<a href="/people/3/" rel="noopener nofollow">@Ana &lt;Moreau&gt;</a>,' in html
    assert "<code>@ana</code>" in html
    assert "@nobody" in html
