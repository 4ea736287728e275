"""What an open object took from a risk is hidden when the risk is restricted later, also in its history."""

import pytest

from history.models import Event
from history.templatetags.timeline import lines
from incidents.operations import incident as incident_operations
from incidents.operations import postmortem
from kit.actor import SYSTEM
from learnings.models import Learning
from learnings.operations import learning as learning_operations
from people.models import User
from people.operations import token
from riskhub import schedule
from risklog.operations import risk as risk_operations
from tests.conftest import AT
from tests.factories import people, risks
from tests.factories.incidents import incident, reviewed, written

pytestmark = pytest.mark.django_db
BY = {"by": SYSTEM, "at": AT}
CANARY = "Quetzal"


@pytest.fixture
def read(client):
    """Return the function that gives the text of API addresses to a person."""

    def texts(user, *paths: str) -> str:
        _, text = token.issue(user, name="t", scope="read", **BY)
        head = {"Authorization": f"Bearer {text}"}
        answers = [client.get(f"/api/v1/{path}", headers=head) for path in paths]
        return "".join(b"".join(answer).decode() for answer in answers)

    return texts


@pytest.fixture
def security():
    people.organisation()
    return people.team("Security")


def restrict(risk, team) -> None:
    """Restrict a risk in one transaction. No relay and no tick runs."""
    risk.refresh_from_db()
    risk_operations.restrict(risk, teams=[team], **BY)


def test_history_hides_the_notes_about_a_risk_that_is_restricted_later(read, security):
    mate = people.user("Mate", teams=[security])
    stranger, risk, other = people.user("Stranger"), risks.risk(), risks.risk()
    review = written()
    for answered, note in ((risk, f"{CANARY} 1"), (risk, f"{CANARY} 2"), (other, "Open note")):
        postmortem.answer_risk(review, answer="linked", risk=answered, note=note, **BY)
    path = f"events?subject={review.subject_id}"
    assert read(stranger, path).count(CANARY) == 4  # new, old and new, old

    restrict(risk, security)

    assert CANARY not in read(stranger, path)
    assert "Open note" in read(stranger, path)
    assert read(mate, path).count(CANARY) == 4


def category_path(learning: Learning) -> tuple[str, ...]:
    return (f"learnings/{learning.reference}", f"events?subject={learning.subject_id}", "learnings/export")


def drafted_from(risk) -> Learning:
    """Return the draft about a reviewed incident that this risk should have caught."""
    review = written(incident(state="resolved"))
    postmortem.answer_risk(review, answer="linked", risk=risk, **BY)
    postmortem.finish(review, **BY)
    schedule.tick(AT)
    return Learning.objects.get(about=review.incident.subject)


@pytest.mark.parametrize("is_typed", [False, True])
def test_a_learning_loses_the_category_of_a_risk_that_is_restricted_later(read, security, is_typed):
    risk = risks.risk(category=risks.category("label-noise"))
    learning = drafted_from(risk)
    if is_typed:  # the form sends the category that it was filled with
        about = learning.about
        learning_operations.discard(learning, **BY)
        learning = learning_operations.write(title="Typed", about=about, category=risk.category, **BY)
    assert learning.category == risk.category
    stranger = people.user("Stranger")
    slug, number = risk.category.slug, f'"new":{risk.category_id}'

    restrict(risk, security)

    texts = read(stranger, *category_path(learning)).replace(" ", "")
    assert slug not in texts and risk.category.name not in texts
    assert number not in texts and f'"old":{risk.category_id}' not in texts
    assert read(stranger, f"learnings?category={slug}").count(learning.reference) == 0
    events = Event.objects.filter(subject=learning.subject_id).order_by("id")
    assert risk.category.name not in str(lines(events, User.objects.get(pk=stranger.pk)))
    assert events.last().verb == "learnings.category_removed"


def test_a_category_that_somebody_chose_stays(security):
    risk, chosen = risks.risk(category=risks.category("label-noise")), risks.category("data-latency")
    learning = drafted_from(risk)
    learning_operations.change(learning, {"category": chosen}, **BY)

    restrict(risk, security)

    learning.refresh_from_db()
    assert (learning.category, learning.category_of) == (chosen, None)


def test_a_learning_that_is_opened_later_loses_the_category_of_a_restricted_risk(security):
    hidden = risks.risk(viewers=[security.subject_id])
    declared = incident(state="resolved", viewers=[security.subject_id])
    review = reviewed(declared)
    type(review).objects.filter(pk=review.pk).update(risk=hidden)
    schedule.tick(AT)
    learning = Learning.objects.get(about=declared.subject)
    assert learning.category == hidden.category

    declared.refresh_from_db()
    incident_operations.restrict(declared, teams=None, **BY)

    learning.refresh_from_db()
    assert learning.category is None
