"""The columns of an imported sheet of risks, and those that the list of risks can show.

Pure: it knows neither the database nor who imports. A cell is read into plain values. Names of people,
models, teams and categories stay texts, which risklog.queries.import_plan looks up.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import TextChoices

from lists.sheets import Cell
from lists.workbook_gaps import NOT_COMPUTED
from risklog import scoring
from risklog.scoring import Matrix
from risklog.states import RiskState, Treatment


class DateOrder(TextChoices):
    """How a date such as 3/4/2026 is read."""

    AUTO = "auto", "Tell from the column"
    DAY_FIRST = "day", "Day first: 31.12.2026"
    MONTH_FIRST = "month", "Month first: 12/31/2026"


class Wrong(ValueError):
    """A cell that cannot be read. The message names the fix."""


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """A field of a risk that a column of a sheet can fill.

    aliases: folded names (see fold()) that people give such a column. parse: a function from a cell and the
    order of its dates to the value; raises Wrong.
    """

    label: str
    aliases: tuple[str, ...]
    parse: Callable[[Cell, DateOrder], Any]


# What people write into a cell that has no value yet.
_NOTHING = {"-", "\u2013", "\u2014", "n/a", "N/A", "na", "NA", "none", "None", "TBD", "tbd", "?"}
_NOT_COMPUTED = "The formula has no stored value. Open the file in a spreadsheet program and save it."
_ERRORS = {"#REF!", "#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"}
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("jan", "january"), ("feb", "february"), ("mar", "march"), ("apr", "april"), ("may",),
            ("jun", "june"), ("jul", "july"), ("aug", "august"), ("sep", "sept", "september"),
            ("oct", "october"), ("nov", "november"), ("dec", "december"),
        ),
        1,
    )
    for name in names
}  # fmt: skip
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*)?")
_NUMERIC = re.compile(r"(\d{1,2})[-/. ]+(\d{1,2})[-/. ]+(\d{4}|\d{2})")
_DAY_MONTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[-. ]+([a-z]+)[-., ]+(\d{4})", re.IGNORECASE)
_MONTH_DAY = re.compile(r"([a-z]+)[-. ]+(\d{1,2})(?:st|nd|rd|th)?[-., ]+(\d{4})", re.IGNORECASE)
_FIGURE = re.compile(r"([1-5])(?:[.,]0+)?(?:\s*/\s*5|\s*[-\u2013:.(]\s*[a-z].*|\s[a-z].*)?", re.IGNORECASE)
# A date that a spreadsheet program stored as its number of days; the range is 1982 to 2064.
_SERIAL_FROM, _SERIAL_TO, _SERIAL_START = 30_000, 60_000, date(1899, 12, 30)

_FIGURES = {
    **{name.lower(): number for number, name in scoring.LIKELIHOODS.items()},
    **{name.lower(): number for number, name in scoring.IMPACTS.items()},
    "very low": 1, "minimal": 1, "insignificant": 1, "improbable": 1, "low": 2, "medium": 3, "moderate": 3,
    "high": 4, "probable": 4, "very high": 5, "critical": 5, "extreme": 5, "catastrophic": 5, "certain": 5,
}  # fmt: skip
_TREATMENTS = {
    **{str(one.value): one for one in Treatment},
    "reduce": Treatment.MITIGATE, "treat": Treatment.MITIGATE, "mitigation": Treatment.MITIGATE,
    "control": Treatment.MITIGATE, "tolerate": Treatment.ACCEPT, "retain": Treatment.ACCEPT,
    "acceptance": Treatment.ACCEPT, "share": Treatment.TRANSFER, "insure": Treatment.TRANSFER,
    "terminate": Treatment.AVOID, "eliminate": Treatment.AVOID,
}  # fmt: skip
_STATES = {
    **{str(one.value): one for one in RiskState},
    "new": RiskState.OPEN, "identified": RiskState.OPEN, "todo": RiskState.OPEN, "active": RiskState.OPEN,
    "draft": RiskState.OPEN, "in review": RiskState.ASSESSING, "under review": RiskState.ASSESSING,
    "analysis": RiskState.ASSESSING, "in progress": RiskState.TREATING, "mitigating": RiskState.TREATING,
    "ongoing": RiskState.TREATING, "mitigated": RiskState.MONITORING, "watch": RiskState.MONITORING,
    "monitored": RiskState.MONITORING, "tolerated": RiskState.ACCEPTED, "done": RiskState.CLOSED,
    "resolved": RiskState.CLOSED, "complete": RiskState.CLOSED, "completed": RiskState.CLOSED,
}  # fmt: skip


def fold(text: str) -> str:
    """Return a text for comparisons: without case, accents, punctuation and doubled blanks."""
    plain = "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
    return " ".join(re.sub(r"[^\w]+|_+", " ", plain.casefold()).split())


def text_of(cell: Cell) -> str:
    """Return a cell as a person reads it in the sheet."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        is_day = (cell.hour, cell.minute, cell.second) == (0, 0, 0)
        return cell.date().isoformat() if is_day else cell.isoformat(" ", "minutes")
    return str(cell).strip()


