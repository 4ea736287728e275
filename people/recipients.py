"""The recipients of this room's events."""

from history.models import Event
from history.queries import present_data
from history.recipients import everyone
from people.models import Membership, Team, User
from people.states import Role


def team_members(team_id: int | None, reason: str) -> dict[int, str]:
    """Return the members of a team, nobody without one."""
    if team_id is None:
        return {}
    return everyone(Membership.objects.filter(team_id=team_id).values_list("user_id", flat=True), reason)


def risk_managers(event: Event) -> dict[int, str]:
    """Return the risk managers and administrators."""
    rows = User.objects.active().filter(role__in=[Role.RISK_MANAGER, Role.ADMINISTRATOR])
    return everyone(rows.values_list("pk", flat=True), "You manage the risk register")


def the_person(event: Event) -> dict[int, str]:
    """Return the person that the event is about, for news about their own account."""
    return everyone(
        User.objects.filter(subject=event.subject_id).values_list("pk", flat=True), "Your account"
    )


def new_member(event: Event) -> dict[int, str]:
    """Return the person who was added to a team, if they asked to join it since they last joined or left."""
    person = present_data(event)["person"]
    verbs = ("people.membership_requested", "people.member_added", "people.member_removed")
    earlier = Event.objects.filter(subject=event.subject_id, verb__in=verbs, data__person=person)
    last = earlier.filter(at__lte=event.at).exclude(pk=event.pk).order_by("-at", "-id").first()
    if last is None or last.verb != "people.membership_requested":
        return {}
    rows = User.objects.filter(subject=person)
    return everyone(rows.values_list("pk", flat=True), "You asked to join this team")


def former_member(event: Event) -> dict[int, str]:
    """Return the person who was removed from a team."""
    rows = User.objects.filter(subject=present_data(event)["person"])
    return everyone(rows.values_list("pk", flat=True), "You are no longer a member of this team")


def who_adds_members(event: Event) -> dict[int, str]:
    """Return the lead of a team; without an active lead, the administrators."""
    team = Team.objects.select_related("lead").filter(subject_id=event.subject_id).first()
    if team and team.lead and team.lead.is_active:
        return {team.lead.pk: "A person asks to join your team"}
    rows = User.objects.active().filter(role=Role.ADMINISTRATOR)
    return everyone(rows.values_list("pk", flat=True), "A person asks to join a team without a lead")


def administrators_about_duty(event: Event) -> dict[int, str]:
    """Return the administrators, who set the address of a duty calendar."""
    rows = User.objects.active().filter(role=Role.ADMINISTRATOR)
    return everyone(rows.values_list("pk", flat=True), "A duty calendar cannot be read")
