"""Cells of a sheet of risks."""

from datetime import date, datetime

import pytest

from risklog.columns import DateOrder, Wrong, fold, guess, known_in, order_of, value_of

AUTO, DAY, MONTH = DateOrder.AUTO, DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST


@pytest.mark.parametrize(
    ("cell", "order", "day"),
    [
        ("2026-12-31", AUTO, date(2026, 12, 31)),
        ("2026/12/31 10:00", AUTO, date(2026, 12, 31)),
        ("31.12.2026", AUTO, date(2026, 12, 31)),
        ("12/31/26", AUTO, date(2026, 12, 31)),
        ("3/3/2026", AUTO, date(2026, 3, 3)),
        ("3/4/2026", DAY, date(2026, 4, 3)),
        ("3/4/2026", MONTH, date(2026, 3, 4)),
        ("31 Dec 2026", AUTO, date(2026, 12, 31)),
        ("1st March 2027", AUTO, date(2027, 3, 1)),
        ("December 31, 2026", AUTO, date(2026, 12, 31)),
        ("46387", AUTO, date(2026, 12, 31)),
        (datetime(2026, 12, 31, 8), AUTO, date(2026, 12, 31)),
    ],
)
def test_dates_in_the_styles_of_people(cell, order, day):
    assert value_of("review_on", cell, order) == day


@pytest.mark.parametrize(
    "cell", ["soon", "31.02.2026", "99 Foo 2026", "0000-00-00", "12", "3/4/2026", "Q4 2026"]
)
def test_what_is_no_date_is_refused(cell):
    with pytest.raises(Wrong):
        value_of("review_on", cell, AUTO)


def test_the_dates_of_a_column_tell_their_order():
    assert order_of(["3/4/2026", "13/4/2026"], AUTO) == DAY
    assert order_of(["3/4/2026", "4/13/2026"], AUTO) == MONTH
    assert order_of(["3/4/2026", "", "soon"], AUTO) == AUTO
    assert order_of(["13/4/2026", "4/13/2026"], AUTO) == AUTO
    assert order_of(["4/13/2026"], DAY) == DAY


@pytest.mark.parametrize(
    ("cell", "figure"),
    [
        ("4", 4), (4.0, 4), ("4/5", 4), ("4 - Likely", 4), ("4 (High)", 4), ("High", 4), ("very high", 5),
        ("Almost certain", 5), ("MODERATE", 3), ("Negligible", 1),
    ],
)  # fmt: skip
def test_figures_of_the_scale(cell, figure):
    assert value_of("likelihood", cell, AUTO) == figure


@pytest.mark.parametrize("cell", ["6", "0", "1.5", "10", "-1", "1-2", "huge", "50%"])
def test_figures_outside_the_scale_are_refused(cell):
    with pytest.raises(Wrong, match="not on the scale"):
        value_of("impact", cell, AUTO)


@pytest.mark.parametrize("cell", ["", "  ", "-", "n/a", "TBD"])
def test_an_empty_cell_has_no_value(cell):
    assert value_of("owner", cell, AUTO) is None


def test_a_cell_with_an_error_of_its_formula_is_refused():
    with pytest.raises(Wrong, match="#REF!"):
        value_of("title", "#REF!", AUTO)


def test_states_and_treatments_by_the_words_of_other_registers():
    assert value_of("state", "In progress", AUTO) == "treating"
    assert value_of("treatment", "Reduce", AUTO) == "mitigate"
    with pytest.raises(Wrong, match="Use one of open, assessing"):
        value_of("state", "asleep", AUTO)


def test_columns_are_guessed_by_their_names_each_once():
    header = ["ID", "Risk Title", "Prob.", "Impact", "Owner e-mail", "Résponse", "Colour", "Owner"]

    assert guess(header) == ["external_id", "title", "likelihood", "impact", "", "treatment", "", "owner"]
    assert known_in(header) == 7


def test_names_are_compared_without_case_accents_and_punctuation():
    assert fold("  Übersicht_der-Risiken ") == fold("ubersicht der risiken")
