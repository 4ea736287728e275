"""Reading history: the timeline of an object, and old events in the current shape."""

from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, F, Func, Q
from django.db.models.expressions import RawSQL

from history import declarations, wiring
from history.models import Event, RecordedQuerySet, Subject
from kit.sight import Sight, Visitor, sight_of


def changed_fields(event: Event) -> set[str]:
    """Return the names of the fields that an event changed, in any row."""
    return {name for row in event.data.get("rows", ()) for name in row["changes"]}


def timeline(subject_id: int) -> RecordedQuerySet:
    """Return the events of one object, newest first."""
    return events().filter(subject_id=subject_id)


def with_related(rows: Any, *begins: str) -> Any:
    """Return the rows with `related`: the ids of their subject and of all related subjects.

    riskhub/panels.py declares the relations. Related to a risk are the review of its breach group, the
    decision on that review, its actions, their escalations, its learnings. These are only ids: pages load the
    subjects through visible_to. Costs no additional query. begins: paths to further subjects from which the
    search starts.
    """
    return rows.annotate(related=_Related("subject_id", *begins))


class _Related(Func):
    """An array of ids: these subjects and all subjects that the relations reach from them."""

    template = """ARRAY(
        WITH RECURSIVE related(id) AS (
            SELECT unnest(array_remove(ARRAY[%(expressions)s]::bigint[], NULL))
            UNION
            SELECT reached.id FROM related CROSS JOIN LATERAL (%(steps)s) AS reached(id)
        )
        SELECT id FROM related
    )"""
    output_field = ArrayField(BigIntegerField())

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        # The ORM writes the steps. They contain no input.
        steps = [
            relation(RawSQL("related.id", ())).query.sql_with_params() for relation in wiring.relations()
        ]
        joined = " UNION ALL ".join(f"({sql})" for sql, _ in steps) or "SELECT NULL::bigint WHERE false"
        sql, params = super().as_sql(compiler, connection, steps=joined, **context)
        return sql, [*params, *(value for _, values in steps for value in values)]

    def get_group_by_cols(self) -> list[Any]:
        return [column for source in self.get_source_expressions() for column in source.get_group_by_cols()]


def timeline_of_related(subject_ids: Iterable[int], own: int) -> RecordedQuerySet:
    """Return the events of these objects, newest first; minor events only of the subject `own`."""
    shown = Q(subject_id=own) | ~Q(verb__in=wiring.minor())
    return events().filter(shown, subject_id__in=list(subject_ids))


def show(user: Visitor, rows: Iterable[Any], *names: str) -> list[Any]:
    """Set `shown_<name>` on each row: the subject at `<name>`, None if this reader may not see it.

    names: the loaded foreign keys to Subject; by default "about". Costs no query.
    """
    found, names = list(rows), names or ("about",)
    for row in found:
        for name in names:
            subject = getattr(row, name)
            setattr(row, f"shown_{name}", subject if subject and subject.is_visible_to(user) else None)
    return found


def visible_or_none(user: Visitor, subject: Subject | None) -> Subject | None:
    """Return the subject if this user may see it now, None otherwise. One query."""
    if subject is None:
        return None
    return Subject.objects.visible_to(user).filter(pk=subject.pk).first()


def tell(user: Visitor, found: list[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
    """Hide what this reader may not see in rows of .values(). No query.

    Removes the columns of seen_by(name) from each row. If they exclude the reader, all other columns
    `<name>_…` become None.
    """
    sight, names = sight_of(user), names or ("about",)
    for row in found:
        for name in names:
            if not _sees(sight, row, name):
                row |= {column: None for column in row if column.startswith(f"{name}_")}
    return found


def seen_by(name: str, through: str | None = None) -> dict[str, F]:
    """Return the columns of a subject that may_see() needs, for .values() or .annotate().

    through: the path to the subject, by default `name`.
    """
    path = through or name
    return {f"{name}_viewers": F(f"{path}__viewers"), f"{name}_granted": F(f"{path}__granted")}


def may_see(user: Visitor, row: dict[str, Any], name: str) -> bool:
    """Return True if this reader may see the subject called `name` of a row of .values().

    Removes the columns of seen_by() from the row. A missing subject counts as visible. Costs no query.
    """
    return _sees(sight_of(user), row, name)


def _sees(sight: Sight, row: dict[str, Any], name: str) -> bool:
    return sight.sees(row.pop(f"{name}_viewers"), row.pop(f"{name}_granted") or ())


def events() -> RecordedQuerySet:
    """Return all events, newest first, with the relations that a timeline line needs."""
    return Event.objects.select_related("subject", "actor").order_by("-at", "-id")


def present_data(event: Event) -> dict[str, Any]:
    """Return the event's data in the current shape, whichever version wrote it."""
    return declarations.upcast(event.verb, event.schema_version, event.data)


def later_than(event: Event) -> Q:
    """Match events that happened after another one, by their moments; the id decides only at the same one.

    Ids alone are no order: a transaction that began earlier can commit later.
    """
    return Q(at__gt=event.at) | Q(at=event.at, pk__gt=event.pk)


def rebuilt(model_label: str, pk: int) -> dict[str, Any]:
    """Return a row rebuilt from history alone: all its changes are applied, oldest first."""
    found: dict[str, Any] = {}
    lines = Event.objects.filter(data__rows__contains=[{"model": model_label, "pk": pk}]).order_by("id")
    for event in lines:
        for row in present_data(event)["rows"]:
            if row["model"] == model_label and row["pk"] == pk:
                found |= {name: new for name, (_, new) in row["changes"].items()}
    return found


def subject(pk: int) -> Subject:
    return Subject.objects.get(pk=pk)