def _text(longest: int) -> Callable[[Cell, DateOrder], str]:
    def parse(cell: Cell, order: DateOrder) -> str:
        text = text_of(cell)
        if len(text) > longest:
            raise Wrong(f"Shorten this to {longest} characters. It has {len(text)}.")
        return text

    return parse


def _figure(cell: Cell, order: DateOrder) -> int:
    text = text_of(cell)
    if match := _FIGURE.fullmatch(text):
        return int(match[1])
    if (number := _FIGURES.get(fold(text))) is not None:
        return number
    raise Wrong(f"“{text[:40]}” is not on the scale. Use 1 to 5, or words such as Low, Medium, High.")


def _chosen(choices: Mapping[str, Any], labels: Iterable[str]) -> Callable[[Cell, DateOrder], Any]:
    listed = ", ".join(labels)

    def parse(cell: Cell, order: DateOrder) -> Any:
        text = text_of(cell)
        if (value := choices.get(fold(text))) is None:
            raise Wrong(f"“{text[:40]}” is not known here. Use one of {listed}.")
        return value

    return parse


def _tags(cell: Cell, order: DateOrder) -> list[str]:
    parts = (" ".join(part.lower().split()) for part in re.split(r"[,;\n]", text_of(cell)))
    tags = [tag for tag in dict.fromkeys(parts) if tag]
    if len(tags) > 20 or any(len(tag) > 60 for tag in tags):
        raise Wrong("Use at most 20 tags of at most 60 characters.")
    return tags


def _day(cell: Cell, order: DateOrder) -> date:
    if isinstance(cell, date):
        return cell.date() if isinstance(cell, datetime) else cell
    text = text_of(cell)
    try:
        if (found := _written_day(text, order)) is not None:
            return found
    except Wrong:
        raise
    except (ValueError, KeyError):  # the 31st of February, a word that is no month
        pass
    raise Wrong(f"“{text[:40]}” is not a date. Use 2026-12-31 or 31.12.2026.")


def _written_day(text: str, order: DateOrder) -> date | None:
    """Return the day that a text has, None for another text. Raises ValueError, KeyError, Wrong."""
    if text.isascii() and text.isdigit() and _SERIAL_FROM <= int(text) <= _SERIAL_TO:
        return _SERIAL_START + timedelta(days=int(text))
    if match := _ISO.fullmatch(text):
        return date(int(match[1]), int(match[2]), int(match[3]))
    if match := _DAY_MONTH.fullmatch(text):
        return date(int(match[3]), _MONTHS[match[2].lower()], int(match[1]))
    if match := _MONTH_DAY.fullmatch(text):
        return date(int(match[3]), _MONTHS[match[1].lower()], int(match[2]))
    if match := _NUMERIC.fullmatch(text):
        return _numeric_day(text, *(int(part) for part in match.groups()), order=order)
    return None


