"""The models of this room: people and the organisation; tokens, invitations and other ways in."""

from people.models.absence import Absence
from people.models.function import CalendarReading, DutyPeriod, DutyRoster, Function
from people.models.invitation import Invitation
from people.models.organisation import (
    ACCEPTANCE_DAYS,
    BLOCKED_DAYS,
    MAX_ACCEPTANCE_DAYS,
    MAX_BLOCKED_DAYS,
    OUTCOME_WEEKS,
    Organisation,
    is_time_zone,
    working_days,
)
from people.models.person import AHEAD_BY, TEAM_SUBJECTS, ServiceAccount, User, UserManager, UserQuerySet
from people.models.team import Membership, Team
from people.models.token import Receipt, SetUpLink, SignInCount, Token

__all__ = [
    "ACCEPTANCE_DAYS", "AHEAD_BY", "BLOCKED_DAYS", "MAX_ACCEPTANCE_DAYS", "MAX_BLOCKED_DAYS",
    "OUTCOME_WEEKS", "TEAM_SUBJECTS", "Absence", "CalendarReading", "DutyPeriod", "DutyRoster", "Function",
    "Invitation", "Membership", "Organisation", "Receipt", "ServiceAccount", "SetUpLink", "SignInCount",
    "Team", "Token", "User", "UserManager", "UserQuerySet", "is_time_zone", "working_days",
]  # fmt: skip
