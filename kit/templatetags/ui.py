"""The tags that pages are written with. They know shapes, not rooms: a person is anything with a name.

Every tag accepts a missing value, because "no owner yet" is a normal state of a page, not a mistake in it.
"""

import datetime as dt
import zlib
from functools import lru_cache

import nh3
from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from markdown_it import MarkdownIt

from kit import charts

register = template.Library()

LEVELS = {1: "Minimal", 2: "Low", 3: "Medium", 4: "High", 5: "Critical"}
# A cursor belongs to one order and one filter: whoever changes either starts at the first page again.
CURSORS = ("after", "before", "page")


@register.simple_tag
def icon(name, label=""):
    """`{% icon "flag" %}` beside text; `{% icon "flag" "Escalated" %}` where it stands alone."""
    href = f"{static('icons/sprite.svg')}#{name}"
    if label:
        return format_html('<svg class="i" role="img" aria-label="{}"><use href="{}"></use></svg>', label, href)
    return format_html('<svg class="i" aria-hidden="true"><use href="{}"></use></svg>', href)


@register.simple_tag
def glyph(level):
    """Five rising bars: what tells a level to those who do not see the colour."""
    bars = "".join(
        f'<rect class="{"on" if k <= level else "off"}" x="{(k - 1) * 3.4:.1f}" y="{10 - 2 * k}" width="2.4" height="{2 * k + 2}" rx=".8"/>'
        for k in range(1, 6)
    )
    return mark_safe(f'<svg class="glyph" width="17" height="12" viewBox="0 0 16.2 12" aria-hidden="true">{bars}</svg>')


@register.simple_tag
def level(number, label="", solid=False):
    """The badge of a level 1 to 5; an organisation may call its levels by other words (`label`)."""
    number = number if number in LEVELS else 0
    word = label or LEVELS.get(number, "Not scored yet")
    bars = glyph(number) if number else ""
    return format_html('<span class="lvl lvl-{}{}">{}{}</span>', number, " lvl-solid" if solid else "", bars, word)


def name_of(person):
    full = getattr(person, "get_full_name", None)
    return str(getattr(person, "name", "") or (full() if callable(full) else "") or person or "")


def initials(name):
    words = [word for word in name.replace("@", " ").split() if word[:1].isalnum()]
    if not words:
        return "?"
    return (words[0][:1] + (words[-1][:1] if len(words) > 1 else words[0][1:2])).upper()


@register.simple_tag
def avatar(person, named=False, large=False, missing="No owner yet"):
    """A person as two letters; `named=True` writes the name beside it. The colour follows the name, for good."""
    name = name_of(person)
    size = " av-l" if large else ""
    if name:
        shade, letters = zlib.crc32(name.encode()) % 8 + 1, initials(name)
    else:
        shade, letters, name = 0, icon("user"), missing
    if named:
        return format_html(
            '<span class="who"><span class="av av-{}{}" aria-hidden="true">{}</span>{}</span>', shade, size, letters, name
        )
    return format_html(
        '<span class="av av-{}{}" role="img" aria-label="{}" title="{}">{}</span>', shade, size, name, name, letters
    )


def local(moment):
    return timezone.localtime(moment) if timezone.is_aware(moment) else timezone.make_aware(moment)


def absolute(moment):
    """`Tue 24 Nov 2026, 15:24 CET`; a zone without letters is named in full."""
    zone = moment.tzname() or ""
    if not zone[:1].isalpha():
        zone = getattr(moment.tzinfo, "key", "") or f"UTC{zone}"
    return f"{moment:%a} {moment.day} {moment:%b %Y, %H:%M} {zone}"


