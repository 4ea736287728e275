"""Find models that need attention, and record it, so that people are told and it comes on an agenda."""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from catalogue import events
from catalogue.queries.model_check import failing
from catalogue.register_checks import TOLD_CHECKS
from history import operations as history
from history.models import Event
from kit.actor import SYSTEM

# A finding that is left is told again after this time.
TOLD_AGAIN = timedelta(days=30)


@transaction.atomic
def find(*, day: date, at: datetime) -> int:
    """Record each model that fails a check and was not told about lately. Returns their number.

    day: the working day of the organisation. One statement for each check if nothing is found.
    """
    found = 0
    for check in TOLD_CHECKS:
        lately = Event.objects.filter(
            subject=OuterRef("subject"),
            verb=events.ModelNeglected.verb,
            at__gt=at - TOLD_AGAIN,
            data__check=check.name,
        )
        rows = failing(check.name, day=day, at=at).filter(~Exists(lately))
        models = list(rows.select_related("subject").order_by("pk"))
        payload = events.ModelNeglected(check=check.name, label=check.label)
        history.record_many(models, payload, by=SYSTEM, at=at)
        found += len(models)
    return found
