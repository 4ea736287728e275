"""The list specification of recognitions: filters and orders of the page and the API."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q

from history.models import Subject
from learnings.models import ThankedPerson
from learnings.states import RecognitionKind, RecognitionState
from lists import filtering
from lists.specification import Filter, ListSpec, Order, Reader
from people.models import Team

_MAX_WORDS = 10


def _text(values: Sequence[str], reader: Reader) -> Q:
    """Match if each word is in the title or the text. At most 10 words count."""
    condition = Q()
    for word in values[0].split()[:_MAX_WORDS]:
        condition &= Q(title__collated__contains=word) | Q(text__collated__contains=word)
    return condition


def _person(values: Sequence[Any], reader: Reader) -> Q:
    """Match recognitions of one of these people by name."""
    ids = [reader.user.pk if value == "me" else value for value in values]
    return Q(pk__in=ThankedPerson.objects.filter(person__in=ids).values("recognition"))


SPEC = ListSpec(
    filters={
        "q": Filter("Text", _text, is_many=False, help="Words of the title or the text."),
        "kind": filtering.choice("Outcome", "kind", RecognitionKind),
        "state": filtering.choice("State", "state", RecognitionState),
        "person": Filter(
            "Person",
            _person,
            filtering.person_key,
            special_values=(("me", "Me"),),
            help=f"{filtering.A_PERSON} who is thanked, or me.",
            shape=filtering.PERSON,
        ),
        "team": filtering.slug("Team", "team", Team.objects.visible_to, help="The slug of a team."),
        "about": filtering.subject("About", "about", Subject.objects.visible_to),
    },
    orders={
        "-given_at": Order("Newest", ("-given_at", "-id")),
        "given_at": Order("Oldest", ("given_at", "id")),
    },
)
