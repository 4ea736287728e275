"""Limits for static files: sizes, the content security policy, existing icons."""

import gzip
import re
from pathlib import Path

from pages.static_files import INDEX, combined_sheet

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted(p for p in (ROOT / "templates").rglob("*.html") if "notices" not in p.parts)
ICONS = set(re.findall(r'<symbol id="([\w-]+)"', (ROOT / "static/icons/sprite.svg").read_text()))
KB = 1024


def weight(*patterns):
    files = [path for pattern in patterns for path in (ROOT / "static").glob(pattern)]
    return sum(len(gzip.compress(path.read_bytes(), 9)) for path in files)


def test_the_style_sheets_stay_light():
    sheet = combined_sheet(ROOT / "static" / INDEX)

    assert len(gzip.compress(sheet.encode(), 9)) <= 20 * KB


def imported(scripts):
    """Return these scripts and those that they import."""
    found, waiting = set(), set(scripts)
    while waiting:
        found.add(name := waiting.pop())
        text = (ROOT / "static" / name).read_text() if name.startswith("js/") else ""
        waiting |= {f"js/{one}" for one in re.findall(r'"\./([\w-]+\.js)"', text)} - found
    return found


def linked_by(*templates):
    """Return the scripts that these templates link."""
    texts = [(ROOT / "templates" / name).read_text() for name in templates]
    return [name for text in texts for name in re.findall(r"'((?:vendor|js)/[\w.-]+\.js)'", text)]


def test_the_scripts_of_every_page_stay_light():
    linked = linked_by("base.html")

    assert len(linked) == 3
    assert weight(*imported(linked)) <= 25 * KB


def test_the_scripts_of_a_page_with_a_composer_stay_light():
    linked = linked_by("base.html", "talk/_composer.html")

    assert len(linked) == 6
    assert weight(*imported(linked)) <= 35 * KB


def test_the_scripts_of_the_board_stay_light():
    linked = linked_by("base.html", "actions/action_board.html", "kit/_editor.html")
    sortable = "vendor/sortable-1.15.7.min.js"  # fetched when a pointer reaches the board

    assert sortable in linked
    assert weight(*imported(name for name in linked if name != sortable)) <= 35 * KB
    assert weight(sortable) <= 16 * KB


def test_every_vendored_file_has_its_licence_and_is_listed():
    listed = (ROOT / "static/vendor/README.md").read_text()
    assert all(path.name in listed for path in (ROOT / "static/vendor").glob("*.js"))
    assert (ROOT / "static/vendor/LICENSE.htmx.txt").exists()
    assert (ROOT / "static/icons/LICENSE.tabler.txt").exists()
    assert (ROOT / "static/fonts/LICENSE.inter.txt").exists()


# What the policy blocks, or what needs eval: a pattern and the reason.
BLOCKED = {
    r"\sstyle\s*=": "style attributes are blocked: use a class",
    r"<style\b": "style elements are blocked: use a class",
    r"<script(?![^>]*\bsrc=)": "scripts come from files",
    r"\son[a-z]+\s*=": "event attributes are blocked",
    r"\bhx-on\b|[\"']js:": "these need eval",
    r"hx-trigger=\"[^\"]*\[": "trigger filters need eval",
}


def test_nothing_inline_and_nothing_that_needs_eval():
    wrong = []
    for path in TEMPLATES:
        text = re.sub(r"\{#.*?#\}", "", path.read_text())
        found = [reason for pattern, reason in BLOCKED.items() if re.search(pattern, text)]
        if re.search(r"\bhx-(headers|target|swap)(?!:inherited)='\{", text) and "hx-headers='" in text:
            found.append("what children inherit is named :inherited")
        wrong += [f"{path.relative_to(ROOT)}: {reason}" for reason in found]

    assert wrong == []
    assert len(TEMPLATES) > 400


def test_every_icon_is_in_the_sprite():
    wrong = {
        str(path.relative_to(ROOT)): missing
        for path in TEMPLATES
        if (missing := set(re.findall(r'\{% icon "([\w-]+)"', path.read_text())) - ICONS)
    }

    assert wrong == {}


def test_components_use_tokens_instead_of_colours():
    for path in (ROOT / "static/css").rglob("*.css"):
        if path.name in ("tokens.css", "print.css"):
            continue
        text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
        assert not re.search(r":[^;{}]*#[0-9a-fA-F]{3,8}\b", text)


def test_breakpoints_follow_the_readers_font_size():
    text = "".join(path.read_text() for path in (ROOT / "static/css").rglob("*.css"))
    assert not re.search(r"@(media|container)[^{]*\d+px", text)


def test_the_icon_list_and_the_sprite_agree():
    assert set((ROOT / "static/icons/names.txt").read_text().split()) == ICONS
