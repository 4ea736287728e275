"""Deliveries of webhooks: add one for each event and endpoint; claim, check the owner's sight, send, settle.

The id of a delivery is its webhook-id, so it stays the same when it is sent again, and a receiver can drop a
repeat. An unknown outcome is sent again: a miss is worse than a repeat.
"""

import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Least, Now
from standardwebhooks import Webhook

from history import claims
from history import operations as history
from history.claims import LostClaim, Tally
from history.models import Event, Handover, Subject
from history.queries import present_data
from history.states import Work
from history.wiring import handler
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from notices.events import WebhookFailing
from notices.models import WebhookDelivery, WebhookEndpoint
from notices.operations import attempts
from notices.operations.attempts import attempt_logged
from notices.queries import sending, webhook_body
from notices.queries.webhook import TEST_VERB, public_verbs
from notices.states import DeliveryState
from outgoing.client import Answer, Limits, NoAnswer, RefusedUrl, send

# The key of the handler add().
ADD = "notices.delivery.add"
BATCH = 5
LEASE = 2 * claims.LEASE
LIMITS = Limits(connect_seconds=3, read_seconds=6, total_seconds=8, most_bytes=4000)
# After so many failures in a row an endpoint is left alone, for longer after each further one.
_BREAKS_AFTER, _LONGEST_BREAK = 3, 3600
_GONE = 410


@handler(ADD)
@history.in_one_transaction
def add(event: Event, *, at: datetime) -> None:
    """Add a delivery of an event for each active endpoint that has chosen it.

    An endpoint does not get the events of a pause. Events are handed over only while an active endpoint has
    chosen their verb (history.wiring.OnDemand), so without webhooks no event costs a handover.
    """
    if event.verb not in public_verbs():
        return
    active = WebhookEndpoint.objects.filter(is_active=True, active_since__lte=event.recorded_at)
    for endpoint in active.filter(verbs__contains=[event.verb]).order_by("pk"):
        _add(endpoint, [event])


@handler("notices.delivery.add_of_rung")
@history.in_one_transaction
def add_of_rung(event: Event, *, at: datetime) -> None:
    """Add a delivery for each webhook that the rung of an escalation tells.

    One that is paused, or that ladders may use no longer, gets nothing, and its log says so.
    """
    ids = present_data(event).get("webhooks") or ()
    for endpoint in WebhookEndpoint.objects.filter(pk__in=ids).order_by("pk"):
        _add(endpoint, [event], **_unsent(endpoint, at))


def _unsent(endpoint: WebhookEndpoint, at: datetime) -> dict[str, Any]:
    """Return the values of a delivery that is not sent, {} if a rung may tell this webhook now."""
    if endpoint.is_for_ladders and endpoint.is_active:
        return {}
    paused, withdrawn = "The webhook is paused.", "Ladders may not use this webhook any more."
    error = paused if endpoint.is_for_ladders else withdrawn
    return {"state": DeliveryState.UNWANTED, "error": error, "settled_at": at}


def add_waiting(endpoint: WebhookEndpoint) -> None:
    """Add the deliveries of events that wait for add(), before the endpoint is paused.

    They are sent when it is active again.
    """
    open_states = (Work.PENDING, Work.CLAIMED)
    handovers = Handover.objects.filter(handler=ADD, state__in=open_states, event__verb__in=endpoint.verbs)
    rows = handovers.filter(event__recorded_at__gte=endpoint.active_since).select_related("event")
    _add(endpoint, [row.event for row in rows.order_by("event")])


def _add(endpoint: WebhookEndpoint, events: Iterable[Event], **values: Any) -> None:
    """Add a delivery for each event, except those that the endpoint has already. values: further fields."""
    WebhookDelivery.objects.bulk_create(
        [
            WebhookDelivery(
                endpoint=endpoint,
                event=event,
                verb=event.verb,
                subject_id=event.subject_id,
                made_at=event.at,
                **values,
            )
            for event in events
        ],
        ignore_conflicts=True,
    )


