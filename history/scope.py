"""Who may see an object: the scope of its root, and the grants that single people have.

A root (a risk, a model …) is open to everyone or restricted to teams; everything below it has the same
viewers, written by one UPDATE. A grant lets one person see one object, or keep a whole root.

Locks: an operation that creates an object under a root holds the root's row FOR SHARE (writing.create). One
that restricts the root holds it FOR NO KEY UPDATE and then updates in a statement of its own, which sees all
objects created in between. A root is always locked before what is below it. Two operations that share
a root and then both grant sight of it would deadlock, so such an operation calls lock() first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from history.models import Subject
from history.states import GrantReason, Reach
from kit.actor import Actor
from kit.sight import SignedIn


@dataclass(frozen=True, slots=True)
class NewGrant:
    """A grant that an object has from its creation. person_id: the person's subject."""

    person_id: int
    reason: GrantReason
    reach: Reach = Reach.OBJECT


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a new object belongs and who may see it.

    parent: the subject (or its id) that the object belongs to. Its root becomes the object's root.
    is_root: the object becomes a root of its own, with the viewers of `parent` at first.
    viewers: the subject ids of those who may see it. It makes the object a root, whatever the parent is.
    """

    parent: Subject | int | None = None
    is_root: bool = False
    viewers: Sequence[int] | None = None
    grants: Sequence[NewGrant] = ()

    def __post_init__(self) -> None:
        if not self.stands_alone and any(grant.reach == Reach.ROOT for grant in self.grants):
            raise ValueError("Only a root can be kept as a whole.")

    @property
    def stands_alone(self) -> bool:
        """Return True if the object is its own root."""
        return self.is_root or self.parent is None or self.viewers is not None

    @property
    def parent_id(self) -> int | None:
        return self.parent.pk if isinstance(self.parent, Subject) else self.parent

    @property
    def keeper_ids(self) -> list[int]:
        """Return the subject ids of the people who keep the whole root, each once."""
        return sorted({grant.person_id for grant in self.grants if grant.reach == Reach.ROOT})

    @property
    def granted_ids(self) -> list[int]:
        """Return the subject ids of the people who may see this one object, each once."""
        return sorted({grant.person_id for grant in self.grants if grant.reach == Reach.OBJECT})


OPEN = Placement()


def author(by: Actor) -> list[NewGrant]:
    """Return the grant by which a person sees the object they create; no grant for the system."""
    return [NewGrant(by.subject_id, GrantReason.AUTHOR)] if by.subject_id else []


@dataclass(frozen=True, slots=True)
class Effect:
    """A person who gained or lost sight of a restricted object by a grant."""

    subject_id: int
    person_id: int


# ------------------------------------------------------------------ roots

# Ids, root first: the order in which rows of one root are locked.
_LOCK = """
SELECT id, root_id, viewers, granted FROM history_subject
WHERE id = ANY(%s) ORDER BY root_id IS NOT NULL, id FOR NO KEY UPDATE
"""
_BELOW = "(s.id = ANY(%(roots)s) OR s.root_id = ANY(%(roots)s))"


def lock(subject: Subject) -> None:
    """Lock the root of a subject until the transaction ends, so that an act may grant sight of it later."""
    _run(
        "SELECT id FROM history_subject"
        " WHERE id = (SELECT coalesce(root_id, id) FROM history_subject WHERE id = %s) FOR NO KEY UPDATE",
        [subject.pk],
    )


def restrict(root_id: int, teams: Iterable[int] | None) -> list[int] | None:
    """Let only these teams (subject ids) and the people who keep the root see it; None opens it to everyone.

    It also applies to everything below the root. Returns the new viewers. Raises ValueError if it is not a
    root.
    """
    lock_roots([root_id])
    viewers = None
    if teams is not None:
        keepers = _run(
            "SELECT person_id FROM history_grant"
            " WHERE subject_id = %s AND reach = 'root' AND ended_at IS NULL",
            [root_id],
        )
        viewers = sorted({*teams, *(person for (person,) in keepers)})
    _run(
        f"UPDATE history_subject s SET viewers = %(viewers)s WHERE {_BELOW}",  # noqa: S608 - our own text
        {"viewers": viewers, "roots": [root_id]},
    )
    return viewers


def reroot(subject_ids: Sequence[int], root_id: int) -> None:
    """Move these subjects, and everything below them, under another root, whose viewers they take over."""
    ((root, viewers),) = _run(
        "SELECT coalesce(root_id, id), viewers FROM history_subject WHERE id = %s FOR SHARE", [root_id]
    )
    _run(_LOCK, [sorted(subject_ids)])
    _run(
        "UPDATE history_subject s SET root_id = %(root)s, viewers = %(viewers)s"  # noqa: S608 - our own
        f" WHERE {_BELOW} AND s.id <> %(root)s",
        {"root": root, "viewers": viewers, "roots": list(subject_ids)},
    )


def detach(subject_id: int) -> None:
    """Make a subject a root of its own. Its owners and who raised it keep it as a whole.

    What was created below it before stays with the former root.
    """
    _run(
        "UPDATE history_grant SET reach = 'root' WHERE subject_id = %s AND reason IN ('owner', 'raiser')"
        " AND (ended_at IS NULL OR has_left)",
        [subject_id],
    )
    _run(
        "UPDATE history_subject s SET root_id = NULL, granted = ARRAY("
        " SELECT DISTINCT person_id FROM history_grant g"
        " WHERE g.subject_id = s.id AND g.reach = 'object' AND g.ended_at IS NULL ORDER BY 1"
        ") WHERE s.id = %s",
        [subject_id],
    )


def lock_roots(root_ids: Iterable[int]) -> dict[int, list[int] | None]:
    """Lock roots in the order of their ids. Return their viewers: id -> subject ids, None for everyone.

    Raises ValueError for a subject that belongs to another.
    """
    rows = _run(_LOCK, [sorted(set(root_ids))])
    if any(row[1] is not None for row in rows):
        raise ValueError("Only a root can be restricted; this subject belongs to another.")
    return {row[0]: row[2] for row in rows}


# ------------------------------------------------------------------ grants on one object

# The people are added to the value that each row has once it is locked, so that no concurrent grant is lost.
_GIVE = """
WITH held AS MATERIALIZED (
    SELECT id, viewers, granted FROM history_subject
    WHERE id = ANY(%(subjects)s) ORDER BY root_id IS NOT NULL, id FOR NO KEY UPDATE
), noted AS (
    INSERT INTO history_grant (subject_id, person_id, reason, reach, source_id, at)
    SELECT held.id, person.id, %(reason)s, 'object', person.source, %(at)s
    FROM held CROSS JOIN unnest(%(people)s::bigint[], %(sources)s::bigint[]) AS person (id, source)
    ON CONFLICT DO NOTHING
), shown AS (
    UPDATE history_subject s
    SET granted = ARRAY(SELECT DISTINCT unnest(s.granted || %(people)s::bigint[]) ORDER BY 1)
    FROM held WHERE s.id = held.id AND NOT s.granted @> %(people)s::bigint[]
)
SELECT id, viewers, granted FROM held WHERE viewers IS NOT NULL
"""
_END = """
WITH ended AS (
    UPDATE history_grant SET ended_at = coalesce(ended_at, %(at)s), has_left = false
    WHERE subject_id = ANY(%(subjects)s) AND person_id = ANY(%(people)s) AND reason = %(reason)s
      AND source_id IS NOT DISTINCT FROM %(source)s::bigint AND reach = 'object'
      AND (ended_at IS NULL OR has_left)
    RETURNING id
)
UPDATE history_subject s
SET granted = ARRAY(
    SELECT DISTINCT person_id FROM history_grant g
    WHERE g.subject_id = s.id AND g.reach = 'object' AND g.ended_at IS NULL
      AND g.id NOT IN (SELECT id FROM ended)
    ORDER BY 1
)
WHERE s.id = ANY(%(subjects)s)
RETURNING id, viewers, granted
"""


def give(
    subject_ids: Iterable[int],
    people: Sequence[SignedIn],
    *,
    reason: GrantReason,
    sources: Sequence[Subject | None],
    at: datetime,
) -> list[Effect]:
    """Let each person see each object. Returns the people who could not see a restricted object before.

    sources: one for each of `people`, as Grant.source. One statement for any number.
    """
    rows = _run(
        _GIVE,
        {
            "subjects": sorted(set(subject_ids)),
            "people": [person.subject_id for person in people],
            "sources": [source.pk if source else None for source in sources],
            "reason": str(reason),
            "at": at,
        },
    )
    return _effects(people, {pk: (viewers, granted) for pk, viewers, granted in rows})


def end(
    subject_ids: Iterable[int],
    people: Sequence[SignedIn],
    *,
    reason: GrantReason,
    source: Subject | None,
    at: datetime,
) -> list[Effect]:
    """End this reason for these people. Returns those who cannot see a restricted object any more."""
    wanted = {
        "subjects": sorted(set(subject_ids)),
        "people": sorted({person.subject_id for person in people}),
        "reason": str(reason),
        "source": source.pk if source else None,
        "at": at,
    }
    before = {pk: set(granted) for pk, _, _, granted in _run(_LOCK, [wanted["subjects"]])}
    left = _run(_END, wanted)
    return [
        Effect(pk, person.subject_id)
        for pk, viewers, granted in left
        for person in people
        if person.subject_id in before[pk] and not person.sight.sees(viewers, granted)
    ]


def _effects(people: Sequence[SignedIn], shown: dict[int, tuple[Any, Any]]) -> list[Effect]:
    """Return which of these people could not see which of these restricted objects."""
    if not shown:
        return []
    readers = {person.subject_id: person for person in people}
    return [
        Effect(pk, person_id)
        for pk, (viewers, granted) in shown.items()
        for person_id, person in readers.items()
        if not person.sight.sees(viewers, granted)
    ]


# ------------------------------------------------------------------ people who keep a whole root

_ADD_VIEWERS = (
    "UPDATE history_subject s"  # noqa: S608 - our own text
    " SET viewers = ARRAY(SELECT DISTINCT unnest(s.viewers || %(people)s::bigint[]) ORDER BY 1)"
    f" WHERE s.viewers IS NOT NULL AND {_BELOW}"
)
_REMOVE_VIEWER = (
    "UPDATE history_subject s SET viewers = array_remove(s.viewers, %(person)s)"  # noqa: S608 - our own
    f" WHERE s.viewers IS NOT NULL AND {_BELOW}"
)


def keep(root_ids: Sequence[int], person: SignedIn, *, reason: GrantReason, at: datetime) -> list[Effect]:
    """Let a person see roots and everything below them, whichever teams they are restricted to."""
    locked = lock_roots(root_ids)
    _run(
        "INSERT INTO history_grant (subject_id, person_id, reason, reach, at)"
        " SELECT id, %s, %s, 'root', %s FROM unnest(%s::bigint[]) AS root (id) ON CONFLICT DO NOTHING",
        [person.subject_id, str(reason), at, list(locked)],
    )
    hidden = {
        pk: viewers
        for pk, viewers in locked.items()
        if viewers is not None and person.subject_id not in viewers
    }
    if hidden:
        _run(_ADD_VIEWERS, {"people": [person.subject_id], "roots": list(hidden)})
    return [Effect(pk, person.subject_id) for pk, viewers in hidden.items() if not person.sight.sees(viewers)]


def keep_no_more(
    root_ids: Sequence[int], person: SignedIn, *, reason: GrantReason, at: datetime
) -> list[Effect]:
    """End this reason for keeping roots. With the person's last reason their sight of a root ends."""
    locked = lock_roots(root_ids)
    _run(
        "UPDATE history_grant SET ended_at = coalesce(ended_at, %s), has_left = false"
        " WHERE subject_id = ANY(%s) AND person_id = %s AND reason = %s AND reach = 'root'"
        " AND (ended_at IS NULL OR has_left)",
        [at, list(locked), person.subject_id, str(reason)],
    )
    others = _run(
        "SELECT subject_id FROM history_grant"
        " WHERE subject_id = ANY(%s) AND person_id = %s AND reach = 'root' AND ended_at IS NULL",
        [list(locked), person.subject_id],
    )
    kept = {pk for (pk,) in others}
    left = {
        pk: [one for one in viewers if one != person.subject_id]
        for pk, viewers in locked.items()
        if pk not in kept and viewers is not None and person.subject_id in viewers
    }
    if left:
        _run(_REMOVE_VIEWER, {"person": person.subject_id, "roots": list(left)})
    return [Effect(pk, person.subject_id) for pk, viewers in left.items() if not person.sight.sees(viewers)]


