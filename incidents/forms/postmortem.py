"""The forms of post-incident reviews and of reporting duties. They ask for conditions, never for culprits."""

from typing import Any

from django import forms

from actions.models import MAX_TITLE
from incidents.forms.incident import lines
from incidents.models import Postmortem, ReportingDuty
from incidents.models.postmortem import MAX_WHY
from incidents.operations.duty import CHANGEABLE as DUTY_FIELDS
from incidents.operations.duty import MAX_DAYS, MAX_NAME
from incidents.operations.postmortem import LackingRisk
from incidents.states import MAX_WHYS, IncidentSeverity, RiskAnswer
from kit.rights import may
from lists.collation import BY_NAME
from pages.forms import Day, PageForm
from people.models import User
from people.states import Role
from risklog.models import Category, Risk

_WHYS = [f"why_{number}" for number in range(1, MAX_WHYS + 1)]


class PostmortemForm(PageForm):
    """What a post-incident review says. The causes are a chain, each asked for the one before."""

    factors = lines(
        "Contributing conditions",
        5,
        "Which conditions in data, tools, process or workload made it possible? What could people see then?",
    )
    went_well = lines("What went well", 3, "What limited the harm, so that it is kept.")
    lessons = lines("Lessons", 4, "What should others do or watch. It is drafted as a learning.")
    field_order = ("factors", *_WHYS, "went_well", "lessons")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for number, name in enumerate(_WHYS):
            label = "Why did it happen?" if number == 0 else "Why was that so?"
            help_text = (
                "Stop at a condition that can be changed: the root, not the symptom." if number == 2 else ""
            )
            self.fields[name] = forms.CharField(
                label=label, required=False, max_length=MAX_WHY, help_text=help_text
            )
        self.order_fields(self.field_order)

    @classmethod
    def of(cls, postmortem: Postmortem, data: Any = None) -> "PostmortemForm":
        initial = {name: getattr(postmortem, name) for name in ("factors", "went_well", "lessons")}
        return cls(data, initial=initial | dict(zip(_WHYS, postmortem.whys, strict=False)))

    def values(self) -> dict[str, Any]:
        given = self.cleaned_data
        texts = {name: given[name] for name in ("factors", "went_well", "lessons")}
        return {**texts, "whys": [given[name] for name in _WHYS]}

    def refuse(self, refusal: Any) -> int:
        """Add a refusal of the chain to its first field."""
        if refusal.field == "whys":
            refusal.field = _WHYS[0]
        return super().refuse(refusal)


class RiskAnswerForm(PageForm):
    """Which risk should have caught the incident."""

    answer = forms.ChoiceField(
        label="Which risk should have caught this?", choices=RiskAnswer.choices, widget=forms.RadioSelect
    )
    risk = forms.CharField(
        required=False, max_length=24, help_text="The reference of a risk of the log, such as R-12."
    )
    likelihood = forms.IntegerField(
        label="Likelihood now",
        required=False,
        min_value=1,
        max_value=5,
        help_text="1 to 5. A rescored risk needs a likelihood times impact above its current score.",
    )
    impact = forms.IntegerField(
        label="Impact now", required=False, min_value=1, max_value=5, help_text="1 to 5."
    )
    title = forms.CharField(label="New risk", required=False, max_length=200)
    category = forms.ModelChoiceField(Category.objects.none(), required=False, empty_label="Choose")
    note = lines("What follows for the risk log", 2, max_length=2000)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        fields: dict[str, Any] = self.fields
        fields["category"].queryset = Category.objects.filter(is_retired=False).order_by(*BY_NAME)
        fields["category"].label_from_instance = lambda category: category.name

    def clean_risk(self) -> Risk | None:
        """Return the risk, None if blank. One that the user may not see counts as not found."""
        reference = self.cleaned_data["risk"].strip().upper()
        if not reference:
            return None
        rows = Risk.objects.visible_to(self.user).select_related("subject", "owner", "model")
        risk = rows.filter(subject__reference=reference).first()
        if risk is None:
            raise forms.ValidationError(
                f"{reference} was not found. Use the reference of a risk, such as R-12."
            )
        return risk

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        answer, risk = given.get("answer"), given.get("risk")
        if answer == RiskAnswer.NEW:
            for name, problem in _NEEDED.items():
                if not given.get(name):
                    self.add_error(name, problem)
        if answer == RiskAnswer.RESCORED and risk and not may(self.user, "risklog.risk_change", risk):
            self.add_error("risk", f"You may not rescore {risk.reference}. Link it, and ask its owner.")
        return given

    def values(self) -> dict[str, Any]:
        given = dict(self.cleaned_data)
        title, category = given.pop("title"), given.pop("category")
        if given["answer"] == RiskAnswer.NEW:
            likelihood, impact = given.pop("likelihood"), given.pop("impact")
            given["new"] = LackingRisk(title, category, likelihood, impact)
        return given


_NEEDED = {
    "title": "Enter the risk that the log lacked.",
    "category": "Choose the category of the new risk.",
    "likelihood": "Enter the likelihood, 1 to 5.",
    "impact": "Enter the impact, 1 to 5.",
}


class ImprovementForm(PageForm):
    """An improvement: one action of one owner by one date."""

    title = forms.CharField(label="What needs doing", max_length=MAX_TITLE)
    owner = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="Unassigned")
    due_on = forms.DateField(label="Due", required=False, widget=Day())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        people = User.objects.filter(is_active=True).exclude(role=Role.VIEWER)
        fields["owner"].queryset = people.order_by(*BY_NAME)


class ReportingDutyForm(PageForm):
    """A duty to report incidents outside."""

    name = forms.CharField(
        label="Duty",
        max_length=MAX_NAME,
        help_text="What is reported to whom, such as “Report to the supervisor”.",
    )
    severity = forms.ChoiceField(
        label="From this severity on", choices=IncidentSeverity.choices, initial=IncidentSeverity.CRITICAL
    )
    days = forms.IntegerField(
        label="Days", min_value=0, max_value=MAX_DAYS, help_text="After the incident was noticed."
    )
    is_for_personal_data = forms.BooleanField(
        label="Only incidents of models with personal data", required=False
    )
    details = lines("Details", 3, "What to report and where. Markdown is supported.")

    @classmethod
    def of(cls, duty: ReportingDuty, data: Any = None) -> "ReportingDutyForm":
        return cls(data, initial={name: getattr(duty, name) for name in DUTY_FIELDS})
