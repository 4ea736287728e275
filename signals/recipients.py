"""The recipients of events about breaches and thresholds."""

from catalogue.queries.change_request import signers
from catalogue.queries.decision_right import able_holders
from history.models import Event
from history.queries import present_data
from history.recipients import everyone
from kit.prepared import Argument, Prepared
from people.recipients import risk_managers, team_members
from signals.models import BreachGroup, Mute, Source, Threshold, ThresholdVersion
from signals.permissions import decider_on

_TEAM = "The model belongs to your team"

_GROUP = Prepared(lambda: BreachGroup.objects.select_related("model").filter(subject=Argument("subject")))


def team_of_breach(event: Event) -> dict[int, str]:
    """Return the owner team of the model that a breach group is about. Nobody is told of a muted group."""
    group = _GROUP.first(subject=event.subject_id)
    if group is not None and group.is_muted:
        return {}
    return team_members(group.model.owner_team_id if group and group.model else None, _TEAM)


def team_of_threshold(event: Event) -> dict[int, str]:
    """Return the owner team of the model whose threshold this is."""
    threshold = Threshold.objects.select_related("series__model").filter(subject_id=event.subject_id).first()
    model = threshold.series.model if threshold and threshold.series else None
    return team_members(model.owner_team_id if model else None, _TEAM)


def proposer_of_version(event: Event) -> dict[int, str]:
    """Return who proposed the version that was agreed or declined."""
    number = present_data(event)["number"]
    rows = ThresholdVersion.objects.filter(threshold__subject=event.subject_id, number=number)
    return everyone(rows.values_list("proposed_by_id", flat=True), "You proposed this threshold")


def author_of_mute(event: Event) -> dict[int, str]:
    """Return who muted a threshold, of its last mute."""
    mute = Mute.objects.filter(threshold__subject=event.subject_id).order_by("-ends_at", "-id").first()
    return {mute.author_id: "You muted this threshold"} if mute else {}


def who_signs_retraining(event: Event) -> dict[int, str]:
    """Return who signs the change request that a retraining trigger opened, and risk managers."""
    group = BreachGroup.objects.select_related("retraining__model").filter(subject=event.subject_id).first()
    if group is None or group.retraining is None:
        return {}
    holders = [person.pk for person in signers(group.retraining)]
    return {
        **everyone(risk_managers(event), "A requested retraining waits for its sign-off"),
        **everyone(holders, "A requested retraining waits for your sign-off"),
    }


def who_may_agree(event: Event) -> dict[int, str]:
    """Return who may agree to a proposed version: holders of the decision right, and risk managers."""
    rows = Threshold.objects.select_related("series__model__owner_team__lead")
    threshold = rows.filter(subject_id=event.subject_id).first()
    if threshold is None:
        return {}
    decider = decider_on(threshold)
    holders = [person.pk for person in able_holders(decider)]
    managers = risk_managers(event)
    return {
        **everyone(managers, "A threshold waits for the agreement of a risk manager"),
        **everyone(holders, "A threshold waits for your agreement: you hold the decision right"),
    }


def owner_of_source(event: Event) -> dict[int, str]:
    """Return the owner of a source, the risk managers if it has no active one."""
    owners = Source.objects.filter(subject_id=event.subject_id, owner__is_active=True)
    owner = owners.values_list("owner_id", flat=True).first()
    if owner:
        return {owner: "A source of yours has stopped sending"}
    return everyone(risk_managers(event), "A source without an owner has stopped sending")