def send_due(*, at: datetime, seconds: float = 10.0) -> Tally:
    """Send the waiting deliveries, oldest first. Begins none after `seconds`. Safe in parallel.

    Nothing is sent while all sending is held (notices.operations.sending).
    """
    if sending.is_held():
        return Tally()
    total, ends = Tally(), time.monotonic() + seconds
    while time.monotonic() < ends and (batch := claims.claim(_open(), limit=BATCH, lease=LEASE)):
        failed: set[int] = set()
        for position, row in enumerate(batch):
            if time.monotonic() >= ends:
                attempts.release(batch[position:])
                return total
            if row.endpoint_id in failed:
                attempts.release([row])
                continue
            tally = _send(row, at)
            total += tally
            if tally.failed:
                failed.add(row.endpoint_id)
        if len(failed) == len({row.endpoint_id for row in batch}) and not total.done:
            break
    return total


def _open() -> QuerySet[WebhookDelivery]:
    """Return the deliveries that may be claimed: not those of a paused or a broken endpoint."""
    can_be_tried = Q(endpoint__closed_until__isnull=True) | Q(endpoint__closed_until__lte=Now())
    rows = WebhookDelivery.objects.filter(can_be_tried, endpoint__is_active=True)
    return rows.order_by("not_before", "made_at", "id")


def _send(row: WebhookDelivery, at: datetime) -> Tally:
    began = time.monotonic()
    try:
        with transaction.atomic():
            begun = _begin(row, at)
        if begun is None:
            return Tally(done=1)
        endpoint, body = begun
        answer = send(
            endpoint.url, method="POST", body=body, headers=_headers(row, endpoint, body, at), limits=LIMITS
        )
    except LostClaim:
        return Tally()
    except (NoAnswer, RefusedUrl) as error:
        return _settle(row, None, str(error), _milliseconds(began), at)
    except Exception as error:  # a row that always fails ends as dead and does not block others
        return _settle(row, None, f"{type(error).__name__}: {error}", _milliseconds(began), at)
    return _settle(row, answer, _problem(answer), _milliseconds(began), at)


