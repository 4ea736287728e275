"""The list specifications of models and decision rights: filters and orders of the pages and the API."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q, Value
from django.db.models.functions import Coalesce

from catalogue.models import Model
from catalogue.states import RightKind, RightScope, Stage, Tier
from lists import filtering
from lists.collation import BY_NAME, BY_NAME_BACKWARDS
from lists.specification import Filter, ListSpec, Order, Reader
from people.models import Team, User

# Models without a tier come after the others.
TIER_ORDER = Coalesce("tier", Value(9))


def _tier(text: str) -> int:
    if text not in {str(value) for value in Tier.values}:
        raise ValueError(f"Use one of {', '.join(str(value) for value in Tier.values)}, or none.")
    return int(text)


def _in_tiers(values: Sequence[Any], reader: Reader) -> Q:
    rated = Q(tier__in=[value for value in values if value != "none"])
    return rated | Q(tier__isnull=True) if "none" in values else rated


def _text(values: Sequence[str], reader: Reader) -> Q:
    return Q(name__collated__contains=values[0]) | Q(slug__icontains=values[0])


def _teams(user: User) -> list[tuple[str, str]]:
    return list(Team.objects.visible_to(user).order_by(*BY_NAME).values_list("slug", "name"))


SPEC = ListSpec(
    filters={
        "q": Filter("Text", _text, is_many=False, help="A part of the name or slug."),
        "slug": filtering.exact("Slug", "slug", help="The exact slug."),
        "stage": filtering.choice("Stage", "stage", Stage),
        "tier": Filter(
            "Tier",
            _in_tiers,
            _tier,
            tuple((str(value), label) for value, label in Tier.choices),
            special_values=(("none", "Not rated"),),
            help="A tier, or none for models without one.",
        ),
        "owner_team": filtering.slug(
            "Owner team",
            "owner_team",
            Team.objects.visible_to,
            options=_teams,
            special_values=(("none", "No team yet"),),
            help="The slug of the owning team, or none.",
        ),
    },
    orders={
        "name": Order("Name, A to Z", BY_NAME),
        "-name": Order("Name, Z to A", BY_NAME_BACKWARDS),
        "tier": Order("Highest tier first", ("tier_order", *BY_NAME)),
        "-tier": Order("Lowest tier first", ("-tier_order", *BY_NAME_BACKWARDS)),
        "id": Order("Oldest", ("id",)),
        "-id": Order("Newest", ("-id",)),
    },
)


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
            "Team", "team", Team.objects.visible_to, options=_teams, help="The slug of a team."
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
