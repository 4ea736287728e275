"""The check-ins that are attached to an investigation, for a panel on its page."""

from collections.abc import Sequence
from typing import Any

from kit.sight import Visitor
from meetings.models import CheckIn
from meetings.queries.check_in import check_ins

SHOWN = 10


def of_subject(user: Visitor, obj: Any) -> Sequence[CheckIn] | None:
    """Return the newest attached check-ins that the reader may see, None if there are none."""
    return list(check_ins(user).filter(about_id=obj.subject_id)[:SHOWN]) or None
