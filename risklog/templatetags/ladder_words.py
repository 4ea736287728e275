"""Minutes in words, for the pages of ladders."""

from django import template

from risklog.queries import ladder

register = template.Library()


@register.filter
def minutes(number: int) -> str:
    """{{ rung.within_minutes|minutes }}: "4 hours"."""
    return ladder.length(number)
