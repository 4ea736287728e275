"""The bulk change of actions: select, say what changes, preview, apply, undo. Each step is one POST."""

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_POST

from actions.filters import SPEC, live_actions
from actions.forms import BulkActionForm
from actions.models import Action
from actions.operations import action_bulk
from actions.states import ActionState, Effort, Type
from history import undo
from kit.rights import view_needs
from pages import bulk
from pages.bulk import BulkPages, Shown
from people.permissions import SignedInRequest

_LABELS: dict[str, Any] = {"state": ActionState, "type": Type, "effort": Effort}


def _shown() -> Shown:
    def text(name: str, value: Any) -> str:
        if value in (None, ""):
            return "none"
        return str(_LABELS[name](value).label) if name in _LABELS else str(value)

    return text


ACTION_PAGES = BulkPages(
    noun="action",
    spec=SPEC,
    live=live_actions,
    urls=("actions:action_list", "actions:action_bulk", "actions:action_bulk_undo"),
    visible=Action.objects.visible_to,
    form=BulkActionForm,
    load=action_bulk.loaded,
    plan=action_bulk.plan,
    apply=action_bulk.apply,
    undo=action_bulk.undo,
    undo_text=undo.as_text,
    labels={
        "owner": "Owner",
        "due_on": "Due",
        "type": "Type",
        "effort": "Effort",
        "exposure": "Exposure it removes",
        "state": "State",
    },
    shown=_shown,
    seen_by_owner=lambda action: action.about or action.subject,
)


@require_POST
@view_needs("actions.action_change")
def action_bulk_change(request: SignedInRequest) -> HttpResponse:
    """Show the form for the selected actions, then the preview, then apply what can be applied."""
    return bulk.change(request, ACTION_PAGES)


@require_POST
@view_needs("actions.action_change")
def action_bulk_restore(request: SignedInRequest) -> HttpResponse:
    """Undo a bulk change of this person."""
    return bulk.restore(request, ACTION_PAGES)
