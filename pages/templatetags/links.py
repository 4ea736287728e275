"""{% subject_link subject %}: a link with an object's reference and title to its page."""

from typing import Any

from django import template
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import slugify

from kit.kinds import url_of

register = template.Library()


@register.simple_tag
def subject_link(subject: Any, css: str = "") -> SafeString:
    """Return the link; "" for None. The caller has checked that the reader may see the subject."""
    if subject is None:
        return format_html("")
    label = (
        format_html('<span class="number">{}</span> {}', subject.reference, subject.title)
        if subject.reference
        else subject.title
    )
    address = url_of(subject)
    return (
        format_html('<a class="{}" href="{}">{}</a>', css, address, label)
        if address
        else format_html("<span>{}</span>", label)
    )


@register.simple_tag
def term(word: str, slug: str = "") -> SafeString:
    """Return a word as a link to its definition. slug: of the word in the glossary, if it differs."""
    try:
        address = reverse("learnings:glossary_word", args=[slug or slugify(word)])
    except NoReverseMatch:  # a page that is shown without this room
        return format_html("{}", word)
    return format_html('<a href="{}">{}</a>', address, word)


@register.simple_tag
def subject_url(subject: Any) -> str:
    return url_of(subject) if subject is not None else ""
