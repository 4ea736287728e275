"""What an import would do: a result for each row of its sheet, computed from present data. Writes nothing."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Choices

from catalogue.models import Model
from kit.refusals import Refused
from kit.rights import may
from people.models import Team, User
from people.queries import why_no_owner
from risklog.columns import DateOrder, Wrong, figure_words, fold, order_of, value_of
from risklog.models import Category, Import, ImportRow, Risk
from risklog.models.matrix import present_matrix
from risklog.queries import acceptance
from risklog.queries.scores import moved_review
from risklog.register_checks import WITHOUT_EVIDENCE
from risklog.states import RiskState, RowResult, Treatment
from talk import tags
from talk.models import Tag

# The fields that only a new risk takes over. For an existing risk they belong to the steps of its page.
OF_NEW_RISKS = ("state", "accepted_until", "acceptance_reason", "closing_evidence")
MAX_TITLE = 200


@dataclass(slots=True)
class PlannedRow:
    """What happens with a row.

    values: field -> value to write. risk: the existing one, None for a new one. created: the new one, once
    the import is applied. new_category: the name of a category to create first, "" for none. changes,
    problems, remarks: as in ImportRow.
    """

    row: ImportRow
    values: dict[str, Any] = field(default_factory=dict)
    risk: Risk | None = None
    created: Risk | None = None
    new_category: str = ""
    changes: list[list[str]] = field(default_factory=list)
    problems: list[tuple[int | None, str]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def is_as_stored(self) -> bool:
        """Return whether the stored row has this result, for the same reasons and with the same values."""
        row = self.row
        mine = (self.result, self.changes, [list(one) for one in self.problems], self.risk_id)
        return mine == (row.result, row.changes, row.problems, row.risk_id)

    @property
    def risk_id(self) -> int | None:
        return self.risk.pk if self.risk else None

    @property
    def result(self) -> RowResult:
        if self.problems:
            return RowResult.REFUSED
        if self.risk is None:
            return RowResult.NEW
        return RowResult.CHANGED if self.changes else RowResult.UNCHANGED


# Rows that are planned between two calls of `note`.
_PART = 250


def plan(
    found: Import, user: User, *, today: date, note: Callable[[int], None] | None = None
) -> list[PlannedRow]:
    """Return the plan of every row, in the order of the sheet. A constant number of queries.

    user: the author, who must be able to see and to change what the rows name. today: the day in the time
    zone of the organisation. note: called now and then with the number of steps that are done. A row takes
    two: it is read, and it is compared.
    """
    rows = list(found.rows.order_by("line"))
    return _Planner(found, user, today).plan(rows, note or (lambda steps: None))


class _Planner:
    """Reads cells and looks up names.

    places: field -> its column. orders: column -> the order of its dates.
    """

    def __init__(self, found: Import, user: User, today: date) -> None:
        self.found, self.user, self.today = found, user, today
        self.places = {name: place for place, name in enumerate(found.mapping) if name}
        self.names = _Names(user)
        self.matrix = present_matrix()
        self.words = figure_words(self.matrix)
        self.may_accept = may(user, "risklog.risk_accept")
        self.last_accepted = acceptance.last_day(today)
        self.may_create_category = found.creates_categories and may(user, "risklog.category_change")

    def plan(self, rows: Sequence[ImportRow], note: Callable[[int], None]) -> list[PlannedRow]:
        order = DateOrder(self.found.date_order)
        self.orders = {
            place: order_of((row.cells[place] for row in rows), order) for place in self.places.values()
        }
        planned = []
        for row in rows:
            planned.append(self._read(PlannedRow(row)))
            if len(planned) % _PART == 0:
                note(len(planned))
        self._match(planned)
        for number, one in enumerate(planned, start=1):
            if one.risk is None:
                self._complete(one)
            else:
                self._compare(one)
            if number % _PART == 0:
                note(len(planned) + number)
        return planned

    # ---------------------------------------------------------- cells

    def _read(self, one: PlannedRow) -> PlannedRow:
        for name, place in self.places.items():
            try:
                value = value_of(name, one.row.cells[place], self.orders[place], self.words)
                if value is not None:
                    one.values[name] = self._resolved(one, name, value)
            except Wrong as error:
                one.problems.append((place, str(error)))
        return one

    def _resolved(self, one: PlannedRow, name: str, value: Any) -> Any:
        """Return the object that a name names, for the fields that refer to objects. Raises Wrong."""
        if name == "category":
            return self._category(one, value)
        if name in _NOUNS:
            return self.names.one(name, value)
        if name == "tags":
            return self._checked_tags(value)
        return value

    def _category(self, one: PlannedRow, text: str) -> Category | None:
        """Return the category of this name; None for one that the import creates first. Raises Wrong."""
        if (category := self.names.categories.get(fold(text))) is not None:
            return category
        if self.found.creates_categories and not self.may_create_category:
            raise Wrong(f"There is no category “{text}”, and only risk managers create categories.")
        if not self.may_create_category:
            raise Wrong(f"There is no category “{text}”. Correct it, or tick “Create missing categories”.")
        one.new_category = text
        return None

    def _checked_tags(self, texts: Sequence[str]) -> list[str]:
        """Return tags as a risk may have them. Raises Wrong."""
        try:
            names = tags.checked(tags.tidy(texts))
        except Refused as refusal:
            raise Wrong(refusal.message) from None
        if retired := [name for name in names if name in self.names.retired_tags]:
            raise Wrong(f"The tag “{retired[0]}” is retired. Use another one.")
        return names

    # ---------------------------------------------------------- existing risks

    def _match(self, planned: Sequence[PlannedRow]) -> None:
        """Find the risk of each reference or external id among those that the author may see."""
        self._match_references(planned)
        keys = [one.values["external_id"] for one in planned if one.values.get("external_id")]
        known: dict[str, Risk] = {}
        rows = Risk.objects.visible_to(self.user).filter(external_id__in=set(keys))
        for risk in rows.select_related(*_RELATED).order_by("-id"):
            known[risk.external_id] = risk  # the oldest one wins
        lines: dict[str, int] = {}
        for one in planned:
            key = one.values.get("external_id")
            if not key:
                continue
            if key in lines:
                place = self.places["external_id"]
                one.problems.append((place, f"Line {lines[key]} has the same external ID. Keep one of them."))
            lines.setdefault(key, one.row.line)
            one.risk = one.risk or known.get(key)
        self._refuse_second_rows(planned)

    @staticmethod
    def _refuse_second_rows(planned: Sequence[PlannedRow]) -> None:
        """Refuse a row about a risk that an earlier row is about, by its reference or its external id."""
        lines: dict[int, int] = {}
        for one in planned:
            if one.risk is None:
                continue
            first = lines.setdefault(one.risk.pk, one.row.line)
            if first != one.row.line and not one.problems:
                message = f"Line {first} is about {one.risk.reference}, too. Keep one of them."
                one.problems.append((None, message))

    def _match_references(self, planned: Sequence[PlannedRow]) -> None:
        wanted = {one.values["reference"].upper() for one in planned if one.values.get("reference")}
        visible = Risk.objects.visible_to(self.user).select_related(*_RELATED)
        known = {risk.reference: risk for risk in visible.filter(subject__reference__in=wanted)}
        for one in planned:
            if not (reference := one.values.pop("reference", "").upper()):
                continue
            one.risk = known.get(reference)
            if one.risk is None:
                message = f"There is no risk {reference}. Leave this column out to create new risks."
                one.problems.append((self.places["reference"], message))

    def _compare(self, one: PlannedRow) -> None:
        """Keep only the values that differ from the risk. An empty cell changes nothing."""
        risk = one.risk
        assert risk is not None
        if not may(self.user, "risklog.risk_change", risk):
            one.problems.append((None, f"You cannot change {risk.reference}. Ask its owner."))
        for name in OF_NEW_RISKS:
            value = one.values.pop(name, None)
            if name == "state" and value not in (None, risk.state):
                one.remarks.append(
                    f"{risk.reference} stays {risk.get_state_display()}. Take the step on its page."
                )
        given = one.values
        one.values = {name: value for name, value in given.items() if getattr(risk, name) != value}
        if one.values and (due_on := moved_review(risk, given, self.today, self.matrix)):
            one.values["review_on"] = due_on
        if one.new_category:
            one.changes.append(["category", str(risk.category), one.new_category])
        one.changes += [
            [name, self._present(risk, name), _shown(value)]
            for name, value in one.values.items()
            if name != "category" or value is not None
        ]
        # A date of the sheet wins over a higher level, also if it is the same date.
        if "review_on" in given:
            one.values["review_on"] = given["review_on"]
        self._check_owner(one)
        residual = [one.values.get(name, getattr(risk, name)) for name in _RESIDUAL]
        self._check_residual(one, residual)

    def _present(self, risk: Risk, name: str) -> str:
        """Return the stored value as text; "" for a model that the author may not see."""
        value = getattr(risk, name)
        is_hidden = isinstance(value, Model) and not value.subject.is_visible_to(self.user)
        return "" if is_hidden else _shown(value)

    # ---------------------------------------------------------- new risks

    def _complete(self, one: PlannedRow) -> None:
        """Fill in what a new risk needs, and note what is missing."""
        values = one.values
        if "title" not in self.places and values.get("description"):
            values["title"] = beginning(values["description"])
        if not values.get("title") and self._is_empty(one, "title"):
            one.problems.append((self.places.get("title"), "Every risk needs a title."))
        if "category" not in values and self._is_empty(one, "category"):
            values["category"] = self.found.category
            if self.found.category is None:
                message = "Every risk needs a category. Fill it in, or choose one for all rows without."
                one.problems.append((self.places.get("category"), message))
        values.setdefault("likelihood", 3)
        values.setdefault("impact", 3)
        self._check_residual(one, [values.get(name) for name in _RESIDUAL])
        self._check_state(one)
        self._check_owner(one)
        level = self.matrix.level(values["likelihood"], values["impact"])
        shown = {
            "title": values.get("title"),
            **values,
            "category": values.get("category") or one.new_category,
            "level": self.matrix.levels[level],
        }
        one.changes = [[name, "", _shown(value)] for name, value in shown.items() if value not in (None, "")]

    def _is_empty(self, one: PlannedRow, name: str) -> bool:
        """Return whether the row has no text for a field. A text that was refused is not empty."""
        place = self.places.get(name)
        return place is None or not one.row.cells[place]

    def _check_residual(self, one: PlannedRow, residual: Sequence[int | None]) -> None:
        if (residual[0] is None) != (residual[1] is None):
            missing = _RESIDUAL[residual.index(None)]
            message = "Give both residual likelihood and residual impact, or neither."
            one.problems.append((self.places.get(missing), message))

    def _check_owner(self, one: PlannedRow) -> None:
        if reason := why_no_owner(one.values.get("owner")):
            one.problems.append((self.places["owner"], reason))

    def _check_state(self, one: PlannedRow) -> None:
        values = one.values
        state = values.get("state")
        if state == RiskState.CLOSED:
            if not values.get("closing_evidence"):
                values["closing_evidence"] = WITHOUT_EVIDENCE
                one.remarks.append("It is closed without evidence.")
        else:
            values.pop("closing_evidence", None)
        if state == RiskState.ACCEPTED:
            self._check_acceptance(one)
        else:
            if values.pop("accepted_until", None) or values.pop("acceptance_reason", None):
                one.remarks.append("Its acceptance is left out, because its state is not accepted.")
            values.pop("acceptance_reason", None)

    def _check_acceptance(self, one: PlannedRow) -> None:
        """Apply the rules of accepting a risk on its page."""
        values, place = one.values, self.places["state"]
        until = values.get("accepted_until")
        if until is None:
            message = "An accepted risk needs a date in the future until which it is accepted."
        else:
            message = acceptance.problem_of(until, today=self.today, last=self.last_accepted)
        if message:
            one.problems.append((self.places.get("accepted_until", place), message))
        if not values.get("acceptance_reason"):
            message = "An accepted risk needs the reason for accepting it."
            one.problems.append((self.places.get("acceptance_reason", place), message))
        if not self.may_accept or values.get("owner") == self.user:
            message = "Only a risk manager who does not own the risk can accept it. Import it as treating."
            one.problems.append((place, message))
        values["treatment"] = Treatment.ACCEPT
        values["review_on"] = until


def beginning(text: str) -> str:
    """Return the first sentence or line of a text as a title, at most 200 characters."""
    first = re.split(r"(?<=[.!?])\s|\n", text.strip(), maxsplit=1)[0].strip()
    return first.rstrip(".") if len(first) <= MAX_TITLE else f"{first[: MAX_TITLE - 1].rsplit(' ', 1)[0]}…"


# The fields that name an object, and what it is called.
_NOUNS = {"model": "model", "team": "team", "owner": "person"}
_RELATED = ("subject", "category__subject", "model__subject", "team__subject", "owner__subject")
_RESIDUAL = ("residual_likelihood", "residual_impact")


class _Names:
    """Folded name -> the objects that the author may name. One query each."""

    def __init__(self, user: User) -> None:
        categories = Category.objects.visible_to(user).filter(is_retired=False).select_related("subject")
        merged = Category.objects.visible_to(user).filter(merged_into__isnull=False)
        merged = merged.select_related("merged_into__subject")
        # The names of merged categories stand for those that took over their risks.
        self.categories = {
            **{fold(text): one.merged_into for one in merged for text in (one.name, one.slug)},
            **{fold(text): one for one in categories for text in (one.name, one.slug)},
        }
        models = _named(Model.objects.visible_to(user).select_related("subject", "owner_team"), "slug")
        teams = Team.objects.visible_to(user).filter(subject__is_retired=False).select_related("subject")
        by_team = _named(teams, "slug")
        self.retired_tags = set(Tag.objects.filter(retired_at__isnull=False).values_list("name", flat=True))
        people = User.objects.active().visible_to(user).select_related("subject")
        by_person = _named(people, "email", "handle")
        self.of_field = {"model": models, "team": by_team, "owner": by_person}

    def one(self, field: str, text: str) -> Any:
        """Return the only object of this name for a field of _NOUNS. Raises Wrong."""
        found = self.of_field[field].get(fold(text), [])
        if len(found) == 1:
            return found[0]
        if not found:
            raise Wrong(f"There is no {_NOUNS[field]} “{text[:80]}”. Correct it, or leave the cell empty.")
        raise Wrong(f"{len(found)} are called “{text[:80]}”. Use the email or the short name.")


def _named(rows: Iterable[Any], *keys: str) -> dict[str, list[Any]]:
    known: dict[str, list[Any]] = {}
    for row in rows:
        for text in {fold(row.name), *(fold(getattr(row, key)) for key in keys)}:
            known.setdefault(text, []).append(row)
    return known


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    text = str(value.label if isinstance(value, Choices) else getattr(value, "name", value))
    return text if len(text) <= 200 else f"{text[:199]}…"
