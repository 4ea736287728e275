"""The forms of a risk: create it with a few fields, edit it, take a step, choose who may see it."""

from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.urls import reverse_lazy
from django.utils.html import format_html, format_html_join

from catalogue.models import Model
from history.models import Subject
from kit import clock
from kit.kinds import url_of
from lists.collation import BY_NAME
from pages.forms import Day, PageForm
from pages.sight import OwnerForm, SightForm
from people import queries as people
from people.models import Team, User
from people.states import Role
from risklog.models import Category, Risk
from risklog.models.matrix import present_matrix
from risklog.operations.risk import CHANGEABLE
from risklog.queries import acceptance, closing
from risklog.states import STATEMENT, Treatment
from signals.models import Series

# Level -> how bad that is. The form asks for an estimate.
GUESSES = {
    5: "harm to people or a financial loss is likely soon",
    4: "decisions are wrong, or soon will be",
    3: "needs a review within weeks",
    2: "unlikely, and it would be noticed",
    1: "recorded for reference",
}
_BREACHES = 5  # of the metric, in the form that closes a risk


class NamedChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return obj.subject_title


def _owners() -> QuerySet[User]:
    """Return who can own a risk: everyone who may write."""
    return User.objects.filter(is_active=True).exclude(role=Role.VIEWER)


class Figure(forms.TypedChoiceField):
    """A step of the matrix, 1 to 5. kind: "likelihood" or "impact". empty: what no step is called."""

    def __init__(self, label: str, kind: str, *, empty: str = "") -> None:
        self.kind, self.empty = kind, empty
        super().__init__(label=label, choices=self.steps, coerce=int, empty_value=None, required=not empty)

    def steps(self) -> list[tuple[Any, str]]:
        """Return the steps with the names of the matrix in force."""
        matrix = present_matrix()
        names = matrix.likelihoods if self.kind == "likelihood" else matrix.impacts
        numbered = [(number, f"{number} {name}") for number, name in names.items()]
        return [("", self.empty), *numbered] if self.empty else numbered


def _guesses() -> list[tuple[int, str]]:
    levels = present_matrix().levels
    return [(level, f"{levels[level]}: {text}") for level, text in GUESSES.items()]


def _sentence(name: str) -> forms.CharField:
    return forms.CharField(label=name.capitalize(), max_length=300, required=False, help_text=STATEMENT[name])


