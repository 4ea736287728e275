"""Texts about ladders and their rungs, for the pages."""

from typing import Any

from django import template

from risklog.models import Ladder, Rung
from risklog.queries import ladder
from risklog.queries.channels import Channels
from risklog.states import Who

register = template.Library()

_CLASSES = {"passed": "done", "now": "now", "next": "next", "skipped": "out"}


@register.filter
def time_limit(rung: Rung) -> str:
    """Return how long a rung has: "4 hours of working time", "1 hour round the clock"."""
    hours = "round the clock" if rung.is_round_the_clock else "of working time"
    return f"{ladder.length(rung.within_minutes)} {hours}"


@register.filter
def rung_name(rung: Rung) -> str:
    """Return whom a rung notifies: a function's or a person's name, else the kind of recipient."""
    if rung.who == Who.FUNCTION and rung.function:
        return rung.function.name
    if rung.who == Who.RIGHT and rung.right:
        return f"{rung.get_who_display()}: {rung.get_right_display().lower()}"
    if rung.who == Who.PERSON and rung.person:
        return rung.person.name
    return f"{rung.get_who_display()}: {rung.person.name}" if rung.person else rung.get_who_display()


@register.filter
def rung_condition(rung: Rung) -> str:
    """Return when a branch applies and how it notifies: "Critical only, in working hours"; "" if none."""
    parts = [
        f"{rung.get_severity_display()} only" if rung.severity else "",
        rung.get_when_display().lower() if rung.when else "",
        "one person in turn" if rung.is_in_turn else "",
    ]
    text = ", ".join(part for part in parts if part)
    return text[:1].upper() + text[1:]


@register.filter
def told_by(row: Any, channels: Channels) -> str:
    """Return the channels of a rung or of a past climb: "In the app, by email, webhook Risk alerts"."""
    return channels.text(row)


@register.filter
def rung_class(place: str) -> str:
    """Return the class of a rung for its place on the way up; "" for a rung further up."""
    return _CLASSES.get(place, "")


@register.filter
def ladder_scope(ladder: Ladder) -> str:
    """Return what a ladder is for: "Critical only, data quality, Risk team"; "All items" if for all."""
    parts = [
        f"{ladder.get_severity_display()} only" if ladder.severity else "",
        ladder.category.name if ladder.category else "",
        ladder.team.name if ladder.team else "",
    ]
    return ", ".join(part for part in parts if part) or "All items"
