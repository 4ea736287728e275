"""The page that says who may see an object, the same for every kind that can be restricted to teams."""

from collections.abc import Callable
from typing import Any, Self

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from kit import kinds
from pages import flows
from pages.forms import PageForm


class SightForm(PageForm):
    """Who may see an object: everyone, or some teams. change_sight() shows it.

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


def change_sight(
    request: HttpRequest,
    obj: Any,
    form: SightForm,
    *,
    permission: str,
    operation: Callable[..., Any],
    page_url: str,
    list_url: str,
) -> HttpResponse:
    """Show the form on GET. On POST restrict the object to teams, or show it to everyone.

    operation(obj, teams=, by=, at=, seen=). page_url: of the object. list_url: of its list, to which a person
    goes who can no longer see it.
    """
    kind, name = kinds.find(obj.KIND), obj.subject.reference or obj.subject.title

    def is_visible() -> bool:
        return type(obj).objects.visible_to(request.user).filter(pk=obj.pk).exists()

    return flows.step(
        request,
        obj,
        form,
        permission=permission,
        operation=operation,
        address=lambda: page_url if is_visible() else list_url,
        show=flows.form_page(
            request,
            "pages/sight.html",
            obj=obj,
            name=name,
            plural=kind.plural if kind else "",
            page_url=page_url,
            list_url=list_url,
        ),
        message=lambda: "Saved" if is_visible() else f"{name} is restricted. You can no longer see it.",
    )
