"""The form of a bulk change: which fields of the selected risks are set, and to what."""

from typing import Any

from django import forms

from lists.collation import BY_NAME
from pages.forms import Day, PageForm
from people.models import Team, User
from people.states import Role
from risklog.forms.risk import Figure
from risklog.operations.risk_bulk import STATES, BulkChange
from risklog.states import RiskState

KEEP, NOBODY = "", "none"


def _rows(pairs: Any, none: str) -> list[tuple[str, str]]:
    return [(KEEP, "Keep"), (NOBODY, none), *((str(pk), name) for pk, name in pairs)]


class BulkForm(PageForm):
    """An empty field keeps the value of each risk."""

    owner = forms.ChoiceField(label="Owner", required=False)
    team = forms.ChoiceField(label="Team", required=False)
    state = forms.ChoiceField(
        label="State", required=False, choices=[(KEEP, "Keep"), *((s.value, s.label) for s in STATES)]
    )
    likelihood = Figure("Inherent likelihood", "likelihood", empty="Keep")
    impact = Figure("Inherent impact", "impact", empty="Keep")
    review_on = forms.DateField(label="Next review", required=False, widget=Day)
    add_tags = forms.CharField(
        label="Add tags", required=False, max_length=300, help_text="Separated by commas."
    )
    remove_tags = forms.CharField(
        label="Remove tags", required=False, max_length=300, help_text="Separated by commas."
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = User.objects.active().visible_to(user).exclude(role=Role.VIEWER)
        self.teams = Team.objects.visible_to(user)
        fields: dict[str, Any] = self.fields
        fields["owner"].choices = _rows(self.people.order_by(*BY_NAME).values_list("pk", "name"), "Nobody")
        fields["team"].choices = _rows(self.teams.order_by(*BY_NAME).values_list("pk", "name"), "No team")

    def change(self) -> BulkChange:
        """Return the change that the valid form asks for."""
        given = self.cleaned_data
        values: dict[str, Any] = {
            name: given[name] for name in ("likelihood", "impact", "review_on") if given[name] is not None
        }
        for name, rows in (("owner", self.people), ("team", self.teams)):
            if given[name] != KEEP:
                values[name] = None if given[name] == NOBODY else rows.get(pk=given[name])
        return BulkChange(
            values=values,
            state=RiskState(given["state"]) if given["state"] else None,
            add_tags=_tags(given["add_tags"]),
            remove_tags=_tags(given["remove_tags"]),
        )


def _tags(text: str) -> list[str]:
    return [tag for tag in (part.strip() for part in text.split(",")) if tag]
