"""Reminders of one person that are due together come in one mail."""

from datetime import date, timedelta

import pytest

from actions.models import Action
from actions.operations import action as operations
from history import relay
from history.models import Due, Event
from kit.actor import SYSTEM
from notices.models import Entry, Message
from notices.operations import message
from tests.factories import actions, people

pytestmark = pytest.mark.django_db
FRIDAY = date(2026, 11, 27)


@pytest.fixture
def ana():
    people.organisation()
    return people.user("Ana")


def before(action):
    return Due.objects.get(
        subject=action.subject, kind="actions.reminder", occurrence__startswith="before"
    ).at


def work(at):
    relay.act_on_dues(at=at)
    while relay.relay(at=at).done:
        pass


def sent(at):
    Message.objects.exclude(verb="actions.action_reminded").delete()
    message.send_due(at=at, is_kept=True)
    return list(Message.objects.exclude(sent_text="").order_by("made_at", "id"))


def test_several_reminders_are_one_mail(ana):
    some = [actions.action(f"Do {name}", owner=ana, due_on=FRIDAY) for name in ("one", "two", "three")]
    late = actions.action("Late one", owner=ana, due_on=date(2026, 11, 25))
    other = actions.action("Another's", owner=people.user("Wei"), due_on=FRIDAY)
    at = before(some[0])

    work(at)
    (mail, others) = sorted(sent(at), key=lambda one: one.user.name)

    assert "4 actions are due" in mail.sent_title
    for one in (*some, late):
        assert one.reference in mail.sent_text
        assert one.title in mail.sent_html
    assert "Overdue since Wed 25 Nov 2026" in mail.sent_text
    assert other.reference not in mail.sent_text
    assert others.sent_title.startswith("Due Fri 27 Nov: Another's")
    assert Entry.objects.filter(user=ana, event__verb="actions.action_reminded").count() == 4
    assert Message.objects.filter(user=ana, state="unwanted").count() == 3


def test_what_is_done_by_then_is_not_in_the_mail(ana):
    first, second = (actions.action(name, owner=ana, due_on=FRIDAY) for name in ("One", "Two"))
    at = before(first)
    work(at)
    operations.finish(Action.objects.get(pk=first.pk), by=SYSTEM, at=at)

    (mail,) = sent(at)

    assert mail.sent_title == f"Due Fri 27 Nov: Two ({second.reference})"
    assert first.reference not in mail.sent_text


def test_each_reminder_is_written_once_however_often_its_date_runs(ana):
    first, second = (actions.action(name, owner=ana, due_on=FRIDAY) for name in ("One", "Two"))
    at = before(first)

    work(at)
    Due.objects.filter(subject__in=[first.subject, second.subject]).update(state="pending")
    work(at)

    reminded = Event.objects.filter(verb="actions.action_reminded").values_list("subject", "data__when")
    assert sorted(reminded) == sorted(
        (one.subject_id, when) for one in (first, second) for when in ("before",)
    )


def test_the_reminder_comes_before_a_holiday_of_the_owner(ana):
    """Friday is a holiday in her country: the working day before Monday is Thursday."""
    people.user()
    ana.country = "US"  # Thanksgiving is on Thursday 26 November 2026
    ana.save(update_fields=["country"])
    action = actions.action(owner=ana, due_on=FRIDAY)

    assert before(action).date() == FRIDAY - timedelta(days=2)
