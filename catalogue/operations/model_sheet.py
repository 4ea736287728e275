"""Import models, their aliases and their versions from a table: a row for a model, or for a version.

All rows are written, or none. A blank cell changes nothing, so a table can be imported again: rows that say
what is there already change nothing. A check writes all rows too, and takes them back.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from catalogue.models import Model
from catalogue.operations import alias as aliases
from catalogue.operations import model as models
from catalogue.operations import version as versions
from catalogue.queries.model import is_called, models_called
from catalogue.queries.version import version_called
from catalogue.states import Stage, Tier, VersionStage
from kit.actor import Actor
from kit.refusals import Refused
from kit.rights import may
from people.models import Team, User

# All rows are written in one request, which keeps other models from being registered meanwhile.
MAX_ROWS = 200
# Column -> what it has, for the page and the errors.
COLUMNS = {
    "model": "its name, or a name that tools use; required",
    "purpose": "what it decides",
    "owner_team": "slug of a team",
    "developer": "e-mail address",
    "tier": "1 to 4",
    "stage": ", ".join(Stage.values),
    "link": "https address",
    "aliases": "other names, separated by semicolons",
    "version": "name or number of a version of the model",
    "version_stage": ", ".join(VersionStage.values),
    "parent": "the version it was made from",
    "data_set": "where its data is",
    "code": "where its code is",
    "trigger": "why it was trained",
    "made_at": "when it was trained, such as 2026-11-23",
}
_MOST = {
    "model": 120,
    "purpose": 20_000,
    "link": 200,
    "version": 120,
    "data_set": 500,
    "code": 500,
    "trigger": 500,
}
_OF_VERSION = ("data_set", "code", "trigger")


@dataclass(frozen=True, slots=True)
class SheetRow:
    """What a row did, or would do. line: in the table, from 1. column, problem: "" if nothing is wrong."""

    line: int
    model: str
    version: str
    result: str
    column: str = ""
    problem: str = ""


class _TakenBack(Exception):
    """Rolls back what a check, or a table with a problem, wrote."""


def known_columns(texts: Sequence[str]) -> int:
    """Return how many texts of a row are names of columns."""
    return sum(column_of(text) in COLUMNS for text in texts)


def column_of(text: str) -> str:
    """Return the column that a heading names: "Owner team" is "owner_team"."""
    return text.strip().lower().replace(" ", "_").replace("-", "_")


def take(
    header: Sequence[str],
    rows: Sequence[tuple[int, Sequence[Any]]],
    *,
    is_check: bool,
    by: Actor,
    at: datetime,
) -> list[SheetRow]:
    """Write the rows of a table, or only say what they would do. Nothing is written if one has a problem.

    rows: line and cells. Raises Refused(field="csv") for a table without rows or with unknown columns.
    """
    columns = _columns(header)
    if not rows:
        raise Refused("The table has no rows under its header.", field="csv")
    if len(rows) > MAX_ROWS:
        text = f"The table has {len(rows):,} rows. Import at most {MAX_ROWS} at a time: split it."
        raise Refused(text, field="csv")
    results: list[SheetRow] = []
    try:
        with transaction.atomic():
            for line, cells in rows:
                texts = {name: _text(cell) for name, cell in zip(columns, cells, strict=False)}
                results.append(_take_row(line, texts, by=by, at=at))
            if is_check or any(row.problem for row in results):
                raise _TakenBack
    except _TakenBack:
        pass
    return results


def _columns(header: Sequence[str]) -> list[str]:
    columns = [column_of(text) for text in header]
    unknown = [text for text, name in zip(header, columns, strict=True) if name not in COLUMNS]
    if unknown:
        raise Refused(f"The column “{unknown[0][:80]}” is unknown. Use {', '.join(COLUMNS)}.", field="csv")
    if "model" not in columns:
        raise Refused("Add the column “model” with the names of the models.", field="csv")
    if len(set(columns)) < len(columns):
        raise Refused("A column is there twice. Remove one of them.", field="csv")
    return columns


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.isoformat() if hasattr(cell, "isoformat") else str(cell).strip()


def _take_row(line: int, row: Mapping[str, str], *, by: Actor, at: datetime) -> SheetRow:
    name, version = row.get("model", ""), row.get("version", "")
    try:
        with transaction.atomic():
            done = _write(row, by=by, at=at)
    except Refused as refusal:
        column = refusal.field if refusal.field in COLUMNS else "model"
        return SheetRow(line, name, version, "refused", column, refusal.message)
    return SheetRow(line, name, version, ", ".join(done) or "unchanged")


def _write(row: Mapping[str, str], *, by: Actor, at: datetime) -> list[str]:
    """Write one row and return what it did. Raises Refused with the column."""
    for column, most in _MOST.items():
        if len(row.get(column, "")) > most or "\x00" in row.get(column, ""):
            raise Refused(f"Use at most {most:,} characters, without NUL.", field=column)
    if not row.get("model"):
        raise Refused("Enter the name of the model.", field="model")
    model, values = models_called([row["model"]]).get(row["model"]), _model_values(row, by)
    done = []
    if model is None:
        if not may(by.person, "catalogue.model_add"):
            raise Refused("You may not register models.", field="model")
        stage = _choice(row.get("stage") or Stage.PRODUCTION, "stage", Stage.values)
        model = models.add(name=row["model"], **values, stage=stage, by=by, at=at)
        done.append("new model")
    else:
        done += _change_model(model, values, row.get("stage", ""), by=by, at=at)
    done += _add_aliases(model, row.get("aliases", ""), by=by, at=at)
    if row.get("version"):
        done += _write_version(model, row, by=by, at=at)
    return done


def _change_model(
    model: Model, values: Mapping[str, Any], stage: str, *, by: Actor, at: datetime
) -> list[str]:
    """Change what differs. Raises Refused for a model that the author may not change, or not even see."""
    if not model.subject.is_visible_to(by.person) or not may(by.person, "catalogue.model_change", model):
        raise Refused("You may not change the model of this name.", field="model")
    before = model.version
    models.change(model, values, by=by, at=at)
    if stage and _choice(stage, "stage", Stage.values) != model.stage:
        models.move_stage(model, stage.lower(), by=by, at=at)
    return ["model changed"] if model.version != before else []


def _model_values(row: Mapping[str, str], by: Actor) -> dict[str, Any]:
    """Return the values of the cells about the model that are not blank."""
    readers: dict[str, Callable[[str], Any]] = {
        "purpose": str,
        "link": _link,
        "tier": lambda text: int(_choice(text, "tier", [str(tier.value) for tier in Tier])),
        "owner_team": lambda text: _row_of(
            Team.objects.visible_to(by.person), "owner_team", slug=text.lower()
        ),
        "developer": lambda text: _row_of(User.objects.active(), "developer", email__iexact=text),
    }
    return {column: read(row[column]) for column, read in readers.items() if row.get(column)}


def _row_of(rows: Any, column: str, **lookup: str) -> Any:
    found = rows.filter(**lookup).first()
    if found is None:
        raise Refused("It is not known here. Check the spelling.", field=column)
    return found


def _link(text: str) -> str:
    if not text.lower().startswith(("https://", "http://")) or any(letter.isspace() for letter in text):
        raise Refused("Use an address that begins with https://.", field="link")
    return text


def _choice(text: str, column: str, values: Sequence[str]) -> str:
    if text.lower() not in values:
        raise Refused(f"Use one of {', '.join(values)}.", field=column)
    return text.lower()


def _add_aliases(model: Model, text: str, *, by: Actor, at: datetime) -> list[str]:
    names = [name.strip() for name in text.split(";") if name.strip()]
    new = [name for name in names if not is_called(model, name)]
    for name in new:
        try:
            aliases.add(model, name=name, by=by, at=at)
        except Refused as refusal:
            raise Refused(refusal.message, field="aliases") from None
    return [f"{len(new)} new alias{'' if len(new) == 1 else 'es'}"] if new else []


def _write_version(model: Model, row: Mapping[str, str], *, by: Actor, at: datetime) -> list[str]:
    values: dict[str, Any] = {column: row[column] for column in _OF_VERSION if row.get(column)}
    if row.get("version_stage"):
        values["stage"] = _choice(row["version_stage"], "version_stage", VersionStage.values)
    if row.get("made_at"):
        values["made_at"] = _moment(row["made_at"])
    if row.get("parent"):
        values["parent"] = version_called(model, row["parent"])
        if values["parent"] is None:
            raise Refused("The model has no version of this name. Put its row first.", field="parent")
    version = version_called(model, row["version"])
    if version is None:
        versions.register(model, name=row["version"], **values, by=by, at=at)
        return ["new version"]
    before = version.version
    versions.change(version, values, by=by, at=at)
    return ["version changed"] if version.version != before else []


def _moment(text: str) -> datetime:
    """Return a moment; a day is its beginning. Without an offset it is in the zone of the author."""
    try:
        moment = parse_datetime(text) or None
        day = parse_date(text) if moment is None else None
    except ValueError:
        moment = day = None
    if day is not None:
        moment = datetime.combine(day, time())
    if moment is None or not 1970 <= moment.year <= 2100:
        raise Refused("Use a day such as 2026-11-23 or a moment such as 2026-11-23T08:30Z.", field="made_at")
    return moment if moment.tzinfo else timezone.make_aware(moment)
