"""Risks and categories in every state, created by operations."""

from datetime import timedelta

from catalogue.models import Model
from history import operations as history
from kit.actor import SYSTEM, Actor
from people.models import User
from people.states import Role
from risklog.models import Category, Risk
from risklog.operations import risk as operation
from risklog.operations import taxonomy
from risklog.states import RiskState, Treatment
from tests.conftest import AT
from tests.factories import people

ACCEPTED_UNTIL = (AT + timedelta(days=69)).date()


def by(person: User | None = None) -> Actor:
    return Actor(person, "page") if person else SYSTEM


def category(slug: str = "data-drift") -> Category:
    """Return one of the first categories."""
    taxonomy.seed(by=SYSTEM, at=AT)
    return Category.objects.select_related("subject").get(slug=slug)


def risk(
    title: str = "Scores drift after the rate change", *, state: RiskState = RiskState.OPEN, **fields
) -> Risk:
    """Create a risk in a state. `person` raises it, and a risk manager accepts it.

    review_on: also a past day, as it is once time has passed.
    """
    person, review_on = fields.pop("person", None), fields.pop("review_on", None)
    fields = {"likelihood": 4, "impact": 4, "by": by(person), "at": AT, **fields}
    if "category" not in fields:
        fields["category"] = category()
    found = operation.add(title=title, **fields)
    if review_on:
        Risk.objects.filter(pk=found.pk).update(review_on=review_on)
        found.review_on = review_on
    act = {"by": by(person), "at": AT}
    if state == RiskState.OPEN:
        return found
    if state == RiskState.CLOSED:
        return operation.close(found, evidence="Four weeks below the threshold", **act)
    operation.assess(found, **act)
    if state == RiskState.TREATING:
        operation.treat(found, treatment=Treatment.MITIGATE, owner=found.owner or people.user(), **act)
    elif state == RiskState.MONITORING:
        operation.monitor(found, **act)
    elif state == RiskState.ACCEPTED:
        accept(found, until=ACCEPTED_UNTIL, by=by(people.user(role=Role.RISK_MANAGER)))
    return found


def accept(found: Risk, *, until=ACCEPTED_UNTIL, reason: str = "Small", by: Actor = SYSTEM, at=AT) -> Risk:
    """Accept a risk as Riskhub proposes it."""
    operation.propose(found, until=until, reason=reason, by=SYSTEM, at=at)
    return operation.accept(found, by=by, at=at)


def restricted(title: str, *teams, **fields) -> Risk:
    return risk(title, viewers=[team.subject_id for team in teams], **fields)


def model(name: str = "Credit PD", *, team=None, viewers=None):
    """A model row, until the catalogue's own factory is used here."""
    found = Model(slug=name.lower().replace(" ", "-"), name=name, owner_team=team)
    history.record(found, "catalogue.model_added", by=SYSTEM, at=AT, viewers=viewers)
    return found
