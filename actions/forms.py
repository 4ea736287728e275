"""The forms of actions."""

from typing import Any

from django import forms
from django.db.models import Q

from actions.models import MAX_EXPOSURE, MAX_TITLE, Action
from actions.operations.action import CHANGEABLE, NO_REASON, Proof
from actions.operations.action_bulk import STATES, ActionBulkChange
from actions.states import ActionState, AuditResult, Blocker, Effort, Type
from history.models import Subject
from lists.collation import BY_NAME
from pages.forms import Day, PageForm
from pages.sight import OwnerForm
from people.models import User
from people.states import Role

KEEP, NOBODY = "", "none"


def _selectable(present: int | None = None) -> Any:
    """Return the people who can own or review an action, and the current one."""
    selectable = Q(is_active=True) & ~Q(role=Role.VIEWER) | Q(pk=present)
    return User.objects.filter(selectable).order_by(*BY_NAME)


class ActionForm(OwnerForm):
    """The fields of an action that a person may set.

    about: what the action is about. user: who fills in the form.
    """

    title = forms.CharField(label="What needs doing", max_length=MAX_TITLE)
    owner = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="Unassigned")
    due_on = forms.DateField(
        label="Due",
        required=False,
        widget=Day(),
        help_text="Reminders are sent a working day before and after.",
    )
    type = forms.ChoiceField(choices=Type.choices, initial=Type.MITIGATION)
    effort = forms.ChoiceField(choices=[("", "Not estimated"), *Effort.choices], required=False)
    exposure = forms.IntegerField(
        label="Exposure it removes",
        required=False,
        min_value=1,
        max_value=MAX_EXPOSURE,
        help_text="Points of the score of the risk, 1 to 25. With the effort they make the rank.",
    )
    reviewer = forms.ModelChoiceField(
        User.objects.none(),
        required=False,
        empty_label="Nobody yet",
        help_text="A code review and a data-lineage audit need somebody outside the teams of the owner.",
    )
    details = forms.CharField(
        required=False,
        max_length=20000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Markdown is supported.",
    )
    link = forms.URLField(
        required=False,
        assume_scheme="https",
        max_length=200,
        help_text="For example a ticket, pull request or dashboard.",
    )

    def __init__(
        self,
        *args: Any,
        user: User,
        about: Subject | None = None,
        present_owner: int | None = None,
        present_reviewer: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.subject = user, about
        fields: dict[str, Any] = self.fields
        fields["owner"].queryset = _selectable(present_owner)
        fields["reviewer"].queryset = _selectable(present_reviewer)

    @classmethod
    def of(cls, action: Action, data: Any = None, *, user: User) -> "ActionForm":
        """Return the form of an existing action."""
        initial = {name: getattr(action, name) for name in CHANGEABLE.intersection(cls.base_fields)}
        people = {"present_owner": action.owner_id, "present_reviewer": action.reviewer_id}
        return cls(data, initial=initial, user=user, about=action.about, **people)

    def object_of_owner(self) -> Subject | None:
        return self.subject

    def writer(self) -> User:
        return self.user

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in CHANGEABLE.intersection(self.fields)}


class NewActionForm(ActionForm):
    """The fields of a new action, with the object it is about."""

    about = forms.CharField(
        required=False, max_length=24, help_text="What this action is for: a reference such as R-12."
    )
    field_order = ("title", "about", "owner", "due_on")

    def values(self) -> dict[str, Any]:
        return {**super().values(), "about": self.cleaned_data["about"]}

    def object_of_owner(self) -> Subject | None:
        return self.cleaned_data.get("about")

    def clean_about(self) -> Subject | None:
        """Return the subject, None if blank. A subject that the user may not see counts as not found."""
        reference = self.cleaned_data["about"].strip().upper()
        if not reference:
            return None
        subject = Subject.objects.visible_to(self.user).filter(reference=reference).first()
        if subject is None:
            raise forms.ValidationError(f"{reference} was not found. Use a reference such as R-12.")
        return subject


class ActionReasonForm(PageForm):
    """The reason for dropping an action. The operation checks that there is one."""

    reason = forms.CharField(max_length=200, required=False)


class ActionBlockForm(PageForm):
    """What blocks an action."""

    blocker = forms.ChoiceField(label="Blocked by", choices=[("", "Choose"), *Blocker.choices])
    reason = forms.CharField(
        label="What exactly?",
        max_length=200,
        error_messages={"required": NO_REASON},
        help_text="Who or what it waits for. If it stays blocked, the sponsor reads this.",
    )


class ActionFinishForm(PageForm):
    """An optional note on the result of an action."""

    note = forms.CharField(
        label="Result", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )


class ActionOutcomeForm(ActionFinishForm):
    """The result of a review of code or of an audit of lineage."""

    reviewer = forms.ModelChoiceField(
        User.objects.none(),
        label="Reviewed by",
        required=False,
        empty_label="Choose",
        help_text="Somebody outside the teams of the owner.",
    )
    link = forms.URLField(
        required=False,
        assume_scheme="https",
        max_length=200,
        help_text="The pull request, or the report.",
    )
    result = forms.ChoiceField(choices=[("", "Choose"), *AuditResult.choices], required=False)
    findings = forms.CharField(
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One per line. Each becomes an action of the owner.",
    )
    field_order = ("result", "reviewer", "link", "findings", "note")

    def __init__(self, *args: Any, action: Action, **kwargs: Any) -> None:
        initial = {"reviewer": action.reviewer_id, "link": action.link}
        super().__init__(*args, initial=initial, **kwargs)
        fields: dict[str, Any] = self.fields
        teams = action.owner.team_ids if action.owner else ()
        outside = _selectable(action.reviewer_id).exclude(pk=action.owner_id)
        fields["reviewer"].queryset = outside.exclude(memberships__team__in=teams)

    def values(self) -> dict[str, Any]:
        given = self.cleaned_data
        proof = Proof(given["result"], given["findings"].splitlines(), given["reviewer"], given["link"])
        return {"note": given["note"], "proof": proof}


class BulkActionForm(PageForm):
    """What changes in many actions. An empty field keeps the value of each."""

    owner = forms.ChoiceField(required=False)
    due_on = forms.DateField(label="Due", required=False, widget=Day)
    state = forms.ChoiceField(
        required=False, choices=[(KEEP, "Keep"), *((state.value, state.label) for state in STATES)]
    )
    type = forms.ChoiceField(required=False, choices=[(KEEP, "Keep"), *Type.choices])
    effort = forms.ChoiceField(required=False, choices=[(KEEP, "Keep"), *Effort.choices])
    exposure = forms.IntegerField(
        label="Exposure it removes", required=False, min_value=1, max_value=MAX_EXPOSURE
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = _selectable().visible_to(user)
        known = [(str(pk), name) for pk, name in self.people.values_list("pk", "name")]
        fields: dict[str, Any] = self.fields
        fields["owner"].choices = [(KEEP, "Keep"), (NOBODY, "Unassigned"), *known]

    def change(self) -> ActionBulkChange:
        """Return the change that the valid form asks for."""
        given = self.cleaned_data
        values: dict[str, Any] = {
            name: given[name]
            for name in ("due_on", "type", "effort", "exposure")
            if given[name] not in (None, KEEP)
        }
        if given["owner"] != KEEP:
            values["owner"] = None if given["owner"] == NOBODY else self.people.get(pk=given["owner"])
        return ActionBulkChange(values, ActionState(given["state"]) if given["state"] else None)
