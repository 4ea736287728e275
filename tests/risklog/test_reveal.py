"""Two administrators together reveal who escalated something anonymously. Nobody else learns it."""

import json
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from history import operations as history
from history.models import Due, Event
from kit.actor import SYSTEM
from kit.refusals import IllegalMove, Refused
from notices.models import Entry, Message
from people import events
from people.operations import invitation, token
from people.operations import person as persons
from people.states import Role
from riskhub import schedule
from risklog.models import Reveal
from risklog.operations import escalation as escalations
from risklog.operations import reveal as operations
from risklog.queries import reveal as queries
from risklog.states import RevealState, Who
from tests.conftest import AT
from tests.factories import people
from tests.factories import risklog_review as make

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
NAME = "Ursula Unnamed"


@pytest.fixture
def admins():
    people.organisation(time_zone="UTC")
    make.ladder((Who.OWNER, 60, None))
    return [people.user(name, role=Role.ADMINISTRATOR) for name in ("Ada", "Abe", "Ann")]


@pytest.fixture
def raiser():
    return people.user(NAME)


@pytest.fixture
def escalation(admins, raiser):
    about = make.model(developer=people.user("Dev")).subject
    return escalations.escalate(
        about=about, why="It must stop", by=make.actor(raiser), at=AT, is_unnamed=True
    )


def page(client, reader, escalation) -> str:
    client.force_login(reader)
    return client.get(f"/risks/escalations/{escalation.reference}/").content.decode()


def names(reader, escalation):
    return queries.names_for(reader, queries.of_escalation(escalation))


def test_one_asks_another_confirms_both_see_it_and_the_person_is_told(client, admins, raiser, escalation):
    ada, abe, ann = admins
    operations.ask(escalation, reason="A legal duty", by=make.actor(ada), at=AT)
    assert names(ada, escalation) == []
    operations.confirm(escalation, by=make.actor(abe), at=AT + HOUR)
    schedule.act(AT + HOUR)

    assert [names(reader, escalation) for reader in admins] == [[raiser], [raiser], []]
    readers = (ada, abe, ann, raiser, people.user())
    shown = ["Escalated by" in page(client, reader, escalation) for reader in readers]
    assert shown == [True, True, False, False, False]
    told = Entry.objects.filter(event__verb="risklog.escalation_revealed").values_list("user", flat=True)
    assert set(told) == {raiser.pk, ada.pk}
    assert not Message.objects.filter(user=raiser).exists()  # a mail would stand in the delivery log
    of_reveals = Event.objects.filter(subject=escalation.subject_id, verb__contains="reveal")
    assert [event.chain_no is not None for event in of_reveals] == [True, True]
    assert not any(str(raiser.pk) in json.dumps(event.data.get("told", [])) for event in of_reveals)


def test_one_administrator_alone_reveals_nothing(admins, escalation):
    ada, abe, _ = admins
    with pytest.raises(IllegalMove, match="Nobody asked"):
        operations.confirm(escalation, by=make.actor(ada), at=AT)
    operations.ask(escalation, reason="A legal duty", by=make.actor(ada), at=AT)
    with pytest.raises(Refused, match="Another administrator confirms"):
        operations.confirm(escalation, by=make.actor(ada), at=AT)
    with pytest.raises(Refused, match="asked already"):
        operations.ask(escalation, reason="Again", by=make.actor(abe), at=AT)
    with pytest.raises(IntegrityError, match="risklog_reveal_by_two"), transaction.atomic():
        Reveal.objects.update(state=RevealState.CONFIRMED, decided_by=ada)

    assert names(ada, escalation) == []


def test_a_request_is_declined_or_lapses_after_two_days(admins, escalation):
    ada, abe, _ = admins
    operations.ask(escalation, reason="Curious", by=make.actor(ada), at=AT)
    with pytest.raises(Refused, match="Enter the reason"):
        operations.decline(escalation, reason=" ", by=make.actor(abe), at=AT)
    operations.decline(escalation, reason="No ground", by=make.actor(abe), at=AT)
    operations.ask(escalation, reason="A legal duty", by=make.actor(ada), at=AT)
    late = AT + operations.WITHIN

    with pytest.raises(IllegalMove, match="time to decide is over"):
        operations.confirm(escalation, by=make.actor(abe), at=late)
    due = Due.objects.get(kind=operations.DUE, state="pending")
    operations.lapse(due, at=late - HOUR)
    operations.lapse(due, at=late)
    operations.lapse(due, at=late)

    states = Reveal.objects.order_by("id").values_list("state", flat=True)
    assert list(states) == [RevealState.DECLINED, RevealState.LAPSED]
    assert Event.objects.filter(verb="risklog.reveal_lapsed").count() == 1
    assert names(abe, escalation) == []


def test_what_is_not_anonymous_is_not_revealed_and_a_former_administrator_sees_nothing(admins, raiser):
    named = escalations.escalate(about=make.model().subject, why="Now", by=make.actor(raiser), at=AT)
    with pytest.raises(Refused, match="Nobody escalated this anonymously"):
        operations.ask(named, reason="A legal duty", by=make.actor(admins[0]), at=AT)
    about = named.about
    escalations.escalate(about=about, why="Worse", by=make.actor(raiser), at=AT, is_unnamed=True)
    operations.ask(named, reason="A legal duty", by=make.actor(admins[0]), at=AT)
    operations.confirm(named, by=make.actor(admins[1]), at=AT)
    assert names(admins[1], named) == [raiser]
    admins[1].role = Role.MEMBER

    assert names(admins[1], named) == []


