"""What the privacy constraints of a model demand of the objects about it."""

from catalogue.models import Model
from catalogue.states import PrivacyConstraint
from history.models import Event
from history.queries import present_data
from people.models import Team


def demanded_teams(model: Model | None) -> list[Team]:
    """Return the teams that alone see what is about a model by its privacy constraints; [] without one.

    They are the teams that a restricted model is restricted to, else its owner team.
    """
    team = model.team_of_risks if model else None
    if model is None or team is None:
        return []
    rows = Team.objects.filter(subject__in=model.subject.viewers or ()).select_related("subject")
    return list(rows.order_by("pk")) or [team]


def newly_guarded(event: Event) -> Model | None:
    """Return the model of a catalogue.model_changed since which its constraints restrict what is about it.

    None if they did so before the event, or do not do it now.
    """
    changes = {
        name: pair
        for row in present_data(event)["rows"]
        if row["model"] == Model._meta.label_lower
        for name, pair in row["changes"].items()
    }
    was, now = changes.get("privacy", ((), ()))
    is_new = PrivacyConstraint.RESTRICTED in (now or ()) and PrivacyConstraint.RESTRICTED not in (was or ())
    has_first_team = "owner_team_id" in changes and changes["owner_team_id"][0] is None
    if not (is_new or has_first_team):
        return None
    rows = Model.objects.select_related("subject", "owner_team__subject")
    model = rows.get(subject=event.subject_id)
    return model if model.team_of_risks else None
