"""What an incident says about the fields of the template “Incident report”."""

from datetime import datetime
from typing import Any

from history.models import Subject
from incidents.models import Incident
from incidents.moments import in_zone
from incidents.queries import timeline
from incidents.queries.incident import shown_breach
from people import queries as people
from people.models import User
from risklog.queries.template import Draft


def draft(user: User, about: Subject) -> dict[str, Any]:
    """Return key of a field -> value, of what is known of an incident that the user may see.

    The lines of the timeline follow the summary, with their moments in the zone of the user.
    """
    incident = Incident.objects.select_related("breach_group__subject").get(subject=about)
    group = incident.breach_group
    is_shown = shown_breach(user, incident) is not None
    is_seen = (
        is_shown and group is not None and group.opened_at <= (incident.noticed_at or incident.declared_at)
    )
    values: dict[str, Any] = {
        "what_happened": _story(user, incident),
        "started_on": _day(user, incident.started_at),
        "noticed_on": _day(user, incident.noticed_at),
        "who_was_affected": incident.affected,
        "did_an_agreed_threshold_see_it": "true" if is_seen else "",
        "noticed_by": "An alert" if is_seen else "",
    }
    return {key: value for key, value in values.items() if value}


def _story(user: User, incident: Incident) -> str:
    zone = people.zone_of(user)
    lines = [f"{in_zone(entry.at, zone):%d %b %Y %H:%M} {entry.text}" for entry in timeline.entries(incident)]
    return "\n\n".join(part for part in (incident.summary, "\n".join(lines)) if part)


def _day(user: User, moment: datetime | None) -> str:
    return in_zone(moment, people.zone_of(user)).date().isoformat() if moment else ""


DRAFTS: dict[str, Draft] = {Incident.KIND: draft}
