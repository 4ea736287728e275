"""`manage.py draw_states`: docs/states.md and docs/flows.md, drawn from the code; a test compares them."""

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
from riskhub import flows


class Command(BaseCommand):
    help = "Writes docs/states.md and docs/flows.md from the code."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--into", type=Path, default=Path(settings.BASE_DIR) / "docs")

    def handle(self, *args: Any, **options: Any) -> None:
        for name, text in {"states.md": states(), "flows.md": told()}.items():
            (options["into"] / name).write_text(text)


def states() -> str:
    """A diagram for every model that has MOVES: each arrow is a step, its words are the event's verb."""
    parts = [
        "# States\n",
        "Drawn by `manage.py draw_states` from MOVES; a test compares this page with the code. No other step",
        "is possible: `history.operations.move` is the only setter of a state.\n",
    ]
    for model in apps.get_models():
        if issubclass(model, Recorded | Part) and model.MOVES:
            parts += [f"## {model._meta.label}\n", "```mermaid", "stateDiagram-v2", *_diagram(model), "```\n"]
    return "\n".join(parts)


def _diagram(model: Any) -> list[str]:
    born = model._meta.get_field("state").default
    lines = [] if born is models.NOT_PROVIDED else [f"    [*] --> {born}"]
    lines += [
        f"    {here} --> {there}: {verb.split('.', 1)[1]}" for (here, there), verb in model.MOVES.items()
    ]
    return lines


_FLOWS = """# Flows

Drawn by `manage.py draw_states` from `<room>/events.py` and `riskhub/flows.py`; a test compares them.

- **Who acts**: handlers of upper rooms, by their keys. The effect of each happens once.
- **Who is told**: rules of `<room>/recipients.py`. Who may not see the subject is never told; who acted
  is told only where it says so.
- **How**: *inbox*; *mail* at once as well (in doubt whether it was sent it is parked for an administrator, or
  *sent again*); *urgent*; *chained* by hash; *minor*: on the timeline of its own subject only; *private*: not
  for webhooks.
"""
_HEAD = ["| what happens | who acts | who is told | how |", "| --- | --- | --- | --- |"]


def told() -> str:
    """Draw what the rooms declare and riskhub/flows.py: what happens, who acts, who is told, how."""
    rooms: dict[str, list[EventType]] = {}
    for declared in declarations.every():
        rooms.setdefault(declared.verb.split(".")[0], []).append(declared)
    parts = [_FLOWS]
    for room, events in rooms.items():
        rows = {event.verb: _cells(event) for event in events}
        followed = [f"| `{verb}` | {' | '.join(cells)} |" for verb, cells in rows.items() if any(cells)]
        parts += [f"## {room}\n", *(_HEAD if followed else []), *followed, ""]
        if alone := [f"`{verb}`" for verb, cells in rows.items() if not any(cells)]:
            parts.append(f"On timelines only: {', '.join(alone)}.\n")
    parts += [
        "## Dates\n",
        "| due date | what acts |",
        "| --- | --- |",
        *(f"| `{kind}` | {_name(acting)} |" for kind, acting in flows.DUES.items()),
    ]
    return "\n".join(parts) + "\n"


def _cells(declared: EventType) -> tuple[str, str, str]:
    acting = ", ".join(f"`{wiring.key_of(handler)}`" for handler in flows.FLOWS.get(declared.verb, ()))
    told = ", ".join(rule.__name__.replace("_", " ") for rule in declared.recipients)
    told += ", also who acted" if declared.is_actor_told else ""
    how = ["inbox"] if declared.recipients else []
    if declared.mail:
        how.append("mail, sent again" if declared.mail.in_doubt == InDoubt.RESEND else "mail")
    marks = {
        "urgent": declared.is_urgent,
        "chained": declared.is_chained,
        "minor": declared.is_minor,
        "private": not declared.is_public,
    }
    how += [mark for mark, is_set in marks.items() if is_set]
    return acting, told, ", ".join(how)


def _name(handler: Handler) -> str:
    return f"`{handler.__module__}.{handler.__name__}`"
