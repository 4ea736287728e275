"""Inbox entries and mails, created by operations."""

from contextlib import contextmanager

from history import claims, relay
from history.models import Handover
from history.states import InDoubt
from notices.models import Message
from risklog.models import Ladder
from tests.conftest import AT
from tests.factories import actions, people, risklog_review
from tests.notices.sink import Sink


def notify_of(verb: str, at=AT) -> None:
    """Run the relay for every waiting event of this verb, which creates inbox entries and mails."""
    _hand_over(Handover.objects.filter(event__verb=verb), at)


def parked_kind(user=None, at=AT) -> Message:
    """Create a waiting mail that is parked if its delivery is uncertain: an assigned action."""
    user = user or people.user()
    made = actions.action(owner=user)
    notify_about(made, at)
    return Message.objects.get(subject=made.subject, user=user)


def resent_kind(user=None, at=AT) -> Message:
    """Create a waiting mail that is sent again if its delivery is uncertain: an escalation."""
    user = user or people.user()
    if not Ladder.objects.exists():
        risklog_review.ladder(("owner", 60, None))
    made = risklog_review.escalation(about=risklog_review.model(developer=user).subject, at=at)
    notify_about(made, at)
    found = Message.objects.get(subject=made.subject, user=user)
    assert found.policy == InDoubt.RESEND
    return found


def notify_about(obj, at=AT) -> None:
    """Run the relay for every waiting event of one object."""
    _hand_over(Handover.objects.filter(event__subject=obj.subject_id), at)


def _hand_over(rows, at) -> None:
    waiting = rows.filter(handler="notices.entry.add").select_related("event__subject").order_by("pk")
    for row in claims.claim(waiting, has_outside_effect=False):
        assert relay.hand_over(row, at=at).done == 1, Handover.objects.get(pk=row.pk).error


@contextmanager
def mail_server(settings, script=None, timeout=2):
    """Run a real SMTP server on loopback. script: see tests.notices.sink.Sink. Yields the sink."""
    sink = Sink(script)
    sink.start()
    settings.IS_MAIL_KEPT = False
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_TIMEOUT = timeout
    try:
        yield sink
    finally:
        sink.stop()