# ------------------------------------------------------------------ people who leave and come back


def leave(person: SignedIn, *, at: datetime) -> list[Effect]:
    """End every grant of a person who is deactivated. Returns the effects on restricted objects.

    The effects leave out the grants of raisers, because they would name an anonymous raiser.
    """
    where = "person_id = %s AND ended_at IS NULL"
    roots, objects = _lock_granted(where, person)
    rows = _run(
        "UPDATE history_grant g SET ended_at = %s, has_left = true FROM history_subject s"
        " WHERE g.subject_id = s.id AND g.person_id = %s AND g.ended_at IS NULL"
        " RETURNING g.subject_id, g.reason, s.viewers IS NOT NULL",
        [at, person.subject_id],
    )
    wanted = {"person": person.subject_id, "objects": objects, "roots": roots}
    if objects:
        _run(
            "UPDATE history_subject SET granted = array_remove(granted, %(person)s)"
            " WHERE id = ANY(%(objects)s)",
            wanted,
        )
    if roots:
        _run(_REMOVE_VIEWER, wanted)
    shown = {pk for pk, reason, is_restricted in rows if is_restricted and reason != GrantReason.RAISER}
    return [Effect(pk, person.subject_id) for pk in sorted(shown)]


def come_back(person: SignedIn, *, at: datetime) -> list[Effect]:
    """Restore the grants that ended when the person was deactivated, except those moved to another person."""
    roots, objects = _lock_granted("person_id = %s AND has_left", person)
    rows = _run(
        "WITH back AS ("
        " UPDATE history_grant SET has_left = false WHERE person_id = %s AND has_left"
        " RETURNING subject_id, person_id, reason, reach, source_id"
        "), noted AS ("
        " INSERT INTO history_grant (subject_id, person_id, reason, reach, source_id, at)"
        " SELECT subject_id, person_id, reason, reach, source_id, %s FROM back ON CONFLICT DO NOTHING"
        ") SELECT back.subject_id, back.reason, s.viewers IS NOT NULL"
        " FROM back JOIN history_subject s ON s.id = back.subject_id",
        [person.subject_id, at],
    )
    people = {"people": [person.subject_id], "objects": objects, "roots": roots}
    if objects:
        _run(
            "UPDATE history_subject s"
            " SET granted = ARRAY(SELECT DISTINCT unnest(s.granted || %(people)s::bigint[]) ORDER BY 1)"
            " WHERE id = ANY(%(objects)s)",
            people,
        )
    if roots:
        _run(_ADD_VIEWERS, people)
    shown = {pk for pk, reason, is_restricted in rows if is_restricted and reason != GrantReason.RAISER}
    return [Effect(pk, person.subject_id) for pk in sorted(shown)]


def _lock_granted(where: str, person: SignedIn) -> tuple[list[int], list[int]]:
    """Lock the subjects of a person's grants.

    Returns (ids of roots kept as a whole, ids of single objects).
    """
    sql = f"SELECT subject_id, reach FROM history_grant WHERE {where}"  # noqa: S608 - our own text
    rows = _run(sql, [person.subject_id])
    _run(_LOCK, [sorted({pk for pk, _ in rows})])
    kept = ({pk for pk, reach in rows if reach == wanted} for wanted in (Reach.ROOT, Reach.OBJECT))
    roots, objects = (sorted(ids) for ids in kept)
    return roots, objects


def _run(sql: str, params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall() if cursor.description else []
