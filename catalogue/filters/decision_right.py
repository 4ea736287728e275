"""The list specification of decision rights: filters and orders of the page and the API."""

from collections.abc import Sequence

from django.db.models import Q

from catalogue.filters.model import teams
from catalogue.models import Model
from catalogue.states import RightKind, RightScope
from lists import filtering
from lists.specification import Filter, ListSpec, Order, Reader
from people.models import Team

_OF_SCOPE = {
    RightScope.MODEL: Q(model__isnull=False),
    RightScope.TEAM: Q(team__isnull=False),
    RightScope.ORGANISATION: Q(model__isnull=True, team__isnull=True),
}


def _scope(text: str) -> RightScope:
    if text not in RightScope.values:
        raise ValueError(f"Use one of {', '.join(RightScope.values)}.")
    return RightScope(text)


def _in_scopes(values: Sequence[RightScope], reader: Reader) -> Q:
    scopes = Q()
    for scope in values:
        scopes |= _OF_SCOPE[scope]
    return scopes


DECISION_RIGHTS = ListSpec(
    filters={
        "kind": filtering.choice("Right", "kind", RightKind),
        "scope": Filter(
            "Applies to",
            _in_scopes,
            _scope,
            tuple(RightScope.choices),
            help="model: rights of one model; team, organisation: defaults.",
        ),
        "model": filtering.slug("Model", "model", Model.objects.visible_to, help="The slug of a model."),
        "team": filtering.slug(
            "Team", "team", Team.objects.visible_to, options=teams, help="The slug of a team."
        ),
        "person": filtering.person("Person", "person"),
        "is_withdrawn": filtering.flag(
            "Withdrawn", Q(is_withdrawn=True), "true: only withdrawn ones; false: none of them."
        ),
    },
    orders={
        "kind": Order("By kind of right", ("kind", "id")),
        "id": Order("Oldest", ("id",)),
        "-id": Order("Newest", ("-id",)),
    },
)
