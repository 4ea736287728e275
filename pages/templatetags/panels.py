"""{% panels "risklog.risk" "main" risk %}: the panels of upper rooms on this page, for this reader."""

from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from kit.rights import may
from pages.panels import panels_of

register = template.Library()


@register.simple_tag(takes_context=True)
def panels(context: template.Context, place: str, slot: str, obj: Any) -> SafeString:
    request = context["request"]
    found = []
    for panel in panels_of(place, slot):
        if not may(request.user, panel.permission):
            continue
        content = panel.query(request.user, obj)
        if content is not None:
            found.append((render_to_string(panel.template, {"panel": content, "object": obj}, request),))
    return format_html_join("", "{}", found)
