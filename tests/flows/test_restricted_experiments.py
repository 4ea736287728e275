"""No text of a restricted source stays visible through the experiment or the learning drafted from it."""

from datetime import timedelta

import pytest

from history import operations as history
from history.models import Event, Subject
from incidents.operations import incident as incidents
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from learnings.models import Learning
from learnings.operations import learning as learnings_
from learnings.queries import prefill
from people.models import User
from people.operations import token
from people.states import Role
from riskhub import schedule
from risklog.models import Experiment
from risklog.operations import experiment_draft, experiment_sight
from risklog.operations import risk as risks_
from tests.conftest import AT
from tests.factories import catalogue, people, risklog_review, risks
from tests.factories import meetings as meetings_
from tests.factories.experiments import experiment
from tests.factories.incidents import incident, reviewed
from tests.flows.test_restricted import CANARY, rows_that_name_it

pytestmark = pytest.mark.django_db
BY = {"by": SYSTEM, "at": AT}


class Cast:
    """The teams of a model and of security, a member of each, and somebody of neither."""

    def __init__(self):
        people.organisation()
        self.of_model, self.security = people.team("Growth ML"), people.team("Security")
        self.mia = people.user("Mia", teams=[self.of_model])
        self.sec = people.user("Sec", teams=[self.security], role=Role.RISK_MANAGER)
        self.sam = people.user("Sam")
        self.model = catalogue.model("fraud-score", owner_team=self.of_model)


@pytest.fixture
def cast():
    return Cast()


def of_risk(cast):
    found = risks.risk(f"{CANARY} risk", model=cast.model, viewers=None)
    return found.subject, lambda: risks_.restrict(found, teams=[cast.security], **BY)


def of_incident(cast):
    found = incident(f"{CANARY} incident", model=cast.model)
    return found.subject, lambda: incidents.restrict(found, teams=[cast.security], **BY)


def of_review(cast):
    found = risks.risk("Labels lag", model=cast.model)
    review = risklog_review.review(about=found.subject, title=f"{CANARY} review")
    return review.subject, lambda: risks_.restrict(found, teams=[cast.security], **BY)


SOURCES = [of_risk, of_incident, of_review]


def drafted(about, by=SYSTEM) -> Experiment:
    made, is_new = experiment_draft.add_from(Subject.objects.get(pk=about.pk), by=by, at=AT)
    assert is_new and CANARY in made.title + made.hypothesis
    return Experiment.objects.select_related("subject").get(pk=made.pk)


def named(person) -> list[str]:
    return rows_that_name_it(User.objects.get(pk=person.pk))


def texts_of_pages(client, person, made) -> str:
    """Return what the pages that list or show experiments show to a person."""
    client.force_login(person)
    pages = [
        "/risks/experiments/",
        f"/search/?q={CANARY}",
        "/notices/",
        "/meetings/",
        "/notices/digest/",
        "/",
        "/learnings/",
    ]
    pages += [f"/risks/experiments/{made.reference}/", f"/panels/{made.subject_id}/"]
    pages += [f"/meetings/{meeting.reference}/" for meeting in (meetings_.Meeting.objects.all()[:3])]
    answers = [client.get(path) for path in pages]
    texts = [one.content.decode().replace(f'value="{CANARY}"', "") for one in answers]
    _, text = token.issue(person, name="ci", scope="read", by=SYSTEM, at=AT)
    head = {"Authorization": f"Bearer {text}"}
    for path in ("experiments", f"experiments/{made.reference}", "search?q=" + CANARY, "learnings"):
        texts.append(client.get(f"/api/v1/{path}", headers=head).content.decode())
    return "\n".join(line for line in "\n".join(texts).splitlines() if f"q={CANARY}" not in line)


@pytest.mark.parametrize("source", SOURCES)
def test_an_experiment_is_hidden_with_its_source(cast, client, source):
    about, restrict = source(cast)
    made = drafted(about)
    meetings_.item(title="Slot", about=made.subject)
    learnings_.write(title=f"{CANARY} learning", about=made.subject, author=cast.sec, **BY)
    schedule.tick(AT)
    assert CANARY in texts_of_pages(client, cast.sam, made)

    restrict()

    for stranger in (cast.sam, cast.mia):
        assert named(stranger) == []
    assert named(cast.sec)
    assert texts_of_pages(client, cast.sam, made).count(CANARY) == 0


@pytest.mark.parametrize("source", [of_risk, of_incident])  # that of a review is below its risk
def test_an_experiment_of_the_team_of_its_model_is_hidden_with_its_source(cast, source):
    about, restrict = source(cast)
    history.restrict(cast.model.subject, [cast.of_model.subject_id])
    made = drafted(about)
    learnings_.write(title=f"{CANARY} learning", about=made.subject, **BY)
    assert made.subject.root_id is None and "Experiment" in " ".join(named(cast.mia))

    restrict()

    assert named(cast.mia) == [] and named(cast.sam) == []
    made.subject.refresh_from_db()
    assert made.subject.viewers == []  # none of the teams of the model may see the source
    events = Event.objects.filter(subject=made.subject_id, verb="risklog.experiment_restricted")
    assert [event.actor for event in events] == [None]