def span_words(seconds):
    """A length of time in at most two units: `1 d 4 h`, `35 min`."""
    minutes = int(seconds // 60)
    days, hours = divmod(minutes // 60, 24)
    if days >= 3:
        return f"{days} d"
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h"
    return f"{minutes} min"


def relative(moment, now):
    """The same words as `relative()` in static/js/app.js, which keeps them fresh on an open page."""
    seconds = (moment - now).total_seconds()
    if abs(seconds) < 60:
        return "just now"
    if abs(seconds) >= 14 * 86400:
        return f"{moment.day} {moment:%b}" + ("" if moment.year == now.year else f" {moment.year}")
    words = span_words(abs(seconds))
    return f"in {words}" if seconds > 0 else f"{words} ago"


@register.simple_tag
def moment(value, missing="Not yet", now=None):
    """A point in time: relative words, rendered here so that nothing moves, the reader's own zone in the title."""
    if not value:
        return format_html('<span class="muted">{}</span>', missing)
    here, now = local(value), local(now or timezone.now())
    return format_html(
        '<time datetime="{}" title="{}" data-rel>{}</time>', here.isoformat(timespec="seconds"), absolute(here), relative(here, now)
    )


@register.simple_tag
def day(value, missing="No date yet", now=None):
    """A calendar day. It has no zone and never shifts."""
    if not value:
        return format_html('<span class="muted">{}</span>', missing)
    if isinstance(value, dt.datetime):
        value = local(value).date()
    year = "" if value.year == local(now or timezone.now()).year else f" {value.year}"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.isoformat(),
        f"{value:%A} {value.day} {value:%B %Y}",
        f"{value:%a} {value.day} {value:%b}{year}",
    )


@register.simple_tag
def due(value, done=False, missing="No date yet", now=None):
    """The day something is due, with the mark that it is late or due now. Late is said in words too."""
    if not value or done:
        return day(value, missing=missing, now=now)
    if isinstance(value, dt.datetime):
        value = local(value).date()
    late = (local(now or timezone.now()).date() - value).days
    if late < 0:
        return day(value, now=now)
    words = "Due today" if late == 0 else f"{late} d late"
    return format_html(
        '<time class="{}" datetime="{}" title="{}">{}</time>',
        "over" if late else "soon",
        value.isoformat(),
        f"Due {value:%A} {value.day} {value:%B %Y}",
        words,
    )


@register.simple_tag
def deadline(value, missing="No deadline", now=None):
    """A deadline that may bind several zones: the time left, the reader's time, and UTC."""
    if not value:
        return format_html('<span class="muted">{}</span>', missing)
    here, now = local(value), local(now or timezone.now())
    utc = here.astimezone(dt.timezone.utc)
    both = f"{absolute(here)} ({utc:%a} {utc.day} {utc:%b, %H:%M} UTC)" if here.utcoffset() else absolute(here)
    tone = "over" if here < now else "soon" if (here - now).total_seconds() < 86400 else "ahead"
    return format_html(
        '<time class="{}" datetime="{}" title="{}" data-rel>{}</time> <span class="muted small nowrap">{}</span>',
        tone,
        here.isoformat(timespec="seconds"),
        both,
        relative(here, now),
        f"{utc:%a} {utc.day} {utc:%b, %H:%M} UTC",
    )


def with_query(request, changes):
    query = request.GET.copy()
    for name in CURSORS:
        query.pop(name, None)
    for name, value in changes.items():
        query.pop(name, None)
        if value not in (None, ""):
            query.setlist(name, [str(v) for v in value] if isinstance(value, list | tuple) else [str(value)])
    return "?" + query.urlencode()


@register.simple_tag(takes_context=True)
def query_with(context, **changes):
    """This page's address with some of its query changed; `None` or an empty text takes a key away."""
    return with_query(context["request"], changes)


@register.simple_tag(takes_context=True)
def sort_link(context, field, label, css="", first="", key="sort"):
    """A column head that sorts: the whole `<th>`, since `aria-sort` stands there. `first` names the order with no query."""
    current = context["request"].GET.get(key) or first
    descending = current == f"-{field}"
    state = "descending" if descending else "ascending" if current == field else ""
    turn = field if descending else f"-{field}" if current == field else field
    return format_html(
        '<th scope="col" class="{}"{}><a class="sort" href="{}">{}{}</a></th>',
        css,
        format_html(' aria-sort="{}"', state) if state else "",
        with_query(context["request"], {key: turn}),
        label,
        icon("arrow-narrow-down" if descending else "arrow-narrow-up"),
    )


@register.simple_tag
def spark(values, label, tone="", limit=None):
    return charts.spark(values, label=label, tone=tone, limit=limit)


@lru_cache(maxsize=1)
def _markdown():
    return MarkdownIt("commonmark", {"html": False, "linkify": True}).enable(["table", "strikethrough", "linkify"])


@register.filter
def markdown(text):
    """Markdown to clean HTML. Two locks: the parser passes no HTML through, and the cleaner keeps only known tags."""
    if not text:
        return ""
    html = nh3.clean(_markdown().render(str(text)), url_schemes={"http", "https", "mailto"}, link_rel="noopener nofollow")
    return mark_safe(html)
