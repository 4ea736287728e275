"""The list specifications of dashboards and snapshots: filters and orders of the pages and the API."""

from collections.abc import Sequence

from django.db.models import Q

from catalogue.models import Model
from lists import filtering
from lists.collation import BY_NAME, BY_NAME_BACKWARDS
from lists.specification import Filter, ListSpec, Order, Reader
from people.models import Team, User
from signals.filters.source import BY_NUMBER
from signals.states import SignalKind


def _text(values: Sequence[str], reader: Reader) -> Q:
    return Q(name__collated__contains=values[0]) | Q(purpose__collated__contains=values[0])


def _teams(user: User) -> list[tuple[str, str]]:
    """Return the teams that a user may see, as (slug, name)."""
    return list(Team.objects.visible_to(user).order_by(*BY_NAME).values_list("slug", "name"))


DASHBOARDS = ListSpec(
    filters={
        "q": Filter("Text", _text, is_many=False, help="A part of the name or the purpose."),
        "model": filtering.slug("Model", "model", Model.objects.visible_to, help="The slug of a model."),
        "team": filtering.slug(
            "Team", "team", Team.objects.visible_to, options=_teams, help="The slug of a team."
        ),
        "focus": filtering.choice("Focus", "focus", SignalKind),
        "is_retired": filtering.flag(
            "Retired", Q(is_retired=True), "true: only retired ones; false: none of them."
        ),
    },
    orders={
        "name": Order("Name, A to Z", BY_NAME),
        "-name": Order("Name, Z to A", BY_NAME_BACKWARDS),
        **BY_NUMBER,
    },
)
SNAPSHOTS = ListSpec(
    filters={
        "dashboard": filtering.key("Dashboard", "dashboard_id", "The number of a dashboard."),
        "pinned_to": filtering.exact(
            "Pinned to", "pinned_to__reference", help="The reference of a meeting or another object."
        ),
    },
    orders={"-id": Order("Newest", ("-id",)), "id": Order("Oldest", ("id",))},
)
