"""Likely duplicates of a title, and risks that are closed as duplicates."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from history import relay
from history.models import Event
from history.queries import rebuilt
from kit.actor import Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from people.states import Role
from risklog import likeness
from risklog.models import Acceptance, Risk
from risklog.operations import duplicate, risk
from risklog.operations import escalation as escalations
from risklog.operations import review as reviews
from risklog.queries import duplicate as queries
from risklog.states import RiskState
from talk.models import Watch
from talk.operations import watch
from talk.queries.watch import watcher_ids
from tests.factories import people, risklog_review, risks, talk

pytestmark = pytest.mark.django_db
TITLE = "Scores drift after the rate change"


@pytest.fixture
def ana():
    return people.user("Ana")


@pytest.fixture
def mia():
    return people.user("Mia", role=Role.RISK_MANAGER)


@pytest.fixture
def pair(ana):
    """A risk and the one that it is a duplicate of."""
    return risks.risk("Drift of scores", owner=ana, person=ana), risks.risk(TITLE)


def page(person):
    return Actor(person, "page")


def send(client, path, body, **headers):
    return client.post(f"/api/v1/{path}", body, content_type="application/json", headers=headers)


def found(user, title, **which):
    return [risk.title for risk in queries.likeliest(user, title, **which)]


# ------------------------------------------------------------------ likely duplicates


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("  Scores DRIFT, again! ", "scores drift again"),
        ("Ausfälle über Nacht", "ausfalle uber nacht"),
        ("PSI≥0.2", "psi 0 2"),
        ("…", ""),
    ],
)
def test_the_key_of_a_title_has_only_letters_and_digits(title, key):
    assert likeness.key_of(title) == key


def test_every_letter_of_another_script_has_its_own_three_letters():
    key = likeness.key_of("Дрейф оценок 风险")
    assert key.isascii()
    assert [len(word) for word in key.split()] == [15, 18, 6]


@pytest.mark.parametrize(
    ("title", "typed"),
    [
        (TITLE, "Scores drift aft"),
        (TITLE, "scores drifted after rate changes"),
        ("Ausfälle der Datenquelle", "ausfalle der datenquelle"),
        ("Дрейф оценок после изменения ставки", "Дрейф оценок"),
        ("模型评分漂移", "模型评分"),
        ("Scores drift after the rate change in retail credit", "Retail credit scores drifting"),
    ],
)
def test_a_title_that_is_being_typed_finds_the_risks_that_are_like_it(ana, title, typed):
    risks.risk(title)
    risks.risk("Labels are late")
    assert found(ana, typed) == [title]


def test_the_likeliest_comes_first_and_short_texts_find_nothing(ana):
    risks.risk("Scores drift in one region after the rate change")
    risks.risk(TITLE)
    assert found(ana, TITLE)[0] == TITLE
    assert found(ana, "Sco") == []


def test_hidden_closed_and_other_models_risks_are_not_suggested(ana):
    risks.restricted(TITLE, people.team())
    risks.risk(TITLE, state=RiskState.CLOSED)
    credit, churn = risks.model("Credit PD"), risks.model("Churn")
    risks.risk(TITLE, model=credit)

    assert found(ana, TITLE, model=churn) == []
    assert found(ana, TITLE, model=credit) == [TITLE]


def test_a_new_title_is_the_one_that_is_compared(ana, at):
    changed = risks.risk("Labels are late", person=ana)
    risk.change(changed, {"title": TITLE}, by=page(ana), at=at)
    assert found(ana, TITLE) == [TITLE]
    assert "title_key" not in rebuilt("risklog.risk", changed.pk)


def test_a_look_up_costs_the_same_for_one_and_for_three_risks_and_ranks_few(ana):
    def cost():
        with CaptureQueriesContext(connection) as log:
            found(ana, TITLE)
        return [query["sql"] for query in log]

    risks.risk(TITLE)
    cost()
    one = cost()
    risks.risk(f"{TITLE} again")
    risks.risk(f"{TITLE} once more")
    assert len(cost()) == len(one)
    assert any(f"LIMIT {queries.CANDIDATES}" in sql for sql in one)


def test_the_new_risk_page_and_a_breach_show_likely_duplicates(client, ana):
    group = risklog_review.breach_group()
    known = risks.risk(group.title)
    client.force_login(ana)

    typed = client.get(reverse("risklog:risk_like"), {"title": group.title, "model": ""})
    of_breach = client.get(reverse("risklog:risk_like"), {"breach": group.reference})

    assert known.reference in typed.content.decode()
    assert known.reference in of_breach.content.decode()
    assert client.get(reverse("risklog:risk_like"), {"breach": "B-999"}).status_code == 404
    assert (
        "like/?breach=" in client.get(f"/signals/breaches/{group.reference}/", follow=True).content.decode()
    )


def test_the_api_lists_likely_duplicates(client, ana):
    known = risks.risk(TITLE)
    client.force_login(ana)

    answer = client.get("/api/v1/risks/likely", {"title": "Scores drift after"}).json()

    (row,) = answer["results"]
    assert (row["reference"], row["state"], answer["count"]) == (known.reference, "open", 1)
    assert 0.5 < row["likeness"] <= 1
    assert client.get("/api/v1/risks/likely", {"title": TITLE, "model": "none"}).json()["results"] == []
    assert client.get("/api/v1/risks/likely").json()["errors"][0]["field"] == "title"


# ------------------------------------------------------------------ merging


@pytest.mark.parametrize("state", [state for state in RiskState if state != RiskState.CLOSED])
def test_a_live_risk_is_closed_as_a_duplicate_and_reopened(at, mia, state):
    merged, other = risks.risk("Drift of scores", state=state), risks.risk(TITLE)

    duplicate.merge(merged, into=other, reason="Same metric", by=page(mia), at=at)

    merged.refresh_from_db()
    assert (merged.state, merged.merged_into, merged.closing_evidence) == ("closed", other, "Same metric")
    assert rebuilt("risklog.risk", merged.pk)["merged_into_id"] == other.pk
    assert not Acceptance.objects.filter(state__in=["proposed", "accepted"]).exists()

    risk.reopen(merged, reason="It is another cause", by=page(mia), at=at)
    assert (merged.state, merged.merged_into) == ("assessing", None)


def test_a_treated_risk_is_still_not_simply_closed(at, mia):
    treated = risks.risk(state=RiskState.TREATING)
    with pytest.raises(IllegalMove, match="Monitor or reopen it first"):
        risk.close(treated, evidence="Four weeks below the threshold", by=page(mia), at=at)


def test_a_risk_is_not_merged_into_itself_a_closed_one_or_twice(at, mia, pair):
    merged, other = pair
    with pytest.raises(Refused, match="itself"):
        duplicate.merge(merged, into=merged, by=page(mia), at=at)
    duplicate.merge(merged, into=other, by=page(mia), at=at)
    with pytest.raises(Refused, match="is closed") as circle:
        duplicate.merge(other, into=Risk.objects.get(pk=merged.pk), by=page(mia), at=at)
    assert circle.value.field == "into"
    with pytest.raises(IllegalMove):
        duplicate.merge(merged, into=other, by=page(mia), at=at)


def test_two_people_who_merge_two_risks_into_each_other_make_no_circle(at, mia, pair):
    merged, other = pair
    mine, theirs = Risk.objects.get(pk=merged.pk), Risk.objects.get(pk=other.pk)
    duplicate.merge(merged, into=other, by=page(mia), at=at)
    with pytest.raises((IllegalMove, Refused, ChangedMeanwhile)):
        duplicate.merge(theirs, into=mine, by=page(mia), at=at)


def test_the_watchers_are_kept_if_they_may_see_the_other_risk(at, ana, mia):
    team = people.team()
    inside, outside, muted = people.user(teams=[team]), people.user(), people.user(teams=[team])
    merged, other = risks.risk("Drift of scores", owner=inside), risks.restricted(TITLE, team)
    watch.start(merged.subject, by=page(outside), at=at)
    watch.start(merged.subject, by=page(muted), at=at)
    watch.stop(other.subject, by=page(muted), at=at)

    duplicate.merge(merged, into=other, by=page(mia), at=at)

    assert watcher_ids(other.subject_id) == {inside.pk}
    assert outside.pk in watcher_ids(merged.subject_id)
    assert Watch.objects.get(about=other.subject, user=muted).is_muted


def test_its_open_review_is_withdrawn_and_its_escalation_resolved(at, mia, pair):
    merged, other = pair
    review = reviews.request(
        about=merged.subject, kind="drift", severity="warning", why="?", by=page(mia), at=at
    )
    escalation = escalations.escalate(about=merged.subject, why="Urgent", by=page(mia), at=at)

    duplicate.merge(merged, into=other, by=page(mia), at=at)
    relay.relay(at=at)

    review.refresh_from_db(), escalation.refresh_from_db()
    assert (review.state, escalation.state) == ("withdrawn", "resolved")
    event = Event.objects.get(verb="risklog.review_withdrawn")
    assert event.cause.verb == "risklog.risk_closed"


def test_make_it_a_risk_opens_the_risk_that_the_first_one_was_merged_into(at, ana, mia):
    risks.category()
    group = risklog_review.breach_group()
    first = risk.add_from_breach(group, by=page(ana), at=at)
    other = risks.risk(TITLE)
    duplicate.merge(first, into=other, by=page(mia), at=at)
    assert risk.add_from_breach(group, by=page(ana), at=at) == other

    last = risks.risk("Drift of the scores")
    duplicate.merge(other, into=last, by=page(mia), at=at)
    assert risk.add_from_breach(group, by=page(ana), at=at) == last


# ------------------------------------------------------------------ pages and API


def test_the_page_shows_what_will_happen_then_closes_the_risk_and_both_pages_link(client, ana, pair):
    merged, other = pair
    talk.comment(merged.subject, "Since Monday", author=ana)
    client.force_login(ana)
    address = reverse("risklog:risk_merge", args=[merged.reference])

    chosen = client.get(address).content.decode()
    preview = client.get(address, {"into": other.reference.lower()}).content.decode()
    done = client.post(address, {"into": other.reference, "reason": "", "version": merged.version})

    assert "Show what happens" in chosen
    assert "1 comment," in preview and "1 person who watches" in preview
    assert done.status_code == 303
    mine = client.get(f"/risks/{merged.reference}/").content.decode()
    theirs = client.get(f"/risks/{other.reference}/").content.decode()
    assert f'href="/risks/{other.reference}/"' in mine and "Closed as a duplicate of" in mine
    assert f'href="/risks/{merged.reference}/"' in theirs
    assert "Since Monday" in theirs and "as a duplicate" in theirs


def test_the_page_of_the_other_risk_costs_as_many_queries_with_one_duplicate_as_with_three(client, ana, at):
    other = risks.risk(TITLE, person=ana)
    client.force_login(ana)

    def cost():
        with CaptureQueriesContext(connection) as log:
            client.get(f"/risks/{other.reference}/")
        return len(log)

    def merge(number):
        duplicate.merge(risks.risk(f"Drift {number}"), into=other, by=page(ana), at=at)

    merge(1)
    cost()
    one = cost()
    merge(2)
    merge(3)
    assert cost() == one


def test_a_hidden_risk_is_refused_as_a_missing_one_and_nothing_of_it_shows(client, ana, at, mia):
    team = people.team()
    hidden = risks.restricted("Zanzibar", team)
    merged = risks.risk("Drift of scores", person=ana)
    client.force_login(ana)
    address = reverse("risklog:risk_merge", args=[merged.reference])
    match = {"If-Match": "*"}

    def answers(reference):
        shown = client.get(address, {"into": reference})
        refused = send(client, f"risks/{merged.reference}/merge", {"into": reference}, **match)
        texts = [str(dict(shown.context["form"].errors)), refused.content.decode()]
        return shown.status_code, refused.status_code, [text.replace(reference, "R-?") for text in texts]

    assert answers(hidden.reference) == answers("R-9999")

    duplicate.merge(merged, into=hidden, by=page(mia), at=at)
    shown = client.get(f"/risks/{merged.reference}/").content.decode()
    row = client.get(f"/api/v1/risks/{merged.reference}").json()
    events = client.get("/api/v1/events", {"reference": merged.reference}).content.decode()
    export = b"".join(client.get("/risks/export/?format=csv&duplicate=true")).decode()

    assert (row["merged_into_id"], row["merged_into_reference"], row["is_duplicate"]) == (None, None, True)
    for text in (shown, events, export):
        assert "Zanzibar" not in text and hidden.reference not in text
    assert "duplicate of a restricted risk" in shown


def test_the_api_merges_at_a_version_and_names_the_other_risk(client, ana, pair):
    merged, other = pair
    client.force_login(ana)
    path = f"risks/{merged.reference}/merge"

    assert send(client, path, {"into": other.reference}).status_code == 428
    assert (
        send(client, path, {"into": merged.reference}, **{"If-Match": "*"}).json()["errors"][0]["field"]
        == "into"
    )
    answer = send(client, path, {"into": other.reference}, **{"If-Match": "*"})

    assert answer.status_code == 200
    assert answer.json()["merged_into_reference"] == other.reference
    listed = client.get("/api/v1/risks", {"duplicate": "true"}).json()["results"]
    assert [row["reference"] for row in listed] == [merged.reference]


def test_a_dry_run_by_api_tells_the_effect_and_merges_nothing(client, ana, pair):
    talk.comment(pair[0].subject, "Seen in March, too")
    client.force_login(ana)
    tag = {"If-Match": client.get(f"/api/v1/risks/{pair[0].reference}")["ETag"]}
    path, body = f"risks/{pair[0].reference}/merge", {"into": pair[1].reference, "dry_run": True}

    answer = send(client, path, body, **tag)

    assert (answer.status_code, answer.json()["state"]) == (200, "open")
    assert answer.json()["merge_effect"]["comments"] == 1
    assert answer.json()["merge_effect"]["withdrawn_reviews"] == []
    assert send(client, path, {**body, "into": pair[0].reference}, **tag).status_code == 422
    merged = send(client, path, {"into": pair[1].reference}, **tag)
    assert (merged.json()["state"], merged.json()["merge_effect"]) == ("closed", None)


def test_lists_hide_duplicates_until_they_are_asked_for(client, ana, at, pair):
    merged, other = pair
    duplicate.merge(merged, into=other, by=page(ana), at=at)
    client.force_login(ana)

    assert merged.title not in client.get("/risks/").content.decode()
    closed = client.get("/risks/?state=closed").content.decode()
    assert merged.title in closed and "<span>Duplicate</span>" in closed
    assert merged.title not in client.get("/risks/?check=closed_without_evidence").content.decode()
