"""The form that says who may see an object, the same for every kind that can be restricted to teams."""

from typing import Any, Self

from django import forms
from django.db.models import QuerySet

from pages.forms import PageForm


class SightForm(PageForm):
    """Who may see an object: everyone, or some teams. templates/pages/_sight_form.html draws it.

    ONLY_TEAMS: the label of the second choice, which names the people who still see the object.
    teams: those to choose from (people.queries.restriction.offered_teams).
    """

    ONLY_TEAMS = "Only these teams"

    who = forms.ChoiceField(label="Visible to", widget=forms.RadioSelect)
    teams: forms.ModelMultipleChoiceField = forms.ModelMultipleChoiceField(
        None, required=False, widget=forms.CheckboxSelectMultiple, label="Teams"
    )

    def __init__(self, *args: Any, teams: QuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["who"].choices = [("all", "Everyone in the organisation"), ("teams", self.ONLY_TEAMS)]
        fields["teams"].queryset = teams
        fields["teams"].label_from_instance = lambda team: team.name

    @classmethod
    def of(cls, obj: Any, data: Any = None, *, teams: QuerySet) -> Self:
        """Return the form of an existing object, which is loaded with its subject."""
        viewers = obj.subject.viewers
        chosen = [team.pk for team in teams.filter(subject__in=viewers or ())]
        initial = {"who": "all" if viewers is None else "teams", "teams": chosen}
        return cls(data, initial=initial, teams=teams)

    def values(self) -> dict[str, Any]:
        """Return the teams, None for everyone."""
        is_open = self.cleaned_data["who"] == "all"
        return {"teams": None if is_open else list(self.cleaned_data["teams"])}
