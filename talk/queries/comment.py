"""Comments for pages, the API and search, the reactions to them, and the people whom a text mentions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.search import SearchRank
from django.db.models import BooleanField, F, Func, IntegerField, OuterRef, Q, Value
from django.db.models.functions import Cast, JSONObject

from history import search
from history.models import Subject
from kit.sight import Visitor
from lists.collation import BY_NAME, sort_key
from people.models import User
from talk.mentions import handles_in
from talk.models import Comment, CommentQuerySet, Reaction
from talk.states import REACTION_ICONS, CommentState, ReactionKind


class _IsAny(Func):
    """`a = ANY(array)`, which the ORM has for constant arrays only."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY("
    output_field = BooleanField()


@dataclass(frozen=True, slots=True)
class ShownReaction:
    """One kind of reaction to a comment. names: of the people who gave it, the first one first."""

    kind: str
    label: str
    icon: str
    names: list[str]
    is_mine: bool


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
    """Return comments with their reactions."""
    return with_reactions(Comment.objects.select_related("about", "author", "author__subject"))


def with_reactions(rows: CommentQuerySet) -> CommentQuerySet:
    """Annotate comments with the reactions to them."""
    reaction = JSONObject(reaction="kind", person_id="user_id", person_name="user__name")
    found = Reaction.objects.filter(comment=OuterRef("pk")).order_by("pk")
    return rows.annotate(reactions=ArraySubquery(found.values(reaction=reaction)))


def reactions_of(comment: Comment, reader: User) -> list[ShownReaction]:
    """Return each kind of reaction to a comment of comments(), as the reader sees it. No query."""
    shown = []
    for kind in ReactionKind:
        given = [row for row in comment.reactions if row["reaction"] == kind]
        shown.append(
            ShownReaction(
                kind=kind,
                label=str(kind.label),
                icon=REACTION_ICONS[kind],
                names=[row["person_name"] for row in given],
                is_mine=any(row["person_id"] == reader.pk for row in given),
            )
        )
    return shown


def found(reader: Visitor, text: str, language: str) -> CommentQuerySet:
    """Return the visible comments that have every word of a text, with `fit` (higher is better). Not ordered.

    The last word may be incomplete. language: the text search configuration of the organisation.
    """
    words = text.split()[: search.MAX_WORDS]
    rows = comments().visible_to(reader).filter(state=CommentState.POSTED)
    if not words:
        return rows.none().annotate(fit=Value(0))
    query = search.query_of(words, language)
    vector = search.PlainWords("text")
    rank = Cast(SearchRank(vector, query) * 1_000_000, IntegerField())
    return rows.annotate(fit=rank).filter(search.Matches(vector, query))


def fragments(rows: CommentQuerySet, text: str, language: str) -> dict[int, str]:
    """Return the part of each of these comments that has the words, marked as in history.search."""
    query = search.query_of(text.split()[: search.MAX_WORDS], language)
    fragment = search.Fragment(query, language, of="text")
    return dict(rows.annotate(fragment=fragment).values_list("pk", "fragment"))


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


def unknown_mentions(comments: Sequence[tuple[str, Sequence[int]]]) -> list[list[str]]:
    """Return for each comment the handles of its text that mention nobody. At most one query.

    comments: the text of each, and the ids of the people whom it mentions.
    """
    handles = [handles_in(text) for text, _ in comments]
    people = User.objects.filter(handle__in={handle for some in handles for handle in some})
    ids = dict(people.values_list("handle", "pk"))
    return [
        [handle for handle in some if ids.get(handle) not in mentioned]
        for some, (_, mentioned) in zip(handles, comments, strict=True)
    ]


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
    return sorted(found, key=lambda user: not _begins(user.name, typed))[:limit]


def _begins(name: str, typed: str) -> bool:
    return sort_key(name)[0].startswith(sort_key(typed)[0])
