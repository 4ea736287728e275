"""The content of a person's weekly digest: stored once as data, and shown with the reader's current rights.

content: {"figures": […], "chart": {…} or None, "sections": [{"key", "title", "lines": […], "more": int}]}.
A figure is {"key", "ids": [ids of subjects], "more": int, "before": int}: its number is counted from the ids
that the reader may still see. A line is {"subject": id, "names": [ids of other subjects in the line],
"reference", "title", "said", "level": 1 to 5 or None, "badge"}.
A chart is {"subject", "names", "series", "title", "values", "limit", "since", "alt"}.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import BooleanField, F, Func, JSONField, QuerySet, Value
from django.db.models.expressions import RawSQL

from history.models import Subject
from kit.kinds import url_of
from notices.models import Digest, Entry
from notices.queries import digest_lines
from notices.queries.digest_week import AHEAD, Week
from people import queries as people
from people.models import User
from risklog.models.matrix import read_once

FIRST_LOOKS_BACK = timedelta(days=7)
_logger = logging.getLogger(__name__)
# WeekFigure -> the noun for one, for several, and where the list of them is.
_NOUNS = {
    "opened": ("new risk", "new risks", "/risks/?order=-opened_at"),
    "closed": ("closed risk", "closed risks", "/risks/?state=closed"),
    "escalated": ("escalated", "escalated", "/risks/escalations/"),
    "late": ("overdue action", "overdue actions", "/actions/?due=late"),
}


@dataclass(frozen=True, slots=True)
class WeekFigure:
    """A number at the head of a digest.

    difference: to the week before. path: of the list of what it counts.
    """

    key: str
    number: int
    noun: str
    difference: int
    path: str

    @property
    def change(self) -> str:
        """The difference as a text: with its sign, or "as before"."""
        if self.difference == 0:
            return "as before"
        return f"+{self.difference}" if self.difference > 0 else f"−{-self.difference}"  # noqa: RUF001


@dataclass(frozen=True, slots=True)
class Shown:
    """A digest as a reader may see it now. chart: None without one, or if its subject may not be seen."""

    figures: Sequence[WeekFigure]
    sections: Sequence[dict[str, Any]]
    chart: dict[str, Any] | None

    @property
    def preview(self) -> str:
        """The text that a mail program shows beside the title."""
        mine = next((one for one in self.sections if one["key"] == "mine"), None)
        waiting = len(mine["lines"]) + mine["more"] if mine else 0
        parts = [f"{waiting} waiting for you"] if waiting else []
        parts += [f"{one.number} {one.noun}" for one in self.figures if one.number]
        return ", ".join(parts) or "A quiet week."


def last_of(user: User) -> Digest | None:
    return Digest.objects.filter(user=user).order_by("-made_at", "-id").first()


def digests_of(user: User) -> QuerySet[Digest]:
    """Return a person's digests, newest first."""
    return Digest.objects.filter(user=user).order_by("-made_at", "-id")


def digests_naming(user: User, obj: Any) -> list[Digest] | None:
    """Return the reader's own digests that name an object or a related one (with_related); None for none."""
    named = Func(
        F("content"),
        RawSQL("'$.sections[*].lines[*].subject ? (@ == $related[*])'::jsonpath", ()),
        Value({"related": obj.related}, JSONField()),
        function="jsonb_path_exists",
        output_field=BooleanField(),
    )
    return list(digests_of(user).filter(named).only("week", "made_at")) or None


def names_in(content: dict[str, Any]) -> set[int]:
    """Return the ids of the subjects that a digest names."""
    lines = [line for section in content["sections"] for line in section["lines"]]
    named = {pk for line in lines for pk in (line["subject"], *line["names"])}
    chart = content.get("chart")
    return named | ({chart["subject"], *chart["names"]} if chart else set())


def since(last: Digest | None, at: datetime) -> datetime:
    """Return the moment after which the next digest lists changes: the last digest, or a week ago.

    In a sample whose dates ran ahead (tick --at), the last digest may be in the future. It is ignored then.
    """
    return since_of(last.made_at if last else None, at)


