"""The panels of upper rooms on a page, for this reader.

{% panels "risklog.risk" "main" risk %} shows those that come with the page. {% later_panels risk %} marks the
place of those that a second request loads.
"""

from collections.abc import Iterable
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from kit import kinds
from kit.rights import may
from pages.panels import Panel, later_panels_of, panels_of

register = template.Library()


@register.simple_tag(takes_context=True)
def panels(context: template.Context, place: str, slot: str, obj: Any) -> SafeString:
    return drawn(context["request"], panels_of(place, slot), obj)


@register.inclusion_tag("pages/_later_panels.html", takes_context=True)
def later_panels(context: template.Context, obj: Any) -> dict[str, Any]:
    """Show where the panels of an object's page will be, if this reader may see one. No query."""
    user, kind = context["request"].user, kinds.find(obj.subject.kind)
    allowed = kind and any(may(user, panel.permission) for panel in later_panels_of(kind))
    return {"subject": obj.subject if allowed else None}


def drawn(request: Any, shown: Iterable[Panel], obj: Any) -> SafeString:
    """Return the HTML of panels about an object, without those that the reader may not see."""
    found = []
    for panel in shown:
        if not may(request.user, panel.permission):
            continue
        content = panel.query(request.user, obj)
        if content is not None:
            found.append((render_to_string(panel.template, {"panel": content, "object": obj}, request),))
    return format_html_join("", "{}", found)
