"""The risk: the main entry of the risk log."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from catalogue.models import Model
from history.models import Recorded
from people.models import Team, User
from risklog.likeness import key_of
from risklog.models.taxonomy import Category
from risklog.states import DUPLICATE_EVIDENCE, DUPLICATE_MOVES, RISK_MOVES, STATEMENT, RiskState, Treatment
from signals.models import BreachGroup, Series

_ONE_TO_FIVE = [MinValueValidator(1), MaxValueValidator(5)]


class TitleKey(models.TextField):
    """The key of a risk's title (risklog.likeness). A new row gets it when it is inserted."""

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        key = key_of(model_instance.title)  # type: ignore[attr-defined]  # a field of Risk only
        setattr(model_instance, self.attname, key)
        return key


class Risk(Recorded):
    """Something that may go wrong with a model. A person and a team own it.

    likelihood x impact is the inherent score. The residual figures are those after treatment, None if
    they are not assessed yet. severity: the score (1 to 25), residual if assessed, else inherent.
    raised_by: None if the reporter is anonymous; the audit history records the name.
    cause, event, effect: the statement of the risk, one sentence each, "" without.
    plan_due_on: the day by which it needs a treatment plan, because its score is above the appetite.
    external_id: its key in another tool or sheet, "" without. Not unique: it must not reveal a hidden risk.
    merged_into: the risk that this one is a duplicate of, None for others. It is closed then.
    title_key: the title in the form in which likely duplicates are compared.
    confirmations: how often somebody reconfirmed the risk. The column keeps its first name.
    """

    KIND = "risk"
    PREFIX = "R"
    MOVES = RISK_MOVES | DUPLICATE_MOVES
    HISTORY_OMITS = frozenset({"severity", "title_key"})
    HISTORY_LABELS = {
        "review_on": "Next review",
        "series": "Metric",
    }

    title = models.CharField(max_length=200)
    description = models.TextField(blank=True, default="")
    cause = models.CharField(max_length=300, blank=True, default="", db_default="")
    event = models.CharField(max_length=300, blank=True, default="", db_default="")
    effect = models.CharField(max_length=300, blank=True, default="", db_default="")
    affected = models.CharField(max_length=300, blank=True, default="")
    category = models.ForeignKey(Category, models.PROTECT, related_name="risks")
    model = models.ForeignKey(Model, models.PROTECT, null=True, blank=True, related_name="+")
    feature = models.CharField(max_length=120, blank=True, default="")
    tags = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="+")
    owner = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    raised_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    likelihood = models.PositiveSmallIntegerField(validators=_ONE_TO_FIVE)
    impact = models.PositiveSmallIntegerField(validators=_ONE_TO_FIVE)
    residual_likelihood = models.PositiveSmallIntegerField(null=True, blank=True, validators=_ONE_TO_FIVE)
    residual_impact = models.PositiveSmallIntegerField(null=True, blank=True, validators=_ONE_TO_FIVE)
    severity = models.GeneratedField(
        expression=Coalesce(F("residual_likelihood") * F("residual_impact"), F("likelihood") * F("impact")),
        output_field=models.PositiveSmallIntegerField(),
        db_persist=True,
    )
    state = models.CharField(max_length=12, choices=RiskState.choices, default=RiskState.OPEN)
    treatment = models.CharField(max_length=8, choices=Treatment.choices, blank=True, default="")
    review_on = models.DateField(null=True, blank=True)
    confirmations = models.PositiveIntegerField(default=0, db_column="looks")
    accepted_until = models.DateField(null=True, blank=True)
    acceptance_reason = models.TextField(blank=True, default="")
    breach_group = models.ForeignKey(BreachGroup, models.PROTECT, null=True, blank=True, related_name="+")
    series = models.ForeignKey(Series, models.PROTECT, null=True, blank=True, related_name="+")
    plan_due_on = models.DateField(null=True, blank=True)
    closing_evidence = models.TextField(blank=True, default="")
    # Its index is in Meta, because few risks are duplicates.
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    title_key = TitleKey(blank=True, default="", db_default="", editable=False)
    external_id = models.CharField(max_length=120, blank=True, default="", db_default="")
    opened_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(likelihood__range=(1, 5), impact__range=(1, 5)), name="risklog_risk_five_by_five"
            ),
            models.CheckConstraint(
                condition=~Q(state="accepted") | Q(accepted_until__isnull=False),
                name="risklog_risk_acceptance_ends",
            ),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | (Q(state="closed") & ~Q(merged_into=F("id"))),
                name="risklog_risk_duplicate_is_closed",
            ),
        ]
        indexes = [
            models.Index(fields=["-severity", "-id"], name="risklog_risk_severity"),
            models.Index(fields=["-updated_at", "-id"], name="risklog_risk_updated"),
            models.Index(fields=["-opened_at", "-id"], name="risklog_risk_opened"),
            models.Index(fields=["state", "-severity", "-id"], name="risklog_risk_state"),
            models.Index(fields=["category", "-severity", "-id"], name="risklog_risk_category"),
            models.Index(fields=["model", "-severity", "-id"], name="risklog_risk_model"),
            models.Index(fields=["team", "-severity", "-id"], name="risklog_risk_team"),
            models.Index(fields=["owner", "-severity", "-id"], name="risklog_risk_owner"),
            models.Index(fields=["-severity", "-id"], name="risklog_risk_live", condition=~Q(state="closed")),
            models.Index(
                fields=["-updated_at", "-id"], name="risklog_risk_live_updated", condition=~Q(state="closed")
            ),
            # An index whose first column is the owner gives no order for owner IS NULL.
            models.Index(
                fields=["-severity", "-id"], name="risklog_risk_unowned", condition=Q(owner__isnull=True)
            ),
            models.Index(fields=["external_id"], name="risklog_risk_external", condition=~Q(external_id="")),
            GinIndex(fields=["tags"], name="risklog_risk_tags"),
            GinIndex(
                fields=["title_key"],
                opclasses=["gin_trgm_ops"],
                name="risklog_risk_title_key",
                condition=~Q(state="closed"),
            ),
            models.Index(
                fields=["merged_into"],
                name="risklog_risk_merged_into",
                condition=Q(merged_into__isnull=False),
            ),
        ]

    @property
    def statement(self) -> list[tuple[str, str]]:
        """Return the fields of the statement that have a text, as (label, text)."""
        return [(name.capitalize(), text) for name in STATEMENT if (text := getattr(self, name))]

    @property
    def missing_in_statement(self) -> list[str]:
        """Return the fields of the statement that have no text."""
        return [name for name in STATEMENT if not getattr(self, name)]

    @property
    def merge_reason(self) -> str:
        """Return why it was closed as a duplicate, "" without a reason."""
        return "" if self.closing_evidence == DUPLICATE_EVIDENCE else self.closing_evidence

    @property
    def is_residual(self) -> bool:
        """Return True if the score that counts is the residual one, False if it is the inherent one."""
        return self.residual_likelihood is not None

    @property
    def cell(self) -> tuple[int, int]:
        """Return the likelihood and the impact that count now, each 1 to 5."""
        return self.present_likelihood, self.present_impact

    @property
    def present_likelihood(self) -> int:
        """Return the residual likelihood (1 to 5) if assessed, else the inherent one."""
        return self.residual_likelihood or self.likelihood

    @property
    def present_impact(self) -> int:
        """Return the residual impact (1 to 5) if assessed, else the inherent one."""
        return self.residual_impact or self.impact
