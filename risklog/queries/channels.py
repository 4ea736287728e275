"""The webhooks that a rung can tell, beside the inbox and email. Webhooks belong to an upper room.

That room installs how they are read (riskhub/panels.py). A rung has their ids only.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class RungWebhook:
    """A webhook that rungs can tell. is_active: False while it is paused."""

    id: int
    name: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class WebhookReader:
    """How webhooks are read.

    offered: those that rungs can choose. names: id -> name, also of those that rungs can choose no longer.
    outcomes: of the escalation with this subject: (id of the webhook, moment) -> its result. One query each.
    """

    offered: Callable[[], list[RungWebhook]] = list
    names: Callable[[Collection[int]], dict[int, str]] = lambda ids: {}
    outcomes: Callable[[int], dict[tuple[int, datetime], str]] = lambda subject_id: {}


_installed: list[WebhookReader] = [WebhookReader()]


def install(reader: WebhookReader) -> None:
    _installed[0] = reader


def offered() -> list[RungWebhook]:
    """Return the webhooks that rungs can choose, by name."""
    return _installed[0].offered()


@dataclass(frozen=True, slots=True)
class Channels:
    """What is needed to say by which channels people are told. As in WebhookReader."""

    names: Mapping[int, str] = field(default_factory=dict)
    outcomes: Mapping[tuple[int, datetime], str] = field(default_factory=dict)

    def text(self, row: Any) -> str:
        """Return the channels of a rung or of a past climb: "In the app, by email, webhook Alerts (sent)".

        row: with by_mail and webhooks; a past climb also with `at`.
        """
        found = ["In the app", *(["by email"] if row.by_mail else [])]
        for pk in row.webhooks:
            outcome = self.outcomes.get((pk, getattr(row, "at", None)), "")  # type: ignore[arg-type]  # no moment
            found.append(f"webhook {self.names.get(pk, pk)}{f' ({outcome})' if outcome else ''}")
        return ", ".join(found)


def of_rows(rows: Iterable[Any], *, subject_id: int | None = None) -> Channels:
    """Return the channels of these rungs or climbs. No query if none of them tells a webhook.

    subject_id: of the escalation whose past climbs are among the rows.
    """
    ids = {pk for row in rows for pk in row.webhooks}
    if not ids:
        return Channels()
    reader = _installed[0]
    return Channels(reader.names(ids), reader.outcomes(subject_id) if subject_id else {})
