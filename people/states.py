"""Roles, and who they include."""

from django.db.models import TextChoices


class Role(TextChoices):
    VIEWER = "viewer", "Viewer"
    MEMBER = "member", "Member"
    RISK_MANAGER = "risk_manager", "Risk manager"
    ADMINISTRATOR = "administrator", "Administrator"


class Scope(TextChoices):
    """What a token may do at most; its owner's present rights bound it further."""

    READ = "read", "Read"
    WRITE = "write", "Read and write"
    INGEST = "ingest", "Push signals"


class Theme(TextChoices):
    SYSTEM = "system", "Same as device"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


WORKING_DAYS = (0, 1, 2, 3, 4)  # Monday to Friday, as datetime.weekday() counts
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
# Shown to the person concerned and to administrators only: who signs in when is nobody else's business.
PRIVATE_VERBS = (
    "people.signed_in",
    "people.password_changed",
    "people.password_link_made",
)
