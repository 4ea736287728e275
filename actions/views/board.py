"""The board of actions: a column a state, each in pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import BadRequest
from django.db.models import Q
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from actions import queries
from actions.filters import BOARD
from actions.models import Action
from actions.states import MOVES, ActionState
from actions.views.steps import needs_form, prepare
from kit import clock
from kit.refusals import Refused
from kit.rights import may, view_needs
from lists.paging import KeysetPage
from lists.specification import Selection
from pages.answers import is_fragment, respond
from pages.listing import Listing, reader_of, selection_of
from people.models import User
from people.permissions import SignedInRequest

COLUMNS = (ActionState.OPEN, ActionState.DOING, ActionState.BLOCKED, ActionState.DONE)
_NO_PAGE = KeysetPage([], None, None)


@dataclass(frozen=True, slots=True)
class Card:
    """A card of the board. moves: (state, label, whether it needs a form) of each column it can move to."""

    action: Action
    moves: Sequence[tuple[ActionState, str, bool]]


@dataclass(frozen=True, slots=True)
class BoardColumn:
    """A page of one column. count: of all its cards. more: the query of the next page, "" on the last.

    is_first: it starts with the first card.
    """

    state: ActionState
    cards: Sequence[Card]
    count: int
    more: str
    is_first: bool


@require_safe
@view_needs("actions.action_view")
def action_board(request: SignedInRequest) -> HttpResponse:
    """Show the board: open, doing and blocked actions, and those done in the last 14 days.

    ?column= with ?after= shows the next page of one column; htmx gets only its cards.
    """
    selection = selection_of(request, BOARD)
    named, after = _place(request.GET.get("column", ""), selection)
    shown = [ActionState(named)] if named and is_fragment(request) else COLUMNS
    condition = _condition(selection, request)
    columns = _columns(request.user, selection, condition, shown, {named: after} if named else {})
    context: dict[str, Any] = {
        "columns": columns,
        "selection": selection,
        "listing": Listing(request.user, BOARD, selection, Action.objects.none(), _NO_PAGE),
        "is_mine": selection.has("show", "mine"),
        "may_add": may(request.user, "actions.action_add"),
    }
    if len(columns) == 1:
        return respond(request, "actions/_board_cards.html", None, {"column": columns[0]})
    return respond(request, "actions/action_board.html", "board", context)


def _place(column: str, selection: Selection) -> tuple[str, str | None]:
    """Return the column that is paged and its cursor. Raises BadRequest."""
    after = selection.place.get("after")
    if {"before", "limit"} & selection.place.keys():
        raise BadRequest("before, limit: Use column and after.")
    if column and column not in COLUMNS:
        raise BadRequest(f"column: Use one of {', '.join(COLUMNS)}.")
    if bool(column) != (after is not None):
        raise BadRequest("column: Send it with after, the cursor of that column.")
    return column, after


def _condition(selection: Selection, request: SignedInRequest) -> Q:
    reader, condition = reader_of(request), Q()
    for name, values in selection.values.items():
        condition &= BOARD.filters[name].condition(values, reader)
    return condition


def _columns(
    user: User,
    selection: Selection,
    condition: Q,
    shown: Sequence[ActionState],
    places: dict[str, str | None],
) -> list[BoardColumn]:
    """Return the columns: a query for each, and three for all of them."""
    at = clock.now()
    counts = queries.column_counts(user, condition, at=at)
    pages = {}
    for state in shown:
        try:
            pages[state] = queries.column(user, state, condition, at=at, after=places.get(state))
        except Refused:  # a cursor of another column: show the first page
            pages[state] = queries.column(user, state, condition, at=at)
    rows = [row for page in pages.values() for row in page.rows]
    queries.load_teams_of_owners(rows)
    prepare(user, rows)
    return [
        BoardColumn(
            state,
            [Card(row, _moves(row)) for row in page.rows],
            counts.get(state, 0),
            f"{selection.query(column=state, after=page.after)}" if page.after else "",
            is_first=state not in places,
        )
        for state, page in pages.items()
    ]


def _moves(action: Action) -> list[tuple[ActionState, str, bool]]:
    """Return the columns that a card can move to, for its menu."""
    return [
        (
            state,
            f"{state.label}…" if needs_form(action, state) else str(state.label),
            needs_form(action, state),
        )
        for state in COLUMNS
        if (action.state, state) in MOVES
    ]
