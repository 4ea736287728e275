"""Operations on reactions: a personal mark on a comment, without events and mails."""

from datetime import datetime

from django.db import transaction

from kit.actor import Actor
from kit.refusals import Refused
from talk.models import Comment, Reaction
from talk.states import ReactionKind


@transaction.atomic
def react(comment: Comment, *, kind: str, is_on: bool, by: Actor, at: datetime) -> Comment:
    """Add a reaction of a person to a comment, or take it back. A second time changes nothing.

    kind: a value of ReactionKind. Raises Refused for another one and for a removed comment.
    """
    _check(comment, kind)
    if is_on:
        row = Reaction(comment=comment, user=by.person, kind=kind, at=at)
        Reaction.objects.bulk_create([row], ignore_conflicts=True)
    else:
        Reaction.objects.filter(comment=comment, user=by.person, kind=kind).delete()
    return comment


@transaction.atomic
def toggle(comment: Comment, *, kind: str, by: Actor, at: datetime) -> Comment:
    """Add a reaction, or take it back if the person has it."""
    _check(comment, kind)
    is_on = not Reaction.objects.filter(comment=comment, user=by.person, kind=kind).exists()
    return react(comment, kind=kind, is_on=is_on, by=by, at=at)


def _check(comment: Comment, kind: str) -> None:
    if kind not in ReactionKind.values:
        raise Refused(f"Use one of {', '.join(ReactionKind.values)}.", field="reaction")
    if comment.is_removed:
        raise Refused("This comment was removed.")
