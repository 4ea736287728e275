"""The sessions of a person in browsers: each has a row, so that it can be listed and ended (ADR 0040)."""

from datetime import datetime

from allauth.usersessions.models import UserSession

from people.models import User

_UNKNOWN = "0.0.0.0"  # noqa: S104 - no address to listen on: what the row has where none is known
_LONGEST_AGENT = 200


def begin(user: User, key: str, *, address: str, agent: str, at: datetime) -> None:
    """Note a session. key: that of the session in django_session. agent: what the browser says it is.

    Twice is once: a session that began before this table existed is noted at its next request.
    """
    UserSession.objects.bulk_create(
        [
            UserSession(
                user=user,
                session_key=key,
                ip=address or _UNKNOWN,
                user_agent=agent[:_LONGEST_AGENT],
                created_at=at,
                last_seen_at=at,
            )
        ],
        ignore_conflicts=True,
    )
