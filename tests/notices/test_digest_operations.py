"""The weekly digest: once per week and person, in their time zone, correct, and limited to their sight."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history import relay, wiring
from history.models import Due, Subject
from kit.actor import SYSTEM
from notices.models import Digest, Entry, Message
from notices.operations import digest, message
from notices.queries import digest as contents
from risklog.operations import risk as risk_operations
from tests.factories import actions, learnings, notices, people, risklog_review, risks

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def wired():
    kept = dict(wiring._dues)
    wiring._dues[digest.DUE] = digest.make
    yield
    wiring._dues.clear()
    wiring._dues.update(kept)


@pytest.fixture
def ana():
    people.organisation()
    return people.user("Ana", teams=[people.team("Credit")])


def due_of(user) -> Due:
    return Due.objects.get(kind=digest.DUE, subject=user.subject_id)


def make(user, at) -> Digest:
    digest.schedule(at)
    digest.make(Due.objects.filter(kind=digest.DUE, subject=user.subject_id).latest("at"), at=at)
    return Digest.objects.filter(user=user).latest("made_at")


def lines(found: Digest, key: str) -> list[str]:
    return [
        line["title"]
        for section in contents.shown(found.user, found.content).sections
        if section["key"] == key
        for line in section["lines"]
    ]


def test_everybody_has_one_to_come_at_the_hour_of_their_own_clock(ana, at):
    kim = people.user("Kim", time_zone="Asia/Tokyo")
    for _ in range(2):
        digest.schedule(at)

    assert due_of(ana).at == datetime(2026, 11, 27, 14, 0, tzinfo=UTC)
    assert due_of(kim).at == datetime(2026, 11, 27, 6, 0, tzinfo=UTC)
    assert due_of(ana).occurrence == "2026-W48"


def test_scheduling_costs_little_when_all_have_one(ana, at, django_assert_num_queries):
    digest.schedule(at)

    with django_assert_num_queries(2):
        digest.schedule(at)


def test_eight_weeks_are_eight_digests_whatever_the_ticks(ana, at):
    kim = people.user("Kim", time_zone="America/New_York")
    moment = at
    while moment < at + timedelta(weeks=8):
        digest.schedule(moment)
        relay.act_on_dues(at=moment)
        relay.act_on_dues(at=moment)
        moment += timedelta(hours=7)

    for person in (ana, kim):
        weeks = list(Digest.objects.filter(user=person).order_by("week").values_list("week", flat=True))
        assert len(weeks) == len(set(weeks)) == 8


def test_mine_comes_first_and_then_what_moved(ana, at):
    late = actions.action("Recalibrate", owner=ana, due_on=(at - timedelta(days=3)).date())
    actions.action("Next month", owner=ana, due_on=(at + timedelta(days=30)).date())
    moved = risks.risk("Moves", team=ana.teams.get(), likelihood=2, impact=2)
    risk_operations.change(moved, {"likelihood": 5, "impact": 5}, by=SYSTEM, at=at)
    learnings.published("What we learned")

    found = make(ana, at)

    assert found.content["sections"][0]["key"] == "mine"
    assert lines(found, "mine") == [late.title]
    assert lines(found, "teams") == ["Moves"]
    assert found.content["sections"][1]["lines"][0]["said"] == "From Low to Critical."
    assert lines(found, "opened") == ["Moves"]
    assert lines(found, "learnings") == ["What we learned"]


def test_the_digest_lists_changes_since_the_last_one(ana, at):
    risks.risk("Old news")
    make(ana, at)
    later = at + timedelta(days=7)
    risks.risk("Fresh", at=later - timedelta(days=1))

    assert lines(make(ana, later), "opened") == ["Fresh"]


def test_the_digest_marks_the_inbox_rows_of_the_week_once(ana, at):
    notices.notify_about(actions.action(owner=ana))

    first = make(ana, at)

    assert Entry.objects.get(user=ana).digest == first
    assert not contents.undigested(ana, at).exists()


def test_a_quiet_week_is_made_and_not_mailed(ana, at):
    found = make(ana, at)

    assert found.content["sections"] == []
    assert [one["ids"] for one in found.content["figures"]] == [[]] * 4
    assert not Message.objects.exists()


def test_who_stopped_it_gets_none_by_mail(ana, at):
    risks.risk()
    digest.stop(ana, by=SYSTEM, at=at)
    make(ana, at)

    assert not Message.objects.exists()


def test_a_restricted_risk_is_in_nobody_elses_digest(ana, at):
    team = people.team()
    wei = people.user("Wei", teams=[team])
    risks.restricted("Canary", team)

    assert lines(make(wei, at), "opened") == ["Canary"]
    assert "Canary" not in str(make(ana, at).content)


def test_what_was_restricted_since_is_left_out_of_mail_and_page(ana, at, settings, client):
    risk = risks.risk("Canary")
    risks.risk("Other")
    make(ana, at)
    Subject.objects.filter(pk=risk.subject_id).update(viewers=[], granted=[])
    settings.IS_MAIL_KEPT = True
    message.send_due(at=at)

    sent = Message.objects.get()
    assert "Other" in sent.sent_text
    assert "Canary" not in sent.sent_text + sent.sent_html
    client.force_login(ana)
    assert "Canary" not in client.get("/notices/digest/2026-W48/").content.decode()


def test_the_mail_says_all_in_text_and_can_be_stopped_in_one_click(ana, at, settings, client):
    risks.risk("Score drift")
    make(ana, at)
    with notices.mail_server(settings) as sink:
        message.send_due(at=at)

    mail = sink.mails[0]
    text = mail.get_payload()[0].get_payload(decode=True).decode()
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "Score drift" in text
    assert mail["Subject"] == "Model risk, week 48: 1 new risk"
    address = mail["List-Unsubscribe"].strip(" \r\n<>").removeprefix(settings.BASE_URL)
    assert address in text.replace(settings.BASE_URL, "")

    assert client.get(address).status_code == 200
    ana.refresh_from_db()
    assert ana.is_digest_wanted

    answer = client.post(address, {"List-Unsubscribe": "One-Click"})
    ana.refresh_from_db()
    assert (answer.status_code, ana.is_digest_wanted) == (200, False)
    assert client.get(address[:-3] + "/").status_code == 404


def test_a_further_digest_is_mailed_with_five_statements(ana, at, settings):
    """The mail, the teams of its reader, what they may still see, that it begins, and that it is settled."""

    def cost() -> int:
        people.user(teams=[ana.teams.get()])
        risks.risk(team=ana.teams.get(), at=at)
        Digest.objects.all().delete()
        digest.schedule(at)
        Due.objects.filter(kind=digest.DUE).update(occurrence="2026-W48", at=at)
        digest.make(Due.objects.filter(kind=digest.DUE).select_related("subject").earliest("pk"), at=at)
        waiting = Message.objects.count()
        with notices.mail_server(settings) as sink, CaptureQueriesContext(connection) as queries:
            message.send_due(at=at)
        assert len(sink.mails) == waiting
        return sum("SAVEPOINT" not in one["sql"] for one in queries)

    cost()  # the first mail compiles statements
    few, many = cost(), cost()
    assert many - few == 5


def test_it_costs_the_same_at_one_and_three_of_everything(ana, at):
    def fill():
        risk = risks.risk(team=ana.teams.get(), owner=ana)
        risk_operations.assess(risk, by=SYSTEM, at=at)
        actions.action(owner=ana, due_on=at.date(), about=risk.subject)
        learnings.published()
        group = risklog_review.breach_group(of_model=risklog_review.model(owner_team=ana.teams.get()))
        risklog_review.review(about=group.subject)
        risklog_review.escalation(about=risk.subject)

    def cost() -> int:
        person = type(ana).objects.get(pk=ana.pk)
        with CaptureQueriesContext(connection) as queries:
            contents.content_for(person, since=at - timedelta(days=7), at=at + timedelta(minutes=1))
        return len(queries)

    fill()
    few = cost()
    fill(), fill()

    assert cost() == few
    assert few <= 13


def test_the_page_of_a_risk_lists_the_readers_digests_that_name_it_or_a_related_object(client, ana, at):
    told, other = risks.risk("Drift of the scorer"), risks.risk("Something else", at=at - timedelta(days=60))
    actions.action("Retrain it", owner=ana, about=told.subject, due_on=at.date() + timedelta(days=1))
    made = make(ana, at)
    kim = people.user("Kim")

    def page(reader, risk) -> str:
        client.force_login(reader)
        return client.get(f"/risks/{risk.reference}/").content.decode()

    address = f"/notices/digest/{made.week}/"
    assert address in page(ana, told)
    assert address not in page(ana, other)
    assert address not in page(kim, told)
