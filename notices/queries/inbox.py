"""The inbox of one person: one line per topic, without what they may not see any more."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from history.templatetags.timeline import TimelineLine, lines
from kit.prepared import Argument, PreparedForReader
from kit.sight import Visitor
from notices.models import Entry
from people.models import User

# Earlier entries that a line can unfold; the page of the topic has all of them.
EARLIER = 5
_UNREAD = Q(read_at__isnull=True)


@dataclass(slots=True)
class Bundle:
    """One line of the inbox: the newest entry of a topic, and the entries before it.

    line, earlier: what happened, as the timeline has it. further: how many entries are in neither of them.
    unread: how many entries of the topic are unread. is_urgent: whether an unread one is urgent.
    """

    entry: Entry
    line: TimelineLine
    earlier: list[TimelineLine] = field(default_factory=list)
    unread: int = 0
    further: int = 0
    is_urgent: bool = False


def entries(user: User) -> QuerySet[Entry]:
    """Return the entries of a person with the relations that a line needs.

    Without those that the code of the version before wrote during an upgrade: they get a topic soon
    (notices.operations.entry.add_missing_topics).
    """
    rows = Entry.objects.filter(user=user, topic__isnull=False).visible_to(user)
    return rows.select_related("event__subject", "event__actor")


def newest_of_topics(user: User) -> QuerySet[Entry]:
    """Return the newest entry of each topic; with `has_unread`, whether an entry of the topic is unread."""
    same = Entry.objects.filter(user=user, topic=OuterRef("topic")).visible_to(user)
    later = same.filter(Q(at__gt=OuterRef("at")) | Q(at=OuterRef("at"), pk__gt=OuterRef("pk")))
    return entries(user).filter(~Exists(later)).annotate(has_unread=Exists(same.filter(read_at__isnull=True)))


def bundles(user: User, newest: Sequence[Entry]) -> list[Bundle]:
    """Return the lines of these entries, each with what came before. Three queries."""
    topics = [entry.topic_id for entry in newest]
    rows = entries(user).filter(topic__in=topics).order_by("-at", "-id")
    place = Window(RowNumber(), partition_by=F("topic"), order_by=[F("at").desc(), F("pk").desc()])
    shown = list(rows.annotate(place=place).filter(place__lte=EARLIER + 1))
    texts = dict(
        zip([entry.pk for entry in shown], lines([entry.event for entry in shown], user), strict=True)
    )
    counts = (
        rows.order_by()
        .values("topic_id")
        .annotate(
            number=Count("pk"),
            unread=Count("pk", filter=_UNREAD),
            urgent=Count("pk", filter=_UNREAD & Q(is_urgent=True)),
        )
    )
    found = {entry.topic_id: Bundle(entry, texts[entry.pk]) for entry in newest}
    for entry in shown:
        if entry.pk != found[entry.topic_id].entry.pk:
            found[entry.topic_id].earlier.append(texts[entry.pk])
    for count in counts:
        bundle = found[count["topic_id"]]
        bundle.unread, bundle.is_urgent = count["unread"], count["urgent"] > 0
        bundle.further = count["number"] - len(bundle.earlier) - 1
    return list(found.values())


def newest(user: User, count: int) -> list[Entry]:
    """Return the newest entries of the topics with the newest entries."""
    return list(newest_of_topics(user).order_by("-at", "-id")[:count])


MOST_COUNTED = 99


def _unread_topics(reader: Visitor) -> QuerySet:
    unread = Entry.objects.filter(_UNREAD, user=Argument("user"), topic__isnull=False).visible_to(reader)
    return unread.values_list("topic", flat=True).distinct()[: MOST_COUNTED + 1]


# Every page needs it.
_UNREAD_TOPICS = PreparedForReader(_unread_topics)


def unread_count(user: User) -> str:
    """Return the number of topics with unread entries: "" for none, "99+" above MOST_COUNTED."""
    count = len(_UNREAD_TOPICS.rows(user, user=user.pk))
    return f"{MOST_COUNTED}+" if count > MOST_COUNTED else str(count or "")
