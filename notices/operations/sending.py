"""Holds all sending after a restore, until a person starts it.

Mails and webhooks that waited when the backup was made were probably sent by the original register. Due dates
that passed since then were acted on there, too. So a restored register sends nothing and lets no due date act
before a person has checked it.
"""

from datetime import datetime
from typing import Any

from django.db import transaction

from history import operations as history
from kit.actor import Actor
from kit.refusals import Refused
from notices.events import SendingHeld, SendingStarted
from notices.models import Message, SendingSwitch, WebhookDelivery
from notices.operations.attempts import act_logged
from notices.queries import sending as queries
from notices.states import DeliveryState, MessageState
from people.models import Organisation

_BATCH = 500


@transaction.atomic
def hold(*, backup_at: datetime | None = None, by: Actor, at: datetime) -> SendingSwitch:
    """Hold all sending. backup_at: the moment of the backup that the register was restored from.

    Mails that a worker is sending at this moment are still sent.
    """
    switch, _ = SendingSwitch.objects.update_or_create(
        pk=SendingSwitch.ONLY, defaults={"held_since": at, "backup_at": backup_at}
    )
    _record(SendingHeld(backup=backup_at.isoformat() if backup_at else ""), by, at)
    return switch


@transaction.atomic
def start(*, drops_older: bool, by: Actor, at: datetime) -> tuple[int, int]:
    """Let the register send again. Raises Refused if it is not held.

    drops_older: cancel the waiting mails and webhooks from before the backup; without a known backup, those
    from before sending was held. Returns the numbers of dropped mails and webhooks.
    """
    # The row is missing if a restore did not finish. It is created first, so that two who start at once wait
    # for each other.
    SendingSwitch.objects.bulk_create(
        [SendingSwitch(pk=SendingSwitch.ONLY, held_since=at)], ignore_conflicts=True
    )
    switch = SendingSwitch.objects.select_for_update().get(pk=SendingSwitch.ONLY)
    if switch.held_since is None:
        raise Refused("Sending is not held: mails and webhooks are sent already.")
    limit = switch.backup_at or switch.held_since
    dropped = _drop_older(limit, by, at) if drops_older else (0, 0)
    switch.held_since = None
    switch.save(update_fields=["held_since"])
    _record(SendingStarted(mails=dropped[0], webhooks=dropped[1]), by, at)
    return dropped


def _drop_older(limit: datetime, by: Actor, at: datetime) -> tuple[int, int]:
    """Cancel what waited before a moment. Returns the numbers of mails and webhooks."""
    older = queries.older(limit)
    return (
        _drop(Message, queries.waiting_mails().filter(older), MessageState.UNWANTED, by, at),
        _drop(WebhookDelivery, queries.waiting_deliveries().filter(older), DeliveryState.UNWANTED, by, at),
    )


def _drop(model: Any, rows: Any, state: str, by: Actor, at: datetime) -> int:
    """Cancel these rows, a batch at a time, so that memory stays small. Returns their number."""
    total = 0
    while found := list(rows.order_by("pk").select_for_update(of=("self",))[:_BATCH]):
        for row in found:
            row.state, row.settled_at, row.claim, row.lease_until = state, at, None, None
            row.log = act_logged(row, "Dropped as older than the restored backup", by, at)
            row.error = row.log[-1]
        model.objects.bulk_update(found, ["state", "settled_at", "claim", "lease_until", "log", "error"])
        total += len(found)
    return total


def _record(payload: SendingHeld | SendingStarted, by: Actor, at: datetime) -> None:
    """Put it on record with the organisation. A register without one has no history."""
    organisation = Organisation.objects.select_related("subject").first()
    if organisation is not None:
        history.record(organisation, payload, by=by, at=at)
