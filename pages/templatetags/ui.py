"""Template tags that all pages share. They know no room: a person is any object with a name.

Every tag accepts a missing value, because "no owner yet" is a normal state. `now=` is for tests; pages leave
it out.
"""

import zlib
from datetime import UTC, date, datetime
from functools import lru_cache

from django import template
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import mark_safe

from kit import clock, texts
from kit.zones import absolute
from pages import charts, markup

register = template.Library()
register.simple_tag(charts.spark)

LEVELS = {1: "Minimal", 2: "Low", 3: "Medium", 4: "High", 5: "Critical"}
# A cursor belongs to one order and one filter. If either changes, the list starts at the first page again.
CURSORS = ("after", "before", "page")


@register.simple_tag
@lru_cache(maxsize=1024)
def icon(name, label=""):
    """Return an icon: `{% icon "flag" %}` beside text, `{% icon "flag" "Escalated" %}` without text.

    A page has about sixty icons, so each is rendered once per process.
    """
    said = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    sprite = static("icons/sprite.svg")
    return format_html('<svg class="icon" {}><use href="{}#{}"/></svg>', said, sprite, name)


@lru_cache(maxsize=8)
def glyph(level):
    """Return five rising bars, which show a level to people who do not see the colour."""
    bar = '<rect class="{}" x="{:.1f}" y="{}" width="2.4" height="{}" rx=".8"/>'
    bars = "".join(
        bar.format("level-bar" if k < level else "level-bar-rest", k * 3.4, 8 - 2 * k, 2 * k + 4)
        for k in range(5)
    )
    head = '<svg class="level-glyph" width="17" height="12" viewBox="0 0 16.2 12" aria-hidden="true">'
    return mark_safe(f"{head}{bars}</svg>")


@register.simple_tag
def level(number, label="", solid=False):
    """Return the badge of a level from 1 to 5. label: the organisation's own name for the level."""
    number = number if number in LEVELS else 0
    word = label or LEVELS.get(number, "Not scored yet")
    css = f"level-{number} level-solid" if solid else f"level-{number}"
    return format_html('<span class="level {}">{}{}</span>', css, glyph(number) if number else "", word)


def name_of(person):
    return str(getattr(person, "name", "") or person or "")


def initials(name):
    words = [word for word in name.split() if word[0].isalnum()] or ["?"]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else words[0][1:2])).upper()


@register.simple_tag
def avatar(person, named=False, large=False, missing="No owner yet"):
    """Return a person as two letters, with `named=True` with the name beside them.

    The name sets the colour.
    """
    name = name_of(person)
    shade = zlib.crc32(name.encode()) % 8 + 1 if name else 0
    css = f"avatar avatar-{shade} avatar-large" if large else f"avatar avatar-{shade}"
    letters, name = (initials(name), name) if name else (icon("user"), missing)
    if named:
        face = format_html('<span class="{}" aria-hidden="true">{}</span>', css, letters)
        return format_html('<span class="person">{}{}</span>', face, name)
    html = '<span class="{}" role="img" aria-label="{}" title="{}">{}</span>'
    return format_html(html, css, name, name, letters)


def short_day(value, year):
    return f"{value:%a} {value.day} {value:%b}" + ("" if value.year == year else f" {value.year}")


