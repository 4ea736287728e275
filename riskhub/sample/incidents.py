"""An incident of the sample: a breach that reached customers, handled by three people."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from catalogue.models import Model
from incidents.models import Incident, Postmortem
from incidents.operations import duty as duties
from incidents.operations import incident as incidents
from incidents.operations import involved, role, timeline, update
from incidents.operations import postmortem as reviews
from kit.actor import Actor
from people.models import User
from signals.models import BreachGroup

_AFFECTED = "Customers who asked for a loan: about 40 decisions were made with an old score"


def handle_incidents(people: Mapping[str, User], *, at: datetime) -> None:
    """Declare an incident from the first breach, and resolve it. at: shortly before the end of the sample."""
    duties.add(
        name="Report to the supervisor",
        severity="critical",
        days=3,
        details="What happened, to whom, and what was done.",
        **_by(people, "admin", at - timedelta(days=30)),
    )
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
    _handle(declared, people, at=at - timedelta(hours=5))
    incidents.mitigate(
        declared,
        text="Decisions wait for a person until the job has run.",
        **_by(people, "wei", at - timedelta(hours=5)),
    )
    incidents.resolve(declared, text="The job ran, and its failure alerts now.", **_by(people, "ken", at))
    _review(declared, people, at=at)


def _handle(declared: Incident, people: Mapping[str, User], *, at: datetime) -> None:
    """Share roles, write into the timeline, add a model, and send an update."""
    by = _by(people, "wei", at)
    role.assign(declared, role="lead", person=people["wei"], **by)
    role.assign(declared, role="scribe", person=people["ken"], **by)
    text = "The service still serves the scores of yesterday"
    timeline.add(declared, text=text, happened_at=at - timedelta(hours=1), **_by(people, "ken", at))
    involved.add(declared, model=Model.objects.exclude(pk=declared.model_id).order_by("pk")[0], **by)
    update.send(declared, text="Decisions wait for a person until noon.", **by)


def _review(declared: Incident, people: Mapping[str, User], *, at: datetime) -> None:
    """Write what is known so far of the review. Which risk should have caught it is not answered yet."""
    review = Postmortem.objects.select_related("subject", "incident__subject").get(incident=declared)
    texts = {
        "factors": "The nightly job has no alert for *did not finish*, and the service serves old scores.",
        "whys": ["The job did not finish.", "Its source was locked.", "Nobody owns the lock."],
        "went_well": "Decisions were held within three hours.",
        "lessons": "A service that serves scores should know how old they are.",
    }
    by = _by(people, "wei", at)
    reviews.change(review, texts, **by)
    reviews.add_action(review, title="Alert when scores are older than a day", owner=people["ken"], **by)


def _by(people: Mapping[str, User], name: str, at: datetime) -> dict[str, Any]:
    return {"by": Actor(people[name], "page"), "at": at}
