"""The events of this room: accounts, teams, absences, tokens, the organisation."""

from history.declarations import EventType, Payload
from history.states import NewsGroup
from people.recipients import administrators_about_duty, who_adds_members


class AbsenceDropped(Payload, verb="people.absence_dropped"):
    from_on: str
    until_on: str


class RosterEnded(Payload, verb="people.roster_ended"):
    people: list[int]


class DutyCalendarFailed(Payload, verb="people.duty_calendar_failed"):
    """The duty calendar of a function could not be read several times in a row. error: of the last time."""

    error: str


class MemberAdded(Payload, verb="people.member_added"):
    person: int  # a subject, here and below


class MemberRemoved(Payload, verb="people.member_removed"):
    person: int


class AuditorAppointed(Payload, verb="people.auditor_appointed"):
    until: str


class AuditorRead(Payload, verb="people.auditor_read"):
    """A request of an auditor. restricted: references of the restricted objects that its answer shows."""

    path: str
    restricted: list[str]


class MembershipRequested(Payload, verb="people.membership_requested"):
    person: int


class PersonErased(Payload, verb="people.person_erased"):
    """A person who left was erased. replaced: rows that named them. remaining: rows that still do."""

    replaced: int
    remaining: int


class WorkHandedOver(Payload, verb="people.work_handed_over"):
    to: list[int]


EVENTS = (
    EventType("people.organisation_set_up", is_chained=True),
    EventType("people.organisation_changed", is_chained=True),
    EventType("people.function_added"),
    EventType("people.roster_added"),
    EventType("people.roster_changed"),
    EventType(RosterEnded),
    EventType(DutyCalendarFailed, (administrators_about_duty,), group=NewsGroup.RIGHTS),
    EventType("people.duty_calendar_recovered"),
    # accounts
    EventType("people.person_added", is_chained=True),
    EventType("people.person_changed"),
    EventType("people.person_role_changed", is_chained=True),
    EventType(AuditorAppointed, is_chained=True),
    EventType("people.audit_ended", is_chained=True),
    EventType(AuditorRead, is_minor=True, is_public=False),
    EventType(WorkHandedOver, is_chained=True),
    EventType("people.person_deactivated", is_chained=True),
    EventType("people.person_reactivated", is_chained=True),
    EventType(PersonErased, is_chained=True),
    EventType("people.password_changed", is_chained=True, is_public=False),
    EventType("people.password_link_made", is_chained=True, is_public=False),
    EventType("people.signed_in", is_public=False),
    EventType("people.token_issued", is_chained=True, is_public=False),
    EventType("people.token_rotated", is_chained=True, is_public=False),
    EventType("people.token_revoked", is_chained=True, is_public=False),
    EventType("people.token_changed", is_minor=True, is_public=False),
    EventType("people.token_moved", is_chained=True, is_public=False),
    EventType("people.service_account_added", is_chained=True),
    EventType("people.service_account_changed", is_chained=True),
    EventType("people.service_account_deactivated", is_chained=True),
    EventType("people.service_account_reactivated", is_chained=True),
    # absences: reasons are never in them
    EventType("people.absence_noted", is_public=False),
    EventType("people.absence_begun", is_minor=True, is_public=False),
    EventType(AbsenceDropped, is_public=False),
    # teams
    EventType("people.team_added"),
    EventType("people.team_changed", is_chained=True),
    EventType(MembershipRequested, (who_adds_members,), group=NewsGroup.RIGHTS),
    EventType(MemberAdded, is_chained=True),
    EventType(MemberRemoved, is_chained=True),
)
