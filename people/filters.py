"""What the lists of people, teams, absences and functions can be asked, by their pages and by the API."""

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q

from history import declarations
from lists import filtering
from lists.collation import BY_NAME, BY_NAME_BACKWARDS
from lists.specification import Filter, ListSpec, Order, Reader
from people.models import DutyPeriod, Function, Membership, User
from people.models.invitation import in_state
from people.states import InvitationState, Role, TokenScope

_DAY = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_BY_NAME = {
    "name": Order("Name, A to Z", BY_NAME),
    "-name": Order("Name, Z to A", BY_NAME_BACKWARDS),
    "id": Order("Oldest", ("id",)),
    "-id": Order("Newest", ("-id",)),
}


def _text(values: Sequence[str], reader: Reader) -> Q:
    return Q(name__collated__contains=values[0]) | Q(email__icontains=values[0])


def _in_teams(values: Sequence[int], reader: Reader) -> Q:
    """Members of any of the teams: by key, so that somebody in two of them is one row."""
    return Q(pk__in=Membership.objects.filter(team_id__in=values).values("user_id"))


def _with_members(values: Sequence[int], reader: Reader) -> Q:
    return Q(pk__in=Membership.objects.filter(user_id__in=values).values("team_id"))


# The conditions of people.models.Token.state().
_TOKEN_STATES: dict[str, tuple[str, Callable[[Reader], Q]]] = {
    "live": ("Live", lambda reader: Q(revoked_at__isnull=True, expires_at__gt=reader.at)),
    "expired": ("Expired", lambda reader: Q(revoked_at__isnull=True, expires_at__lte=reader.at)),
    "revoked": ("Revoked", lambda reader: Q(revoked_at__isnull=False)),
}


def _functions(user: User) -> list[tuple[str, str]]:
    return list(Function.objects.order_by(*BY_NAME).values_list("slug", "name"))


def _in_rotation(values: Sequence[Any], reader: Reader) -> Q:
    person = reader.user.pk if values[0] == "me" else values[0]
    planned = DutyPeriod.objects.filter(roster=OuterRef("pk"), person=person)
    return Q(people__contains=[person]) | Q(Exists(planned))


