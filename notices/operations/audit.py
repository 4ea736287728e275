"""What the auditor checks of mails and digests."""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from history.audit import LATE
from history.models import Due
from history.states import Work
from notices.models import Digest, Message, WebhookDelivery
from notices.operations.digest import DUE
from people.models import User

_WEEK = timedelta(days=8)


def findings(at: datetime) -> list[str]:
    """Return one sentence for each rule that does not hold at the moment `at`."""
    left = Q(state=Work.CLAIMED, lease_until__lt=Now() - LATE)
    mails, webhooks = Message.objects.filter(left).count(), WebhookDelivery.objects.filter(left).count()
    missing = _missing_digests(at)
    found = []
    if mails:
        found.append(f"{mails} mails were begun by a worker that stopped, and no other worker took them.")
    if webhooks:
        found.append(
            f"{webhooks} webhooks were begun by a worker that stopped, and no other worker took them."
        )
    if missing:
        found.append(f"{missing} people have no digest of the last week, although its date was processed.")
    return found


def _missing_digests(at: datetime) -> int:
    """Return how many due dates of digests of the last eight days are done without a digest."""
    readers = User.objects.active().filter(subject=OuterRef("subject"))
    made = Digest.objects.filter(user__subject=OuterRef("subject"), week=OuterRef("occurrence"))
    done = Due.objects.filter(kind=DUE, state=Work.DONE, at__gt=at - _WEEK, at__lte=at)
    return done.filter(Exists(readers), ~Exists(made)).count()