def _numeric_day(text: str, first: int, second: int, year: int, *, order: DateOrder) -> date:
    year += 2000 if year < 100 else 0
    if first > 12:
        return date(year, second, first)
    if second > 12 or first == second:
        return date(year, first, second)
    if order == DateOrder.AUTO:
        raise Wrong(f"“{text}” has two meanings. Choose which comes first, day or month.")
    day, month = (first, second) if order == DateOrder.DAY_FIRST else (second, first)
    return date(year, month, day)


COLUMNS: dict[str, SheetColumn] = {
    "title": SheetColumn(
        "Title", ("title", "risk", "risk title", "risk name", "name", "summary", "headline"), _text(200)
    ),
    "reference": SheetColumn("Reference", ("reference", "riskhub reference"), _text(20)),
    "external_id": SheetColumn(
        "External ID",
        ("external id", "id", "risk id", "ref", "reference", "number", "no", "nr", "key", "issue key"),
        _text(120),
    ),
    "category": SheetColumn(
        "Category", ("category", "risk category", "type", "risk type", "class", "theme"), _text(80)
    ),
    "description": SheetColumn(
        "Description",
        ("description", "risk description", "details", "detail", "notes", "comment", "comments"),
        _text(50_000),
    ),
    "affected": SheetColumn(
        "Affected", ("affected", "who is affected", "affected people", "stakeholders"), _text(300)
    ),
    "cause": SheetColumn("Cause", ("cause", "causes", "risk cause", "root cause", "source"), _text(300)),
    "event": SheetColumn("Event", ("event", "risk event", "what may happen"), _text(300)),
    "effect": SheetColumn(
        "Effect", ("effect", "effects", "consequence", "consequences", "risk effect"), _text(300)
    ),
    "model": SheetColumn("Model", ("model", "model name", "ml model", "system", "asset"), _text(120)),
    "feature": SheetColumn("Feature", ("feature", "field", "variable"), _text(120)),
    "tags": SheetColumn("Tags", ("tags", "tag", "labels", "label", "keywords"), _tags),
    "team": SheetColumn(
        "Owner team", ("team", "owner team", "owning team", "department", "unit"), _text(120)
    ),
    "owner": SheetColumn(
        "Owner",
        ("owner", "risk owner", "responsible", "assignee", "assigned to", "owner email", "owner e mail"),
        _text(254),
    ),
    "likelihood": SheetColumn(
        "Likelihood",
        ("likelihood", "probability", "inherent likelihood", "prob", "l", "p"),
        _figure,
    ),
    "impact": SheetColumn(
        "Impact", ("impact", "severity", "consequence score", "inherent impact", "i", "s"), _figure
    ),
    "residual_likelihood": SheetColumn(
        "Residual likelihood", ("residual likelihood", "residual probability", "target likelihood"), _figure
    ),
    "residual_impact": SheetColumn(
        "Residual impact", ("residual impact", "residual severity", "target impact"), _figure
    ),
    "treatment": SheetColumn(
        "Treatment",
        ("treatment", "response", "risk response", "strategy", "treatment strategy"),
        _chosen(_TREATMENTS, Treatment.values),
    ),
    "state": SheetColumn(
        "State", ("state", "status", "risk status", "stage"), _chosen(_STATES, RiskState.values)
    ),
    "review_on": SheetColumn(
        "Next review",
        ("next review", "review date", "review on", "review", "next review date", "due", "due date"),
        _day,
    ),
    "accepted_until": SheetColumn(
        "Accepted until", ("accepted until", "acceptance end", "acceptance expires", "expiry"), _day
    ),
    "acceptance_reason": SheetColumn(
        "Reason for accepting",
        ("reason for accepting", "acceptance reason", "rationale", "justification"),
        _text(5_000),
    ),
    "closing_evidence": SheetColumn(
        "Evidence it is resolved",
        ("evidence it is resolved", "closing evidence", "closure", "resolution", "closure comment"),
        _text(5_000),
    ),
}
_BY_ALIAS = {alias: name for name, column in COLUMNS.items() for alias in column.aliases}


