"""The events of this room: accounts, teams, absences, tokens, the organisation."""

from history.declarations import EventType, Mail, Payload
from history.states import InDoubt, NewsGroup
from people import mail
from people.recipients import (
    administrators_about_duty,
    former_member,
    new_member,
    the_person,
    who_adds_members,
)


class AbsenceDropped(Payload, verb="people.absence_dropped"):
    from_on: str
    until_on: str


class RosterEnded(Payload, verb="people.roster_ended"):
    people: list[int]


class DutyCalendarFailed(Payload, verb="people.duty_calendar_failed"):
    """The duty calendar of a function could not be read several times in a row. error: of the last time."""

    error: str


class RoleChanged(Payload, verb="people.person_role_changed"):
    """provider: the id of the sign-in provider whose groups changed the role; None if a person did."""

    provider: str | None = None


class MemberAdded(Payload, verb="people.member_added"):
    person: int  # a subject, here and below
    provider: str | None = None  # as in RoleChanged


class MemberRemoved(Payload, verb="people.member_removed"):
    person: int
    provider: str | None = None  # as in RoleChanged


class AuditorAppointed(Payload, verb="people.auditor_appointed"):
    until: str


class AuditorRead(Payload, verb="people.auditor_read"):
    """A request of an auditor. restricted: references of the restricted objects that its answer shows."""

    path: str
    restricted: list[str]


class PasswordReset(Payload, verb="people.password_reset"):
    """A person set a new password with the link in a mail. All their other sessions ended."""


class InvitationAccepted(Payload, verb="people.invitation_accepted"):
    person: int  # the subject of the person who came of it


class FactorAdded(Payload, verb="people.factor_added"):
    """kind: totp or webauthn. name: what its person called it."""

    kind: str
    name: str


class FactorRemoved(Payload, verb="people.factor_removed"):
    kind: str
    name: str


class PasskeyRenamed(Payload, verb="people.passkey_renamed"):
    name: str
    former: str


class ProviderLinked(Payload, verb="people.provider_linked"):
    """provider: its id in the settings."""

    provider: str


class ProviderUnlinked(Payload, verb="people.provider_unlinked"):
    """provider: its id in the settings."""

    provider: str


class RecoveryCodeUsed(Payload, verb="people.recovery_code_used"):
    left: int


class SessionsEnded(Payload, verb="people.sessions_ended"):
    number: int


class MembershipRequested(Payload, verb="people.membership_requested"):
    person: int


class PersonErased(Payload, verb="people.person_erased"):
    """A person who left was erased. replaced: rows that named them. remaining: rows that still do."""

    replaced: int
    remaining: int


class WorkHandedOver(Payload, verb="people.work_handed_over"):
    to: list[int]


_RESET = Mail("password_reset", mail.reset, mail.is_reset_wanted, in_doubt=InDoubt.RESEND, is_alone=True)
_INVITATION = Mail(
    "invitation",
    mail.invitation,
    mail.is_invitation_open,
    in_doubt=InDoubt.RESEND,
    is_alone=True,
    address=mail.invited_address,
)
_SECURITY = Mail("security", mail.security, in_doubt=InDoubt.RESEND, is_alone=True)


def _of_account(of: type[Payload] | str, sent: Mail = _SECURITY) -> EventType:
    """Return an event about the safety of an account: its person is told at once, whatever they chose."""
    return EventType(
        of,
        (the_person,),
        sent,
        is_actor_notified=True,
        is_chained=True,
        is_public=False,
        cannot_be_silenced=True,
    )


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
    EventType(RoleChanged, is_chained=True),
    EventType(AuditorAppointed, is_chained=True),
    EventType("people.audit_ended", is_chained=True),
    EventType(AuditorRead, is_minor=True, is_public=False),
    EventType(WorkHandedOver, is_chained=True),
    EventType("people.person_deactivated", is_chained=True),
    EventType("people.person_reactivated", is_chained=True),
    EventType(PersonErased, is_chained=True),
    EventType("people.password_changed", is_chained=True, is_public=False),
    EventType("people.password_link_made", is_chained=True, is_public=False),
    _of_account("people.password_reset_requested", _RESET),
    _of_account(PasswordReset),
    _of_account(FactorAdded),
    _of_account(FactorRemoved),
    _of_account("people.recovery_codes_made"),
    _of_account(RecoveryCodeUsed),
    EventType(PasskeyRenamed, is_minor=True, is_public=False),
    _of_account(ProviderLinked),
    _of_account(ProviderUnlinked),
    EventType(SessionsEnded, is_chained=True, is_public=False),
    EventType("people.invitation_sent", mail=_INVITATION, is_chained=True, is_public=False),
    EventType("people.invitation_withdrawn", is_chained=True, is_public=False),
    EventType(InvitationAccepted, is_chained=True, is_public=False),
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
    EventType(
        MembershipRequested,
        (who_adds_members,),
        group=NewsGroup.RIGHTS,
        answered_by=("people.member_added",),
    ),
    EventType(MemberAdded, (new_member,), is_chained=True, group=NewsGroup.RIGHTS),
    EventType(MemberRemoved, (former_member,), is_chained=True, group=NewsGroup.RIGHTS),
)