class RiskForm(PageForm):
    """Ask what may go wrong and what the evidence is, never who is at fault."""

    title = forms.CharField(
        max_length=200,
        help_text="What may go wrong, in a few words. Describe conditions and evidence, not who is at fault.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    model = NamedChoice(Model.objects.none(), required=False, empty_label="No specific model")
    category = NamedChoice(Category.objects.none(), empty_label=None)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        fields: dict[str, Any] = self.fields
        fields["model"].queryset = Model.objects.visible_to(user).order_by(*BY_NAME)
        fields["category"].queryset = Category.objects.filter(is_retired=False).order_by(*BY_NAME)
        self.fields["category"].widget.attrs |= {
            "hx-get": reverse_lazy("risklog:category_meaning"),
            "hx-trigger": "load, change",
            "hx-target": "#category-meaning",
        }


class NewRiskForm(RiskForm):
    description = forms.CharField(
        label="Description",
        required=False,
        widget=forms.Textarea(attrs={"rows": 5, "data-draft": "risk:new"}),
        help_text="Values, since when, and where to find the evidence. Markdown is supported.",
    )
    guess = forms.TypedChoiceField(
        label="Estimated level", choices=_guesses, coerce=int, widget=forms.RadioSelect, initial=3
    )
    is_unnamed = forms.BooleanField(
        label="Report anonymously",
        required=False,
        help_text="Your name is hidden on pages, in mail and in the API. The audit history records "
        "it; only two administrators together can look it up.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["category"].empty_label = "Choose a category"
        fields["category"].widget.choices = fields["category"].choices
        self.fields["title"].widget.attrs |= {
            "hx-get": reverse_lazy("risklog:risk_like"),
            "hx-trigger": "input changed delay:500ms, change from:#id_model, change from:#id_category",
            "hx-target": "#like",
            "hx-include": "closest form",
            "hx-sync": "this:replace",
        }

    def values(self) -> dict[str, Any]:
        values = super().values()
        values["likelihood"], values["impact"] = present_matrix().estimate(values.pop("guess"))
        return values


class EditRiskForm(RiskForm, OwnerForm):
    cause = _sentence("cause")
    event = _sentence("event")
    effect = _sentence("effect")
    affected = _sentence("affected")
    description = forms.CharField(
        label="Description",
        required=False,
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text="Markdown is supported.",
    )
    feature = forms.CharField(max_length=120, required=False)
    tags = forms.CharField(
        max_length=1300,
        required=False,
        widget=forms.TextInput(attrs={"list": "tag-names"}),
        help_text="Separated by commas.",
    )
    team = NamedChoice(Team.objects.none(), required=False, empty_label="No team", label="Owner team")
    owner = NamedChoice(User.objects.none(), required=False, empty_label="No owner")
    likelihood = Figure("Inherent likelihood", "likelihood")
    impact = Figure("Inherent impact", "impact")
    residual_likelihood = Figure("Residual likelihood", "likelihood", empty="Not assessed")
    residual_impact = Figure("Residual impact", "impact", empty="Not assessed")
    treatment = forms.ChoiceField(choices=[("", "Not chosen"), *Treatment.choices], required=False)
    review_on = forms.DateField(
        label="Next review",
        widget=Day,
        required=False,
        help_text="An edit keeps this date. A higher level may bring an earlier one.",
    )
    series = NamedChoice(Series.objects.none(), required=False, empty_label="No metric", label="Metric")

    external_id = forms.CharField(
        label="External ID",
        max_length=120,
        required=False,
        help_text="Its key in another tool or sheet. An import finds the risk by it.",
    )

    field_order = CHANGEABLE

    def __init__(self, *args: Any, risk: Risk, only: tuple[str, ...] = CHANGEABLE, **kwargs: Any) -> None:
        super().__init__(*args, initial=_initial(risk), **kwargs)
        self.risk = risk
        fields: dict[str, Any] = self.fields
        # A retired team or category stays in the list if the risk has it already.
        teams = Team.objects.filter(Q(subject__is_retired=False) | Q(pk=risk.team_id))
        fields["team"].queryset = teams.order_by(*BY_NAME)
        owners = User.objects.filter(is_active=True).exclude(role=Role.VIEWER) | User.objects.filter(
            pk=risk.owner_id
        )
        fields["owner"].queryset = owners.order_by(*BY_NAME)
        fields["series"].queryset = _series_for(self.user, risk)
        known = Category.objects.filter(is_retired=False) | Category.objects.filter(pk=risk.category_id)
        fields["category"].queryset = known.order_by(*BY_NAME)
        for name in set(self.fields) - set(only):
            del self.fields[name]

    def object_of_owner(self) -> Subject:
        return self.risk.subject

    def values(self) -> dict[str, Any]:
        values = super().values()
        if "tags" in values:
            values["tags"] = values["tags"].split(",")
        # The form shows the present date. Only another one is a choice, which wins over a higher level.
        if "review_on" not in self.changed_data:
            values.pop("review_on", None)
        return values


def _initial(risk: Risk) -> dict[str, Any]:
    """Return the fields of a risk as the edit form shows them."""
    fields = {name: getattr(risk, name) for name in CHANGEABLE}
    for name in ("category", "model", "team", "owner", "series"):
        fields[name] = getattr(risk, f"{name}_id")
    return {**fields, "tags": ", ".join(risk.tags)}


def _series_for(user: User, risk: Risk) -> QuerySet[Series]:
    """Return the metrics of the risk's model, and the metric that the risk has already."""
    rows = Series.objects.visible_to(user)
    own = rows.filter(pk=risk.series_id)
    return (own | rows.filter(model_id=risk.model_id) if risk.model_id else own).order_by(
        "metric", "feature", "id"
    )


# ------------------------------------------------------------------ steps


class StepForm(PageForm):
    """A step with a reason."""

    reason = forms.CharField(label="Reason", required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, risk: Risk, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.risk, self.user = risk, user


class TreatForm(StepForm, OwnerForm):
    treatment = forms.ChoiceField(
        choices=[
            (Treatment.MITIGATE, "Mitigate: reduce likelihood or impact"),
            (Treatment.TRANSFER, "Transfer: another party carries the risk"),
            (Treatment.AVOID, "Avoid: stop the activity that causes it"),
        ],
        widget=forms.RadioSelect,
        initial=Treatment.MITIGATE,
    )
    owner = NamedChoice(User.objects.none(), empty_label="Choose a person")

    field_order = ("treatment", "owner", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["owner"].queryset = _owners().order_by(*BY_NAME)
        self.fields["owner"].initial = self.risk.owner_id or self.user.pk
        self.fields["reason"].label = "What needs doing?"

    def object_of_owner(self) -> Subject:
        return self.risk.subject


class MonitorForm(StepForm):
    residual_likelihood = Figure("Residual likelihood", "likelihood", empty="Not assessed")
    residual_impact = Figure("Residual impact", "impact", empty="Not assessed")

    field_order = ("residual_likelihood", "residual_impact", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("residual_likelihood", "residual_impact"):
            self.fields[name].initial = getattr(self.risk, name)


class ProposeForm(StepForm):
    until = forms.DateField(label="Accept until", widget=Day)
    reason = forms.CharField(label="Reason for accepting", widget=forms.Textarea(attrs={"rows": 3}))

    field_order = ("until", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        last = acceptance.last_day(people.local_day(clock.now()))
        self.fields[
            "until"
        ].help_text = f"At most until {last:%-d %B %Y}. The owner is notified ten days before the end."


class AcceptForm(StepForm):
    until = forms.DateField(
        label="Accept until", widget=Day, help_text="The proposed date, or an earlier one."
    )
    reason = forms.CharField(
        label="Reason for the decision", required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    field_order = ("until", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if (proposal := acceptance.proposed(self.risk)) is not None:
            self.fields["until"].initial = proposal.until


class DeclineAcceptanceForm(StepForm):
    reason = forms.CharField(label="Reason for declining", widget=forms.Textarea(attrs={"rows": 3}))


class CloseForm(StepForm):
    reason = None  # type: ignore[assignment]  # Django removes an inherited field this way
    evidence = forms.CharField(
        label="Evidence it is resolved",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="For example a value, a test or a link, in at least 20 characters.",
    )
    despite_open_breach = forms.CharField(
        label="Reason for closing despite an open breach", widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        breaches = closing.open_breaches(self.risk, self.user)
        if not breaches:
            del self.fields["despite_open_breach"]
            return
        links = [
            (breach.get_level_display(), url_of(breach.group.subject), breach.group.reference)
            for breach in breaches[:_BREACHES]
        ]
        names = format_html_join(", ", '{} <a href="{}">{}</a>', links)
        self.fields["despite_open_breach"].help_text = format_html(
            "Its metric is still in breach: {}.", names
        )


class ReopenForm(StepForm):
    reason = forms.CharField(label="Reason for reopening", widget=forms.Textarea(attrs={"rows": 2}))


class ReconfirmForm(StepForm):
    reason = None  # type: ignore[assignment]  # Django removes an inherited field this way
    evidence = forms.CharField(
        label="Evidence that it still applies",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="One line. The next review is rescheduled.",
    )


class RiskSightForm(SightForm):
    """Who may see a risk: everyone, or some teams with the owner, the reporter and the reviewers."""

    ONLY_TEAMS = "Only these teams, the owner and the reporter"
