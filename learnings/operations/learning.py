"""Write learnings: draft by hand, assign, change, publish, withdraw, discard, restore."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from catalogue.queries.privacy import demanded_viewers
from history import operations as history
from history.models import Subject
from history.operations import GrantReason, NewGrant, Placement
from kit.actor import Actor
from kit.refusals import IllegalMove, Refused
from learnings import events
from learnings.models import Learning
from learnings.operations import privacy
from learnings.operations.origin import category_of, locked_origin_of, origin_of
from learnings.states import LearningState, LearningVerdict
from people.models import User
from talk.operations import tag

TEXTS = ("seen", "to_monitor", "to_adjust", "how_to_check", "governance")
CHANGEABLE = frozenset({"title", "tags", "verdict", "model", "category", *TEXTS})


@transaction.atomic
def write(
    *,
    title: str,
    by: Actor,
    at: datetime,
    author: User | None = None,
    about: Subject | None = None,
    viewers: Sequence[int] | None = None,
    **texts: Any,
) -> Learning:
    """Create a draft by hand. texts: other fields of CHANGEABLE. None takes the value of the source.

    Everyone who may see `about` may see the draft, and so may its author. viewers: subject ids of those who
    may see it instead; it is then its own root. Without both, the model decides, if its privacy constraints
    restrict what is about it. Raises Refused(field="title", "tags" or "about").
    """
    if about is not None and Learning.objects.filter(about=about, state=LearningState.DRAFT).exists():
        raise Refused("A draft about this already exists. Edit that one instead.", field="about")
    origin = locked_origin_of(about)
    known = {"model": origin.model, "category": origin.category}
    given = {name: value for name, value in texts.items() if value is not None}
    values = _clean({"title": title, **known, **given})
    values |= category_of(origin, values["category"])
    if values.get("verdict"):
        values |= {"verdict_by": by.person, "verdict_at": at}
    draft = Learning(about=about, author=author, made_at=at, **values)
    grants = [NewGrant(author.subject_id, GrantReason.AUTHOR)] if author else []
    if about is None and viewers is None:
        viewers = demanded_viewers(draft.model, None)
    scope = Placement(parent=about, viewers=viewers, grants=grants)
    history.record(draft, events.LearningDrafted(), by=by, at=at, placed=scope)
    return draft


@transaction.atomic
def take(learning: Learning, *, by: Actor, at: datetime, seen: int | None = None) -> Learning:
    """Make the person who acts the author of a draft. Raises Refused if another person is the author."""
    author = by.person
    if learning.state != LearningState.DRAFT:
        raise IllegalMove("Only drafts can be assigned.", field="state")
    if learning.author_id not in (None, author.pk):
        raise Refused(f"{learning.author} is already the author.", field="author")
    history.change(learning, {"author": author}, by=by, at=at, seen=seen, verb="learnings.learning_taken")
    _show_to_author(learning, by=by, at=at)
    return learning


@transaction.atomic
def change(
    learning: Learning, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> Learning:
    """Change fields of CHANGEABLE. The first person to change a draft without an author becomes its author.

    Raises Refused(field=…), IllegalMove for a discarded draft, ChangedMeanwhile, ValueError for another
    field.
    """
    if unknown := set(values) - CHANGEABLE:
        raise ValueError(f"These fields cannot be changed: {', '.join(sorted(unknown))}.")
    if learning.state == LearningState.DISCARDED:
        raise IllegalMove("This draft is discarded. Restore it first.", field="state")
    cleaned = _clean(values, kept=learning.tags)
    cleaned |= _judged(learning, cleaned, by=by, at=at) | _recategorised(learning, cleaned)
    if learning.author_id is None and by.person is not None:
        cleaned["author"] = by.person
    event = history.change(learning, cleaned, by=by, at=at, seen=seen)
    if event and "author" in cleaned:
        _show_to_author(learning, by=by, at=at)
    if event and "title" in cleaned:
        history.retitle(learning)
    if event and "model" in cleaned and learning.state == LearningState.DRAFT:
        privacy.restrict(learning, at=at)
    return learning


@transaction.atomic
def publish(
    learning: Learning,
    *,
    by: Actor,
    at: datetime,
    values: Mapping[str, Any] | None = None,
    seen: int | None = None,
) -> Learning:
    """Publish a draft, with last changes to fields of CHANGEABLE in the same transaction.

    It needs a title and a text in `seen`. If it has no author, the person who publishes it becomes the
    author. Raises Refused(field=…), IllegalMove, ChangedMeanwhile.
    """
    cleaned = _clean(values or {}, kept=learning.tags)
    if not cleaned.get("seen", learning.seen).strip():
        raise Refused("Describe what happened. One short paragraph is enough.", field="seen")
    cleaned |= _judged(learning, cleaned, by=by, at=at) | _recategorised(learning, cleaned)
    if learning.author_id is None:
        cleaned["author"] = by.person
    history.move(
        learning, LearningState.PUBLISHED, by=by, at=at, seen=seen, values={**cleaned, "published_at": at}
    )
    if "author" in cleaned:
        _show_to_author(learning, by=by, at=at)
    if "title" in cleaned:
        history.retitle(learning)
    privacy.restrict(learning, at=at)
    return learning


def judge(learning: Learning, *, verdict: str, by: Actor, at: datetime, seen: int | None = None) -> Learning:
    """Say whether a published learning worked. verdict: of LearningVerdict, "" to take the verdict back.

    Raises Refused(field="verdict"), IllegalMove for what is not published, ChangedMeanwhile.
    """
    if learning.state != LearningState.PUBLISHED:
        raise IllegalMove("Publish this learning first. Then say whether it worked.", field="state")
    values = _clean({"verdict": verdict})
    values |= _judged(learning, values, by=by, at=at)
    history.change(learning, values, by=by, at=at, seen=seen, verb="learnings.learning_judged")
    return learning


@transaction.atomic
def withdraw(learning: Learning, *, by: Actor, at: datetime, seen: int | None = None) -> Learning:
    """Move a published learning back to draft, and restrict it as its model demands.

    Raises Refused if another draft about the same exists.
    """
    _no_other_draft(learning)
    history.move(learning, LearningState.DRAFT, by=by, at=at, seen=seen, values={"published_at": None})
    privacy.restrict(learning, at=at)
    return learning


@transaction.atomic
def discard(
    learning: Learning, *, by: Actor, at: datetime, reason: str = "", seen: int | None = None
) -> Learning:
    """Discard a draft. It is kept and can be restored. Raises IllegalMove, ChangedMeanwhile."""
    discarded = events.LearningDiscarded(reason=reason.strip() or None)
    history.move(learning, LearningState.DISCARDED, by=by, at=at, seen=seen, payload=discarded)
    history.retire(learning)
    return learning


@transaction.atomic
def restore(learning: Learning, *, by: Actor, at: datetime, seen: int | None = None) -> Learning:
    """Restore a discarded draft, and restrict it as its model demands.

    Raises Refused if another draft about the same exists.
    """
    _no_other_draft(learning)
    history.move(learning, LearningState.DRAFT, by=by, at=at, seen=seen)
    history.retire(learning, is_retired=False)
    privacy.restrict(learning, at=at)
    return learning


def _show_to_author(learning: Learning, *, by: Actor, at: datetime) -> None:
    if learning.author:
        history.grant_sight([learning.subject], [learning.author], reason=GrantReason.AUTHOR, by=by, at=at)


def _no_other_draft(learning: Learning) -> None:
    others = Learning.objects.filter(about_id=learning.about_id, state=LearningState.DRAFT).exclude(
        pk=learning.pk
    )
    if learning.about_id is not None and others.exists():
        raise Refused("Another draft about this already exists. Publish or discard it first.")


def _recategorised(learning: Learning, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return whose category it is, nothing if the values do not change the category."""
    category = values.get("category", learning.category)
    return {} if category == learning.category else category_of(origin_of(learning.about), category)


def _judged(learning: Learning, values: Mapping[str, Any], *, by: Actor, at: datetime) -> dict[str, Any]:
    """Return who gives the verdict and when, nothing if the values do not change it."""
    if values.get("verdict", learning.verdict) == learning.verdict:
        return {}
    is_given = bool(values["verdict"])
    return {"verdict_by": by.person if is_given else None, "verdict_at": at if is_given else None}


def _clean(values: Mapping[str, Any], *, kept: Sequence[str] = ()) -> dict[str, Any]:
    """Return the values as they are stored. kept: the tags that the learning has."""
    cleaned = dict(values)
    if "title" in cleaned:
        cleaned["title"] = cleaned["title"].strip()
        if not cleaned["title"]:
            raise Refused("Enter a title that says what was learned.", field="title")
    if cleaned.get("verdict", "") not in ("", *LearningVerdict.values):
        raise Refused(f"Use one of {', '.join(LearningVerdict.values)}.", field="verdict")
    if "tags" in cleaned:
        cleaned["tags"] = tag.admit(cleaned["tags"], kept=kept)
    return cleaned
