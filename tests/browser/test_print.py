"""Pages that are made for paper."""

import re


def test_the_executive_page_prints_on_one_a4_sheet(sign_in):
    page = sign_in("admin")
    page.goto("/executive/")
    assert page.locator(".executive").is_visible()

    paper = page.pdf(format="A4")

    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", paper)) == 1
