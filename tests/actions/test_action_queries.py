"""Reading actions: panels and unfinished actions."""

import pytest

from actions import queries
from tests.factories import actions, people

pytestmark = pytest.mark.django_db


def test_mine_is_unfinished_and_by_date():
    ana = people.user()
    later = actions.action(owner=ana, due_on="2026-12-24")
    undated = actions.action(owner=ana)
    sooner = actions.doing(owner=ana, due_on="2026-11-24")
    actions.done(owner=ana)
    actions.action()

    assert list(queries.mine(ana)) == [sooner, later, undated]


def test_late_begins_the_day_after(at):
    action = actions.action(due_on="2026-11-22")
    actions.action(due_on="2026-11-23")

    assert list(queries.late(at.date())) == [action]


def test_a_panel_shows_the_unfinished_first_counts_and_hides(django_assert_num_queries):
    ana, root = people.user(), actions.action()
    done = actions.done(about=root.subject)
    first = actions.action(about=root.subject)
    actions.action(about=root.subject, viewers=[people.team().subject_id])

    panel = queries.of_subject(ana, root)

    assert (list(panel.rows), panel.done, panel.total) == ([first, done], 1, 2)
    assert panel.new_for == root.reference


def test_a_panel_costs_one_query(django_assert_num_queries):
    ana, root = people.user(), actions.action()
    ana.sight  # noqa: B018
    for _ in range(3):
        actions.action(about=root.subject, owner=people.user())

    with django_assert_num_queries(1):
        panel = queries.of_subject(ana, root)
        assert [row.owner.name for row in panel.rows]
