"""Six people edit one object at once (test standard, row 16). No text is lost unseen."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from history import writing
from history.models import Event
from meetings.models import MinutesCorrection
from people.states import Role
from tests.factories import actions, experiments, incidents, leaders, learnings, people, risks, sessions
from tests.factories import meetings as meetings_
from tests.flows.test_twice import Forms

pytestmark = pytest.mark.django_db(transaction=True)
WRITERS, EDITS = 6, 50


@dataclass
class Edited:
    """An object with the form that edits it. name: the field with the text. others: the other input.

    Without others, the form is sent as its page shows it.
    """

    obj: Any
    url: str
    name: str
    others: dict[str, Any] = field(default_factory=dict)

    def as_shown(self) -> dict[str, Any]:
        client = Client()
        client.force_login(people.user("First reader", role=Role.RISK_MANAGER))
        forms = Forms(client.get(self.url).content.decode()).found
        return next(form.values for form in forms if self.name in form.values)


@dataclass
class Outcome:
    """before: the text before the edits. kept, refused: the texts of the edits.

    silent: texts that were refused and are not on the page of the answer.
    """

    before: str
    kept: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    others: list[int] = field(default_factory=list)


def agenda_item() -> Edited:
    item = meetings_.item(title="As planned")
    others = {"purpose": item.purpose, "minutes": item.minutes, "why": ""}
    return Edited(item, reverse("meetings:item_edit", args=[item.pk]), "title", others)


def notes_of_a_meeting() -> Edited:
    item = meetings_.current(title="Costs")
    return Edited(item, reverse("meetings:item_note", args=[item.pk]), "notes")


def action() -> Edited:
    found = actions.action("As planned")
    others = {"type": "mitigation"}
    return Edited(found, reverse("actions:action_edit", args=[found.reference]), "title", others)


def risk() -> Edited:
    found = risks.risk("As planned")
    return Edited(found, reverse("risklog:risk_edit", args=[found.reference]), "title")


def incident() -> Edited:
    found = incidents.incident()
    return Edited(found, reverse("incidents:incident_edit", args=[found.reference]), "summary")


def post_incident_review() -> Edited:
    found = incidents.written()
    url = reverse("incidents:postmortem_edit", args=[found.incident.reference])
    return Edited(found, url, "lessons")


def experiment() -> Edited:
    found = experiments.experiment()
    return Edited(found, reverse("risklog:experiment_edit", args=[found.reference]), "hypothesis")


def learning() -> Edited:
    found = learnings.draft()
    return Edited(found, reverse("learnings:learning_edit", args=[found.reference]), "seen")


def session() -> Edited:
    found = sessions.session()
    return Edited(found, reverse("learnings:session_edit", args=[found.pk]), "text")


def goal() -> Edited:
    found = leaders.goal()
    return Edited(found, reverse("leaders:goal_edit", args=[found.pk]), "title")


@pytest.mark.parametrize("make", [agenda_item, notes_of_a_meeting, action, risk])
def test_each_of_three_hundred_edits_is_kept_or_its_writer_keeps_the_text(make):
    edited = make()

    outcome = edit_at_once(edited, EDITS)

    assert len(outcome.kept) + len(outcome.refused) == WRITERS * EDITS, outcome.others
    assert len(outcome.refused) >= WRITERS, "no two people edited at the same time"
    assert outcome.silent == []
    assert lost(edited, outcome) == []


@pytest.mark.parametrize("make", [incident, post_incident_review, experiment, learning, session, goal])
def test_each_of_thirty_edits_is_kept_or_its_writer_keeps_the_text(make):
    edited = make()
    edited.others = edited.as_shown()

    outcome = edit_at_once(edited, 5)

    assert len(outcome.kept) + len(outcome.refused) == WRITERS * 5, outcome.others
    assert outcome.kept and outcome.refused
    assert outcome.silent == []
    assert lost(edited, outcome) == []


def test_without_the_version_in_the_update_texts_are_lost(monkeypatch):
    """The test above would detect it."""
    genuine = writing.update

    def blind(obj, values, seen, *more, **named):
        obj.version = type(obj)._base_manager.values_list("version", flat=True).get(pk=obj.pk)
        return genuine(obj, values, None, *more, **named)

    monkeypatch.setattr(writing, "update", blind)
    edited = action()

    outcome = edit_at_once(edited, 5)

    assert lost(edited, outcome)


def test_each_of_three_hundred_corrections_of_minutes_is_kept_once():
    meeting = meetings_.closed()
    url = reverse("meetings:minutes_correct", args=[meeting.reference])

    def correct(client: Client, number: int, turn: int) -> None:
        body = {"text": f"Correction {number}.{turn}", "once": f"{number}-{turn}"}
        # Each is sent twice, as by a double click.
        assert {client.post(url, body).status_code for _ in range(2)} <= {200, 303}

    at_once(lambda client, number: [correct(client, number, turn) for turn in range(EDITS)])

    texts = list(MinutesCorrection.objects.values_list("text", flat=True))
    assert len(texts) == len(set(texts)) == WRITERS * EDITS


def edit_at_once(edited: Edited, edits: int) -> Outcome:
    """Let each writer read the version and post a text of their own, `edits` times."""
    outcome = Outcome(getattr(edited.obj, edited.name))
    version_of = type(edited.obj)._base_manager.filter(pk=edited.obj.pk)

    def write(client: Client, number: int) -> None:
        for turn in range(edits):
            text = f"Text {number}.{turn} of a writer"
            seen = version_of.values_list("version", flat=True).get()
            body = {**edited.others, edited.name: text, "version": seen}
            answer = client.post(edited.url, body)
            if answer.status_code == 303:
                outcome.kept.append(text)
            elif answer.status_code == 409:
                outcome.refused.append(text)
                if text not in answer.content.decode():
                    outcome.silent.append(text)
            else:
                outcome.others.append(answer.status_code)

    at_once(write)
    return outcome


def lost(edited: Edited, outcome: Outcome) -> list[str]:
    """Return the texts that somebody replaced who had not seen them, and those that history does not have."""
    changes = []
    events = Event.objects.filter(data__rows__contains=[{"model": edited.obj._meta.label_lower}])
    for rows in events.order_by("pk").values_list("data__rows", flat=True):
        changes += [
            row["changes"][edited.name]
            for row in rows
            if row["pk"] == edited.obj.pk and edited.name in row["changes"]
        ]
    written = [new for _, new in changes if new not in ("", outcome.before)]
    unseen = [f"{old} was {new}" for (_, new), (old, _) in pairwise(changes) if old != new]
    edited.obj.refresh_from_db()
    if written and getattr(edited.obj, edited.name) != written[-1]:
        unseen.append(f"{written[-1]} is not in the row")
    return unseen + sorted({*outcome.kept} ^ {*written})


def at_once(act: Callable[[Client, int], Any]) -> None:
    """Run act(client, number) for each writer in a thread of their own."""
    raised: list[BaseException] = []
    writers = [people.user(f"Writer {number}", role=Role.RISK_MANAGER) for number in range(WRITERS)]
    gate = threading.Barrier(WRITERS)

    def run(number: int) -> None:
        client = Client()
        try:
            client.force_login(writers[number])
            gate.wait(30)
            act(client, number)
        except BaseException as error:
            raised.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert raised == []
