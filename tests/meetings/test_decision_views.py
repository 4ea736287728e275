"""The decision log, the page of a decision, and decisions outside a meeting."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from actions.models import Action
from kit.actor import SYSTEM
from meetings.models import Decision
from meetings.operations import decision as decisions
from people.states import Role
from risklog.models import Review
from risklog.states import ReviewState
from tests.factories import meetings as make
from tests.factories import people
from tests.factories import risklog_review as risklog

pytestmark = pytest.mark.django_db
LOG, NEW = "/meetings/decisions/", "/meetings/decisions/new/"
DECIDED = {"text": "Cap the feature", "reason": "It drifts", "no_action_reason": "Nothing to do"}


@pytest.fixture
def ana(client):
    people.organisation()
    found = people.user("Ana")
    client.force_login(found)
    return found


def text_of(client, url) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def queries_of(client, url) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as found:
        client.get(url)
    return len(found)


def test_an_empty_log_says_where_decisions_come_from(client, ana):
    assert "No decisions yet" in text_of(client, LOG)
    assert "No matching decisions" in text_of(client, f"{LOG}?q=drift")


def test_the_log_is_searched_by_words_and_state(client, ana, at):
    old = make.decision(text="Hold the release", reason="Latency doubled")
    new = make.decision(text="Release again", reason="Latency is back")
    decisions.replace(old, with_=new, by=SYSTEM, at=at)

    assert "Hold the release" in text_of(client, f"{LOG}?q=doubled+HOLD")
    assert "Release again" not in text_of(client, f"{LOG}?q=doubled+HOLD")
    assert "Release again" in text_of(client, f"{LOG}?q={new.reference}")
    assert "Hold the release" not in text_of(client, f"{LOG}?state=in_force")
    assert f"Replaced by {new.reference}" in text_of(client, f"{LOG}?state=replaced")
    assert "Release again" in text_of(client, f"{LOG}?after=junk")


def test_the_rows_alone_go_to_htmx(client, ana):
    make.decision(text="Hold")

    rows = client.get(LOG, headers={"HX-Request": "true"}).content.decode()

    assert "Hold" in rows
    assert "<html" not in rows


def test_pages_cost_the_same_with_more_rows(client, ana):
    def more():
        return make.decision(about=risklog.review().subject, actions=[{"title": "Do", "owner": ana}])

    one = more()
    log = queries_of(client, LOG)
    alone = queries_of(client, f"{LOG}{one.reference}/")
    more()
    three = make.decision(about=risklog.review().subject, actions=[{"title": n, "owner": ana} for n in "abc"])

    assert queries_of(client, LOG) == log
    assert queries_of(client, f"{LOG}{three.reference}/") == alone


def test_a_decision_shows_reason_subject_actions_and_what_replaced_it(client, ana, at):
    review = risklog.review()
    old = make.decision(
        text="Hold", reason="Too many refusals", about=review.subject, actions=[{"title": "Cap it"}], by=ana
    )
    new = make.decision(text="Go on")
    decisions.replace(old, with_=new, by=SYSTEM, at=at)

    text = text_of(client, f"{LOG}{old.reference.lower()}/")

    for word in ("Too many refusals", review.reference, "Cap it", "Outside a meeting", new.reference, "Ana"):
        assert word in text


def test_restricted_objects_are_shown_nowhere(client, ana):
    insider = people.user()
    hidden = make.decision(text="Canary", about=make.restricted([insider], "Canary subject"))

    assert "Canary" not in text_of(client, LOG)
    assert client.get(f"{LOG}{hidden.reference}/").status_code == 404
    assert client.get(f"{LOG}D-999999/").status_code == 404
    client.force_login(insider)
    assert "Canary subject" in text_of(client, f"{LOG}{hidden.reference}/")


def test_an_open_decision_about_what_became_restricted_hides_its_subject(client, ana):
    about = make.restricted([ana], "Canary subject")
    decision = make.decision(text="Hold", about=about)
    decision.subject.viewers = None
    decision.subject.save()
    client.force_login(people.user())

    assert "Canary" not in text_of(client, LOG)
    assert "Canary" not in text_of(client, f"{LOG}{decision.reference}/")


def test_a_decision_outside_a_meeting_is_made_once_with_its_actions_and_settles(client, ana):
    review = risklog.review()
    form = text_of(client, f"{NEW}?about={review.reference.lower()}")
    assert review.reference in form
    assert "Review outcome" in form

    said = {
        **DECIDED,
        "about": review.reference,
        "settles": "confirmed",
        "action1-title": "Cap it",
        "once": "k",
    }
    answers = [client.post(NEW, said) for _ in range(2)]

    decision = Decision.objects.get()
    assert {answer.headers["Location"] for answer in answers} == {f"{LOG}{decision.reference}/"}
    assert (decision.recorded_by, decision.meeting, decision.about) == (ana, None, review.subject)
    assert Action.objects.get().origin == decision.subject
    assert Review.objects.get().state == ReviewState.SETTLED


def test_a_decision_about_a_restricted_review_stays_with_those_who_see_it(client, ana):
    review = risklog.review(about=make.restricted([ana]))
    stranger = people.user()
    assert review.subject.viewers is not None

    client.post(NEW, {**DECIDED, "about": review.reference, "settles": "confirmed"})

    decision = Decision.objects.get()
    assert set(decision.subject.viewers) == {*Review.objects.get().subject.viewers, ana.subject_id}
    assert stranger.subject_id not in decision.subject.viewers
    client.force_login(stranger)
    assert client.get(f"{LOG}{decision.reference}/").status_code == 404


def test_an_unknown_and_a_hidden_subject_are_answered_alike_and_the_words_stay(client, ana):
    hidden = make.restricted([people.user()])

    for reference in ("R-999999", hidden.reference):
        assert client.get(f"{NEW}?about={reference}").status_code == 404
        answer = client.post(NEW, {**DECIDED, "about": reference})
        assert answer.status_code == 422
        assert f"{reference} was not found" in answer.content.decode()
        assert "Cap the feature" in answer.content.decode()
        assert "It drifts" in answer.content.decode()
    assert not Decision.objects.exists()


@pytest.mark.parametrize("missing", ["text", "reason", "no_action_reason"])
def test_a_refused_decision_keeps_its_words(client, ana, missing):
    answer = client.post(NEW, {**DECIDED, missing: ""})

    assert answer.status_code == 422
    for name, words in DECIDED.items():
        if name != missing:
            assert words in answer.content.decode()


def test_a_refused_action_is_named_and_shows_its_error(client, ana):
    actions = {"action1-title": "Soon", "action3-title": "Late", "action3-due_on": "2020-01-01"}
    sent = {"text": "Cap it", "reason": "It drifts", "once": "key", **actions}

    page = client.post(NEW, sent)

    assert page.status_code == 422
    assert "Action 3, Due: Choose today or a later day." in page.content.decode()
    assert page.context["form"].rows[2].errors == {"due_on": ["Choose today or a later day."]}
    assert not Decision.objects.exists()


def test_a_decision_on_a_review_that_was_settled_meanwhile_is_kept_and_settles_nothing(client, ana):
    review = risklog.review()
    make.decision(about=review.subject, settles="confirmed")

    answer = client.post(NEW, {**DECIDED, "about": review.reference, "settles": "confirmed"})

    assert answer.status_code == 303
    assert Decision.objects.count() == 2
    assert Review.objects.get().outcome == "confirmed"


def test_viewers_read_and_do_not_decide(client, ana):
    make.decision(text="Hold")
    client.force_login(people.user(role=Role.VIEWER))

    assert NEW not in text_of(client, LOG)
    assert client.get(NEW).status_code == 403
    assert client.post(NEW, DECIDED).status_code == 403
