"""Roles, token scopes, themes, and the functions of a new organisation."""

from django.db.models import TextChoices


class Role(TextChoices):
    VIEWER = "viewer", "Viewer"
    MEMBER = "member", "Member"
    RISK_MANAGER = "risk_manager", "Risk manager"
    ADMINISTRATOR = "administrator", "Administrator"


class TokenScope(TextChoices):
    """The most a token allows. The current rights of its owner limit it further."""

    READ = "read", "Read"
    WRITE = "write", "Read and write"
    INGEST = "ingest", "Push signals"


class InvitationState(TextChoices):
    OPEN = "open", "Open"
    ACCEPTED = "accepted", "Accepted"
    EXPIRED = "expired", "Expired"
    WITHDRAWN = "withdrawn", "Withdrawn"


ERASED_DOMAIN = "erased.invalid"  # of the addresses that erased people have (riskhub/erasure)


class ColourTheme(TextChoices):
    SYSTEM = "system", "Same as device"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


WORKING_DAYS = (0, 1, 2, 3, 4)  # Monday to Friday, as datetime.weekday() counts
# The settings of the organisation or of a person that working time depends on. What was planned from them is
# planned again when one of them changes.
WORKING_TIME_FIELDS = frozenset(
    {
        "time_zone", "working_days", "day_starts_at", "day_ends_at", "country", "subdivision",
        "own_days_off",
    }
)  # fmt: skip
RANK = {Role.VIEWER: 0, Role.MEMBER: 1, Role.RISK_MANAGER: 2, Role.ADMINISTRATOR: 3}
SEEDED_FUNCTIONS = (
    ("data-science", "Data science"),
    ("data-engineering", "Data engineering"),
    ("engineering", "Engineering"),
    ("platform-operations", "Platform operations"),
    ("product", "Product"),
    ("security", "Security"),
    ("risk-management", "Risk management"),
    ("governance", "Governance"),
)
# Events that only the person and administrators see: sign-in times are private, and readings name objects.
PRIVATE_VERBS = (
    "people.signed_in",
    "people.password_changed",
    "people.password_link_made",
    "people.password_reset",
    "people.password_reset_requested",
    "people.factor_added",
    "people.factor_removed",
    "people.passkey_renamed",
    "people.provider_linked",
    "people.provider_unlinked",
    "people.recovery_codes_made",
    "people.recovery_code_used",
    "people.sessions_ended",
    "people.auditor_read",
)