def known_in(texts: Sequence[str]) -> int:
    """Return how many of the texts of a row are names of columns."""
    return sum(fold(text) in _BY_ALIAS for text in texts)


def guess(header: Sequence[str]) -> list[str]:
    """Return the field of each column, "" for a column that is left out. A field is taken by one column."""
    chosen = [""] * len(header)
    folded = [fold(text) for text in header]
    taken: set[str] = set()
    # An exact label wins over an alias, and an earlier alias over a later one.
    for name, column in COLUMNS.items():
        for alias in column.aliases:
            if name not in taken and alias in folded and not chosen[folded.index(alias)]:
                chosen[folded.index(alias)] = name
                taken.add(name)
    return chosen


def order_of(cells: Iterable[Cell], order: DateOrder) -> DateOrder:
    """Return the order of the dates of a column: as told, else what its unambiguous dates have."""
    if order != DateOrder.AUTO:
        return order
    found = set()
    for cell in cells:
        if isinstance(cell, str) and (match := _NUMERIC.fullmatch(cell.strip())):
            if "." in cell or int(match[1]) > 12:
                found.add(DateOrder.DAY_FIRST)  # dots are used where the day comes first
            elif int(match[2]) > 12:
                found.add(DateOrder.MONTH_FIRST)
    return found.pop() if len(found) == 1 else DateOrder.AUTO


def figure_words(matrix: Matrix) -> dict[str, dict[str, int]]:
    """Return field -> folded name of a step -> its number, by the names of the organisation."""
    likelihoods = {fold(name): number for number, name in matrix.likelihoods.items()}
    impacts = {fold(name): number for number, name in matrix.impacts.items()}
    return {
        "likelihood": likelihoods,
        "residual_likelihood": likelihoods,
        "impact": impacts,
        "residual_impact": impacts,
    }


def value_of(
    name: str, cell: Cell, order: DateOrder, words: Mapping[str, Mapping[str, int]] | None = None
) -> Any:
    """Return the value of a cell for a field, None for an empty cell. words: figure_words(). Raises Wrong."""
    text = text_of(cell)
    if not text or text in _NOTHING:
        return None
    if text == NOT_COMPUTED:
        raise Wrong(_NOT_COMPUTED)
    if text in _ERRORS:
        raise Wrong(f"The cell has the error {text}. Correct its formula, or leave it empty.")
    if words and (number := words.get(name, {}).get(fold(text))) is not None:
        return number
    return COLUMNS[name].parse(cell, order)


# ------------------------------------------------------------------ the list of risks

# Name -> label of what the list can show, in the order of its menu. The export has all but the drawing.
LISTED = {
    "reference": "Reference",
    "title": "Risk",
    "level": "Level",
    "state": "State",
    "category": "Category",
    "model": "Model",
    "feature": "Feature",
    "team": "Team",
    "owner": "Owner",
    "spark": "14 days",
    "likelihood": "Inherent likelihood",
    "impact": "Inherent impact",
    "residual_likelihood": "Residual likelihood",
    "residual_impact": "Residual impact",
    "severity": "Score",
    "score_basis": "Basis of score and level",
    "treatment": "Treatment",
    "review_on": "Next review",
    "accepted_until": "Accepted until",
    "acceptance_reason": "Reason for accepting",
    "plan_due_on": "Plan due",
    "description": "Description",
    "cause": "Cause",
    "event": "Event",
    "effect": "Effect",
    "affected": "Affected",
    "tags": "Tags",
    "reported_by": "Reported by",
    "breach": "Source breach",
    "closing_evidence": "Evidence it is resolved",
    "duplicate_of": "Duplicate of",
    "external_id": "External ID",
    "confirmations": "Reviews done",
    "is_restricted": "Restricted",
    "opened_at": "Opened",
    "updated_at": "Updated",
}
