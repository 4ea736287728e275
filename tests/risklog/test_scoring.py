"""Scoring together: blind until the reveal, then the spread, then one agreed score."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from history import relay
from history.models import Due, Event
from history.queries import rebuilt
from kit.actor import SYSTEM, Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from notices.models import Entry
from people.operations import organisation as organisations
from people.operations import person
from people.states import Role
from risklog import spread
from risklog.models import Risk, Score, ScoringRound
from risklog.operations import risk as operations
from risklog.operations import scoring
from risklog.queries import scoring as queries
from tests.conftest import AT
from tests.factories import people, risks

pytestmark = pytest.mark.django_db
CANARY = "Zanzibar"


@pytest.fixture
def mia():
    return people.user("Mia", role=Role.RISK_MANAGER)


@pytest.fixture
def ana():
    return people.user("Ana", function=people.function("data-science"))


@pytest.fixture
def ben():
    return people.user("Ben", function=people.function("engineering"))


@pytest.fixture
def two(ana, ben):
    return ana, ben


@pytest.fixture
def found():
    return risks.risk("Scores drift")


def page(who):
    return Actor(who, "page")


def start(found, *users, by, days=7, **fields):
    ends_on = (AT + timedelta(days=days)).date()
    return scoring.start(found, users=users, ends_on=ends_on, by=page(by), at=AT, **fields)


def score(found, by, figures, reason="", **fields):
    likelihood, impact = figures
    return scoring.score(
        found, likelihood=likelihood, impact=impact, reason=reason, by=page(by), at=AT, **fields
    )


def away(who, stand_in, at):
    until_on = at.date() + timedelta(days=3)
    person.be_away(who, from_on=at.date(), until_on=until_on, stand_in=stand_in, by=SYSTEM, at=at)


def send(client, path, body=None, **headers):
    return client.post(f"/api/v1/{path}", body or {}, content_type="application/json", headers=headers)


# ------------------------------------------------------------------ start


def test_people_of_two_functions_are_asked_and_told(at, mia, ana, ben, found):
    started = start(found, ana, ben, by=mia)
    relay.relay(at=at)

    assert [row.user for row in started.scores.order_by("id")] == [ana, ben]
    entries = Entry.objects.filter(event__verb="risklog.scoring_started")
    assert set(entries.values_list("user_id", "why")) == {
        (ana.pk, "Your score is requested"),
        (ben.pk, "Your score is requested"),
    }


def test_a_round_needs_two_functions_a_near_end_and_an_open_risk(mia, ana, ben, found):
    cam = people.user("Cam", function=ana.function)
    for users, days, field in (((ana, cam), 7, "users"), ((), 7, "users"), ((ana, ben), 61, "ends_on")):
        with pytest.raises(Refused) as refusal:
            start(found, *users, by=mia, days=days)
        assert refusal.value.field == field
    with pytest.raises(Refused) as refusal:
        start(found, ana, people.user(role=Role.VIEWER), by=mia)
    assert refusal.value.field == "users"
    start(found, ana, ben, by=mia)
    with pytest.raises(IllegalMove, match="already"):
        start(found, ana, ben, by=mia)


def test_a_stand_in_is_asked_for_somebody_who_is_away(at, mia, ana, ben, found):
    cam = people.user("Cam")
    away(ana, cam, at)
    started = start(found, ana, ben, by=mia)
    row = started.scores.get(user=cam)
    assert (row.stands_in_for, row.function) == (ana, ana.function)


def test_who_is_asked_may_see_a_restricted_risk(mia, ana, ben):
    hidden = risks.restricted("Scores drift", people.team())
    assert not Risk.objects.visible_to(ana).exists()
    start(hidden, ana, ben, by=mia)
    assert Risk.objects.visible_to(ana).get() == hidden
    assert Event.objects.filter(verb="history.sight_granted").count() == 2


def test_proposed_people_are_of_several_functions(at, mia, ana, ben, found):
    assert {ana.pk, ben.pk} <= set(queries.proposed(found, at=at)) | {ana.pk}


# ------------------------------------------------------------------ blind


def test_nobody_reads_a_blind_score_through_any_door(client, at, mia, two, found):
    """Of a score of 5 x 1 with a reason, another person finds neither before the reveal."""
    ana, ben = two
    start(found, ana, ben, by=mia)
    score(found, ana, (5, 1), CANARY)
    score(found, ana, (5, 1), f"{CANARY} again")
    relay.relay(at=at)
    ada = people.user("Ada", role=Role.ADMINISTRATOR)

    for reader in (ben, mia, ada):
        client.force_login(reader)
        of_ana = client.get(f"/api/v1/risks/{found.reference}/scores").json()["results"][0]
        events = client.get(f"/api/v1/events?reference={found.reference}&limit=200").json()["results"]
        texts = [
            b"".join(client.get(path)).decode()
            for path in (
                f"/risks/{found.reference}/",
                f"/risks/{found.reference}/scoring/",
                f"/api/v1/events?reference={found.reference}&limit=200",
                f"/api/v1/search?q={CANARY}",
                f"/api/v1/risks/{found.reference}/scoring-rounds",
                "/api/v1/risks/export?format=json",
                reverse("notices:inbox"),
                f"/risks/?q={CANARY}",
            )
        ]
        assert of_ana["answered_at"] and [of_ana[name] for name in queries.SEALED] == [None] * 3
        assert not any(f"{CANARY} again" in text for text in texts)
        changed = [
            one["field"] for event in events for one in event["changes"] if one["model"] == "risklog.score"
        ]
        assert changed and not {*changed} & {*queries.SEALED}

    stored = Event.objects.filter(verb="risklog.score_given").values_list("data", flat=True)
    assert {name for data in stored for name in data["rows"][0]["changes"]} == {"answered_at"}
    assert CANARY not in str(list(stored))


def test_the_author_reads_their_own_score_and_may_change_it(client, mia, ana, ben, found):
    start(found, ana, ben, by=mia)
    given = score(found, ana, (5, 1), CANARY)
    client.force_login(ana)

    rows = client.get(f"/api/v1/risks/{found.reference}/scores").json()["results"]
    assert [row["reason"] for row in rows] == [CANARY, None]
    assert CANARY in client.get(f"/risks/{found.reference}/scoring/").content.decode()

    with pytest.raises(ChangedMeanwhile):
        score(found, ana, (4, 1), seen=given.version - 1)
    score(found, ana, (4, 1), seen=given.version)
    assert Score.objects.get(user=ana).likelihood == 4


def test_only_who_was_asked_scores(mia, ana, ben, found):
    start(found, ana, ben, by=mia)
    with pytest.raises(Refused, match="asked"):
        score(found, mia, (3, 3))
    with pytest.raises(Refused) as refusal:
        score(found, ana, (6, 3))
    assert refusal.value.field == "likelihood"


# ------------------------------------------------------------------ reveal


def test_the_last_score_reveals_all(client, at, mia, two, found):
    ana, ben = two
    started = start(found, ana, ben, by=mia)
    score(found, ana, (5, 3), CANARY)
    score(found, ben, (2, 3), "It has a fallback")
    relay.relay(at=at)

    started.refresh_from_db()
    assert (started.state, started.revealed_by) == ("revealed", None)
    event = Event.objects.get(verb="risklog.scores_revealed")
    assert [row["likelihood"] for row in event.data["scores"]] == [5, 2]
    assert rebuilt("risklog.scoringround", started.pk)["state"] == "revealed"
    assert Entry.objects.filter(event=event, user=ana).exists()
    client.force_login(mia)
    text = client.get(f"/risks/{found.reference}/scoring/").content.decode()
    assert CANARY in text and "Discuss these gaps" in text and "Likelihood 2 to 5" in text
    rows = client.get(f"/api/v1/risks/{found.reference}/scores").json()["results"]
    assert {(row["likelihood"], row["reason"]) for row in rows} == {(5, CANARY), (2, "It has a fallback")}
    with pytest.raises(IllegalMove):
        score(found, ana, (1, 1))


def test_the_owner_or_a_risk_manager_reveals_once_somebody_has_scored(client, at, mia, ana, ben):
    owner = people.user("Olga")
    found = risks.risk(owner=owner)
    started = start(found, ana, ben, by=owner)
    with pytest.raises(Refused, match="Nobody has scored"):
        scoring.reveal(found, by=page(owner), at=at)
    score(found, ana, (5, 3))
    reveal = f"risks/{found.reference}/scoring-rounds/{started.pk}/reveal"

    client.force_login(ana)
    assert send(client, reveal, **{"If-Match": "*"}).status_code == 403
    client.force_login(owner)
    assert send(client, reveal).status_code == 428
    assert send(client, reveal, **{"If-Match": "*"}).json()["state"] == "revealed"


@pytest.mark.parametrize(("is_scored", "state"), [(True, "revealed"), (False, "cancelled")])
def test_a_round_ends_after_its_last_day(mia, two, found, is_scored, state):
    ana, ben = two
    started = start(found, ana, ben, by=mia, days=1)
    if is_scored:
        score(found, ana, (5, 3))
    reminder, end = Due.objects.filter(subject=found.subject, kind__startswith="risklog.scoring").order_by(
        "at"
    )

    scoring.remind(reminder, at=reminder.at)
    scoring.end(end, at=end.at)
    scoring.end(end, at=end.at)

    started.refresh_from_db()
    assert (started.state, started.ended_at) == (state, end.at)
    told = Event.objects.get(verb="risklog.scoring_reminded").data["told"]
    assert told == ([ben.pk] if is_scored else [ana.pk, ben.pk])


def test_the_end_moves_with_the_time_zone_of_the_organisation(at, mia, ana, ben, found):
    ours = people.organisation()
    start(found, ana, ben, by=mia, days=1)
    before = Due.objects.get(subject=found.subject, kind=scoring.ENDS).at
    organisations.change(ours, {"time_zone": "America/New_York"}, by=SYSTEM, at=at)
    relay.relay(at=at)
    assert Due.objects.get(subject=found.subject, kind=scoring.ENDS).at == before + timedelta(hours=6)


def test_a_round_goes_on_without_people_who_cannot_score(at, mia, ana, ben, found):
    cam, dan = people.user("Cam"), people.user("Dan", function=people.function("product"))
    started = start(found, ana, ben, dan, by=mia)
    score(found, ana, (5, 3))
    away(ben, cam, at)
    relay.relay(at=at)
    assert started.scores.get(user=cam).stands_in_for == ben

    score(found, cam, (4, 3))
    person.deactivate(dan, by=SYSTEM, at=at)
    relay.relay(at=at)
    started.refresh_from_db()
    assert started.state == "revealed"


def test_a_closed_risk_is_scored_no_more(at, mia, ana, ben, found):
    started = start(found, ana, ben, by=mia)
    operations.close(found, evidence="Four weeks below the threshold", by=page(mia), at=at)
    relay.relay(at=at)
    started.refresh_from_db()
    assert started.state == "cancelled"
    with pytest.raises(IllegalMove):
        start(found, ana, ben, by=mia)


# ------------------------------------------------------------------ agree


def test_the_agreed_score_becomes_the_score_of_the_risk_once(at, mia, ana, ben, found):
    start(found, ana, ben, by=mia, is_residual=True)
    with pytest.raises(IllegalMove, match="not revealed"):
        scoring.agree(found, likelihood=2, impact=3, by=page(mia), at=at)
    score(found, ana, (2, 3))
    score(found, ben, (3, 3))

    scoring.agree(found, likelihood=2, impact=3, reason="The fallback holds", by=page(mia), at=at)

    found.refresh_from_db()
    assert (found.residual_likelihood, found.residual_impact, found.severity) == (2, 3, 6)
    agreed = ScoringRound.objects.get()
    assert (agreed.agreed_likelihood, agreed.agreed_impact, agreed.agreed_by) == (2, 3, mia)
    with pytest.raises(IllegalMove, match="already"):
        scoring.agree(found, likelihood=2, impact=3, by=page(mia), at=at)


def test_nothing_is_taken_over_if_the_risk_changed_meanwhile(at, mia, ana, ben, found):
    start(found, ana, ben, by=mia)
    score(found, ana, (2, 3))
    score(found, ben, (3, 3))
    with pytest.raises(ChangedMeanwhile):
        scoring.agree(found, likelihood=2, impact=3, by=page(mia), at=at, seen=found.version - 1)
    assert ScoringRound.objects.get().agreed_at is None


@pytest.mark.parametrize(
    ("figures", "low", "high", "middle", "is_gap"),
    [([3], 3, 3, 3, False), ([4, 3, 3, 2], 2, 4, 3, True), ([2, 3], 2, 3, 2, False)],
)
def test_the_spread_of_figures(figures, low, high, middle, is_gap):
    found = spread.spread_of(figures)
    assert (found.low, found.high, found.middle, found.is_gap) == (low, high, middle, is_gap)
    assert spread.spread_of([]) is None


# ------------------------------------------------------------------ pages and API


def test_from_asking_to_the_agreed_score_on_the_page(client, mia, ana, ben, found):
    def post(who, step, obj, **fields):
        client.force_login(who)
        address = reverse("risklog:risk_scoring_step", args=[found.reference, step])
        return client.post(address, {"version": obj.version, **fields})

    client.force_login(mia)
    assert "Ask people to score" in client.get(f"/risks/{found.reference}/scoring/").content.decode()
    wrong = post(mia, "start", found, users=[ana.pk], ends_on="2026-11-30")
    assert (wrong.status_code, "two functions" in wrong.content.decode()) == (422, True)
    assert post(ana, "start", found, users=[ana.pk, ben.pk], ends_on="2026-11-30").status_code == 403
    assert post(mia, "start", found, users=[ana.pk, ben.pk], ends_on="2026-11-30").status_code == 303

    client.force_login(ana)
    assert "Your score is requested" in client.get(f"/risks/{found.reference}/").content.decode()
    own = Score.objects.get(user=ana)
    assert post(ana, "score", own, likelihood="", impact="3").status_code == 422
    assert post(ana, "score", own, likelihood="5", impact="3", reason="Seen twice").status_code == 303
    assert post(ana, "reveal", ScoringRound.objects.get()).status_code == 403
    assert post(mia, "reveal", ScoringRound.objects.get()).status_code == 303

    found.refresh_from_db()
    assert post(mia, "agree", found, likelihood="5", impact="2").status_code == 303
    found.refresh_from_db()
    assert (found.likelihood, found.impact) == (5, 2)


def test_the_api_starts_scores_and_takes_over(client, mia, ana, ben, found):
    base = f"risks/{found.reference}"
    client.force_login(mia)
    body = {"people": [ana.email, ben.pk], "ends_on": "2026-11-30"}
    started = send(client, f"{base}/scoring-rounds", body, **{"Idempotency-Key": "one"})
    assert started.status_code == 201
    assert send(client, f"{base}/scoring-rounds", body, **{"Idempotency-Key": "one"}).json() == started.json()
    assert send(client, f"{base}/scores", {"likelihood": 5, "impact": 3}).status_code == 422

    for who, likelihood in ((ana, 5), (ben, 4)):
        client.force_login(who)
        answer = send(client, f"{base}/scores", {"likelihood": likelihood, "impact": 3})
        assert (answer.status_code, answer.json()["likelihood"]) == (201, likelihood)
        assert answer["ETag"]

    client.force_login(mia)
    taken = send(client, f"{base}/scores/agree", {"likelihood": 4, "impact": 3}, **{"If-Match": "*"})
    assert (taken.status_code, taken.json()["likelihood"]) == (200, 4)
    listed = client.get(f"/api/v1/{base}/scores?round={started.json()['id']}&order=-id").json()
    assert [row["likelihood"] for row in listed["results"]] == [4, 5]


def test_a_hidden_risk_has_no_scores(client, mia, ana, ben):
    hidden = risks.restricted("Scores drift", people.team())
    client.force_login(ana)
    for path in ("scores", "scoring-rounds"):
        missing = client.get(f"/api/v1/risks/R-9999/{path}")
        answer = client.get(f"/api/v1/risks/{hidden.reference}/{path}")
        assert (answer.status_code, answer.content) == (404, missing.content)
    assert client.get(f"/risks/{hidden.reference}/scoring/").status_code == 404


def test_the_lists_cost_the_same_for_one_and_for_three_people(client, mia, ana, ben):
    few, many = risks.risk("One"), risks.risk("Two")
    start(few, ana, ben, by=mia)
    start(many, ana, ben, *(people.user(function=ana.function) for _ in range(3)), by=mia)
    client.force_login(mia)

    def cost(path):
        with CaptureQueriesContext(connection) as log:
            client.get(path)
        return len(log)

    for path in ("/api/v1/risks/{}/scores", "/risks/{}/scoring/", "/risks/{}/"):
        cost(path.format(few.reference))
        assert cost(path.format(many.reference)) == cost(path.format(few.reference))
