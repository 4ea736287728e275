"""Subscriptions to views: who is told of what, at once or in the digest, and how they end."""

from datetime import timedelta

import pytest

from history.models import Due, Event
from lists.specification import Reader
from notices.models import Digest, Entry
from notices.operations import digest as digests
from notices.operations import entry
from notices.queries import digest
from people.states import Role
from risklog.operations import risk as operations
from saved import operations as views
from saved import queries
from saved.models import Subscription
from saved.states import Pace
from tests.conftest import AT
from tests.factories import people, risks
from tests.factories.risks import by

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(hours=1)


@pytest.fixture
def ana(client):
    person = people.user("Ana Moreau", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


@pytest.fixture
def zoe():
    return people.user("Zoe Lind", role=Role.RISK_MANAGER)


def unowned(owner, *, is_shared=False):
    return views.add(
        list="risks", name="No owner", query="owner=none", is_shared=is_shared, by=by(owner), at=AT
    )


def tell():
    """Run the handler of notices for all events of risks and views."""
    for event in Event.objects.select_related("subject").order_by("pk"):
        entry.add(event, at=LATER)


def told(user):
    return list(
        Entry.objects.filter(user=user, why__contains="your view").values_list("event__verb", flat=True)
    )


def test_a_subscriber_is_told_at_once_of_what_the_view_shows(ana, zoe):
    views.subscribe(unowned(ana), pace=Pace.NOW, by=by(ana), at=AT)
    risk, owned = risks.risk("Unowned", person=zoe), risks.risk("Owned", person=zoe, owner=zoe)
    operations.change(risk, {"likelihood": 1}, by=by(zoe), at=LATER)
    operations.change(owned, {"likelihood": 1}, by=by(zoe), at=LATER)
    tell()
    assert told(ana) == ["risklog.risk_opened", "risklog.risk_changed"]
    assert told(zoe) == []


def test_nobody_is_told_of_what_they_may_not_see_nor_of_their_own_changes(ana, zoe):
    view = unowned(ana, is_shared=True)
    ben = people.user("Ben Ode")
    for user in (ana, ben):
        views.subscribe(view, pace=Pace.NOW, by=by(user), at=AT)
    hidden = risks.risk("Hidden", person=zoe)
    operations.restrict(hidden, teams=[people.team("Legal")], by=by(zoe), at=AT)
    risks.risk("Of Ben", person=ben)
    tell()
    assert told(ben) == []
    reader = Reader(ben, AT.date(), LATER)
    assert queries.estimate(view, reader).changes == 0
    assert queries.estimate(view, Reader(ana, AT.date(), LATER)).changes == 1


def test_the_page_counts_first_and_then_subscribes(client, ana, zoe):
    view = unowned(ana)
    risks.risk("Unowned", person=zoe)
    page = f"/views/{view.pk}/subscription/"
    assert "<b>1 time</b>" in client.get(page).content.decode()
    assert client.post(page, {"pace": "often"}).status_code == 422

    assert client.post(page, {"pace": "digest"}).url == "/risks/?owner=none"
    assert queries.pace_of(view, ana) == "digest"
    client.post(page, {"pace": "off"})
    assert queries.pace_of(view, ana) == ""


def test_by_api(client, ana, zoe):
    path = f"/api/v1/views/{unowned(ana).pk}/subscription"
    risks.risk("Unowned", person=zoe)
    assert client.get(path).json() == {"pace": "off", "changes": 1, "digests": 1}

    def send(pace):
        return client.post(path, {"pace": pace}, content_type="application/json")

    assert send("now").json()["pace"] == "now"
    assert send("digest").json()["pace"] == "digest"
    assert send("off").json()["pace"] == "off"
    assert send("often").json()["errors"][0]["field"] == "pace"
    client.force_login(zoe)
    assert client.get(path).status_code == 404


def test_the_digest_has_what_changed_in_the_view(ana, zoe):
    views.subscribe(unowned(ana), pace=Pace.DIGEST, by=by(ana), at=AT)
    risks.risk("Unowned", person=zoe)
    risks.risk("Owned", person=zoe, owner=zoe)
    tell()
    assert told(ana) == []
    content = digest.content_for(ana, since=AT - timedelta(days=1), at=LATER)
    section = next(one for one in content["sections"] if one["key"] == "views")
    assert [line["title"] for line in section["lines"]] == ["Unowned"]
    assert "“No owner”" in section["lines"][0]["said"]


def test_only_the_digest_of_the_subscriber_has_the_view_if_both_are_written_together(ana, zoe):
    people.organisation()
    views.subscribe(unowned(ana), pace=Pace.DIGEST, by=by(ana), at=AT)
    risks.risk("Unowned", person=zoe)
    digests.schedule(AT)
    due = Due.objects.filter(kind=digests.DUE).select_related("subject").earliest("pk")
    digests.make(due, at=LATER)

    sections = {
        one.user: {section["key"] for section in one.content["sections"]}
        for one in Digest.objects.select_related("user")
    }
    assert "views" in sections[ana]
    assert "views" not in sections[zoe]


def test_the_subscribers_of_a_deleted_view_are_told_and_it_ends(ana, zoe):
    view = unowned(ana, is_shared=True)
    views.subscribe(view, pace=Pace.NOW, by=by(zoe), at=AT)
    views.delete(view, by=by(ana), at=LATER)
    tell()
    ended = Entry.objects.get(user=zoe, event__verb="saved.view_deleted")
    assert ended.why == "You subscribed to this view. That has ended"
    assert queries.pace_of(view, zoe) == ""
    risks.risk("Unowned", person=ana)
    tell()
    assert told(zoe) == []


def test_a_view_that_becomes_private_ends_the_subscriptions_of_others(ana, zoe):
    view = unowned(ana, is_shared=True)
    for user in (ana, zoe):
        views.subscribe(view, pace=Pace.DIGEST, by=by(user), at=AT)
    views.change(view, {"is_shared": False}, by=by(ana), at=LATER)
    assert list(Subscription.objects.filter(ended_at=None).values_list("user", flat=True)) == [ana.pk]
    tell()
    entry_ = Entry.objects.get(user=zoe, event__verb="saved.subscription_ended")
    assert entry_.why == "A view that you subscribed to is private now"
    assert not Entry.objects.filter(user=ana, event__verb="saved.subscription_ended").exists()
    assert Event.objects.get(verb="saved.subscription_ended").data["view"] == "No owner"