def since_of(last_at: datetime | None, at: datetime) -> datetime:
    """As since(). last_at: the moment of the last digest."""
    return last_at if last_at and last_at < at else at - FIRST_LOOKS_BACK


def content_for(user: User, *, since: datetime, at: datetime, is_past: bool = False) -> dict[str, Any]:
    """Return the content for one person. A constant number of queries, and two for each subscribed view."""
    return contents_for([(user, since)], at=at, is_past=is_past)[user.pk]


@read_once()
def contents_for(
    readers: Sequence[tuple[User, datetime]],
    *,
    at: datetime,
    is_past: bool = False,
    without_views: Collection[int] = (),
) -> dict[int, dict[str, Any]]:
    """Return person id -> the content of their digest: their open work, then changes, as they may see them.

    readers: pairs of a person, loaded with_sight(), and the moment after which changes count. The number of
    queries does not depend on the number of readers; each subscriber costs one more, and two for each view.
    without_views: the ids of people who are known to subscribe to no view, which saves a query for each.
    is_past: the period is over, so what waits for the person now is left out. A person whose content raises
    an error is left out, unless it is the only one: their own due date raises it again.
    """
    earliest = min(since - (at - since) for _, since in readers)
    week = Week([user for user, _ in readers], earliest, at, without_views)
    ours = people.organisation()
    found: dict[int, dict[str, Any]] = {}
    with people.known_organisation(ours):  # the matrix was read with it
        for user, since in readers:
            one = digest_lines.OfPerson(week, user, since, user.zone(ours), is_past=is_past)
            try:
                chart = None if is_past else one.wanted_chart()
                found[user.pk] = {"figures": one.figures(), "chart": chart, "sections": one.sections()}
            except Exception:
                if len(readers) == 1:
                    raise
                _logger.exception("The digest of person %s cannot be written with the others.", user.pk)
        digest_lines.draw(found, at=at)
    return found


def is_quiet(content: dict[str, Any]) -> bool:
    """Return True if the content has nothing except the next meeting."""
    return not any(section["lines"] for section in content["sections"] if section["key"] != "meetings")


def shown(user: User, content: dict[str, Any]) -> Shown:
    """Return the content as this person may still see it, each line with its `path`. Costs one query.

    Figures count hundreds of subjects, so their ids are one array, and only the subjects of lines become
    objects.
    """
    figures, chart = content.get("figures", ()), content.get("chart")
    ids = names_in(content) | {pk for figure in figures for pk in figure["ids"]}
    rows = Subject.objects.visible_to(user).filter(pk__in=RawSQL("SELECT unnest(%s::bigint[])", [list(ids)]))
    visible = {row[0]: row for row in rows.values_list(*_OF_PATH)}
    found = []
    for section in content["sections"]:
        kept = [
            {**line, "path": _path(visible[line["subject"]])}
            for line in section["lines"]
            if {line["subject"], *line["names"]} <= visible.keys()
        ]
        if kept:
            found.append({**section, "lines": kept})
    return Shown(
        [_figure(one, visible.keys()) for one in figures],
        found,
        chart if chart and {chart["subject"], *chart["names"]} <= visible.keys() else None,
    )


_OF_PATH = ("pk", "kind", "object_id", "reference")


def _path(row: tuple[Any, ...]) -> str:
    """Return the path of the page of a subject, given as the columns _OF_PATH."""
    return url_of(Subject(**dict(zip(_OF_PATH, row, strict=True))))


def _figure(stored: dict[str, Any], visible: Any) -> WeekFigure:
    number = sum(pk in visible for pk in stored["ids"]) + stored["more"]
    one, several, path = _NOUNS[stored["key"]]
    return WeekFigure(stored["key"], number, one if number == 1 else several, number - stored["before"], path)


def undigested(user: User, at: datetime) -> QuerySet[Entry]:
    """Return the inbox entries that are in no digest yet.

    It uses no last-seen id, so an entry that is committed late is in the next digest.
    """
    return Entry.objects.filter(user=user, digest__isnull=True, at__lte=at)


__all__ = ["AHEAD", "Shown", "WeekFigure", "content_for", "contents_for", "shown", "since"]