PEOPLE = ListSpec(
    filters={
        "q": Filter("Text", _text, is_many=False, help="A part of the name or address."),
        "name": filtering.part("Name", "name", "A part of the name."),
        "email": filtering.exact("Email", "email", str.lower, "The exact address."),
        "role": filtering.choice("Role", "role", Role),
        "function": filtering.slug(
            "Function",
            "function",
            Function.objects.visible_to,
            options=_functions,
            help="The slug of a function.",
        ),
        "team": Filter(
            "Team", _in_teams, filtering.number, help="The number of a team.", shape=filtering.NUMBER
        ),
        "is_active": filtering.flag(
            "Active",
            Q(is_active=True),
            "true: without deactivated people; false: only those.",
            labels=("Active people", "Deactivated people"),
        ),
    },
    orders=_BY_NAME,
)
TEAMS = ListSpec(
    filters={
        "slug": filtering.exact("Slug", "slug"),
        "lead": filtering.person("Lead", "lead"),
        "member": Filter(
            "Member",
            _with_members,
            filtering.person_key,
            help=f"{filtering.A_PERSON}.",
            shape=filtering.PERSON,
        ),
    },
    orders=_BY_NAME,
)
ABSENCES = ListSpec(
    filters={
        "person": filtering.person("Person", "user", help=f"{filtering.A_PERSON}, or me."),
        "day": Filter(
            "Day",
            lambda values, reader: Q(from_on__lte=values[0], until_on__gte=values[0]),
            filtering.day,
            is_many=False,
            help="Who is away on this day.",
            shape=_DAY,
        ),
    },
    orders={
        "from_on": Order("First day, earliest", ("from_on", "id")),
        "-from_on": Order("First day, latest", ("-from_on", "-id")),
    },
)
HOLIDAYS = ListSpec(
    filters={
        "person": Filter(
            "Person",
            lambda values, reader: Q(),  # the days are computed, not selected
            filtering.person_key,
            special_values=(("me", "Me"),),
            is_many=False,
            help=f"{filtering.A_PERSON}, or me: with the public holidays of their country.",
            shape=filtering.PERSON,
        ),
        "since": Filter(
            "Since",
            lambda values, reader: Q(),
            filtering.day,
            is_many=False,
            help="The first day of the year that is listed; today by default.",
            shape=_DAY,
        ),
    },
    orders={"date": Order("Date", ("date",))},
)
DUTIES = ListSpec(
    filters={
        "function": filtering.slug("Function", "function", Function.objects.visible_to, help="Its slug."),
        "person": Filter(
            "Person",
            _in_rotation,
            filtering.person_key,
            special_values=(("me", "Me"),),
            is_many=False,
            help=f"{filtering.A_PERSON} on the roster, or me.",
            shape=filtering.PERSON,
        ),
    },
    orders={
        "id": _BY_NAME["id"],
        "-id": _BY_NAME["-id"],
    },
)
FUNCTIONS = ListSpec(
    filters={"slug": filtering.exact("Slug", "slug")},
    orders={"name": _BY_NAME["name"], "id": _BY_NAME["id"]},
)
SERVICE_ACCOUNTS = ListSpec(
    filters={
        "name": filtering.part("Name", "name", "A part of the name."),
        "role": filtering.choice("Role", "role", Role),
        "responsible": filtering.person("Responsible", "responsible"),
        "is_active": filtering.flag(
            "Active",
            Q(is_active=True),
            "true: without deactivated accounts; false: only those.",
            labels=("Active accounts", "Deactivated accounts"),
        ),
    },
    orders=_BY_NAME,
)
TOKENS = ListSpec(
    filters={
        "owner": filtering.person("Owner", "user", help=f"{filtering.A_PERSON}, or me."),
        "scope": filtering.choice("Scope", "scope", TokenScope),
        "state": filtering.named("State", _TOKEN_STATES, "live, expired or revoked."),
    },
    orders={
        "-id": _BY_NAME["-id"],
        "id": _BY_NAME["id"],
        "expires_at": Order("Expires first", ("expires_at", "id")),
        "-expires_at": Order("Expires last", ("-expires_at", "-id")),
    },
)
TOKEN_EVENTS = ListSpec(
    filters={
        "since": Filter(
            "Since",
            lambda values, reader: Q(at__date__gte=values[0]),
            filtering.day,
            is_many=False,
            help="Events from this day on.",
            shape=_DAY,
        ),
        "verb": filtering.declared_name(
            "Verb",
            "verb",
            declarations.verbs,
            "Use a verb such as people.token_rotated. Separate several verbs by commas.",
        ),
    },
    orders={
        "-at": Order("Latest", ("-at", "-id")),
        "at": Order("Earliest", ("at", "id")),
    },
)


def _in_state(values: Sequence[Any], reader: Reader) -> Q:
    return in_state(InvitationState(values[0]), reader.at)


_STATES = filtering.choice("State", "pk", InvitationState)
INVITATIONS = ListSpec(
    filters={
        "email": filtering.part("Email", "email", "A part of the address."),
        "state": Filter(
            "State",
            _in_state,
            _STATES.parse,
            _STATES.choices,
            is_many=False,
            help="Its state at this moment.",
        ),
        "role": filtering.choice("Role", "role", Role),
    },
    orders={
        "-sent_at": Order("Sent, latest", ("-sent_at", "-id")),
        "sent_at": Order("Sent, earliest", ("sent_at", "id")),
        "email": Order("Email, A to Z", ("email", "id")),
    },
)
SESSIONS = ListSpec(
    filters={},
    orders={
        "-last_seen_at": Order("Last seen, latest", ("-last_seen_at", "-id")),
        "-created_at": Order("Signed in, latest", ("-created_at", "-id")),
    },
)
READINGS = ListSpec(
    filters={
        "since": Filter(
            "Since",
            lambda values, reader: Q(at__date__gte=values[0]),
            filtering.day,
            is_many=False,
            help="Readings from this day on.",
            shape=_DAY,
        ),
    },
    orders={"-id": Order("Latest", ("-id",)), "id": Order("Oldest", ("id",))},
)
