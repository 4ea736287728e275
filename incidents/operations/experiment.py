"""What an incident gives a new experiment that is proposed from it in one click."""

from history.models import Subject
from incidents.models import Incident
from risklog.operations.experiment import ExperimentDetails
from risklog.operations.experiment_draft import ExperimentDraft, Reader, hypothesis_about, worst_metric


def draft(about: Subject) -> ExperimentDraft:
    """Return the draft. Its first owners complete the hypothesis with the change and the condition."""
    rows = Incident.objects.select_related("model__subject", "model__owner_team", "breach_group")
    incident = rows.get(subject=about)
    group = incident.breach_group
    series = worst_metric(group, incident.model)[0] if group else None
    return ExperimentDraft(
        f"Test: {incident.title}"[:200],
        hypothesis_about(about, incident.title, model=incident.model, series=series),
        ExperimentDetails(model=incident.model, series=series),
    )


DRAFTS: dict[str, Reader] = {Incident.KIND: draft}
