"""What types of actions demand: a reviewer from outside the owner's teams, a link and a result."""

import pytest

from actions.models import Action
from actions.operations import action as operations
from actions.operations.action import Proof
from history import relay
from history.models import Event
from kit.actor import SYSTEM
from kit.refusals import Refused
from notices.models import Entry
from people.states import Role
from tests.factories import actions, people

pytestmark = pytest.mark.django_db
LINK = "https://git.example/pull/7"


@pytest.fixture
def team():
    return people.team()


@pytest.fixture
def owner(team):
    return people.user("Ana", teams=[team])


def finish(action, at, **proof):
    return operations.finish(action, by=SYSTEM, at=at, proof=Proof(**proof))


@pytest.mark.parametrize("kind", ["code_review", "lineage_audit"])
@pytest.mark.parametrize("missing", ["reviewer", "link", "result"])
def test_it_is_not_done_without_its_proof(at, owner, kind, missing):
    action = actions.action(owner=owner, type=kind)
    proof = {"result": "fine", "reviewer": people.user(), "link": LINK}
    del proof[missing]

    with pytest.raises(Refused) as refusal:
        finish(action, at, **proof)

    assert refusal.value.field == missing
    assert Action.objects.get().state == "open"


def test_other_types_need_no_proof(at, owner):
    assert finish(actions.action(owner=owner), at).state == "done"


def test_the_reviewer_and_the_link_of_the_action_count(at, owner):
    reviewer = people.user()
    action = actions.action(owner=owner, type="code_review", reviewer=reviewer, link=LINK)

    finish(action, at, result="fine")

    assert Action.objects.get().result == "fine"


@pytest.mark.parametrize("who", ["owner", "mate", "viewer"])
def test_the_reviewer_is_somebody_from_outside(at, owner, team, who):
    reviewer = {
        "owner": owner,
        "mate": people.user(teams=[team, people.team()]),
        "viewer": people.user(role=Role.VIEWER),
    }[who]
    action = actions.action(owner=owner, type="code_review", link=LINK)

    for act in (
        lambda: actions.action(owner=owner, type="code_review", reviewer=reviewer),
        lambda: operations.change(action, {"reviewer": reviewer}, by=SYSTEM, at=at),
        lambda: finish(action, at, result="fine", reviewer=reviewer),
    ):
        with pytest.raises(Refused) as refusal:
            act()
        assert refusal.value.field == "reviewer"


def test_a_new_owner_of_the_team_of_the_reviewer_is_refused(at, owner):
    outside = people.team()
    action = actions.action(owner=owner, type="code_review", reviewer=people.user(teams=[outside]))

    with pytest.raises(Refused) as refusal:
        operations.change(action, {"owner": people.user(teams=[outside])}, by=SYSTEM, at=at)

    assert refusal.value.field == "reviewer"


def test_findings_become_actions_of_the_owner_about_the_same(at, owner):
    root = actions.action("Root")
    action = actions.action(owner=owner, about=root.subject, type="lineage_audit", link=LINK)

    finish(action, at, result="findings", reviewer=people.user(), findings=[" Map the join ", ""])

    (found,) = Action.objects.filter(origin=action.subject)
    assert (found.title, found.owner, found.about, found.state) == (
        "Map the join",
        owner,
        root.subject,
        "open",
    )
    opened = Event.objects.get(subject=found.subject, verb="actions.action_opened")
    assert opened.cause.verb == "actions.action_done"


@pytest.mark.parametrize(
    ("proof", "field"),
    [
        ({"result": "findings"}, "findings"),
        ({"result": "fine", "findings": ["Pin it"]}, "result"),
        ({"result": "findings", "findings": ["x" * 201]}, "findings"),
    ],
)
def test_findings_and_the_result_fit_together(at, owner, proof, field):
    action = actions.action(owner=owner, type="code_review", link=LINK)

    with pytest.raises(Refused) as refusal:
        finish(action, at, reviewer=people.user(), **proof)

    assert refusal.value.field == field


def test_a_reviewer_sees_a_restricted_action_and_is_told_while_they_are_asked(
    at,
    team,
    owner,
):
    first, second = people.user("Wei"), people.user("Mia")
    action = actions.action(owner=owner, type="code_review", viewers=[team.subject_id], reviewer=first)
    assert Action.objects.visible_to(first).exists()

    operations.change(action, {"reviewer": second}, by=SYSTEM, at=at)
    relay.relay(at=at)

    fresh = type(first).objects.get(pk=first.pk)
    assert not Action.objects.visible_to(fresh).exists()
    assert Action.objects.visible_to(second).exists()
    assert Event.objects.filter(subject=action.subject, verb="actions.action_review_requested").exists()
    assert Entry.objects.filter(user=second, event__subject=action.subject).exists()


@pytest.mark.parametrize("points", [0, 26, -1])
def test_the_exposure_is_points_of_a_score(at, points):
    with pytest.raises(Refused) as refusal:
        actions.action(exposure=points)

    assert refusal.value.field == "exposure"


def test_the_rank_is_more_exposure_for_less_effort(client):
    client.force_login(people.user())
    large = actions.action("Large", exposure=12, effort="l")
    small = actions.action("Small", exposure=5, effort="s")
    unknown = actions.action("Unknown", exposure=7)
    without = actions.action("Without", effort="s")

    rows = client.get("/actions/?order=-rank").context["page"].rows

    assert list(rows) == [small, unknown, large, without]
    assert [row.rank for row in rows] == [15, 14, 12, 0]


def test_every_step_out_of_a_block_clears_it(at):
    for step in (operations.start, operations.put_back, operations.finish):
        action = actions.action()
        operations.block(action, blocker="money", reason="No budget", by=SYSTEM, at=at)
        step(action, by=SYSTEM, at=at)
        assert (action.blocker, action.blocked_by, action.blocked_at) == ("", "", None)


def test_a_reopened_review_needs_its_result_again(at, owner):
    action = actions.action(owner=owner, type="code_review", reviewer=people.user(), link=LINK)
    finish(action, at, result="fine")

    operations.reopen(action, by=SYSTEM, at=at)

    assert Action.objects.get().result == ""
