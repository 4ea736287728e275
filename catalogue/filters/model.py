"""The list specification of models: filters and orders of the page and the API."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q, Value
from django.db.models.functions import Coalesce

from catalogue.register_checks import CHECKS
from catalogue.states import Stage, Tier
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


def teams(user: User) -> list[tuple[str, str]]:
    """Return the teams that a user may see, as (slug, name)."""
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
        "check": filtering.named(
            "Check",
            {check.name: (check.label, check.condition) for check in CHECKS},
            "The models that fail a check (/register-checks).",
        ),
        "owner_team": filtering.slug(
            "Owner team",
            "owner_team",
            Team.objects.visible_to,
            options=teams,
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
