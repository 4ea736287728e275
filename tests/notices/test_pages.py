"""The inbox, the digest and the mail in the browser."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history.models import Due, Subject
from meetings.operations import turn
from notices.models import Entry, Message
from notices.operations import digest as digest_operations
from notices.operations import message
from notices.queries import inbox
from notices.states import MessageState
from people.states import Role
from risklog.operations import stewardship
from tests.conftest import AT
from tests.factories import actions, meetings, notices, people, risklog_review, risks

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    people.organisation()
    person = people.user("Ana")
    client.force_login(person)
    return person


@pytest.fixture
def ida(client):
    people.organisation()
    person = people.user("Ida", role=Role.ADMINISTRATOR)
    client.force_login(person)
    return person


def body(answer) -> str:
    assert answer.status_code == 200
    return answer.content.decode()


def cost(client, path) -> int:
    with CaptureQueriesContext(connection) as queries:
        body(client.get(path))
    return len(queries)


def test_an_empty_inbox_says_what_it_will_show(client, ana):
    assert "Your inbox is empty" in body(client.get("/notices/"))


def test_the_inbox_shows_only_ones_own_entries(client, ana):
    notices.notify_about(actions.action("Mine", owner=ana))
    notices.notify_about(actions.action("Theirs", owner=people.user()))

    page = body(client.get("/notices/"))

    assert "Mine" in page
    assert "Theirs" not in page
    assert "1 unread" in page


def test_what_was_restricted_since_leaves_the_inbox_and_its_count(client, ana):
    made = actions.action("Canary", owner=ana)
    notices.notify_about(made)
    Subject.objects.filter(pk=made.subject_id).update(viewers=[], granted=[])

    answer = client.get("/notices/")

    assert "Canary" not in body(answer)
    assert answer.context["unread_count"] == ""


def test_a_long_inbox_is_counted_no_further_than_the_side_bar_says(ana, monkeypatch):
    for _ in range(3):
        notices.notify_about(actions.action(owner=ana))

    assert inbox.unread_count(ana) == "3"
    monkeypatch.setattr(inbox, "MOST_COUNTED", 2)
    assert inbox.unread_count(ana) == "2+"


@pytest.mark.parametrize(("sent", "left"), [({"all": "1"}, 0), ({}, 1)])
def test_read_is_marked_by_a_post(client, ana, sent, left):
    for _ in range(2):
        notices.notify_about(actions.action(owner=ana))
    entry = Entry.objects.first()

    answer = client.post("/notices/mark/", sent or {"entry": entry.pk})

    assert answer.status_code == 303
    assert Entry.objects.filter(read_at__isnull=True).count() == left
    assert client.get("/notices/mark/").status_code == 405


def test_mark_all_as_read_has_an_undo_that_leaves_what_was_read_before_and_since(client, ana, move_clock):
    before, *others = [actions.action(owner=ana) for _ in range(4)]
    for one in (before, *others):
        notices.notify_about(one)
    client.post("/notices/mark/", {"entry": Entry.objects.get(event__subject=before.subject).pk})
    move_clock(AT + timedelta(minutes=1))

    marked = client.post("/notices/mark/", {"all": "1"}, follow=True)

    assert "3 entries marked as read" in body(marked)
    undo = re.search(r'"(/notices/unmark/\?at=[^"]+)"', marked.content.decode())[1]
    move_clock(AT + timedelta(minutes=2))
    again = Entry.objects.get(event__subject=others[0].subject)
    client.post("/notices/mark/", {"entry": again.pk, "as": "unread"})
    client.post("/notices/mark/", {"entry": again.pk})  # read once more, after the mark
    assert client.get(undo).status_code == 405
    client.force_login(people.user("Eve"))
    assert "Nothing to undo" in body(client.post(undo, follow=True))
    client.force_login(ana)
    undone = client.post(undo, follow=True)
    assert "2 entries are unread again" in body(undone)
    assert "2 unread" in body(undone)
    unread = Entry.objects.filter(user=ana, read_at__isnull=True)
    assert {entry.event.subject_id for entry in unread} == {one.subject_id for one in others[1:]}
    assert "Nothing to undo" in body(client.post(undo, follow=True))


@pytest.mark.parametrize(
    "query", ["", "?at=", "?at=yesterday", "?at=2026-11-23T10:00:00", "?at=2026-13-45T10:00:00Z"]
)
def test_an_undo_without_its_moment_is_refused_with_the_fix(client, ana, query):
    answer = client.post(f"/notices/unmark/{query}")

    assert answer.status_code == 400
    assert "at: Use a moment with its offset" in answer.content.decode()


def test_with_nothing_unread_there_is_nothing_to_undo(client, ana):
    marked = client.post("/notices/mark/", {"all": "1"}, follow=True)

    assert "/notices/unmark/" not in marked.content.decode()


def test_the_inbox_costs_the_same_at_one_and_three_lines(client, ana):
    notices.notify_about(actions.action(owner=ana))
    few = cost(client, "/notices/")
    for _ in range(2):
        notices.notify_about(actions.action(owner=ana))

    assert cost(client, "/notices/") == few


def test_the_digest_can_be_read_before_it_is_made(client, ana, at):
    actions.action("Due soon", owner=ana, due_on=at.date())

    assert "This week so far" in body(client.get("/notices/digest/"))


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MEMBER, Role.RISK_MANAGER])
def test_the_mail_of_all_is_for_administrators(client, role):
    people.organisation()
    client.force_login(people.user(role=role))

    assert client.get("/notices/mail/").status_code == 403


def test_a_mail_is_shown_as_it_was_sent(client, ida, settings, at):
    settings.IS_MAIL_KEPT = True
    row = notices.parked_kind(at=at)
    message.send_due(at=at)

    assert row.subject.title in body(client.get("/notices/mail/"))
    page = body(client.get(f"/notices/mail/{row.pk}/"))
    assert f'<iframe src="/notices/mail/{row.pk}/as-sent/"' in page
    mail = client.get(f"/notices/mail/{row.pk}/as-sent/")
    row.refresh_from_db()
    assert body(mail).replace('<base target="_blank">', "") == row.sent_html
    # A mail has its own styles. The frame allows nothing else.
    assert "sandbox" in mail["Content-Security-Policy"]
    assert "default-src 'none'" in mail["Content-Security-Policy"]
    assert mail["X-Frame-Options"] == "SAMEORIGIN"


def test_a_mail_that_was_not_rendered_yet_has_nothing_to_frame(client, ida, at):
    row = notices.parked_kind(at=at)

    assert "iframe" not in body(client.get(f"/notices/mail/{row.pk}/"))
    assert client.get(f"/notices/mail/{row.pk}/as-sent/").status_code == 404


def test_nobody_can_stop_anothers_digest_from_the_page_of_mail(client, ida, settings, at):
    settings.IS_MAIL_KEPT = True
    person = people.user()
    risks.risk()
    digest_operations.schedule(at)
    due = Due.objects.get(kind=digest_operations.DUE, subject=person.subject_id)
    digest_operations.make(due, at=at)
    message.send_due(at=at)
    row = Message.objects.get(user=person)
    token = row.sent_text.split("/digest/stop/")[1].split("/")[0]

    page = body(client.get(f"/notices/mail/{row.pk}/"))
    mail = body(client.get(f"/notices/mail/{row.pk}/as-sent/"))

    assert "/digest/stop/…/" in page and "/digest/stop/…/" in mail
    assert token not in page + mail


def test_a_mail_about_a_hidden_object_shows_an_administrator_no_content(client, ida, settings, at):
    settings.IS_MAIL_KEPT = True
    row = notices.parked_kind(at=at)
    message.send_due(at=at)
    Subject.objects.filter(pk=row.subject_id).update(viewers=[row.user.subject_id], title="Canary")

    for path in ("/notices/mail/", f"/notices/mail/{row.pk}/"):
        page = body(client.get(path))
        assert "Canary" not in page
        assert row.subject.title not in page
        assert "Restricted" in page
    assert client.get(f"/notices/mail/{row.pk}/as-sent/").status_code == 404


def _facilitators_mail(at, title):
    """Return the moment at which the mail of a facilitator waits, whose agenda names a restricted risk."""
    meeting = meetings.planned(position=2)
    risk = risks.risk(title)
    meetings.item(meeting, title=title, about=risk.subject)
    due = Due.objects.filter(subject=meeting.subject_id, kind="meetings.turn").order_by("at").first()
    turn.remind(due, at=due.at)
    notices.notify_of("meetings.turn_near", due.at)
    return due.at, risk


def _stewards_mail(at, title):
    risk = risks.risk(title, owner=people.user(), review_on=at.date() - timedelta(days=40))
    stewardship.schedule(at)
    due = Due.objects.get(kind=stewardship.DAILY)
    stewardship.find(due, at=due.at)
    notices.notify_of("risklog.findings_told", due.at)
    return due.at, risk


@pytest.mark.parametrize("make", [_facilitators_mail, _stewards_mail])
def test_a_mail_that_names_several_objects_is_hidden_if_one_of_them_is(client, ida, settings, at, make):
    settings.IS_MAIL_KEPT = True
    when, risk = make(at, "Canary")
    message.send_due(at=when)
    row = next(row for row in Message.objects.exclude(user=ida) if "Canary" in row.sent_text)
    assert "Canary" in body(client.get(f"/notices/mail/{row.pk}/"))
    Subject.objects.filter(pk=risk.subject_id).update(viewers=[row.user.subject_id], granted=[])

    assert "Canary" not in body(client.get("/notices/mail/?show=all"))
    page = body(client.get(f"/notices/mail/{row.pk}/"))
    assert ("Canary" in page, "Restricted mail" in page) == (False, True)
    assert client.get(f"/notices/mail/{row.pk}/as-sent/").status_code == 404
    Subject.objects.filter(pk=risk.subject_id).update(viewers=None)
    Message.objects.filter(pk=row.pk).update(names=None)
    assert "Canary" not in body(client.get(f"/notices/mail/{row.pk}/")), "sent before names were stored"


def test_failed_mail_comes_first_and_can_be_retried(client, ida, at):
    row = notices.parked_kind(at=at)
    Message.objects.filter(pk=row.pk).update(state=MessageState.UNCERTAIN, error="The line broke")

    assert "The line broke" in body(client.get("/notices/mail/"))
    assert "Retry" in body(client.get(f"/notices/mail/{row.pk}/"))
    assert client.post(f"/notices/mail/{row.pk}/retry/").status_code == 303
    row.refresh_from_db()
    assert row.state == MessageState.PENDING


def test_the_mail_list_costs_the_same_at_one_and_three(client, ida, at):
    notices.parked_kind(at=at)
    few = cost(client, "/notices/mail/?show=all")
    notices.parked_kind(at=at), notices.resent_kind(at=at)

    assert cost(client, "/notices/mail/?show=all") == few


def test_the_mail_list_has_pages(client, ida, at, monkeypatch):
    monkeypatch.setattr("pages.listing.PAGE_SIZE", 2)
    for _ in range(3):
        notices.parked_kind(at=at)

    first = client.get("/notices/mail/?show=all")
    second = client.get("/notices/mail/", {"show": "all", "after": first.context["page"].after})

    shown = [row.message.pk for answer in (first, second) for row in answer.context["rows"]]
    assert len(set(shown)) == len(shown) == 3


@pytest.mark.parametrize("path", ["/notices/", "/notices/mail/"])
@pytest.mark.parametrize(
    ("query", "parameter"),
    [("sort=at", "sort"), ("show=nonsense", "show"), ("show=all&show=all", "show"), ("order=x", "order")],
)
def test_a_list_refuses_what_it_does_not_know_by_name(client, ida, path, query, parameter):
    answer = client.get(f"{path}?{query}")

    assert answer.status_code == 400
    assert f"{parameter}: " in answer.content.decode()


def test_the_inbox_is_narrowed_to_what_is_unread(client, ana, at):
    for title in ("Old news", "Fresh news"):
        notices.notify_about(actions.action(title, owner=ana))
    Entry.objects.filter(event__subject__title="Old news").update(read_at=at)

    page = body(client.get("/notices/?show=unread"))

    assert "Fresh news" in page
    assert "Old news" not in page
    assert "Old news" in body(client.get("/notices/?show=all"))


@pytest.mark.parametrize("verb", ["review", "escalation", "action"])
def test_a_mail_names_what_is_restricted_to_nobody_else(verb, at, settings):
    """A mail about an open object does not name a restricted object that it belongs to."""
    settings.IS_MAIL_KEPT = True
    people.organisation()
    person = risklog_review.reviewer("data-science")
    canary = risklog_review.model("canary-model", developer=person)
    if verb == "review":
        made = risklog_review.review(about=canary.subject)
    elif verb == "escalation":
        risklog_review.ladder(("owner", 60, None))
        made = risklog_review.escalation(about=canary.subject)
    else:
        made = actions.action(owner=person, about=canary.subject)
    notices.notify_about(made)
    Subject.objects.filter(pk=canary.subject_id).update(viewers=[], granted=[])
    message.send_due(at=at)

    sent = Message.objects.filter(user=person, state=MessageState.DONE)
    assert sent.exists()
    assert all("canary-model" not in row.sent_text + row.sent_html for row in sent)


@pytest.mark.parametrize(
    ("verb", "label"),
    [
        ("meetings.turn_near", "Facilitator reminder"),
        ("risklog.escalation_climbed", "Escalated"),
        ("meetings.meeting_closed", "Meeting closed"),
    ],
)
def test_the_type_of_a_mail_is_called_in_plain_words(verb, label):
    assert Message(verb=verb).kind_label == label