def duration_text(seconds):
    """Return a duration in at most two units: `1 d 4 h`, `35 min`."""
    minutes = int(seconds // 60)
    days, hours = divmod(minutes // 60, 24)
    if days:
        return f"{days} d {hours} h" if hours and days < 3 else f"{days} d"
    return f"{hours} h" if hours else f"{minutes} min"


def relative(at, now):
    """Return the same text as `relative()` in static/js/relative-time.js, which keeps it current."""
    seconds = (at - now).total_seconds()
    if abs(seconds) < 60:
        return "just now"
    if abs(seconds) >= 14 * 86400:
        return short_day(at, now.year)
    return f"in {duration_text(seconds)}" if seconds > 0 else f"{duration_text(-seconds)} ago"


def _time(value, title, text, css="", fresh=False):
    if isinstance(value, datetime):
        value = value.isoformat(timespec="seconds").replace("+00:00", "Z")
    else:
        value = value.isoformat()
    css = format_html(' class="{}"', css) if css else ""
    live = mark_safe(" data-relative") if fresh else ""
    return format_html('<time{} datetime="{}" title="{}"{}>{}</time>', css, value, title, live, text)


def _missing(text):
    return format_html('<span class="muted">{}</span>', text)


def _here(value):
    """Return a moment in the reader's time zone. One of year 1 may have no date there, and stays as it is."""
    try:
        return timezone.localtime(value)
    except OverflowError:
        return value


def _day_of(value):
    if isinstance(value, str):  # as history stores it
        return date.fromisoformat(value)
    return _here(value).date() if isinstance(value, datetime) else value


@register.simple_tag
def moment(value, missing="Not yet", now=None):
    """Return a moment as relative text, rendered here so that the layout does not shift.

    The title has the zone.
    """
    if not value:
        return _missing(missing)
    here, now = _here(value), timezone.localtime(now or clock.now())
    return _time(here, absolute(here), relative(here, now), fresh=True)


@register.simple_tag
def day(value, missing="No date yet", now=None):
    """Return a calendar day. It has no time zone, so it is the same for every reader."""
    if not value:
        return _missing(missing)
    value = _day_of(value)
    year = timezone.localtime(now or clock.now()).year
    return _time(value, f"{value:%A} {value.day} {value:%B %Y}", short_day(value, year))


@register.simple_tag
def due(value, done=False, missing="No date yet", now=None):
    """Return a due date. Late and due today are marked by colour and by text."""
    late = (timezone.localdate(now or clock.now()) - _day_of(value)).days if value and not done else -1
    if late < 0:
        return day(value, missing, now)
    value = _day_of(value)
    text, css = (f"{late} d late", "overdue") if late else ("Due today", "due-soon")
    return _time(value, f"Due {value:%A} {value.day} {value:%B %Y}", text, css)


@register.simple_tag
def deadline(value, missing="No deadline", now=None):
    """Return a deadline for readers in several time zones: the time left, UTC, local time in the title."""
    if not value:
        return _missing(missing)
    here, now = _here(value), timezone.localtime(now or clock.now())
    left = (here - now).total_seconds()
    css = "overdue" if left < 0 else "due-soon" if left < 86400 else ""
    utc = f"{short_day(value.astimezone(UTC), now.year)}, {value.astimezone(UTC):%H:%M} UTC"
    shown = _time(here, absolute(here), relative(here, now), css, fresh=True)
    return format_html('{} <span class="muted small nowrap">({})</span>', shown, utc)


@register.simple_tag(takes_context=True)
def query_with(context, **changes):
    """Return the query string of this page with some keys changed. `None` or an empty text removes a key."""
    query = context["request"].GET.copy()
    for name in (*CURSORS, *changes):
        query.pop(name, None)
    for name, value in changes.items():
        if value not in (None, ""):
            query.setlist(name, value if isinstance(value, list | tuple) else [value])
    return "?" + query.urlencode()


@register.simple_tag(takes_context=True)
def sort_link(context, field, label, css="", first=""):
    """Return the `<th>` of a sortable column, with `aria-sort`. first: the order without a query."""
    parameter = "order" if "listing" in context else "sort"
    current = context["request"].GET.get(parameter) or first
    down, up = current == f"-{field}", current == field
    state = mark_safe(f' aria-sort="{"descending" if down else "ascending"}"') if down or up else ""
    url = query_with(context, **{parameter: f"-{field}" if up else field})
    arrow = icon("arrow-narrow-down" if down else "arrow-narrow-up")
    link = format_html('<a class="sort-link" href="{}">{}{}</a>', url, label, arrow)
    return format_html('<th scope="col" class="{}"{}>{}</th>', css, state, link)


@register.inclusion_tag("kit/_filter_select.html")
def filter_select(listing, name, any_label):
    """Return a select for one filter of a list. any_label: the text it shows if the filter is not set."""
    return {
        "name": name,
        "label": listing.spec.filters[name].label,
        "any_label": any_label,
        "options": listing.options(name),
    }


@register.simple_block_tag(takes_context=True)
def filter_form(context, content, noun, url, hint, *, target="#rows"):
    """Render the filters of a list: the field for a text, the content, which is its selects, and the button.

    noun: of the rows, several. url: of the list. hint: what the text is compared with, such as "Title".
    target: the part of the page that the answer replaces. The chosen order is kept. With `is_narrowed`, the
    listing offers to clear all filters.
    """
    found = {
        "content": content,
        "noun": noun,
        "field": f"{noun.replace(' ', '-')}-q",
        "url": url,
        "hint": hint,
        "target": target,
        "listing": context["listing"],
    }
    return mark_safe(render_to_string("kit/_filter_form.html", found))


@register.filter
def markdown(text):
    """Return Markdown as clean HTML (pages/markup.py)."""
    return markup.html_of(text)


@register.filter
def one_line(text):
    """Return a text as one line (kit/texts.py), for plain text, where a line break would start a new line."""
    return texts.one_line(str(text or ""))
