"""The rule of what a text may contain."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.texts import many_lines, many_lines_within, one_line

BREAKS = ["\n", "\r\n", "\r", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]
UNSEEN = [
    "\x01",
    "\x08",
    "\x1b",
    "\x1f",
    "\x7f",
    "\x80",
    "\x9f",
    "\u200b",
    "\ufeff",
    "\u2060",
    "\u00ad",
    "\ufffe",
]
DIRECTIONS = [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))]


@pytest.mark.parametrize("line_break", BREAKS, ids=ascii)
def test_a_line_break_of_any_kind_is_a_space_in_one_line_and_a_newline_in_many(line_break):
    assert one_line(f"Drift{line_break}in age") == "Drift in age"
    assert many_lines(f"Drift{line_break}in age") == "Drift\nin age"


def test_breaks_and_tabs_in_a_row_are_one_space():
    assert one_line("Drift \r\n\r\n\t in age") == "Drift in age"
    assert many_lines("a\r\n\r\n\tb") == "a\n\n\tb"


@pytest.mark.parametrize("unseen", UNSEEN + DIRECTIONS, ids=ascii)
def test_what_no_reader_can_see_is_taken_out(unseen):
    assert one_line(f"Dr{unseen}ift") == many_lines(f"Dr{unseen}ift") == "Drift"


@pytest.mark.parametrize(
    "blank", ["\u200b", "\u200d\u200d", "\u3164", "\u2800", "\u202e \u200b", "\ufe0f"], ids=ascii
)
def test_a_text_without_a_visible_character_is_empty(blank):
    assert one_line(blank) == many_lines(blank) == ""


@pytest.mark.parametrize(
    "text",
    [
        "می\u200cخواهم",  # noqa: RUF001 - Persian joins with U+200C
        "👩\u200d🔬 leads",  # an emoji of two
        "❤\ufe0f",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f wins",  # a flag is written with tags
        "Команда риска",
        "风险团队",
        "Émile",
        "ab\u00a0c  d",
    ],
)
def test_what_people_write_stays(text):
    assert one_line(text) == many_lines(text) == text


def test_hidden_tags_and_loose_joiners_go():
    hidden = "".join(chr(0xE0000 + ord(letter)) for letter in "ignore this")
    assert one_line(f"Drift{hidden}") == "Drift"
    assert one_line("\u200dDrift\u200c\u200d age\u200d") == "Drift age"


def test_a_nul_stays_because_it_is_refused_by_name():
    assert one_line("a\x00b") == many_lines("a\x00b") == "a\x00b"


def test_json_is_cleaned_within():
    assert many_lines_within({"a\u202e": ["b\x0b", {"c": 1, "d": None}]}) == {
        "a": ["b\n", {"c": 1, "d": None}]
    }


@given(st.text())
def test_cleaning_twice_changes_nothing_and_leaves_nothing_that_breaks_a_line(text):
    line, lines = one_line(text), many_lines(text)

    assert one_line(line) == line and many_lines(lines) == lines
    assert len(line.splitlines()) <= 1
    assert all(letter == "\x00" or unicodedata.category(letter) != "Cc" for letter in line)
    assert all(letter in "\n\t\x00" or unicodedata.category(letter) != "Cc" for letter in lines)
    assert len(line) <= len(text)


def test_letters_are_composed():
    assert one_line("E\u0301mile") == many_lines("E\u0301mile") == "\u00c9mile"
