"""Checks of the rooms' declarations at start. An incomplete declaration stops `manage.py`."""

import re
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.urls import NoReverseMatch, reverse

from history import declarations
from history.declarations import EventType
from history.models import Recorded
from kit import kinds, rights
from kit.kinds import Kind, NoPage
from riskhub.flows import FLOWS

_ANY = {"reference": "A-1", "object_id": 1}


@register()
def check_kinds(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """Check that every recorded model has a kind, with a label, an icon, an address and a permission."""
    declared = {kind.key for kind in kinds.every()}
    missing = [
        Error(
            f"{model.__name__} has no kind.", hint=f"Add it to {model._meta.app_label}/kinds.py.", obj=model
        )
        for model in apps.get_models()
        if issubclass(model, Recorded) and model.KIND not in declared
    ]
    icons = _icons()
    return missing + [error for kind in kinds.every() for error in faults_of(kind, icons)]


def faults_of(kind: Kind, icons: frozenset[str] | None = None) -> list[CheckMessage]:
    """Return the faults of one kind, as errors that name the fix."""
    found: list[CheckMessage] = []
    if not (kind.label and kind.plural):
        found.append(Error(f"The kind {kind.key} has no label.", hint="Give it a label and a plural."))
    if kind.icon not in (_icons() if icons is None else icons):
        found.append(
            Error(f"The kind {kind.key} has no icon {kind.icon!r}.", hint="See static/icons/names.txt.")
        )
    if kind.permission not in rights.names():
        found.append(
            Error(
                f"The kind {kind.key} has no permission {kind.permission!r}.",
                hint="Name one that its room registers in permissions.py.",
            )
        )
    if isinstance(kind.page, NoPage):
        if not kind.page.because:
            found.append(Error(f"The kind {kind.key} has no address.", hint="Give it a Page, or a reason."))
    else:
        try:
            reverse(kind.page.url_name, args=[_ANY[kind.page.argument]])
        except (NoReverseMatch, KeyError):
            found.append(
                Error(
                    f"The kind {kind.key} has no address: {kind.page.url_name} does not resolve.",
                    hint="Name a URL that takes the subject's reference or object_id.",
                )
            )
    return found


@register()
def check_environment(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """Warn of variables that begin with RISKHUB_ and that nothing reads: the name may have a typing error."""
    return [
        Warning(
            f"No part of Riskhub reads the variable {name}.",
            hint=f"Did you mean {likely}?" if likely else "Correct its name or remove it.",
            id="riskhub.W001",
        )
        for name, likely in settings.ENVIRONMENT.unknown().items()
    ]


@register()
def check_events(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """Check that every event of a step or a flow is declared, and every declared event has its templates."""
    named = {verb for model in apps.get_models() for verb in getattr(model, "MOVES", {}).values()}
    missing = [
        Error(f"The event {verb} is not declared.", hint="Add it to the events.py of its room.")
        for verb in sorted({*named, *FLOWS})
        if declarations.find(verb) is None
    ]
    return missing + [fault for declared in declarations.every() for fault in faults_of_event(declared)]


def faults_of_event(declared: EventType) -> list[CheckMessage]:
    """Return the faults of one declared event, as errors that name the fix."""
    found: list[CheckMessage] = []
    if not _is_template(f"history/lines/{declared.verb}.html"):
        found.append(
            Error(
                f"The event {declared.verb} has no history line.",
                hint=f"Add templates/history/lines/{declared.verb}.html.",
            )
        )
    if declared.mail is not None:
        folders = (f"notices/{declared.verb}", f"notices/{declared.mail.templates}")
        found += [
            Error(
                f"The event {declared.verb} is mailed, and its mail has no {part}.",
                hint=f"Add templates/{folders[1]}/{part}.",
            )
            for part in ("subject.txt", "body.txt", "body.html")
            if not any(_is_template(f"{folder}/{part}") for folder in folders)
        ]
    if declared.mail is not None and not declared.recipients and declared.mail.address is None:
        found.append(Error(f"The event {declared.verb} is mailed to nobody.", hint="Give it recipients."))
    if declared.recipients and declared.group is None and not declared.cannot_be_silenced:
        found.append(
            Error(
                f"The event {declared.verb} has recipients and no group.",
                hint="Give it a NewsGroup, so that people can choose when to be told.",
            )
        )
    return found


def _is_template(name: str) -> bool:
    folders: Any = settings.TEMPLATES[0]["DIRS"]
    return any((Path(folder) / name).is_file() for folder in folders)


def _icons() -> frozenset[str]:
    sprite = Path(settings.BASE_DIR) / "static/icons/sprite.svg"
    return frozenset(re.findall(r'<symbol[^>]* id="([^"]+)"', sprite.read_text()))
