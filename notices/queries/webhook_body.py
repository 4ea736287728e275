"""The body of a webhook, as its owner may see the event now, in the form of its receiver."""

from datetime import UTC, datetime
from typing import Any

import orjson

from notices.models import WebhookDelivery
from notices.queries import rendered_mail
from notices.states import WebhookShape


def of(delivery: WebhookDelivery, *, at: datetime) -> bytes:
    """Return the body of a delivery, which is loaded with its endpoint, owner, event and subject."""
    if delivery.endpoint.shape == WebhookShape.SLACK:
        return orjson.dumps(_slack(delivery))
    if delivery.endpoint.shape == WebhookShape.TEAMS:
        return orjson.dumps(_teams(delivery))
    return orjson.dumps(_standard(delivery, at))


def _standard(delivery: WebhookDelivery, at: datetime) -> dict[str, Any]:
    """Return a thin body: what happened to which object. A receiver that needs more asks the API."""
    subject, event = delivery.subject, delivery.event
    moment = event.at if event else at
    return {
        "type": delivery.verb,
        "timestamp": moment.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "data": {
            "id": event.pk if event else None,
            "subject": {
                "kind": subject.kind,
                "id": subject.object_id,
                "reference": subject.reference or None,
            },
            "url": rendered_mail.address(subject),
        },
    }


def _slack(delivery: WebhookDelivery) -> dict[str, Any]:
    url, title, what = _texts(delivery)
    return {"text": f"<{url}|{_escaped(title)}>: {_escaped(what)}", "unfurl_links": False}


def _teams(delivery: WebhookDelivery) -> dict[str, Any]:
    """Return a message with an adaptive card, as the workflows of Teams take it."""
    url, title, what = _texts(delivery)
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            _plain_text(title, weight="Bolder"),
            _plain_text(what),
        ],
        "actions": [{"type": "Action.OpenUrl", "title": "Open in Riskhub", "url": url}],
    }
    return {
        "type": "message",
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}],
    }


def _plain_text(text: str, **style: str) -> dict[str, Any]:
    """Return a text of a card that is shown as it is. A TextBlock would make links of Markdown in a title."""
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **style}]}


def _texts(delivery: WebhookDelivery) -> tuple[str, str, str]:
    """Return the address, the title and what happened, with the names that the owner may see."""
    subject, event = delivery.subject, delivery.event
    what = rendered_mail.what_happened(event, delivery.endpoint.owner) if event else "This is a test."
    title = f"{subject.reference} {subject.title}" if subject.reference else subject.title
    return rendered_mail.address(subject), title, what


def _escaped(text: str) -> str:
    """Return text without the signs that have a meaning in messages of Slack."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
