from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone

from pages.templatetags import ui

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
ANA = SimpleNamespace(name="Ana Moreau")


@pytest.mark.parametrize(
    ("away", "words"),
    [
        (timedelta(seconds=-20), "just now"),
        (timedelta(minutes=-5), "5 min ago"),
        (timedelta(hours=3, minutes=10), "in 3 h"),
        (timedelta(hours=28), "in 1 d 4 h"),
        (timedelta(days=-5, hours=-3), "5 d ago"),
        (timedelta(days=-20), "Tue 3 Nov"),
        (timedelta(days=-400), "Sun 19 Oct 2025"),
    ],
)
def test_moment_is_shown_relative_to_now(away, words):
    assert f">{words}</time>" in ui.moment(NOW + away, now=NOW)


def test_moment_names_the_readers_zone_in_the_title():
    with timezone.override(ZoneInfo("Europe/Berlin")):
        html = ui.moment(NOW, now=NOW)
    assert 'title="Mon 23 Nov 2026, 11:00 CET"' in html


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "UTC"])
@pytest.mark.parametrize("at", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)])
def test_the_first_and_the_last_moment_are_shown_in_every_zone(zone, at):
    with timezone.override(ZoneInfo(zone)):
        for tag in (ui.moment, ui.day, ui.due, ui.deadline):
            assert f" {at.year}" in tag(at, now=NOW)


def test_a_zone_without_letters_is_named_in_full():
    with timezone.override(ZoneInfo("America/Sao_Paulo")):
        assert "America/Sao_Paulo" in ui.moment(NOW, now=NOW)


def test_deadline_says_utc_and_when_it_has_passed():
    assert "Mon 23 Nov, 09:00 UTC" in ui.deadline(NOW - timedelta(hours=1), now=NOW)
    assert 'class="overdue"' in ui.deadline(NOW - timedelta(hours=1), now=NOW)
    assert 'class="due-soon"' in ui.deadline(NOW + timedelta(hours=1), now=NOW)


def test_due_marks_late_and_today_but_not_what_is_done():
    assert "4 d late" in ui.due(date(2026, 11, 19), now=NOW)
    assert "Due today" in ui.due(date(2026, 11, 23), now=NOW)
    assert "Thu 19 Nov" in ui.due(date(2026, 11, 19), done=True, now=NOW)
    assert "Wed 2 Dec" in ui.due(date(2026, 12, 2), now=NOW)


@pytest.mark.parametrize("tag", [ui.moment, ui.day, ui.due, ui.deadline, ui.avatar, ui.level])
def test_a_missing_value_is_said_in_words(tag):
    assert tag(None)


def test_level_has_word_and_glyph_beside_the_colour():
    html = ui.level(4)
    assert (
        "High" in html and html.count('class="level-bar"') == 4 and html.count('class="level-bar-rest"') == 1
    )
    assert "Severe" in ui.level(5, label="Severe")
    assert "Not scored yet" in ui.level(9)


def test_avatar_keeps_its_colour_and_escapes_the_name():
    assert ui.avatar(ANA) == ui.avatar(SimpleNamespace(name="Ana Moreau"))
    assert "AM" in ui.avatar(ANA)
    assert "<b>" not in ui.avatar(SimpleNamespace(name="<b>x</b>"), named=True)


@pytest.mark.parametrize(("name", "letters"), [("Ana Moreau", "AM"), ("Plato", "PL"), ("Ó", "Ó"), ("—", "?")])
def test_initials(name, letters):
    assert ui.initials(name) == letters


def render(source, path="/risks/"):
    return Template(source).render(Context({"request": RequestFactory().get(path)}))


def test_query_with_changes_one_key_and_drops_the_cursor():
    html = render('{% query_with status="open" mine=None %}', "/risks/?q=a&mine=1&after=xyz")
    assert html == "?q=a&amp;status=open"


def test_sort_link_turns_round_and_tells_its_order():
    assert 'aria-sort="descending"' in render('{% sort_link "level" "Level" %}', "/risks/?sort=-level")
    assert 'href="?sort=-level"' in render('{% sort_link "level" "Level" %}', "/risks/?sort=level")
    assert "aria-sort" not in render('{% sort_link "level" "Level" %}')
    assert 'aria-sort="ascending"' in render('{% sort_link "level" "Level" first="level" %}')


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "![x](data:text/html;base64,AAAA)",
        '<img src=x onerror="alert(1)">',
        "[x](vbscript:a)",
    ],
)
def test_markdown_lets_nothing_active_through(evil):
    html = ui.markdown(evil)
    assert "<script" not in html and "<img src=x" not in html
    assert 'href="javascript' not in html and 'href="vbscript' not in html and 'src="data' not in html


def test_markdown_does_its_work():
    html = ui.markdown("~~old~~ **new** https://example.org\n\n|a|b|\n|-|-|\n|1|2|")
    assert "<s>old</s>" in html or "<del>old</del>" in html
    assert "<strong>new</strong>" in html and "<table>" in html and 'href="https://example.org"' in html
    assert ui.markdown(None) == ""
