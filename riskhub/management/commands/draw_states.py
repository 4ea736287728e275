"""`manage.py draw_states`: docs/states.md and docs/flows.md, drawn from the code; a test compares them."""

from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import models

from history.models import Part, Recorded
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


def told() -> str:
    """Three tables: which room acts on which event, what acts on which date, of what people are told."""
    parts = [
        "# Flows\n",
        "Drawn by `manage.py draw_states` from `riskhub/flows.py`; a test compares the two.\n",
        "## What happened, and who acts on it\n",
        "| event | acts |",
        "| --- | --- |",
        *(f"| `{verb}` | {', '.join(map(_name, acting))} |" for verb, acting in flows.FLOWS.items()),
        "\n## Which date, and what acts on it\n",
        "| date | acts |",
        "| --- | --- |",
        *(f"| `{kind}` | {_name(acting)} |" for kind, acting in flows.DUES.items()),
        "\n## What people are told of\n",
        "Who exactly, and by mail or only in the inbox: `notices/queries/audience.py`.\n",
        *(f"- `{verb}`" for verb in sorted(flows.entry.AUDIBLE)),
        "\n## What is chained by hash\n",
        *(f"- `{verb}`" for verb in sorted(flows.CHAINED)),
    ]
    return "\n".join(parts) + "\n"


def _name(handler: Handler) -> str:
    return f"`{handler.__module__}.{handler.__name__}`"
