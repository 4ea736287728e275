"""The session store of pages: Django's, with a look-up that is compiled once a process (ADR 0016)."""

from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session

from kit import clock
from kit.prepared import Argument, Prepared

# Every request of a signed-in browser needs it.
_SESSION = Prepared(
    lambda: Session.objects.filter(session_key=Argument("key"), expire_date__gt=Argument("at"))
)


class SessionStore(db.SessionStore):
    """Sessions in the table of Django's own store, which made those of earlier releases."""

    def load(self) -> dict[str, Any]:
        """Return what the session has; nothing, and no key, for one that is unknown or over."""
        found = _SESSION.first(key=self.session_key, at=clock.of_computer())
        if found is None:
            self._session_key = None
            return {}
        return self.decode(found.session_data)
