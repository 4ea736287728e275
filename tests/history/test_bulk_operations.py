"""Many acts at once give the same rows and events as single ones, with one statement per kind of row."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from actions.models import Action
from history import bulk
from history import operations as history
from history.models import Event
from history.scope import Placement
from kit.actor import SYSTEM
from people.models import Membership, Team
from tests.factories import people

pytestmark = pytest.mark.django_db


def _teams(count, person):
    acts = []
    for number in range(count):
        team = Team(slug=f"t-{count}-{number}", name=f"T {count} {number}")
        rows = [Membership(team=team, user=person)]
        acts.append(bulk.Act(team, "people.team_added", rows=rows))
    return acts


def test_each_act_has_its_event_rows_and_note(at):
    person, old = people.user(), people.team("Old")
    viewers = [person.subject_id]
    acts = [*_teams(2, person), bulk.Act(old, "people.team_changed", values={"name": "New"})]
    acts[0].placed = Placement(viewers=viewers)

    events = bulk.perform(acts, by=SYSTEM, at=at)

    assert [row["model"] for row in events[0].data["rows"]] == ["people.team", "people.membership"]
    assert events[2].data["rows"][0]["changes"] == {"name": ["Old", "New"]}
    assert len({event.batch for event in events}) == 1
    assert acts[0].obj.subject.viewers == viewers
    assert Membership.objects.count() == 2


def test_the_number_of_statements_does_not_grow(at):
    person, counts = people.user(), []
    for size in (2, 40):
        with CaptureQueriesContext(
            connection,
        ) as caught:
            bulk.perform(_teams(size, person), by=SYSTEM, at=at)
        counts.append(len(caught))

    assert counts[0] == counts[1]
    assert Event.objects.filter(verb="people.team_added", batch__isnull=False).count() == 42


def test_a_step_has_the_verb_of_moves(at):
    action = Action(title="Cap", made_at=at - timedelta(days=1))
    history.record(action, "actions.action_opened", by=SYSTEM, at=at)

    with pytest.raises(ValueError, match="action_started"):
        bulk.perform([bulk.Act(action, "actions.odd", values={"state": "doing"})], by=SYSTEM, at=at)

    bulk.perform([bulk.Act(action, "actions.action_started", values={"state": "doing"})], by=SYSTEM, at=at)
    action.refresh_from_db()
    assert (action.state, action.version) == ("doing", 2)