def _milliseconds(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def _begin(row: WebhookDelivery, at: datetime) -> tuple[WebhookEndpoint, bytes] | None:
    """Return the endpoint and the body; settle a delivery that may not be sent any more and return None."""
    held = (
        claims.while_claimed(row)
        .select_for_update(of=("self",))
        .select_related("endpoint__owner", "endpoint__subject", "event__subject", "event__actor", "subject")
        .first()
    )
    if held is None:
        raise LostClaim
    if why := _why_not(held):
        claims.settle(row, state=DeliveryState.UNWANTED, error=why, log=attempt_logged(row, why))
        return None
    return held.endpoint, webhook_body.of(held, at=at)


def _why_not(held: WebhookDelivery) -> str:
    """Return why a delivery may not be sent, "" if it may. Its owner's sight is asked now."""
    endpoint = held.endpoint
    if not endpoint.owner.is_active:
        return f"{endpoint.owner.name}, who owns this webhook, is deactivated."
    if held.verb != TEST_VERB and held.verb not in public_verbs():
        return "This event is not for webhooks any more."
    if not Subject.objects.visible_to(endpoint.owner).filter(pk=held.subject_id).exists():
        return "The owner of this webhook may not see what the event is about."
    return ""


def _headers(row: WebhookDelivery, endpoint: WebhookEndpoint, body: bytes, at: datetime) -> dict[str, str]:
    """Return the headers of the Standard Webhooks scheme."""
    signature = Webhook(endpoint.secret).sign(row.webhook_id, at.astimezone(UTC), body.decode())
    return {
        "Content-Type": "application/json",
        "webhook-id": row.webhook_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
    }


def _problem(answer: Answer) -> str:
    if answer.is_success:
        return ""
    if answer.is_redirect:
        return f"Answered with a redirect ({answer.status}), which is not followed. Enter the final address."
    return f"Answered with the status {answer.status}."


@transaction.atomic
def _settle(row: WebhookDelivery, answer: Answer | None, problem: str, took: int, at: datetime) -> Tally:
    facts: dict[str, Any] = {
        "answer_status": answer.status if answer else None,
        "answer_text": answer.body.decode("utf-8", "replace").replace("\0", "")[:1000] if answer else "",
        "took_ms": took,
        "log": attempt_logged(row, f"{problem or 'Accepted'} ({took} ms)"),
    }
    rows = WebhookEndpoint.objects.filter(pk=row.endpoint_id)
    if not problem:
        try:
            claims.settle(row, **facts)
        except LostClaim:
            return Tally()
        rows.update(failures=0, closed_until=None, is_owner_told=False, last_sent_at=at)
        return Tally(done=1)
    tally = claims.fail(row, problem, pause=_pause(row, answer), **facts)
    _count_failure(rows)
    if answer is not None and answer.status == _GONE:
        _deactivate(row, at)
    elif tally.dead:
        _tell_owner(row, problem, at)
    return tally


def _pause(row: WebhookDelivery, answer: Answer | None) -> timedelta:
    """Return the pause before the next try: of the schedule, or a longer one that the other side asks for."""
    pause = attempts.pause_after(row.tries)
    seconds = answer.headers.get("retry-after", "") if answer else ""
    if not (seconds.isascii() and seconds.isdigit()):
        return pause
    return max(pause, timedelta(seconds=min(int(seconds[:6]), attempts.PAUSES[-1])))


def _count_failure(rows: QuerySet[WebhookEndpoint]) -> None:
    """Count a failure, and leave the endpoint alone for a while after several in a row."""
    rows.update(failures=Least(F("failures") + 1, 1000))
    failures = rows.values_list("failures", flat=True).first() or 0
    if failures >= _BREAKS_AFTER:
        seconds = min(30 * 2 ** min(failures - _BREAKS_AFTER, 10), _LONGEST_BREAK)
        rows.update(closed_until=Now() + timedelta(seconds=seconds))


def _deactivate(row: WebhookDelivery, at: datetime) -> None:
    """Deactivate an endpoint that says it is gone (410), and tell its owner."""
    endpoint = WebhookEndpoint.objects.select_related("subject").get(pk=row.endpoint_id)
    if endpoint.is_active:
        history.change(endpoint, {"is_active": False}, by=SYSTEM, at=at, verb="notices.webhook_changed")
        history.record(endpoint, WebhookFailing(error="It answered 410 Gone."), by=SYSTEM, at=at)


def _tell_owner(row: WebhookDelivery, problem: str, at: datetime) -> None:
    """Tell the owner that a delivery was given up, once until the next success."""
    told = WebhookEndpoint.objects.filter(pk=row.endpoint_id, is_owner_told=False).update(is_owner_told=True)
    if told:
        endpoint = WebhookEndpoint.objects.select_related("subject").get(pk=row.endpoint_id)
        history.record(endpoint, WebhookFailing(error=problem[:300]), by=SYSTEM, at=at)


# ------------------------------------------------------------------ operations of administrators


@transaction.atomic
def send_test(endpoint: WebhookEndpoint, *, by: Actor, at: datetime) -> WebhookDelivery:
    """Queue a test, about the endpoint itself. Raises Refused for a paused endpoint."""
    if not endpoint.is_active:
        raise Refused("This webhook is paused. Activate it first.", field="is_active")
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(closed_until=None)
    return WebhookDelivery.objects.create(
        endpoint=endpoint, verb=TEST_VERB, subject_id=endpoint.subject_id, made_at=at
    )


@transaction.atomic
def replay(rows: QuerySet[WebhookDelivery], *, by: Actor, at: datetime) -> int:
    """Send settled deliveries again, with the same webhook-id. Returns their number. Raises Refused for none.

    rows: deliveries of one endpoint.
    """
    settled = rows.filter(state__in=(DeliveryState.DONE, DeliveryState.DEAD, DeliveryState.UNWANTED))
    found = list(settled.order_by("pk").select_for_update(of=("self",)))
    if not found:
        raise Refused("Nothing to send again: choose deliveries that were sent, failed or cancelled.")
    for row in found:
        row.log = attempts.act_logged(row, "Sent again", by, at)
        row.state, row.tries, row.error, row.settled_at = DeliveryState.PENDING, 0, "", None
    WebhookDelivery.objects.bulk_update(found, ["log", "state", "tries", "error", "settled_at"])
    WebhookDelivery.objects.filter(pk__in=[row.pk for row in found]).update(not_before=Now())
    WebhookEndpoint.objects.filter(pk=found[0].endpoint_id).update(closed_until=None)
    return len(found)
