"""The models of this room: people and the organisation; tokens, invitations and other ways in."""

from people.models.invitation import Invitation
from people.models.person import (
    ACCEPTANCE_DAYS,
    AHEAD_BY,
    BLOCKED_DAYS,
    MAX_ACCEPTANCE_DAYS,
    MAX_BLOCKED_DAYS,
    OUTCOME_WEEKS,
    TEAM_SUBJECTS,
    Absence,
    CalendarReading,
    DutyPeriod,
    DutyRoster,
    Function,
    Membership,
    Organisation,
    ServiceAccount,
    Team,
    User,
    UserManager,
    UserQuerySet,
    is_time_zone,
    working_days,
)
from people.models.token import Receipt, SetUpLink, SignInCount, Token

__all__ = [
    "ACCEPTANCE_DAYS", "AHEAD_BY", "BLOCKED_DAYS", "MAX_ACCEPTANCE_DAYS", "MAX_BLOCKED_DAYS",
    "OUTCOME_WEEKS", "TEAM_SUBJECTS", "Absence", "CalendarReading", "DutyPeriod", "DutyRoster", "Function",
    "Invitation", "Membership", "Organisation", "Receipt", "ServiceAccount", "SetUpLink", "SignInCount",
    "Team", "Token", "User", "UserManager", "UserQuerySet", "is_time_zone", "working_days",
]  # fmt: skip
