"""The kinds of rows that are deleted some time, each with its default and the limits of its setting.

Events of history, and the objects that they are about, are not among them: they stay.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Min, QuerySet

from history.models import Handover
from history.states import Work
from leaders.models import NightlySnapshot
from notices.models import Digest, Entry, Message, WebhookDelivery
from notices.states import DeliveryState, MessageState
from people.models import Receipt
from risklog.models import Import
from risklog.states import RUNNING_IMPORTS
from signals.models import Delivery, PackedPoints, SeriesValue
from signals.operations import point_retention as point_operations
from signals.queries import point_retention

LONGEST = 3650
BATCH = 1_000
_OPEN_MAILS = (MessageState.PENDING, MessageState.CLAIMED, MessageState.BUNDLED, MessageState.HELD)
_OPEN_WEBHOOKS = (DeliveryState.PENDING, DeliveryState.CLAIMED)


@dataclass(frozen=True, slots=True)
class RowKind:
    """One kind of rows. moment: the field that says since when. days: the default, None permanently.

    rows: those that may go at all. least: the shortest setting. may_stay: whether they can stay permanently.
    """

    key: str
    label: str
    help: str
    rows: Callable[[], QuerySet[Any]]
    moment: str
    days: int | None
    least: int = 1
    may_stay: bool = False

    def old(self, at: datetime, days: int) -> QuerySet[Any]:
        """Return the rows that are older than so many days."""
        return self.rows().filter(**{f"{self.moment}__lt": at - timedelta(days=days)})

    def number(self, at: datetime, days: int) -> int:
        """Return how many rows are older than so many days."""
        return self.old(at, days).count()

    def oldest(self) -> datetime | None:
        oldest: datetime | None = self.rows().aggregate(oldest=Min(self.moment))["oldest"]
        return oldest

    def delete_batch(self, at: datetime, days: int) -> int:
        """Delete up to BATCH of the old rows, in one transaction. Returns their number.

        What depends on them goes with them, such as the rows of an import.
        """
        ids = list(self.old(at, days).order_by(self.moment, "pk").values_list("pk", flat=True)[:BATCH])
        if ids:
            self.rows().filter(pk__in=ids).delete()
        return len(ids)


class PointKind(RowKind):
    """Points of series. They are in packs, and those near a breach stay: it has statements of its own."""

    def old(self, at: datetime, days: int) -> QuerySet[Any]:
        return point_retention.deletable(at - timedelta(days=days))

    def number(self, at: datetime, days: int) -> int:
        return point_retention.number_deletable(at - timedelta(days=days))

    def oldest(self) -> datetime | None:
        """Return the oldest packed point: a table of all points has no index by time."""
        oldest: datetime | None = PackedPoints.objects.aggregate(oldest=Min("first_ts"))["oldest"]
        return oldest

    def delete_batch(self, at: datetime, days: int) -> int:
        return point_operations.delete_batch(at - timedelta(days=days))


KEPT = (
    RowKind(
        "receipts",
        "Answers to repeated requests",
        "With an Idempotency-Key. A program that repeats a request later acts twice.",
        Receipt.objects.all,
        "made_at",
        7,
    ),
    RowKind(
        "source_deliveries",
        "Deliveries of sources",
        "What sources sent: the bodies that were rejected, and samples. Points and breaches stay.",
        Delivery.objects.all,
        "at",
        30,
    ),
    PointKind(
        "points",
        "Points of series",
        "Values of metrics. Those within 7 days of a breach of their series stay.",
        SeriesValue.objects.all,
        "ts",
        None,
        least=180,
        may_stay=True,
    ),
    RowKind(
        "webhook_deliveries",
        "Deliveries of webhooks",
        "Settled ones, with what the receivers answered. Later they cannot be replayed.",
        lambda: WebhookDelivery.objects.exclude(state__in=_OPEN_WEBHOOKS),
        "made_at",
        30,
    ),
    RowKind(
        "imports",
        "Imports",
        "The uploaded sheets and their rows. An import cannot be undone later. What it wrote stays.",
        lambda: Import.objects.exclude(state__in=RUNNING_IMPORTS),
        "created_at",
        30,
    ),
    RowKind(
        "mails",
        "Sent mails",
        "With their texts and addresses, on the page Mail. Waiting ones stay.",
        lambda: Message.objects.exclude(state__in=_OPEN_MAILS),
        "made_at",
        None,
        least=30,
        may_stay=True,
    ),
    RowKind(
        "notifications",
        "Read notifications",
        "Lines of inboxes. Unread ones stay.",
        lambda: Entry.objects.filter(read_at__isnull=False),
        "read_at",
        None,
        least=30,
        may_stay=True,
    ),
    RowKind(
        "digests",
        "Digests",
        "Weekly digests of each person, with their mails.",
        Digest.objects.all,
        "made_at",
        None,
        least=60,
        may_stay=True,
    ),
    RowKind(
        "snapshots",
        "Nightly snapshots",
        "The figures of past days on the executive page. History derives most of them again.",
        NightlySnapshot.objects.all,
        "at",
        None,
        least=365,
        may_stay=True,
    ),
    RowKind(
        "handovers",
        "Completed work on events",
        "Which handler has processed which event. Technical.",
        lambda: Handover.objects.filter(state=Work.DONE),
        "settled_at",
        None,
        least=90,
        may_stay=True,
    ),
)
KEYS = tuple(one.key for one in KEPT)


@dataclass(frozen=True, slots=True)
class Going:
    """What would be deleted now of one kind. days: None permanently. oldest: of all rows of the kind."""

    kept: RowKind
    days: int | None
    number: int
    oldest: datetime | None


def days_of(one: RowKind, chosen: Mapping[str, int | None]) -> int | None:
    """Return for how many days a kind is kept: what the organisation chose, else the default."""
    return chosen.get(one.key, one.days)


def going(at: datetime, chosen: Mapping[str, int | None]) -> list[Going]:
    """Return for each kind what would be deleted at the moment `at`. Two queries a kind."""
    found = []
    for one in KEPT:
        days = days_of(one, chosen)
        number = 0 if days is None else one.number(at, days)
        found.append(Going(one, days, number, one.oldest()))
    return found
