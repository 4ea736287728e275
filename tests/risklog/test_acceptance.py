"""Acceptances: one person proposes, another decides, until a date within a limit."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history.models import Due, Event
from history.queries import rebuilt
from kit.actor import SYSTEM, Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from notices.models import Entry
from people.operations import organisation as organisations
from people.states import Role
from risklog.models import Acceptance, Risk
from risklog.operations import acceptance, risk
from risklog.states import AcceptanceState, RiskState
from tests.factories import notices, people, risks

pytestmark = pytest.mark.django_db
UNTIL = date(2027, 1, 1)


@pytest.fixture
def ana():
    return people.user("Ana")


@pytest.fixture
def mia():
    return people.user("Mia", role=Role.RISK_MANAGER)


@pytest.fixture
def assessed(ana):
    return risks.risk(state=RiskState.ASSESSING, owner=ana, person=ana)


def page(person):
    return Actor(person, "page")


def propose(found, by, at, *, until=UNTIL, reason="Small"):
    return risk.propose(found, until=until, reason=reason, by=page(by), at=at)


def send(client, method, path, body=None, **headers):
    return getattr(client, method)(path, body or {}, content_type="application/json", headers=headers)


# ------------------------------------------------------------------ propose and decide


def test_one_person_proposes_and_another_accepts(at, ana, mia, assessed):
    proposal = propose(assessed, ana, at)
    assert assessed.state == RiskState.ASSESSING

    risk.accept(assessed, reason="The bureau agrees", by=page(mia), at=at)

    proposal.refresh_from_db()
    assert (proposal.state, proposal.proposed_by, proposal.decided_by) == ("accepted", ana, mia)
    assert (assessed.accepted_until, assessed.acceptance_reason) == (UNTIL, "Small")
    event = Event.objects.filter(verb="risklog.risk_accepted").get()
    assert event.data["decision_reason"] == "The bureau agrees"
    assert Due.objects.filter(subject=assessed.subject, kind=acceptance.DUE).count() == 2


def test_the_record_is_rebuilt_from_history(at, ana, mia, assessed):
    proposal = propose(assessed, ana, at)
    risk.accept(assessed, by=page(mia), at=at)
    risk.reopen(assessed, reason="It grew", by=page(mia), at=at)
    proposal.refresh_from_db()

    fields = rebuilt("risklog.acceptance", proposal.pk)

    assert (fields["state"], fields["decided_by_id"]) == ("ended", mia.pk)


@pytest.mark.parametrize(
    ("until", "reason", "field"),
    [
        (date(2026, 11, 23), "Small", "until"),
        (date(2027, 5, 23), "Small", "until"),
        (UNTIL, " ", "reason"),
    ],
)
def test_a_proposal_needs_a_date_within_the_limit_and_a_reason(at, assessed, until, reason, field):
    with pytest.raises(Refused) as refusal:
        propose(assessed, assessed.owner, at, until=until, reason=reason)
    assert refusal.value.field == field


def test_the_last_day_of_the_limit_is_allowed_and_the_refusal_names_it(at, ana, assessed):
    last = at.date() + timedelta(days=180)
    with pytest.raises(Refused, match=r"until 22 May 2027\. Risks are accepted for at most 180 days"):
        propose(assessed, ana, at, until=last + timedelta(days=1))
    propose(assessed, ana, at, until=last)


def test_administrators_set_the_limit(at, ana, assessed):
    ours = people.organisation()
    organisations.change(ours, {"max_acceptance_days": 30}, by=SYSTEM, at=at)
    with pytest.raises(Refused, match="at most 30 days"):
        propose(assessed, ana, at)
    with pytest.raises(Refused) as refusal:
        organisations.change(ours, {"max_acceptance_days": 0}, by=SYSTEM, at=at)
    assert refusal.value.field == "max_acceptance_days"


def test_an_open_or_closed_risk_is_not_accepted(at, ana):
    for state in (RiskState.OPEN, RiskState.CLOSED, RiskState.ACCEPTED):
        with pytest.raises(IllegalMove):
            propose(risks.risk(state=state), ana, at)


def test_one_proposal_waits_at_a_time(at, ana, assessed):
    propose(assessed, ana, at)
    with pytest.raises(Refused, match="proposed already"):
        propose(assessed, ana, at)


def test_a_risk_manager_does_not_decide_on_their_own_proposal(at, mia, assessed):
    propose(assessed, mia, at)
    for decide in (
        lambda: risk.accept(assessed, by=page(mia), at=at),
        lambda: risk.decline(assessed, reason="No", by=page(mia), at=at),
    ):
        with pytest.raises(Refused) as refusal:
            decide()
        assert refusal.value.field == "by"


def test_nothing_is_accepted_without_a_proposal(at, mia, assessed):
    with pytest.raises(IllegalMove, match="Propose it"):
        risk.accept(assessed, by=page(mia), at=at)


def test_the_decision_may_shorten_the_date_but_not_extend_it(at, ana, mia, assessed):
    propose(assessed, ana, at)
    with pytest.raises(Refused) as refusal:
        risk.accept(assessed, until=UNTIL + timedelta(days=1), by=page(mia), at=at)
    assert refusal.value.field == "until"

    risk.accept(assessed, until=date(2026, 12, 31), by=page(mia), at=at)

    assert assessed.accepted_until == Acceptance.objects.get().until == date(2026, 12, 31)


def test_a_proposal_whose_date_has_passed_is_not_accepted(at, ana, mia, assessed):
    propose(assessed, ana, at)
    with pytest.raises(Refused, match="future"):
        risk.accept(assessed, by=page(mia), at=at + timedelta(days=60))


def test_a_declined_proposal_leaves_the_risk_as_it_is_and_another_can_follow(at, ana, mia, assessed):
    propose(assessed, ana, at)
    with pytest.raises(Refused) as refusal:
        risk.decline(assessed, reason=" ", by=page(mia), at=at)
    assert refusal.value.field == "reason"

    risk.decline(assessed, reason="Too long", by=page(mia), at=at)
    propose(assessed, ana, at, until=date(2026, 12, 1))

    assert assessed.state == RiskState.ASSESSING
    states = Acceptance.objects.order_by("id").values_list("state", "decision_reason")
    assert list(states) == [("declined", "Too long"), ("proposed", "")]


def test_a_proposal_is_withdrawn_by_hand_and_when_the_risk_is_closed(at, ana, assessed):
    propose(assessed, ana, at)
    with pytest.raises(Refused, match="proposer or a risk manager"):
        risk.withdraw(assessed, by=page(people.user()), at=at)
    risk.withdraw(assessed, by=page(ana), at=at)
    propose(assessed, ana, at)
    risk.close(assessed, evidence="Four weeks below the threshold", by=page(ana), at=at)

    assert set(Acceptance.objects.values_list("state", flat=True)) == {AcceptanceState.WITHDRAWN}


def test_two_managers_decide_at_once_and_the_second_is_told(at, ana, mia, assessed):
    propose(assessed, ana, at)
    mine, theirs = Risk.objects.get(), Risk.objects.get()
    risk.accept(mine, by=page(mia), at=at)
    with pytest.raises((ChangedMeanwhile, IllegalMove)):
        risk.decline(theirs, reason="No", by=page(people.user(role=Role.RISK_MANAGER)), at=at)


def test_an_acceptance_ends_on_its_day(at, ana, mia, assessed):
    propose(assessed, ana, at)
    risk.accept(assessed, by=page(mia), at=at)
    end = Due.objects.get(subject=assessed.subject, occurrence__startswith="end")

    acceptance.acceptance_ends(end, at=end.at)

    found = Acceptance.objects.get()
    assert (found.state, found.ended_at) == (AcceptanceState.ENDED, end.at)


def test_an_accepted_risk_without_a_record_still_ends(at, ana, mia, assessed):
    """Old code that runs during the update leaves such a risk."""
    propose(assessed, ana, at)
    risk.accept(assessed, by=page(mia), at=at)
    Acceptance.objects.all().delete()
    end = Due.objects.get(subject=assessed.subject, occurrence__startswith="end")

    acceptance.acceptance_ends(end, at=end.at)

    assert Risk.objects.get().state == RiskState.ASSESSING


def test_risks_accepted_elsewhere_get_a_record_and_no_more_statements_for_more_of_them(at, mia):
    people.organisation()
    category = risks.category()

    def brought(number):
        drafts = [
            {
                "title": f"Risk {number} {one}", "category": category, "likelihood": 2, "impact": 2,
                "state": RiskState.ACCEPTED, "accepted_until": UNTIL, "acceptance_reason": "Small",
                "treatment": "accept",
            }
            for one in range(number)
        ]  # fmt: skip
        with CaptureQueriesContext(connection) as found:
            risk.add_many(drafts, by=Actor(mia, "import"), at=at)
        return len(found)

    brought(2)
    assert brought(3) == brought(2)
    assert Acceptance.objects.filter(state="accepted", decided_by=mia, proposed_by=None).count() == 7


# ------------------------------------------------------------------ who is told


def test_risk_managers_are_asked_and_the_proposer_hears_the_decision(at, ana, mia, assessed):
    owner_too = people.user("Max", role=Role.RISK_MANAGER)
    risk.change(assessed, {"owner": owner_too}, by=SYSTEM, at=at)
    propose(assessed, ana, at)
    notices.notify_of("risklog.acceptance_proposed", at)
    assert set(Entry.objects.values_list("user", flat=True)) == {mia.pk}

    risk.decline(assessed, reason="Too long", by=page(mia), at=at)
    notices.notify_of("risklog.acceptance_declined", at)

    told = Entry.objects.filter(event__verb="risklog.acceptance_declined")
    assert set(told.values_list("user", flat=True)) == {ana.pk, owner_too.pk}


# ------------------------------------------------------------------ pages


def test_the_page_of_a_risk_offers_what_fits_the_reader(client, at, ana, mia, assessed):
    url = f"/risks/{assessed.reference}/"

    def offered(person):
        client.force_login(person)
        text = client.get(url).content.decode()
        return {name for name in ("propose", "accept", "decline", "withdraw") if f"{url}{name}/" in text}

    assert offered(ana) == {"propose"}
    assert offered(mia) == {"propose"}
    propose(assessed, ana, at)
    assert offered(ana) == {"withdraw"}
    assert offered(mia) == {"accept", "decline", "withdraw"}
    other = people.user(role=Role.RISK_MANAGER)
    risk.withdraw(assessed, by=page(ana), at=at)
    propose(assessed, other, at)
    assert offered(other) == {"withdraw"}


def test_an_acceptance_is_proposed_and_declined_by_page(client, ana, mia, assessed):
    url = f"/risks/{assessed.reference}"
    client.force_login(ana)
    refused = client.post(f"{url}/propose/", {"version": 2, "until": "2035-01-01", "reason": "Small"})
    assert refused.status_code == 422
    assert "Risks are accepted for at most 180 days" in refused.content.decode()
    made = client.post(f"{url}/propose/", {"version": 2, "until": "2027-01-01", "reason": "Small"})
    assert made.status_code == 303
    version = Risk.objects.get().version
    answer = client.post(f"{url}/accept/", {"version": version, "until": "2027-01-01"})
    assert answer.status_code == 403

    client.force_login(mia)
    assert client.post(f"{url}/decline/", {"version": version, "reason": "Too long"}).status_code == 303

    text = client.get(f"{url}/").content.decode()
    assert "Proposed by Ana" in text
    assert "Too long" in text


@pytest.mark.parametrize("number", [1, 3])
def test_the_page_of_a_risk_reads_all_acceptances_at_once(client, at, mia, assessed, number):
    for _ in range(number):
        propose(assessed, assessed.owner, at)
        risk.decline(assessed, reason="Too long", by=page(mia), at=at)
    client.force_login(mia)
    client.get(f"/risks/{assessed.reference}/")
    with CaptureQueriesContext(connection) as found:
        client.get(f"/risks/{assessed.reference}/")
    assert sum("risklog_acceptance" in query["sql"] for query in found) == 1


# ------------------------------------------------------------------ API


def test_acceptances_by_api(client, ana, mia, assessed):
    url = f"/api/v1/risks/{assessed.reference}/acceptances"
    client.force_login(ana)
    wrong = send(client, "post", url, {"until": "2035-01-01", "reason": "Small"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "until")
    made = send(client, "post", url, {"until": "2027-01-01", "reason": "Small"})
    assert (made.status_code, made.json()["state"]) == (201, "proposed")
    one = made["Location"]
    assert send(client, "post", f"{one}/decide", {"is_accepted": True}).status_code == 403

    client.force_login(mia)
    assert send(client, "post", f"{one}/decide", {"is_accepted": True}).status_code == 428
    tag = client.get(one)["ETag"]
    accepted = send(client, "post", f"{one}/decide", {"is_accepted": True}, **{"If-Match": tag})
    assert (accepted.json()["state"], accepted.json()["decided_by_name"]) == ("accepted", "Mia")
    again = send(client, "post", f"{one}/decide", {"is_accepted": False}, **{"If-Match": "*"})
    assert again.status_code == 409


def test_the_proposer_withdraws_by_api(client, at, ana, assessed):
    proposal = propose(assessed, ana, at)
    url = f"/api/v1/risks/{assessed.reference}/acceptances/{proposal.pk}/withdraw"
    client.force_login(people.user())
    assert send(client, "post", url, {}, **{"If-Match": "*"}).status_code == 403
    client.force_login(ana)
    assert send(client, "post", url, {}).status_code == 428
    answer = send(client, "post", url, {"reason": "Fixed"}, **{"If-Match": "*"})
    assert (answer.json()["state"], answer.json()["decision_reason"]) == ("withdrawn", "Fixed")
    assert send(client, "post", url, {}, **{"If-Match": "*"}).status_code == 409


def test_declining_by_api_needs_a_reason(client, at, ana, mia, assessed):
    proposal = propose(assessed, ana, at)
    client.force_login(mia)
    url = f"/api/v1/risks/{assessed.pk}/acceptances/{proposal.pk}/decide"
    answer = send(client, "post", url, {"is_accepted": False}, **{"If-Match": "*"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "reason")


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_by_api_costs_the_same_for_more_rows(client, at, mia, assessed, number):
    for _ in range(number):
        propose(assessed, assessed.owner, at)
        risk.decline(assessed, reason="Too long", by=page(mia), at=at)
    client.force_login(mia)
    with CaptureQueriesContext(connection) as found:
        answer = client.get(f"/api/v1/risks/{assessed.reference}/acceptances?state=declined")
    assert answer.json()["count"] == number
    assert len(found) <= 5


def test_the_acceptances_of_a_restricted_risk_are_hidden(client, at, mia):
    secret = risks.restricted("Canary", people.team(), state=RiskState.ACCEPTED)
    number = Acceptance.objects.get(risk=secret).pk
    client.force_login(mia)
    url = f"/api/v1/risks/{secret.reference}/acceptances"
    answers = [
        client.get(url),
        client.get(f"{url}/{number}"),
        send(client, "post", url, {"until": "2027-01-01", "reason": "x"}),
        send(client, "post", f"{url}/{number}/decide", {"is_accepted": True}, **{"If-Match": "*"}),
    ]
    assert {answer.status_code for answer in answers} == {404}


def test_an_acceptance_of_another_risk_is_not_found(client, mia, assessed):
    number = Acceptance.objects.get(risk=risks.risk(state=RiskState.ACCEPTED)).pk
    client.force_login(mia)
    assert client.get(f"/api/v1/risks/{assessed.reference}/acceptances/{number}").status_code == 404
