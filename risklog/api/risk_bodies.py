"""The bodies of requests about risks."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from catalogue.models import Model
from people.models import Team, User
from rest.fields import Body, Visible
from risklog.models import Category
from risklog.states import Treatment
from signals.models import BreachGroup, Series
from signals.states import PATTERN_DAYS, PATTERN_PERIODS


def _people(user: User) -> QuerySet[User]:
    return User.objects.active().visible_to(user)


def _categories(user: User) -> QuerySet[Category]:
    return Category.objects.visible_to(user).filter(is_retired=False)


def _models(user: User) -> QuerySet[Model]:
    return Model.objects.visible_to(user).select_related("subject", "owner_team")


def _one_to_five(**kwargs: Any) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=5, required=False, **kwargs)


def _sentence() -> serializers.CharField:
    return serializers.CharField(max_length=300, required=False, allow_blank=True)


class RiskChange(Body):
    """The fields to change. Fields that are not sent keep their values; a state changes by its step."""

    title = serializers.CharField(max_length=200, required=False)
    description = serializers.CharField(max_length=50_000, required=False, allow_blank=True)
    cause = _sentence()
    event = _sentence()
    effect = _sentence()
    affected = _sentence()
    category = Visible("category", _categories, required=False)
    model = Visible("model", _models, required=False, allow_null=True)
    feature = serializers.CharField(max_length=120, required=False, allow_blank=True)
    tags = serializers.ListField(child=serializers.CharField(max_length=60), max_length=20, required=False)
    team = Visible("team", Team.objects.visible_to, required=False, allow_null=True)
    owner = Visible("person", _people, by="email", required=False, allow_null=True)
    likelihood = _one_to_five()
    impact = _one_to_five()
    residual_likelihood = _one_to_five(allow_null=True)
    residual_impact = _one_to_five(allow_null=True)
    treatment = serializers.ChoiceField([*Treatment.choices, ""], required=False)
    review_on = serializers.DateField(required=False, allow_null=True)
    series = Visible(
        "series", Series.objects.visible_to, by="subject__title", required=False, allow_null=True
    )
    external_id = serializers.CharField(max_length=120, required=False, allow_blank=True)


_EXTERNAL_ID = "Its key in another tool or sheet. It finds the risk again: GET /risks?external_id=…"


class NewRisk(Body):
    """The body that creates a risk. Only title and category are required; likelihood and impact are 3."""

    title = serializers.CharField(max_length=200)
    category = Visible("category", _categories)
    description = serializers.CharField(max_length=50_000, required=False, allow_blank=True)
    cause = _sentence()
    event = _sentence()
    effect = _sentence()
    affected = _sentence()
    model = Visible("model", _models, required=False, allow_null=True)
    feature = serializers.CharField(max_length=120, required=False, allow_blank=True)
    tags = serializers.ListField(child=serializers.CharField(max_length=60), max_length=20, required=False)
    team = Visible("team", Team.objects.visible_to, required=False, allow_null=True)
    owner = Visible("person", _people, by="email", required=False, allow_null=True)
    likelihood = _one_to_five(default=3)
    impact = _one_to_five(default=3)
    review_on = serializers.DateField(
        required=False, allow_null=True, help_text="Without it, the date that the level gives."
    )
    series = Visible(
        "series", Series.objects.visible_to, by="subject__title", required=False, allow_null=True
    )
    external_id = serializers.CharField(
        max_length=120, required=False, allow_blank=True, help_text=_EXTERNAL_ID
    )
    is_unnamed = serializers.BooleanField(
        required=False, help_text="Hide your name. The audit history records it."
    )
    only_teams = serializers.ListField(
        child=Visible("team", Team.objects.visible_to),
        required=False,
        allow_empty=False,
        max_length=50,
        help_text="Restrict the risk to these teams, its owner and you.",
    )


class RiskReasonBody(Body):
    reason = serializers.CharField(max_length=5000, required=False, allow_blank=True)


class ReopenRiskBody(Body):
    reason = serializers.CharField(max_length=5000)


class TreatRiskBody(Body):
    treatment = serializers.ChoiceField(
        Treatment.choices, help_text="Not “accept”: propose that at /risks/{key}/acceptances."
    )
    owner = Visible("person", _people, by="email", required=False, allow_null=True)
    reason = serializers.CharField(max_length=5000, required=False, allow_blank=True)


class MonitorRiskBody(Body):
    residual_likelihood = _one_to_five()
    residual_impact = _one_to_five()
    reason = serializers.CharField(max_length=5000, required=False, allow_blank=True)


class AcceptRiskBody(Body):
    until = serializers.DateField(
        required=False, help_text="The proposed date by default, or an earlier one."
    )
    reason = serializers.CharField(
        max_length=5000, required=False, allow_blank=True, help_text="Of the decision."
    )


class CloseRiskBody(Body):
    evidence = serializers.CharField(
        max_length=5000, help_text="What shows that it is resolved, in at least 20 characters."
    )
    despite_open_breach = serializers.CharField(
        max_length=5000,
        required=False,
        allow_blank=True,
        help_text="The reason, required if a breach of the risk's own metric is open.",
    )


class RiskEvidenceBody(Body):
    evidence = serializers.CharField(max_length=5000)


class UndoRiskBody(Body):
    at = serializers.DateTimeField(help_text="`updated_at` of the risk after your change.")


class RestrictRiskBody(Body):
    teams = serializers.ListField(
        child=Visible("team", Team.objects.visible_to),
        allow_empty=False,
        allow_null=True,
        max_length=50,
        help_text="The teams that may see it, beside its owner, reporter and reviewers; null for everyone.",
    )


class RiskOfPatternBody(Body):
    pattern = serializers.RegexField("^[0-9a-f]{16}$", help_text="The `key` of a pattern.")
    days = serializers.ChoiceField(
        PATTERN_PERIODS, required=False, help_text=f"How many days are searched. Default: {PATTERN_DAYS}."
    )


class RiskOfBreachBody(Body):
    breach = Visible("breach", BreachGroup.objects.visible_to, by="subject__reference")
    category = Visible("category", _categories, required=False)
