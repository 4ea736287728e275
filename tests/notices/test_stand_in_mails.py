"""Mails and reminders to a person who is away go to their stand-in, and say so."""

from datetime import timedelta

import pytest

from actions.models import Action
from actions.operations import action as actions
from actions.operations import reminder
from history.models import Due
from kit.actor import SYSTEM
from notices.models import Entry, Message
from notices.operations import message
from people.operations import person as persons
from tests.factories import notices, people

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def ana(at):
    """Ana is away for two weeks. Stan is her stand-in."""
    owner, other = people.user("Ana"), people.user("Stan")
    until = at.date() + 14 * DAY
    persons.be_away(owner, from_on=at.date(), until_on=until, stand_in=other, by=SYSTEM, at=at)
    return owner, other


def assigned(owner, at) -> Action:
    return actions.add(title="Fix it", owner=owner, due_on=at.date() + 4 * DAY, by=SYSTEM, at=at)


def test_an_assignment_goes_to_the_stand_in_and_says_so(settings, at, ana):
    settings.IS_MAIL_KEPT = True
    owner, other = ana
    notices.notify_about(assigned(owner, at))

    message.send_due(at=at)

    (mail,) = Message.objects.all()
    assert (mail.user, mail.state) == (other, "done")
    assert "You stand in for Ana, who owns this action and is away." in mail.sent_text
    assert "Ana" in mail.sent_html
    assert Entry.objects.get(user=other).why == "You stand in for Ana, who is away"
    assert Entry.objects.get(user=owner).why == "Assigned to you"  # waits for her return


def test_a_reminder_goes_to_the_stand_in(settings, at, ana):
    settings.IS_MAIL_KEPT = True
    owner, other = ana
    made = assigned(owner, at)
    due = Due.objects.filter(subject=made.subject, kind="actions.reminder").earliest("at")
    reminder.remind(due, at=due.at)
    notices.notify_of("actions.action_reminded", due.at)

    message.send_due(at=due.at)

    mail = Message.objects.get(verb="actions.action_reminded")
    assert (mail.user, mail.state) == (other, "done")


def test_without_a_stand_in_it_goes_to_the_owner(at):
    owner = people.user("Ana")
    persons.be_away(owner, from_on=at.date(), until_on=at.date(), by=SYSTEM, at=at)

    notices.notify_about(assigned(owner, at))

    assert Message.objects.get().user == owner


def test_the_stand_in_sees_a_restricted_action(at, ana):
    owner, other = ana
    made = actions.add(title="Fix it", owner=owner, viewers=[owner.subject_id], by=SYSTEM, at=at)

    notices.notify_about(made)

    assert Action.objects.visible_to(other).filter(pk=made.pk).exists()
    assert Message.objects.get().user == other


def test_the_mail_is_not_sent_when_the_absence_is_taken_back(settings, at, ana):
    settings.IS_MAIL_KEPT = True
    owner, other = ana
    notices.notify_about(assigned(owner, at))
    persons.be_back(owner.absences.get(), by=SYSTEM, at=at)

    message.send_due(at=at)

    assert Message.objects.get(user=other).state == "unwanted"
