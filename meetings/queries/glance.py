"""What a live page learns by polling: whether something changed, and whether it shows everything."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from django.db.models import Aggregate, CharField, Q, QuerySet, TextField, Value

from actions.models import Action
from history.models import is_open_to
from kit.prepared import Argument, Prepared
from meetings.models import AgendaItem, Attendance, Decision, DecisionEffect, Meeting, RaisedRisk
from people.models import User
from risklog.models import Risk

# Who read the live page this long ago is there. They are noted once a minute.
HERE_WITHIN = timedelta(seconds=150)
_LETTERS = 12  # of a digest in the stamp
_Digests: TypeAlias = QuerySet[Any, tuple[str, str | None]]


class _Shown(NamedTuple):
    """Rows of a table that the live page shows. depends_on: paths to the subjects that they are about.

    Rows whose first such subject is hidden from a reader are not shown to them. Items are shown in any case:
    as a slot of n minutes.
    """

    name: str
    rows: QuerySet[Any]
    depends_on: Sequence[str] = ()
    is_slot: bool = False
    version: str = "version"


def _shown(meeting: Argument) -> Sequence[_Shown]:
    """Return what the page of a meeting shows. What a new part of the page shows belongs here, too."""
    meetings = Meeting.objects.filter(pk=meeting)
    attendance = Attendance.objects.filter(meeting=meeting)
    decisions = Decision.objects.filter(meeting=meeting)
    effects = DecisionEffect.objects.filter(decision__meeting=meeting)
    raised = RaisedRisk.objects.filter(meeting=meeting)
    origins = decisions.values("subject").union(meetings.values("subject"), all=True)
    return (
        _Shown("meeting", meetings),
        _Shown("item", AgendaItem.objects.filter(meeting=meeting), ["about__"], is_slot=True),
        _Shown("there", attendance),
        _Shown("here", attendance.filter(seen_at__gt=Argument("since")), version="user_id"),
        _Shown("risk", Risk.objects.filter(pk__in=raised.values("risk")), ["subject__"]),
        _Shown("decision", decisions, ["subject__", "about__"]),
        _Shown("effect", effects, ["decision__subject__", "target__"]),
        _Shown("action", Action.objects.filter(origin__in=origins), ["subject__", "about__"]),
    )


def stamp(meeting_id: int, user: User, at: datetime) -> str:
    """Return a short text that changes with the rows that the live page shows to this reader.

    It also changes when somebody comes or goes: with the people who read the page at the moment `at`. It says
    nothing of hidden decisions, actions and risks, because it is in the page. One statement over indices.
    """
    statement = _DIGESTS_OF_ALL if user.sight.everything else _DIGESTS
    rows = statement.rows(meeting=meeting_id, since=at - HERE_WITHIN, sight=list(user.sight.ids))
    return "-".join(f"{name[:2]}{digest[:_LETTERS]}" for name, digest in sorted(rows) if digest)


def sees_all(meeting_id: int, user: User) -> bool:
    """Return whether the live page hides nothing from this reader, so that it is the same for all such."""
    sight = user.sight
    return sight.everything or not _HIDDEN.rows(meeting=meeting_id, sight=list(sight.ids))


class _Digest(Aggregate):
    """The digest of the ids and versions of rows, None without rows."""

    arg_joiner = "::text||':'||"
    template = "md5(string_agg(%(expressions)s, ',' ORDER BY %(expressions)s))"
    output_field = TextField()


def _visible(through: str) -> Q:
    return Q(**{f"{through}pk__isnull": True}) | is_open_to(Argument("sight"), through)


def _digests(visible: Callable[[str], Q]) -> _Digests:
    """Return a row of a name and a digest for each table. visible: the condition on the path to a subject."""
    parts = []
    for shown in _shown(Argument("meeting")):
        hidden_rows = [] if shown.is_slot else shown.depends_on[:1]
        rows = shown.rows.filter(*map(visible, hidden_rows)).order_by()
        named = rows.annotate(what=Value(shown.name, output_field=CharField())).values("what")
        parts.append(named.annotate(digest=_Digest("pk", shown.version)).values_list("what", "digest"))
    return parts[0].union(*parts[1:], all=True)


def _hidden() -> QuerySet[Any, tuple[int]]:
    """Return the ids of the rows of which something is hidden from the reader."""
    about = [shown for shown in _shown(Argument("meeting")) if shown.depends_on]
    parts = [
        shown.rows.exclude(*map(_visible, shown.depends_on)).order_by().values_list("pk") for shown in about
    ]
    return parts[0].union(*parts[1:], all=True)


_DIGESTS = Prepared(partial(_digests, _visible))
_DIGESTS_OF_ALL = Prepared(partial(_digests, lambda through: Q()))
_HIDDEN = Prepared(_hidden)
