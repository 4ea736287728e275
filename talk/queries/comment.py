"""Comments for pages and the API, and the people whom a text mentions."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, F, Func, OuterRef, Q
from django.db.models.functions import JSONObject

from history.models import Subject
from lists.collation import BY_NAME
from people.models import User
from talk.mentions import handles_in
from talk.models import Comment, CommentQuerySet


class _IsAny(Func):
    """`a = ANY(array)`, which the ORM has for constant arrays only."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY("
    output_field = BooleanField()


@dataclass(frozen=True, slots=True)
class Mentions:
    """What the handles of a text stand for.

    people: handle -> person, for those who may see the object. without_access: names of those who may not.
    unknown: handles that nobody has.
    """

    people: dict[str, User]
    without_access: list[str]
    unknown: list[str]


def comments() -> CommentQuerySet:
    return Comment.objects.select_related("about", "author", "author__subject")


def mentions(text: str, about: Subject) -> Mentions:
    """Return whom a text on an object mentions. One query."""
    handles = handles_in(text)
    rows = User.objects.active().with_sight().select_related("subject").filter(handle__in=handles)
    known = {user.handle: user for user in rows}
    seeing = {handle: user for handle, user in known.items() if about.is_visible_to(user)}
    return Mentions(
        people={handle: seeing[handle] for handle in handles if handle in seeing},
        without_access=[known[handle].name for handle in handles if handle in known and handle not in seeing],
        unknown=[handle for handle in handles if handle not in known],
    )


def with_mentioned(rows: CommentQuerySet) -> CommentQuerySet:
    """Annotate comments with the people they mention, also those who left, for mentioned_people()."""
    person = JSONObject(handle="handle", name="name", id="pk")
    people = User.objects.filter(_IsAny(F("pk"), OuterRef("mentioned")))
    return rows.annotate(people=ArraySubquery(people.order_by("pk").values(person=person)))


def mentioned_people(comment: Comment) -> Iterator[tuple[str, str, Subject]]:
    """Yield handle, name and subject of the people whom a comment of with_mentioned() mentions."""
    for person in comment.people:
        yield person["handle"], person["name"], Subject(kind=User.KIND, object_id=person["id"])


def suggestions(about: Subject, typed: str, reader: User, *, limit: int = 8) -> list[User]:
    """Return people who may see the object and whose name or handle has what is typed, best first.

    Rows of people who may not see a restricted object are left out.
    """
    rows = User.objects.active().with_sight().visible_to(reader)
    matching = rows.filter(Q(name__collated__contains=typed) | Q(handle__contains=typed.lower()))
    found = [user for user in matching.order_by(*BY_NAME)[:200] if about.is_visible_to(user)]
    return sorted(found, key=lambda user: not user.name.lower().startswith(typed.lower()))[:limit]
