"""Which page shows which kind of subject."""

from collections.abc import Callable
from typing import Any

from django.urls import NoReverseMatch, reverse

from kit import links


def _page(name: str, key: Any) -> str:
    """A mail does not fail for want of one address: a kind without a page is shown without a link."""
    try:
        return reverse(name, args=[key])
    except NoReverseMatch:
        return ""


def _by_reference(name: str) -> Callable[[Any], str]:
    return lambda subject: _page(name, subject.reference)


def _by_id(name: str) -> Callable[[Any], str]:
    return lambda subject: _page(name, subject.object_id)


PAGES: dict[str, Callable[[Any], str]] = {
    "risk": _by_reference("risklog:risk_detail"),
    "review": _by_reference("risklog:review_detail"),
    "escalation": _by_reference("risklog:escalation_detail"),
    "breach": _by_reference("signals:breach_detail"),
    "action": _by_reference("actions:action_detail"),
    "meeting": _by_reference("meetings:meeting_detail"),
    "decision": _by_reference("meetings:decision_detail"),
    "learning": _by_reference("learnings:learning_detail"),
    "model": _by_id("catalogue:model_by_id"),
    "threshold": _by_id("signals:threshold_detail"),
    "series": _by_id("signals:series_detail"),
    "source": _by_id("signals:source_detail"),
    "category": _by_id("risklog:category_by_id"),
    "ladder": _by_id("risklog:ladder_by_id"),
    "meeting_series": _by_id("meetings:series_detail"),
    "person": _by_id("people:person_detail"),
    "team": _by_id("people:team_by_id"),
}


def install() -> None:
    links.install(PAGES)
