"""Insertion of subjects: each with its id, reference, root, viewers and grants, in one statement."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from history.models import Subject
from history.scope import Placement
from kit import references
from kit.texts import one_line

_COLUMNS = "id, kind, object_id, reference, title, root_id, viewers, granted, is_retired"
_INSERT = f"""
INSERT INTO history_subject (kind, object_id, reference, title, viewers, is_retired)
SELECT '{{kind}}', coalesce(key, {{key}}), {{name}}, title, viewers::bigint[], false
FROM unnest(%(keys)s::bigint[], %(titles)s::text[], %(viewers)s::text[])
    WITH ORDINALITY AS new (key, title, viewers, place)
ORDER BY place
RETURNING {_COLUMNS}
"""  # noqa: S608 - names from our code
# top: the locked root of the parent. moved: the root of that root, if it was re-rooted while this statement
# waited for the lock. array || NULL is NULL: an open root stays open, with any keepers.
_INSERT_BELOW = f"""
WITH new AS MATERIALIZED (
    SELECT coalesce(key, {{key}}) AS object_id, {{name}} AS reference, title, viewers::bigint[], parent,
        is_root, keepers::bigint[], granted::bigint[], place
    FROM unnest(%(keys)s::bigint[], %(titles)s::text[], %(viewers)s::text[], %(parents)s::bigint[],
                %(roots)s::bool[], %(keepers)s::text[], %(granted)s::text[])
        WITH ORDINALITY AS given (key, title, viewers, parent, is_root, keepers, granted, place)
    ORDER BY place
), made AS (
    INSERT INTO history_subject (kind, object_id, reference, title, root_id, viewers, granted, is_retired)
    SELECT '{{kind}}', new.object_id, new.reference, new.title,
        CASE WHEN NOT new.is_root THEN coalesce(moved.id, top.id) END,
        CASE WHEN new.viewers IS NOT NULL THEN new.viewers
             WHEN new.keepers = '{{{{}}}}' OR top.viewers IS NULL THEN top.viewers
             ELSE ARRAY(SELECT DISTINCT unnest(top.viewers || new.keepers) ORDER BY 1) END,
        new.granted, false
    FROM new
    LEFT JOIN history_subject AS parent ON parent.id = new.parent
    LEFT JOIN LATERAL (
        SELECT id, root_id, viewers FROM history_subject
        WHERE id = coalesce(parent.root_id, parent.id) FOR {{strength}}
    ) AS root ON true
    LEFT JOIN LATERAL (
        SELECT id, viewers FROM history_subject WHERE id = root.root_id FOR SHARE
    ) AS moved ON true
    CROSS JOIN LATERAL (
        SELECT root.id, CASE WHEN moved.id IS NULL THEN root.viewers ELSE moved.viewers END AS viewers
    ) AS top
    ORDER BY new.place
    RETURNING {_COLUMNS}
), noted AS (
    INSERT INTO history_grant (subject_id, person_id, reason, reach, at)
    SELECT made.id, person, reason, reach, %(at)s
    FROM unnest(%(places)s::bigint[], %(people)s::bigint[], %(reasons)s::text[], %(reaches)s::text[])
        AS g (place, person, reason, reach)
    JOIN new USING (place) JOIN made USING (object_id)
)
SELECT made.* FROM made JOIN new USING (object_id) ORDER BY new.place
"""  # noqa: S608 - names from our code


def insert(objs: Sequence[Any], scopes: Sequence[Placement], at: datetime | None) -> list[Subject]:
    """Insert the subjects of objects of one kind, in one statement. Returns them in the order of `objs`.

    scopes: one for each object. at: the moment of the grants; needed where a scope has grants (ValueError).
    The database draws the id of an object without one, and the reference if the kind has references, so both
    are unique also when others insert at the same time. The statement locks the parent's root, reads root and
    viewers from it, and inserts the grants.
    """
    first = objs[0]
    key = f"nextval(pg_get_serial_sequence('{first._meta.db_table}', 'id'))"
    name = f"'{first.PREFIX}-' || nextval('{references.sequence(first.PREFIX)}')" if first.PREFIX else "NULL"
    # PostgreSQL has no array of arrays of unequal length, so each list is sent as text.
    columns: dict[str, Any] = {
        "keys": [obj.pk for obj in objs],
        "titles": [one_line(obj.subject_title)[:300] for obj in objs],
        "viewers": [
            None if scope.viewers is None else _array({*scope.viewers, *scope.keeper_ids}) for scope in scopes
        ],
    }
    sql = _INSERT.format(kind=first.KIND, key=key, name=name)
    if any(scope.parent is not None or scope.grants for scope in scopes):
        strength = "NO KEY UPDATE" if any(_is_root(scope.parent) for scope in scopes) else "SHARE"
        sql = _INSERT_BELOW.format(kind=first.KIND, key=key, name=name, strength=strength)
        columns |= _scope_columns(scopes, at)
    with connection.cursor() as cursor:
        cursor.execute(sql, columns)
        names = [column.name for column in cursor.description]
        return [Subject.from_db(connection.alias, names, row) for row in cursor.fetchall()]


def _scope_columns(scopes: Sequence[Placement], at: datetime | None) -> dict[str, Any]:
    """Return the further parameters of _INSERT_BELOW: lists with one entry per object or one per grant."""
    grants = [
        (place, grant) for place, scope in enumerate(scopes, 1) for grant in dict.fromkeys(scope.grants)
    ]
    if grants and at is None:
        raise ValueError("Grants need the moment they are given at.")
    return {
        "parents": [None if scope.viewers is not None else scope.parent_id for scope in scopes],
        "roots": [scope.stands_alone for scope in scopes],
        "keepers": [_array(scope.keeper_ids) for scope in scopes],
        "granted": [_array(scope.granted_ids) for scope in scopes],
        "places": [place for place, _ in grants],
        "people": [grant.person_id for _, grant in grants],
        "reasons": [str(grant.reason) for _, grant in grants],
        "reaches": [str(grant.reach) for _, grant in grants],
        "at": at,
    }


def _is_root(parent: Subject | int | None) -> bool:
    """Return True for a loaded root. The act often grants sight of it too, so it needs the stronger lock."""
    return isinstance(parent, Subject) and parent.root_id is None


def _array(ids: Iterable[int]) -> str:
    return f"{{{','.join(map(str, sorted(ids)))}}}"