def test_an_experiment_keeps_the_teams_that_may_see_its_source_and_its_owners(cast):
    about, _ = of_risk(cast)
    risk = risks_.Risk.objects.select_related("subject").get(subject=about)
    owner = people.user("Olga")
    history.restrict(cast.model.subject, [cast.of_model.subject_id, cast.security.subject_id])
    made = experiment(
        f"{CANARY} test",
        about=about,
        model=cast.model,
        owners=[owner, *people_of_two_teams()],
        viewers=None,
    )
    risks_.restrict(risk, teams=[cast.security, people.team("Audit")], **BY)

    made.subject.refresh_from_db()
    assert made.subject.is_visible_to(User.objects.get(pk=cast.sec.pk))
    assert made.subject.is_visible_to(User.objects.get(pk=owner.pk))
    assert not made.subject.is_visible_to(User.objects.get(pk=cast.mia.pk))


def people_of_two_teams():
    return [people.user(teams=[people.team()]), people.user(teams=[people.team()])]


def test_an_experiment_whose_source_is_restricted_is_not_opened_to_others(cast, client):
    about, restrict = of_incident(cast)
    history.restrict(cast.model.subject, [cast.of_model.subject_id])
    made = drafted(about, by=Actor(cast.sec, "page"))
    restrict()
    for teams in (None, [cast.of_model], [cast.security, cast.of_model]):
        with pytest.raises(Refused, match="restricted") as refusal:
            experiment_sight.restrict(made, teams=teams, **BY)
        assert refusal.value.field == "teams"
    made.refresh_from_db()
    experiment_sight.restrict(made, teams=[cast.security], **BY)
    assert named(cast.mia) == []
    client.force_login(cast.sec)
    made.refresh_from_db()
    sight = {"version": made.version, "who": "all"}
    sent = client.post(f"/risks/experiments/{made.reference}/sight/", sight)
    assert sent.status_code == 422 and "What it is about is restricted" in sent.content.decode()


def test_the_api_refuses_teams_that_may_not_see_the_source(cast, client):
    about, restrict = of_incident(cast)
    restrict()
    _, text = token.issue(cast.sec, name="ci", scope="write", by=SYSTEM, at=AT)
    head = {"Authorization": f"Bearer {text}"}
    body = {
        "title": f"{CANARY} test",
        "hypothesis": "It helps.",
        "about": about.reference,
        "only_teams": [cast.of_model.slug],
    }
    refused = client.post("/api/v1/experiments", body, "application/json", headers=head)
    assert refused.status_code == 422 and refused.json()["errors"][0]["field"] == "only_teams"
    body["only_teams"] = [cast.security.slug]
    made = client.post("/api/v1/experiments", body, "application/json", headers=head)
    assert made.status_code == 201
    assert named(cast.mia) == [] and named(cast.sam) == []


def test_experiments_left_open_by_an_earlier_release_are_hidden(cast):
    about, restrict = of_risk(cast)
    history.restrict(cast.model.subject, [cast.of_model.subject_id])
    made = drafted(about)
    restrict()
    Subject.objects.filter(pk=made.subject_id).update(viewers=[cast.of_model.subject_id])
    assert named(cast.mia)
    schedule.tidy()
    assert named(cast.mia) == []


@pytest.mark.parametrize("is_reviewed", [False, True])
def test_a_learning_is_hidden_with_the_incident_that_it_was_drafted_from(cast, client, is_reviewed):
    found = incident(f"{CANARY} incident", model=cast.model, summary=f"{CANARY} summary", state="resolved")
    if is_reviewed:
        reviewed(found)
        schedule.tick(AT + timedelta(minutes=1))
    else:
        about = prefill.known_of(found.subject)
        learnings_.write(title=about.title, seen=about.seen, about=found.subject, author=cast.sec, **BY)
    found.refresh_from_db()
    stranger = people.user("Zed")  # does not observe the review
    assert any(row.startswith("Learning") for row in named(stranger)) or not is_reviewed
    incidents.restrict(found, teams=[cast.security], **BY)
    assert Learning.objects.exists() and named(stranger) == []


def test_a_drafted_learning_has_no_tag_that_names_a_hidden_model(cast):
    found = incident("Scores are old", model=cast.model, viewers=None)
    assert "fraud-score" in prefill.known_of(found.subject).tags
    history.restrict(cast.model.subject, [cast.of_model.subject_id])
    assert prefill.known_of(found.subject).tags == ("incident",)
