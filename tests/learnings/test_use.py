"""The uses of learnings: who used one, and where."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from history.models import Event
from kit.actor import Actor
from kit.refusals import Refused
from learnings.models import Learning, LearningUse
from learnings.operations import use as operations
from learnings.queries import use as queries
from learnings.recipients import author_of_used
from tests.factories import actions, learnings, people

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    people.organisation()
    person = people.user("Ana")
    client.force_login(person)
    return person


def test_a_use_is_counted_once_for_a_person_and_a_place(at):
    taught, ana, risk = learnings.published(), people.user(), actions.action().subject
    learnings.use(taught, user=ana)
    learnings.use(taught, user=ana, about=risk)
    learnings.use(taught, about=risk)

    for about in (None, risk):
        with pytest.raises(Refused) as refusal:
            learnings.use(taught, user=ana, about=about)
        assert refusal.value.field == "about"

    assert LearningUse.objects.count() == 3


def test_only_what_is_published_is_used_and_not_for_itself(at):
    with pytest.raises(Refused) as refusal:
        learnings.use(learnings.draft())
    assert refusal.value.field == "state"
    taught = learnings.published()
    with pytest.raises(Refused) as refusal:
        learnings.use(taught, about=taught.subject)
    assert refusal.value.field == "about"


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_once_record_one_use(at):
    taught, ana = learnings.published(), people.user()

    def press(_: int) -> bool:
        try:
            operations.add(Learning.objects.get(pk=taught.pk), by=Actor(ana, "page"), at=at)
        except Refused:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(press, range(4))) == [False, False, False, True]
    assert LearningUse.objects.count() == 1


def test_a_withdrawn_use_counts_no_more_and_can_be_said_again(at):
    taught, ana = learnings.published(), people.user("Ana")
    found = learnings.use(taught, user=ana)

    operations.withdraw(found, by=Actor(ana, "page"), at=at)
    assert not queries.uses(ana).exists()
    with pytest.raises(Refused):
        operations.withdraw(found, by=Actor(ana, "page"), at=at)
    learnings.use(taught, user=ana)

    assert queries.uses(ana).count() == 1


def test_the_author_is_told_that_it_was_used():
    wei = people.user("Wei")
    learnings.use(learnings.published(author=wei))

    event = Event.objects.get(verb="learnings.learning_used")

    assert author_of_used(event) == {wei.pk: "Your learning was used"}


def test_the_page_says_who_used_it_and_where_only_to_those_who_may_see_that(client, ana):
    taught, risk = learnings.published(), actions.action("Late labels").subject
    secret = actions.action("Canary", viewers=[people.team().subject_id]).subject
    learnings.use(taught, user=people.user("Wei"), about=secret, note="In a score of ours.")
    address = f"/learnings/{taught.reference}/"

    answer = client.post(f"{address}use/", {"about": risk.reference.lower(), "note": "Checked the caps."})

    page = client.get(address).content.decode()
    assert (answer.status_code, answer.url) == (303, address)
    assert "Late labels" in page
    assert "Checked the caps." in page
    assert "In a score of ours." in page
    assert "Canary" not in page
    assert "Used 2 times" in client.get("/learnings/").content.decode()


def test_a_hidden_place_is_refused_like_one_that_does_not_exist(client, ana):
    taught = learnings.published()
    secret = actions.action("Canary", viewers=[people.team().subject_id])
    texts = []
    for reference in (secret.reference, "A-99999"):
        answer = client.post(f"/learnings/{taught.reference}/use/", {"about": reference})
        assert answer.status_code == 422
        texts.append(answer.content.decode().replace(reference, "?"))

    assert "Canary" not in texts[0]
    assert not LearningUse.objects.exists()


def test_a_press_withdraws_my_use_and_not_that_of_others(client, ana):
    taught = learnings.published()
    mine, theirs = learnings.use(taught, user=ana), learnings.use(taught)

    assert client.post(f"/learnings/uses/{theirs.pk}/withdraw/", {"version": 1}).status_code == 403
    assert client.post(f"/learnings/uses/{mine.pk}/withdraw/", {"version": 1}).status_code == 303

    assert list(queries.uses(ana)) == [theirs]


def test_uses_by_api(client, ana):
    taught, risk = learnings.published(), actions.action("Late labels").subject
    uses = f"/api/v1/learnings/{taught.reference}/uses"
    body = {"about": risk.reference, "note": "Checked the caps."}

    made = client.post(uses, body, "application/json", headers={"Idempotency-Key": "one"})
    again = client.post(uses, body, "application/json", headers={"Idempotency-Key": "one"})
    second = client.post(uses, body, "application/json")

    assert (made.status_code, second.status_code) == (201, 422)
    assert made.content == again.content
    assert made.json()["about_title"] == "Late labels"
    assert client.get(f"/api/v1/learnings/{taught.pk}").json()["use_count"] == 1
    assert client.get(made["Location"]).json() == client.get(uses).json()["results"][0] == made.json()
    step = f"{made['Location']}/withdraw"
    assert client.post(step, {}, "application/json").status_code == 428
    gone = client.post(step, {}, "application/json", headers={"If-Match": made["ETag"]})
    assert gone.json()["withdrawn_at"] is not None
    assert client.get(uses).json()["results"] == []


def test_uses_cost_the_same_at_one_and_three_rows(client, ana):
    taught, about = learnings.published(), actions.action("Root").subject
    for path in (f"/api/v1/learnings/{taught.reference}/uses", f"/learnings/{taught.reference}/"):
        LearningUse.objects.all().delete()
        counts = []
        for _ in range(2):
            learnings.use(taught, about=about)
            with CaptureQueriesContext(connection) as found:
                assert client.get(path).status_code == 200
            counts.append(len(found))
            learnings.use(taught, about=about)
        assert counts[0] == counts[1], path
