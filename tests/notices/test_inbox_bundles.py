"""The inbox has one line per topic."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from actions.operations import action as operations
from history.models import Subject
from kit.actor import SYSTEM, Actor
from notices.models import Entry
from notices.operations import entry
from notices.queries import inbox
from tests.conftest import AT
from tests.factories import actions, notices, people, risklog_review

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(hours=1)


@pytest.fixture
def ana(client):
    person = people.user("Ana")
    client.force_login(person)
    return person


def several_news(owner, number: int = 3, title: str = "Fix the feed"):
    """An action whose owner was told of it `number` times."""
    action = actions.action(title, owner=owner)
    notices.notify_about(action)
    for hours in range(1, number):
        operations.drop(action, reason=f"Reason {hours}", by=SYSTEM, at=AT + timedelta(hours=hours))
        notices.notify_about(action)
        operations.reopen(action, by=Actor(owner, "page"), at=AT + timedelta(hours=hours))
    return action


def page(client, query: str = "") -> str:
    return client.get(f"/notices/{query}").content.decode()


def test_the_news_of_one_object_are_one_line_with_the_newest_first(client, ana):
    several_news(ana)
    notices.notify_about(actions.action("Another", owner=ana))

    html = page(client)

    assert html.count('id="entry-') == 2
    assert "2 earlier" in html
    assert html.index("Reason 2") < html.index("Reason 1")
    assert inbox.unread_count(ana) == "2"


def escalated(owner):
    """An action and its escalation, both told to the owner of the action."""
    risklog_review.ladder(("owner", 60, None))
    action = actions.action("Fix the feed", owner=owner)
    escalation = risklog_review.escalation(about=action.subject)
    notices.notify_about(action)
    notices.notify_about(escalation)
    assert set(Entry.objects.values_list("event__subject_id", flat=True)) == {
        action.subject_id,
        escalation.subject_id,
    }
    return action, escalation


def test_an_action_and_its_escalation_are_one_line(client, ana):
    action, _ = escalated(ana)

    assert set(Entry.objects.values_list("topic_id", flat=True)) == {action.subject_id}
    assert page(client).count('id="entry-') == 1


def test_a_review_of_a_breach_and_its_escalation_are_one_line(client):
    ana = risklog_review.reviewer("data-science")
    client.force_login(ana)
    risklog_review.ladder(("reviewers", 60, None))
    group = risklog_review.breach_group()
    review = risklog_review.review(about=group.subject)
    escalation = risklog_review.escalation(about=review.subject)
    notices.notify_about(review)
    notices.notify_about(escalation)

    entries = Entry.objects.filter(user=ana)
    assert set(entries.values_list("event__subject", flat=True)) == {review.subject_id, escalation.subject_id}
    assert set(entries.values_list("topic_id", flat=True)) == {group.subject_id}
    assert page(client).count('id="entry-') == 1


def test_marking_a_line_marks_all_its_entries_and_undoing_it_the_newest(client, ana):
    several_news(ana)
    newest = Entry.objects.order_by("-at", "-id").first()

    client.post("/notices/mark/", {"entry": newest.pk})
    assert not Entry.objects.filter(read_at=None).exists()
    assert "No unread entries" in page(client, "?show=unread")

    client.post("/notices/mark/", {"entry": newest.pk, "as": "unread"})
    assert list(Entry.objects.filter(read_at=None)) == [newest]
    assert page(client, "?show=unread").count('id="entry-') == 1


def test_what_came_after_the_page_was_drawn_stays_unread(client, ana):
    several_news(ana)
    drawn, newer = Entry.objects.order_by("-at", "-id")[1], Entry.objects.order_by("-at", "-id")[0]

    client.post("/notices/mark/", {"entry": drawn.pk})

    assert list(Entry.objects.filter(read_at=None)) == [newer]


def test_a_line_whose_newest_entry_is_read_is_unread_while_an_earlier_one_is(client, ana):
    several_news(ana)
    Entry.objects.filter(pk=Entry.objects.order_by("-at", "-id").first().pk).update(read_at=LATER)

    assert page(client, "?show=unread").count('id="entry-') == 1


def test_many_entries_of_a_topic_show_six_and_count_the_rest(client, ana):
    several_news(ana, number=9)

    html = page(client)

    assert "8 earlier" in html
    assert "3 more are on its page." in html
    assert html.count("Reason") == 6


def test_a_hidden_escalation_hides_no_line_of_its_action(client, ana):
    _, escalation = escalated(ana)
    Subject.objects.filter(pk=escalation.subject_id).update(viewers=[], granted=[])

    assert page(client).count('id="entry-') == 1


def test_paging_shows_each_topic_once(client, ana, monkeypatch):
    monkeypatch.setattr("pages.listing.PAGE_SIZE", 2)
    for number in range(5):
        several_news(ana, title=f"Action {number}.")

    found, url = [], ""
    while url is not None:
        answer = client.get(f"/notices/{url}")
        found += [entry.topic_id for entry in answer.context["page"].rows]
        after = answer.context["page"].after
        url = f"?after={after}" if after else None

    assert len(found) == len(set(found)) == 5


def test_the_inbox_costs_the_same_at_one_and_three_topics_and_entries(client, ana):
    several_news(ana, number=2)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            page(client)
        counts.append(len(queries))
        several_news(ana, number=4)
        several_news(ana, number=4)

    assert counts[0] == counts[1]


def test_an_entry_without_a_topic_breaks_nothing_and_gets_one(client, ana):
    """The code of the version before writes such entries while an upgrade runs."""
    action, _ = escalated(ana)
    Entry.objects.update(topic=None)
    assert page(client).count('id="entry-') == 0
    assert inbox.unread_count(ana) == ""

    assert entry.add_missing_topics() == Entry.objects.count() > 0

    assert set(Entry.objects.values_list("topic_id", flat=True)) == {action.subject_id}
    assert page(client).count('id="entry-') == 1
