"""The list specification of learning sessions: filters and orders of the page and the API."""

from collections.abc import Callable, Sequence

from django.db.models import Q

from history.models import Subject
from learnings.models import SignUp
from learnings.states import SessionState, SignUpState
from lists import filtering
from lists.specification import Filter, ListSpec, Order, Reader

_MAX_WORDS = 10


def _mine(reader: Reader) -> Q:
    rows = SignUp.objects.filter(person=reader.user.pk).exclude(state=SignUpState.WITHDRAWN)
    return Q(pk__in=rows.values("session")) | Q(speaker=reader.user.pk) | Q(author=reader.user.pk)


# The tabs of the page: value -> (label, condition).
VIEWS: dict[str, tuple[str, Callable[[Reader], Q]]] = {
    "ahead": ("Upcoming", lambda reader: Q(starts_at__gt=reader.at) & ~Q(state=SessionState.CANCELLED)),
    "mine": ("Mine", _mine),
    "over": ("Past", lambda reader: Q(starts_at__lte=reader.at) & ~Q(state=SessionState.CANCELLED)),
    "cancelled": ("Cancelled", lambda reader: Q(state=SessionState.CANCELLED)),
}


def _text(values: Sequence[str], reader: Reader) -> Q:
    """Match if each word is in the topic, the text or the name of the guest. At most 10 words count."""
    condition = Q()
    for word in values[0].split()[:_MAX_WORDS]:
        condition &= (
            Q(title__collated__contains=word)
            | Q(text__collated__contains=word)
            | Q(guest__collated__contains=word)
        )
    return condition


SPEC = ListSpec(
    filters={
        "show": filtering.named("View", VIEWS, "Upcoming, mine, past or cancelled sessions."),
        "q": Filter("Text", _text, is_many=False, help="Words of the topic, the text or the guest."),
        "state": filtering.choice("State", "state", SessionState),
        "speaker": filtering.person("Speaker", "speaker"),
        "about": filtering.subject("About", "about", Subject.objects.visible_to),
    },
    orders={
        "-starts_at": Order("Latest first", ("-starts_at", "-id")),
        "starts_at": Order("Next first", ("starts_at", "id")),
    },
)

# The sign-ups of one session.
SIGN_UPS = ListSpec(
    filters={"state": filtering.choice("State", "state", SignUpState)},
    orders={"signed_up_at": Order("First come", ("signed_up_at", "id"))},
)
