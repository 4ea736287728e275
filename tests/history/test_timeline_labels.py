"""Timelines show each field with a plain label: the name in plain words, or what its model declares."""

import re
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from django.apps import apps
from django.utils.timezone import override

from history.templatetags import timeline
from history.templatetags.timeline import label_of
from incidents.models import Postmortem

# Names that are plain words for every reader. Another name needs a label in HISTORY_LABELS of its model.
_PLAIN_WORDS = """
about acceptance acceptance_reason accepted_until action affected agreed_impact agreed_in
agreed_likelihood agreed_reason aliases answer artefacts author branch breach_group category cause
checklist closing_evidence code communications conclusion configuration country crossed_value
dashboard data_schema data_set data_slice decision decision_reason definition description details
developer direction dissent documents_received due_at due_on duty effect effort email ends_at
environment escalation event experiment expires_at facilitator feature fields first_value focus
function given_at group hand_over_at handed_to has_actions hypothesis impact incident ingestion
interpretation invited_observer item items key kind ladder ladder_version lead learning lesson
lessons level likelihood link list made_by measure media_type meeting merged_into metric metrics
minutes model model_version mute name note notes number objective observer occurrence outcome
outcome_reason own_days_off owner owner_team panels parameters people person place plan_due_on
position postmortem purpose reason recognition residual_impact residual_likelihood responsible_team
restrictions result retraining review risk role route run run_by rung scope scribe search_language
seats sent_at series session set_at skipped source speaker sponsor stage stand_in standing_items
starts_at state steps success_criteria summary tags target task team teams template template_version
text theme threshold threshold_version tier time_zone title treatment type unit upstream user
validation validator value verdict webhooks week when who window word workflow workflow_version
working_days withdrawn_at signed_up_at
"""
_STEP = re.compile(r"(\w+_)?\w+ed_(at|by|on|to|until)|(chosen|begun)_(at|by)")  # "Answered at", "Owned by"


def recorded() -> Iterator[Any]:
    """Yield every model whose rows are in history."""
    for model in apps.get_models():
        if hasattr(model, "HISTORY_OMITS") and not model._meta.proxy:
            yield model


def shown_fields(model: Any) -> Iterator[str]:
    for field in model._meta.concrete_fields:
        hidden = field.primary_key or field.name in {"version", "subject", *model.HISTORY_OMITS}
        if not hidden and not {field.name, field.attname} & timeline._SILENT:
            yield field.name


def test_every_field_of_every_kind_with_history_has_a_plain_label():
    plain = set(_PLAIN_WORDS.split())
    unlabelled = {
        f"{model._meta.label}.{name}"
        for model in recorded()
        for name in shown_fields(model)
        if name not in {*model.HISTORY_LABELS, *timeline._LABELS, *plain} and not _STEP.fullmatch(name)
    }

    assert unlabelled == set()
    assert len(list(recorded())) > 80


def test_every_label_is_of_a_field_and_says_more_than_its_name():
    for model in recorded():
        names = set(shown_fields(model))
        for name, label in model.HISTORY_LABELS.items():
            assert name in names, (model, name)
            assert label != name.replace("_", " ").capitalize() and label[0].isupper(), (model, name)


def test_a_field_that_no_version_knows_any_more_is_shown_by_its_name():
    assert label_of("incidents.postmortem", "whys") == "Why it happened"
    assert label_of("incidents.postmortem", "was_late") == "was late"
    assert label_of("attic.trunk", "owner_id") == "owner"
    assert label_of("incidents.observer", "why") == "Reason"  # a label of many models
    assert "whys" in Postmortem.HISTORY_LABELS


def test_the_parts_of_a_list_are_shown_as_text():
    checklist = [{"question": "Is it fair?", "answer": "yes", "note": ""}, {"question": "Why?"}]

    assert timeline._shown(checklist, None, {}, {}) == "Is it fair? · yes, Why?"
    assert timeline._shown(["risk-team", "fraud"], None, {}, {}) == "risk-team, fraud"
    assert timeline._shown(["It hung.", "It was locked."], None, {}, {}) == "It hung. · It was locked."


def test_days_and_moments_are_written_as_pages_write_them_in_the_zone_of_the_reader():
    with override(ZoneInfo("Europe/Berlin")):
        shown = [
            timeline._in_time("actions.action", "due_on", "2026-12-08"),
            timeline._in_time("actions.action", "due_on", "2027-01-08"),
            timeline._in_time("meetings.meeting", "starts_at", "2026-12-08T10:00:00Z"),
            timeline._in_time("meetings.meetingseries", "starts_at", "10:00:00"),
            timeline._in_time("actions.action", "title", "2026-12-08"),
            timeline._in_time("actions.action", "due_on", None),
            timeline._in_time("attic.trunk", "due_on", "2026-12-08"),
        ]

    assert shown == [
        "Tue 8 Dec",
        "Fri 8 Jan 2027",
        "Tue 8 Dec 2026, 11:00 CET",
        "10:00",
        "2026-12-08",
        None,
        "2026-12-08",
    ]
