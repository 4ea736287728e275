"""The context of a mail about a proposed threshold, and whether it is still relevant."""

from datetime import datetime
from typing import Any

from history.models import Event
from history.queries import present_data
from people.models import User
from signals.models import Threshold, ThresholdVersion
from signals.states import Agreement


def context(event: Event, reader: User) -> dict[str, Any]:
    """Return the threshold, the proposed version, and the one in force or None. It names no other subject."""
    threshold = Threshold.objects.select_related("series").get(subject_id=event.subject_id)
    versions = ThresholdVersion.objects.filter(threshold=threshold).select_related("proposed_by")
    return {
        "threshold": threshold,
        "version": versions.get(number=present_data(event)["number"]),
        "active": versions.filter(state=Agreement.ACTIVE).first(),
        "names": [],
    }


def is_still_proposed(event: Event, user: User, at: datetime) -> str:
    """Return why the mail is no longer relevant, "" if the version still waits. Locks the version."""
    rows = ThresholdVersion.objects.select_for_update(of=("self",))
    version = rows.get(threshold__subject=event.subject_id, number=present_data(event)["number"])
    if version.state == Agreement.PROPOSED:
        return ""
    return f"The proposal is {version.get_state_display().lower()}."
