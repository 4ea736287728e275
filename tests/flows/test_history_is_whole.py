"""Every write is in history, and the register can be rebuilt from history alone (test standard, row 24)."""

import uuid
from collections import defaultdict

from django.apps import apps

from history import relay, writing
from history.models import Event, Handover, Part, Recorded, Subject
from history.queries import present_data
from history.states import Work
from riskhub import schedule
from tests.conftest import AT
from tests.house.rooms import COLUMN


def _replayed() -> dict:
    """Return every row, rebuilt from its events: {(model, pk): {field: value}}."""
    rows: dict = defaultdict(dict)
    for event in Event.objects.order_by("id"):
        for row in present_data(event).get("rows", []):
            rows[row["model"], row["pk"]] |= {name: new for name, (_, new) in row["changes"].items()}
    return rows


def _versions() -> dict:
    """Return how many events changed each row: its version."""
    counts: dict = defaultdict(int)
    for event in Event.objects.order_by("id"):
        for row in present_data(event).get("rows", []):
            counts[row["model"], row["pk"]] += 1
    return counts


def assert_every_row_can_be_rebuilt():
    replayed, versions = _replayed(), _versions()
    checked, wrong = 0, []
    for model in apps.get_models():
        if not issubclass(model, Recorded | Part) or model._meta.proxy:
            continue
        for row in model._base_manager.all():
            key = (model._meta.label_lower, row.pk)
            checked += 1
            if replayed[key] != writing.snapshot(row) or versions[key] != row.version:
                differing = {
                    name: (replayed[key].get(name), value)
                    for name, value in writing.snapshot(row).items()
                    if replayed[key].get(name) != value
                }
                wrong.append((key, differing, versions[key], row.version))

    assert wrong == []
    assert checked > 150


def assert_every_object_has_its_subject_with_its_own_title():
    wrong = []
    for model in apps.get_models():
        if not issubclass(model, Recorded) or model._meta.proxy:
            continue
        for row in model._base_manager.select_related("subject"):
            subject = row.subject
            if (subject.kind, subject.object_id, subject.title) != (
                model.KIND,
                row.pk,
                row.subject_title[:300],
            ):
                wrong.append((model.KIND, row.pk, subject.title, row.subject_title))

    assert wrong == []
    assert Subject.objects.filter(reference__isnull=False).count() > 20


def assert_what_was_handed_on_is_done_and_a_second_tick_finds_nothing():
    before = Event.objects.count()

    assert schedule.tick(AT) == 0

    assert Event.objects.count() == before
    assert set(Handover.objects.values_list("state", flat=True)) == {Work.DONE}


def assert_every_handover_happens_once():
    """A worker with an old claim of a handover changes nothing and writes nothing."""
    before, events = _rows(), Event.objects.count()
    for row in Handover.objects.select_related("event__subject").iterator():
        row.state, row.claim = Work.CLAIMED, uuid.uuid4()
        tally = relay.hand_over(row, at=AT)
        assert (tally.done, tally.failed) == (0, 0), row.handler

    written = [f"{one.verb} because of {one.cause}" for one in Event.objects.order_by("id")[events:]]
    assert written == []
    assert {name: rows for name, rows in _rows().items() if rows != before[name]} == {}


def _rows() -> dict:
    """Return the rows of all tables by name, without the state of the queue."""
    queues = {"handover", "due"}
    models = [
        one
        for one in apps.get_models()
        if one._meta.app_label in COLUMN and one._meta.model_name not in queues
    ]
    return {one._meta.label: sorted(map(repr, one._base_manager.values_list())) for one in models}


def test_six_weeks_leave_a_complete_history(six_weeks):
    """One sample for all four tests, because creating it is slow."""
    assert_every_row_can_be_rebuilt()
    assert_every_handover_happens_once()
    assert_every_object_has_its_subject_with_its_own_title()
    assert_what_was_handed_on_is_done_and_a_second_tick_finds_nothing()