def test_it_is_asked_and_confirmed_on_the_page(client, admins, escalation):
    ada, abe, _ = admins
    address = f"/risks/escalations/{escalation.reference}/"
    text = page(client, ada, escalation)
    assert "Two administrators together can reveal the name" in text

    refused = client.post(f"{address}ask-reveal/", {"reason": "", "version": escalation.version})
    assert refused.status_code == 422
    sent = {"reason": "A legal duty", "version": escalation.version}
    assert client.post(f"{address}ask-reveal/", sent).status_code == 303
    assert "confirm-reveal" not in page(client, ada, escalation)
    assert "confirm-reveal" in page(client, abe, escalation)
    escalation.refresh_from_db()
    assert client.post(f"{address}confirm-reveal/", {"version": escalation.version}).status_code == 303
    assert "Escalated by" in page(client, abe, escalation)
    client.force_login(people.user(role=Role.RISK_MANAGER))
    assert client.post(f"{address}ask-reveal/", sent).status_code == 403


def test_it_is_asked_and_confirmed_by_api(client, admins, raiser, escalation):
    address = f"/api/v1/escalations/{escalation.reference}/reveals"

    def call(reader, method, path="", body=None):
        _, text = token.issue(reader, name="all", scope="write", by=SYSTEM, at=AT)
        headers = {"Authorization": f"Bearer {text}"}
        if method == "post":
            headers["If-Match"] = call(reader, "get")["ETag"]
        sent = (
            {"data": json.dumps(body or {}), "content_type": "application/json"} if method == "post" else {}
        )
        return getattr(client, method)(f"{address}{path}", **sent, headers=headers)

    ada, abe, ann = admins
    assert call(ada, "get").json() == {"is_unnamed": True, "requests": [], "escalated_by": []}
    assert call(ada, "post", "/ask", {"reason": "A legal duty"}).json()["requests"][0]["state"] == "asked"
    assert call(ada, "post", "/confirm").status_code == 422
    confirmed = call(abe, "post", "/confirm").json()
    assert confirmed["escalated_by"] == [{"id": raiser.pk, "name": NAME}]
    assert call(ann, "get").json()["escalated_by"] == []
    assert call(people.user(role=Role.RISK_MANAGER), "get").status_code == 403


def test_one_administrator_alone_cannot_become_two(client, admins, escalation):
    ada, abe, ann = admins
    add = {"email": "bob@example.org", "role": Role.ADMINISTRATOR}
    early = persons.add(name="Bob Before", by=make.actor(ada), at=AT - HOUR, **add)
    promoted = people.user()
    persons.note_link(ann, by=make.actor(ada), at=AT - 29 * 24 * HOUR)
    operations.ask(escalation, reason="A legal duty", by=make.actor(ada), at=AT)
    late = persons.add(name="Bob", by=make.actor(ada), at=AT + HOUR, **{**add, "email": "bob.2@example.org"})
    persons.set_role(promoted, Role.ADMINISTRATOR, by=make.actor(abe), at=AT + HOUR)

    for person in (early, late, promoted, ann):
        with pytest.raises(Refused, match="You cannot confirm this"):
            operations.confirm(escalation, by=make.actor(person), at=AT + 2 * HOUR)
    assert "confirm-reveal" not in page(client, ann, escalation)
    operations.confirm(escalation, by=make.actor(abe), at=AT + 2 * HOUR)
    assert names(late, escalation) == []


def test_nobody_is_asked_who_could_not_confirm(admins, escalation):
    ada, *others = admins
    for other in others:
        persons.note_link(other, by=make.actor(ada), at=AT)

    with pytest.raises(Refused, match="Nobody could confirm this"):
        operations.ask(escalation, reason="A legal duty", by=make.actor(ada), at=AT + HOUR)


def test_who_escalates_it_after_the_confirmation_stays_anonymous(client, admins, raiser, escalation):
    ada, abe, _ = admins
    later = people.user("Later Leo")
    operations.ask(escalation, reason="A legal duty", by=make.actor(ada), at=AT)
    operations.confirm(escalation, by=make.actor(abe), at=AT)
    assert "ask-reveal" not in page(client, ada, escalation)
    escalations.escalate(
        about=escalation.about, why="Still", by=make.actor(later), at=AT + HOUR, is_unnamed=True
    )

    assert names(ada, escalation) == names(abe, escalation) == [raiser]
    assert "ask-reveal" in page(client, ada, escalation)
    operations.ask(escalation, reason="Again", by=make.actor(ada), at=AT + HOUR)
    assert names(ada, escalation) == [raiser]
    operations.confirm(escalation, by=make.actor(abe), at=AT + 2 * HOUR)
    assert names(ada, escalation) == [raiser, later]


def test_who_was_invited_by_the_one_who_asks_cannot_confirm(admins, escalation):
    ada = admins[0]
    (invited,) = invitation.invite(["puppet@example.org"], role=Role.ADMINISTRATOR, by=make.actor(ada), at=AT)
    puppet = invitation.accept(invited, name="Puppet", password="quartz-raven-maple-42", at=AT)

    assert puppet.role == Role.ADMINISTRATOR
    assert puppet not in queries.confirmers(ada, AT + HOUR)
    assert admins[1] in queries.confirmers(ada, AT + HOUR)


@pytest.mark.parametrize("verb", ["people.password_reset", "people.provider_linked", "people.factor_removed"])
def test_whose_sign_in_changed_after_the_request_cannot_confirm(admins, escalation, verb):
    abe = admins[1]
    payload = {
        "people.password_reset": events.PasswordReset(),
        "people.provider_linked": events.ProviderLinked(provider="oidc"),
        "people.factor_removed": events.FactorRemoved(kind="totp", name="Phone"),
    }[verb]
    assert abe in queries.confirmers(admins[0], AT)
    history.record(abe, payload, by=make.actor(abe), at=AT + HOUR)

    assert abe not in queries.confirmers(admins[0], AT)
