"""The contrast of every pair of tokens that pages use, in both themes: 4.5 for text, 3 for shapes (AA)."""

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).parents[2] / "static/css/tokens.css").read_text()
HEX = r"#[0-9a-f]{6}"
PAIRS = dict(re.findall(rf"--([\w-]+): (light-dark\({HEX}, {HEX}\)|{HEX});", CSS))
GROUNDS = ("surface", "canvas", "sunken", "hover", "raised")


def shades(name):
    found = re.findall(HEX, PAIRS[name])
    return {"light": found[0], "dark": found[-1]}


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


TEXT = [
    *[(text, ground) for text in ("text", "text-soft", "text-muted") for ground in GROUNDS],
    *[("accent", ground) for ground in ("surface", "canvas", "sunken", "accent-tint")],
    *[(tone, ground) for tone in ("good", "bad", "warn") for ground in ("surface", "sunken", f"{tone}-tint")],
    *[("text", f"{tone}-tint") for tone in ("good", "bad", "warn", "accent")],
    *[(f"level-{n}-text", f"level-{n}-tint") for n in range(1, 6)],
    *[(f"level-{n}-on", f"level-{n}") for n in range(1, 6)],
    *[("avatar-text", f"avatar-{n}") for n in range(1, 9)],
    ("text", "active"),
    ("text-soft", "active"),
    ("on-accent", "accent-solid"),
    ("on-accent", "accent-solid-hover"),
    ("on-ink", "ink"),
    ("level-3-text", "surface"),
    ("level-5-text", "surface"),
]
SHAPES = [
    *[("line-field", ground) for ground in ("surface", "sunken")],
    *[("focus", ground) for ground in GROUNDS],
    *[
        (line, "surface")
        for line in (
            "series-strong",
            "series-quiet",
            "level-3-text",
            "level-4-text",
            "level-5-text",
            "level-2-text",
            "good",
        )
    ],
]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("one", "other"), TEXT)
def test_text_can_be_read(one, other, theme):
    assert contrast(shades(one)[theme], shades(other)[theme]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("one", "other"), SHAPES)
def test_shapes_can_be_seen(one, other, theme):
    assert contrast(shades(one)[theme], shades(other)[theme]) >= 3


def test_levels_keep_their_order_in_grey_print():
    greys = [luminance(shades(f"level-{n}")["light"]) for n in range(1, 6)]
    assert greys == sorted(greys, reverse=True)


def test_every_token_in_use_is_defined():
    folder = Path(__file__).parents[2] / "static/css"
    text = "".join(path.read_text() for path in folder.rglob("*.css"))
    assert set(re.findall(r"var\(--([\w-]+)", text)) <= set(re.findall(r"--([\w-]+):", text))
