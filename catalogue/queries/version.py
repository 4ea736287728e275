"""Queries of versions of models."""

import json
from typing import Any

from catalogue.models import Model, Version
from history.models import RecordedQuerySet
from kit.sight import Visitor

SHOWN_ON_MODEL = 5


def versions() -> RecordedQuerySet[Version]:
    """Return all versions, the newest first, with model and parent. Callers add `.visible_to(user)`."""
    return Version.objects.select_related(
        "subject", "model__subject", "model__owner_team", "parent"
    ).order_by("-made_at", "-pk")


def newest_of(user: Visitor, model: Model) -> list[Version]:
    """Return the newest versions of a model, as many as its page shows. One query."""
    return list(versions().visible_to(user).filter(model=model)[:SHOWN_ON_MODEL])


def version_called(model: Model, name: str) -> Version | None:
    """Return the version of a model with this name, without regard to who may see it."""
    return Version.objects.filter(model=model, name=name.strip()).select_related("subject").first()


def configuration_lines(configuration: dict[str, Any]) -> list[tuple[str, str]]:
    """Return a configuration as (key, value) lines; the keys of nested objects are joined by dots."""
    lines: list[tuple[str, str]] = []
    for key, value in configuration.items():
        if isinstance(value, dict) and value:
            lines.extend((f"{key}.{inner}", text) for inner, text in configuration_lines(value))
        else:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            lines.append((str(key), text))
    return lines
