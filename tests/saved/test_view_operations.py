"""Saving, changing, sharing, deleting and restoring views of lists."""

import pytest

from history.models import Event
from kit.actor import SYSTEM
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from people.states import Role
from saved import operations
from saved.models import SavedView
from tests.factories import people, risks
from tests.factories import saved as make
from tests.factories.risks import by

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    return people.user("Ana Moreau")


def seen_by(person):
    return set(SavedView.objects.visible_to(person).values_list("name", flat=True))


def test_a_view_keeps_filters_and_order_and_drops_the_page(ana):
    view = make.view(query="?level=5,4&order=-updated_at&after=abc&limit=9&owner=", owner=ana)

    assert view.query == "level=5,4&order=-updated_at"
    assert view.address == "/risks/?level=5,4&order=-updated_at"
    assert Event.objects.get(subject=view.subject).verb == "saved.view_added"


@pytest.mark.parametrize(
    ("fields", "field", "fix"),
    [
        ({"list": "cakes"}, "list", "Known: actions, decisions, experiments, incidents, learnings, risks."),
        ({"query": "level=9"}, "query", "level: Use a level from 1 to 5."),
        ({"query": "colour=red"}, "query", "colour: No such parameter."),
        ({"name": "  "}, "name", "Enter a name."),
        ({"name": "worst"}, "name", "already a view called “worst”"),
    ],
)
def test_a_bad_view_is_refused_by_field(ana, fields, field, fix):
    make.view("Worst", owner=ana)

    with pytest.raises(Refused) as refused:
        make.view(owner=ana, **fields)

    assert refused.value.field == field
    assert fix in refused.value.message


def test_the_same_name_is_free_for_others(ana):
    make.view("Worst", owner=ana)

    assert make.view("Worst", owner=people.user()).name == "Worst"


def test_a_person_has_a_limit(ana, monkeypatch):
    monkeypatch.setattr(operations, "MAX_PER_PERSON", 1)
    make.view(owner=ana)

    with pytest.raises(Refused, match="Delete one first"):
        make.view(owner=ana)


def test_a_view_is_seen_by_its_owner_until_it_is_shared(ana, at):
    other, view = people.user(), make.view("Worst", owner=ana)
    assert (seen_by(ana), seen_by(other)) == ({"Worst"}, set())

    operations.change(view, {"is_shared": True}, by=by(ana), at=at)
    assert (seen_by(ana), seen_by(other)) == ({"Worst"}, {"Worst"})

    operations.change(view, {"is_shared": False}, by=by(ana), at=at)
    assert (seen_by(ana), seen_by(other)) == ({"Worst"}, set())


def test_viewers_save_views_but_do_not_share_them():
    viewer = people.user(role=Role.VIEWER)
    make.view(owner=viewer)

    with pytest.raises(Refused) as refused:
        make.view(owner=viewer, is_shared=True)

    assert refused.value.field == "is_shared"


def test_a_view_with_a_hidden_model_is_not_shared(ana, at):
    team = people.team("Fraud")
    people.member(team, ana)
    hidden, shown = risks.model("Secret scoring", viewers=[team.subject_id]), risks.model("Churn")
    view = make.view(query=f"model={hidden.slug}", owner=ana)

    with pytest.raises(Refused, match="not everyone may see"):
        operations.change(view, {"is_shared": True}, by=by(ana), at=at)

    made_up = make.view("Made up", query="model=nothing-has-this-slug", owner=ana)
    with pytest.raises(Refused, match="does not exist or that not everyone may see"):
        operations.change(made_up, {"is_shared": True}, by=by(ana), at=at)

    shared = make.view(query=f"model={shown.slug}&owner=me,{ana.pk}", owner=ana, is_shared=True)
    with pytest.raises(Refused, match="not everyone may see"):
        operations.change(shared, {"query": f"model={hidden.slug}"}, by=by(ana), at=at)


def test_a_view_is_renamed_and_its_filters_are_replaced(ana, at):
    view = make.view("Worst", owner=ana)

    operations.change(view, {"name": " Bad  ones ", "query": "level=5"}, by=by(ana), at=at, seen=1)

    view.refresh_from_db()
    view.subject.refresh_from_db()
    assert (view.name, view.query, view.version, view.subject.title) == ("Bad ones", "level=5", 2, "Bad ones")
    with pytest.raises(ChangedMeanwhile):
        operations.change(view, {"name": "Other"}, by=by(ana), at=at, seen=1)


def test_nothing_is_recorded_where_nothing_changes(ana, at):
    view = make.view("Worst", owner=ana)

    operations.change(view, {"name": "Worst"}, by=by(ana), at=at)

    assert (view.version, Event.objects.filter(subject=view.subject).count()) == (1, 1)


def test_a_deleted_view_is_restored_unless_its_name_is_taken(ana, at):
    view = make.view("Worst", owner=ana)

    operations.delete(view, by=by(ana), at=at)
    with pytest.raises(Refused, match="Restore it first"):
        operations.change(view, {"name": "Other"}, by=by(ana), at=at)
    with pytest.raises(IllegalMove):
        operations.delete(view, by=by(ana), at=at)
    again = make.view("Worst", owner=ana)
    with pytest.raises(Refused, match="already a view"):
        operations.restore(view, by=by(ana), at=at)

    operations.delete(again, by=by(ana), at=at)
    assert operations.restore(view, by=by(ana), at=at).state == "active"


def test_the_system_saves_no_view(at):
    with pytest.raises(Refused):
        operations.add(list="risks", name="Ours", by=SYSTEM, at=at)
