"""What the auditor checks of escalations: each has its next climb, and each climb is in history."""

from datetime import datetime

from django.db.models import Exists, OuterRef

from history.models import Due, Event
from history.states import Work
from risklog.models import Climb, Escalation
from risklog.operations.climb import CLIMB, LAPSE
from risklog.states import UNRESOLVED

_MOST = 5  # the first ones are enough to find the cause


def findings(at: datetime) -> list[str]:
    """Return one sentence for each rule that does not hold at the moment `at`."""
    planned = Due.objects.filter(
        subject=OuterRef("subject"), kind__in=(CLIMB, LAPSE), state__in=(Work.PENDING, Work.CLAIMED)
    )
    climbing = Escalation.objects.filter(state__in=UNRESOLVED, next_climb_at__isnull=False)
    stuck = climbing.filter(~Exists(planned)).order_by("id").values_list("subject__reference", flat=True)
    found = [f"{reference} has a next climb, but nothing will carry it out." for reference in stuck[:_MOST]]
    return found + [
        f"{reference} has {climbs} climbs, and its history has {recorded}."
        for reference, climbs, recorded in _unequal()[:_MOST]
    ]


def _unequal() -> list[tuple[str | None, int, int]]:
    """Return (reference, climbs, climbs in history) of unresolved escalations where the two differ."""
    rows = Climb.objects.filter(escalation__state__in=UNRESOLVED)
    climbs: dict[int, list[int]] = {}
    references: dict[int, str | None] = {}
    for subject, reference, pk in rows.order_by("pk").values_list(
        "escalation__subject", "escalation__subject__reference", "pk"
    ):
        climbs.setdefault(subject, []).append(pk)
        references[subject] = reference
    recorded: dict[int, set[int]] = {subject: set() for subject in climbs}
    events = Event.objects.filter(
        subject__in=climbs, data__rows__contains=[{"model": Climb._meta.label_lower}]
    )
    for subject, data in events.values_list("subject", "data"):
        recorded[subject] |= {row["pk"] for row in data["rows"] if row["model"] == Climb._meta.label_lower}
    return [
        (references[subject], len(own), len(recorded[subject] & set(own)))
        for subject, own in sorted(climbs.items())
        if not set(own) <= recorded[subject]
    ]
