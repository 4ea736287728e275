"""The taxonomy, by its operations."""

import pytest

from history.models import Event
from kit.actor import SYSTEM
from kit.refusals import Refused
from risklog.models import Category
from risklog.operations import taxonomy
from risklog.queries.evidence import category_of
from signals.states import SignalKind
from tests.factories import risks

pytestmark = pytest.mark.django_db


def test_seed_is_written_once(at):
    first = taxonomy.seed(by=SYSTEM, at=at)
    again = taxonomy.seed(by=SYSTEM, at=at)

    assert {"Data drift", "Label noise", "Sampling bias", "Data latency", "Feature leakage"} <= {
        c.name for c in first
    }
    assert again == []
    assert all(c.definition and c.signs and c.questions and c.mitigations for c in first)


@pytest.mark.parametrize("kind", SignalKind.values)
def test_every_signal_kind_finds_a_category(at, kind):
    taxonomy.seed(by=SYSTEM, at=at)
    assert category_of(kind).kind == kind


def test_add_refuses_a_name_that_is_taken(at):
    risks.category()
    with pytest.raises(Refused) as refusal:
        taxonomy.add(name="data drift", kind="drift", definition="Same", by=SYSTEM, at=at)
    assert refusal.value.field == "name"


def test_merge_moves_risks_on_record_and_retires(at):
    old, new = risks.category("label-noise"), risks.category("sampling-bias")
    moved = risks.risk(category=old)

    taxonomy.merge(old, into=new, why="Both mean the same.", by=SYSTEM, at=at)

    moved.refresh_from_db()
    assert moved.category == new
    assert Category.objects.get(pk=old.pk).is_retired
    assert Event.objects.filter(subject_id=moved.subject_id, verb="risklog.risk_changed").exists()
