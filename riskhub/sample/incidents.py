"""An incident of the sample: a breach that reached customers, handled by three people."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from incidents.operations import incident as incidents
from kit.actor import Actor
from people.models import User
from signals.models import BreachGroup

_AFFECTED = "Customers who asked for a loan: about 40 decisions were made with an old score"


def handle_incidents(people: Mapping[str, User], *, at: datetime) -> None:
    """Declare an incident from the first breach, and resolve it. at: shortly before the end of the sample."""
    group = BreachGroup.objects.select_related("subject", "model").order_by("pk")[0]
    started = at - timedelta(hours=9)
    declared = incidents.declare(
        title="Loan decisions were made with old scores",
        severity="high",
        about=group.subject,
        affected=_AFFECTED,
        summary="The nightly job failed without an alert, so the service used the scores of the day before.",
        started_at=started,
        noticed_at=started + timedelta(hours=2),
        **_by(people, "wei", started + timedelta(hours=2)),
    )
    incidents.mitigate(
        declared,
        text="Decisions wait for a person until the job has run.",
        **_by(people, "wei", at - timedelta(hours=5)),
    )
    incidents.resolve(declared, text="The job ran, and its failure alerts now.", **_by(people, "ken", at))


def _by(people: Mapping[str, User], name: str, at: datetime) -> dict[str, Any]:
    return {"by": Actor(people[name], "page"), "at": at}
