"""`manage.py draw_docs`: draws docs/states.md and docs/flows.md from the code. A test compares them."""

from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import models

from history import declarations, wiring
from history.declarations import EventType
from history.models import Part, Recorded
from history.states import InDoubt
from history.wiring import Handler
from riskhub.flows import DUES, FLOWS


class Command(BaseCommand):
    help = "Write docs/states.md and docs/flows.md from the code."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--into", type=Path, default=Path(settings.BASE_DIR) / "docs")

    def handle(self, *args: Any, **options: Any) -> None:
        for name, text in {"states.md": states(), "flows.md": event_flows()}.items():
            (options["into"] / name).write_text(text)


def states() -> str:
    """Return a diagram for every model with MOVES. Each arrow is a step, its text the verb of the event."""
    parts = [
        "# States\n",
        "`manage.py draw_docs` draws this page from MOVES, and a test compares it with the code. No other",
        "step is possible, because only `history.operations.move` sets a state.\n",
    ]
    for model in apps.get_models():
        if issubclass(model, Recorded | Part) and model.MOVES:
            parts += [f"## {model._meta.label}\n", "```mermaid", "stateDiagram-v2", *_diagram(model), "```\n"]
    return "\n".join(parts)


def _diagram(model: Any) -> list[str]:
    first = model._meta.get_field("state").default
    lines = [] if first is models.NOT_PROVIDED else [f"    [*] --> {first}"]
    lines += [
        f"    {here} --> {there}: {verb.split('.', 1)[1]}" for (here, there), verb in model.MOVES.items()
    ]
    return lines


_FLOWS_HEAD = """# Flows

`manage.py draw_docs` draws this page from `<room>/events.py` and `riskhub/flows.py`. A test compares them.

- **Handlers**: the keys of the handlers, in upper rooms or in the same room. The effect of each happens once.
- **Recipients**: rules in `<room>/recipients.py`. A person who may not see the subject is never notified. The
  actor is notified only where the table says so.
- **How**: *inbox*; *mail*: also mailed immediately (if it is uncertain whether the mail was sent, an
  administrator decides, or it is *sent again*); *urgent*; *chained* by hash; *minor*: only on the timeline of
  its own subject; *not public*: not sent to webhooks.
- **Webhooks**: a public event is also handed to `notices.delivery.add` while an active webhook has chosen it.
"""
_TABLE_HEAD = ["| event | handlers | recipients | how |", "| --- | --- | --- | --- |"]


def event_flows() -> str:
    """Return docs/flows.md: each event with its handlers, its recipients and how they are notified."""
    rooms: dict[str, list[EventType]] = {}
    for declared in declarations.every():
        rooms.setdefault(declared.verb.split(".")[0], []).append(declared)
    parts = [_FLOWS_HEAD]
    for room, events in rooms.items():
        rows = {event.verb: _cells(event) for event in events}
        followed = [f"| `{verb}` | {' | '.join(cells)} |" for verb, cells in rows.items() if any(cells)]
        parts += [f"## {room}\n", *(_TABLE_HEAD if followed else []), *followed, ""]
        if alone := [f"`{verb}`" for verb, cells in rows.items() if not any(cells)]:
            parts.append(f"Events that are only shown on timelines: {', '.join(alone)}.\n")
    parts += [
        "## Dates\n",
        "| due date | handler |",
        "| --- | --- |",
        *(f"| `{kind}` | {_name(acting)} |" for kind, acting in DUES.items()),
    ]
    return "\n".join(parts) + "\n"


def _cells(declared: EventType) -> tuple[str, str, str]:
    acting = ", ".join(f"`{wiring.key_of(handler)}`" for handler in FLOWS.get(declared.verb, ()))
    notified = ", ".join(rule.__name__.replace("_", " ") for rule in declared.recipients)
    notified += ", also the actor" if declared.is_actor_notified else ""
    how = ["inbox"] if declared.recipients else []
    if declared.mail:
        how.append("mail, sent again" if declared.mail.in_doubt == InDoubt.RESEND else "mail")
    marks = {
        "urgent": declared.is_urgent,
        "chained": declared.is_chained,
        "minor": declared.is_minor,
        "not public": not declared.is_public,
    }
    how += [mark for mark, is_set in marks.items() if is_set]
    return acting, notified, ", ".join(how)


def _name(handler: Handler) -> str:
    return f"`{handler.__module__}.{handler.__name__}`"
