"""A risk is restricted in one transaction, no relay runs, and a stranger requests every address.

The addresses come from the resolver and from the API's resources, the fields from the bodies, so new ones are
tested without a change here.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Q
from django.urls import reverse
from rest_framework import serializers

from history.models import Subject
from kit.kinds import url_of
from notices.models import Message
from notices.operations import message
from notices.queries.digest import content_for, shown
from people.models import User
from rest.fields import Visible
from riskhub import schedule
from tests.conftest import AT
from tests.house import addresses, hidden
from tests.house.addresses import NO_ID, Address
from tests.house.asking import ask, client_of, comparable, content, text_of, token_of, whole
from tests.house.hidden import CANARY, LATER, NUMBER, Family
from tests.house.world import World, build

pytestmark = pytest.mark.django_db
_ITEM = ("meetings:item_", "api/agenda-items")  # facilitators see a hidden item as a restricted item


def cast_and_family() -> tuple[World, Family]:
    """Restrict the risk and commit."""
    world = build()
    hidden.cast(world)
    family = hidden.add(world)
    hidden.restrict(family, world)
    world.tokens["outsider's token"] = token_of(world.people["outsider"])
    return world, family


@pytest.fixture(scope="module")
def prepared_world(prepared) -> Callable[[], tuple[World, Family]]:
    return prepared("restricted", LATER, cast_and_family)


@pytest.fixture
def both(prepared_world, move_clock) -> tuple[World, Family]:
    move_clock(LATER)
    return prepared_world()


@pytest.fixture
def world(both) -> World:
    return both[0]


@pytest.fixture
def family(both) -> Family:
    return both[1]


_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def leaks(answer: Any) -> list[str]:
    """Return the texts and numbers of hidden objects in status, headers and body."""
    text = _UUID.sub("", whole(answer))  # its random digits can look like a number of a hidden object
    return sorted({*re.findall(rf".{{0,60}}{CANARY}.{{0,40}}", text), *NUMBER.findall(text)})[:3]


def without(*names: str) -> Callable[[str], str]:
    """Return a function that removes these names, and numbers of hidden and missing objects, from a text."""

    def taken_out(text: str) -> str:
        for name in names:
            text = text.replace(name, "N")
        return NUMBER.sub("N", text.replace(str(NO_ID), "N"))

    return taken_out


def everywhere() -> list[Address]:
    return [*addresses.pages(), *addresses.resources()]


def places(world: World) -> list[World]:
    """The world, once with the live meeting in its addresses, once with the closed one."""
    over = world.extra["over"].reference
    return [world, replace(world, extra={**world.extra, "meetings:live": over, "meetings:meeting": over})]


# ------------------------------------------------------------------ addresses


@pytest.mark.parametrize("role", ["outsider", "outsider's token", "administrator"])
def test_no_address_answers_with_a_word_or_number_of_it(world, family, role):
    client, found, differing, asked = client_of(world, role), [], [], 0
    for address, method, url, none in to_ask(world, family):
        answer = ask(client, method, url, is_api=address.is_api)
        slips = [slip for slip in leaks(answer) if slip not in url]
        if none:
            asked += 1
            other = ask(client, method, none, is_api=address.is_api)
            texts = [comparable(one, without(path)) for one, path in ((answer, url), (other, none))]
            if texts[0] != texts[1]:
                differing.append((method, url, texts))
        if slips:
            found.append((method, url, slips))

    assert_none(found)
    assert_none(differing)
    assert asked > 80


def assert_none(rows: list[Any]) -> None:
    """Return a list on separate lines, because failures here are long."""
    assert not rows, "\n".join(f"{len(rows)} answers differ or leak:" if not place else str(row)[:1500]
                               for place, row in enumerate([None, *rows]))  # fmt: skip


def to_ask(world: World, family: Family) -> Iterator[tuple[Address, str, str, str]]:
    """Yield address, method, path with hidden objects, and with missing ones; "" if it names no object."""
    known = set()
    for address in everywhere():
        for place in places(world):
            of = (family.hidden, family.missing, world.open)
            url, none, known_one = (address.url_of(place, objects) for objects in of)
            if url in known:
                continue
            known.add(url)
            for method in address.methods:
                yield address, method, url, "" if url == known_one or address.name.startswith(_ITEM) else none


def test_the_team_the_reviewers_and_notified_people_see_it(world, family):
    """The control: the texts that a stranger must not find exist."""
    mate, shown = client_of(world, "mate"), set()
    for address, method, url, _ in to_ask(world, family):
        if method == "GET" and CANARY in text_of(ask(mate, method, url, is_api=address.is_api)):
            shown.add(address.name)

    assert {f"{room}:{page}" for room, page in _SHOWN} <= shown
    assert {f"api/{name}" for name in _RESOURCES} <= shown
    for name, person in family.called.items():
        client = client_of(world, "anonymous")
        client.force_login(person)
        for row in (getattr(family.hidden, name), family.risk):
            url = url_of(Subject.objects.get(pk=row.subject_id))
            assert CANARY in content(client.get(url)).decode()


def test_no_later_panels_name_it(world, family):
    """Every object has its own address there, and the table of addresses has one object."""
    outsider, mate, found, shown = client_of(world, "outsider"), client_of(world, "mate"), [], 0
    missing = outsider.get(reverse("later_panels", args=[NO_ID]))
    for subject in Subject.objects.order_by("pk"):
        url = reverse("later_panels", args=[subject.pk])
        answer = outsider.get(url)
        shown += CANARY in content(mate.get(url)).decode()
        if answer.status_code == 404 and comparable(answer, without(url)) != comparable(
            missing, without(reverse("later_panels", args=[NO_ID]))
        ):
            found.append((url, "differs from a missing object"))
        if not subject.is_visible_to(world.people["outsider"]) and answer.status_code != 404:
            found.append((url, answer.status_code))
        found.extend((url, slip) for slip in leaks(answer) if slip not in url)

    assert_none(found)
    assert shown > 5


_SHOWN = (
    ("risklog", "risk_list"),
    ("risklog", "risk_detail"),
    ("risklog", "review_list"),
    ("risklog", "review_detail"),
    ("risklog", "escalation_list"),
    ("risklog", "escalation_detail"),
    ("risklog", "experiment_list"),
    ("risklog", "experiment_detail"),
    ("actions", "action_list"),
    ("actions", "action_detail"),
    ("learnings", "learning_list"),
    ("learnings", "learning_detail"),
    ("learnings", "learning_feed"),
    ("learnings", "recognition_list"),
    ("learnings", "recognition_detail"),
    ("meetings", "meeting_detail"),
    ("meetings", "meeting_live"),
    ("meetings", "meeting_minutes"),
    ("meetings", "decision_list"),
    ("meetings", "decision_detail"),
    ("notices", "inbox"),
    ("notices", "digest"),
)
_RESOURCES = (
    "risks",
    "review-requests",
    "escalations",
    "experiments",
    "actions",
    "learnings",
    "recognitions",
    "decisions",
    "agenda-items",
    "events",
)


def test_what_waited_for_a_stranger_is_not_sent_and_not_shown(world, family, settings):
    """Mails and a digest from before the restriction, and everything after it."""
    settings.IS_MAIL_KEPT = True
    person = User.objects.get(pk=world.people["outsider"].pk)
    waiting = list(Message.objects.filter(user=person, state="pending").values_list("pk", flat=True))
    assert waiting

    message.send_due(at=LATER)
    schedule.tick(LATER + timedelta(days=7))

    later = Message.objects.filter(Q(pk__in=waiting) | Q(made_at__gt=LATER), user=person)
    assert later.count() >= len(waiting)
    assert [row.verb for row in later if _names(row.sent_title + row.sent_text + row.sent_html)] == []
    sections = shown(person, content_for(person, since=AT - timedelta(days=1), at=LATER + timedelta(days=7)))
    assert not _names(json.dumps(sections, default=str))
    inbox = client_of(world, "outsider").get("/notices/")
    assert not leaks(inbox)
    mate = User.objects.get(pk=world.people["mate"].pk)
    assert CANARY in json.dumps(content_for(mate, since=AT - timedelta(days=1), at=LATER), default=str)


def _names(text: str) -> list[str]:
    return [*re.findall(CANARY, text), *NUMBER.findall(text)]


# ------------------------------------------------------------------ search


def test_the_palette_finds_nothing_of_it(world, family):
    stranger, mate = client_of(world, "outsider"), client_of(world, "mate")
    for text in [CANARY, CANARY[:4].lower(), *family.names]:
        found = stranger.get("/search/", {"q": text}, headers={"HX-Request": "true"})
        none = stranger.get("/search/", {"q": "Nonesuch"}, headers={"HX-Request": "true"})
        assert comparable(found, without(text)) == comparable(none, without("Nonesuch"))
    shown = mate.get("/search/", {"q": CANARY}, headers={"HX-Request": "true"})
    assert CANARY in content(shown).decode()


# ------------------------------------------------------------------ bodies of the API


def test_no_body_of_the_api_tells_it_from_what_does_not_exist(world, family):
    client, wrong, asked = client_of(world, "outsider's token"), [], 0
    for address, view in addresses.RESOURCES:
        url = addresses.resource(address).url_of(world, world.open)
        for method, body in view.bodies.items():
            sample = _sample(body(), world) if body else {}
            for path in _paths(sample):
                answers: dict[str, str] = {}
                for name in (family.risk.reference, str(family.risk.pk), str(family.risk.subject_id)):
                    none = hidden.like_missing(name)
                    for text in (name, none):
                        if text not in answers:
                            sent = json.dumps(_with(sample, path, text))
                            answer = ask(client, method, url, is_api=True, body=sent)
                            answers[text] = _told(answer, text)
                            asked += 1
                    if answers[name] != answers[none]:
                        wrong.append((method, address, path, name, answers[name], answers[none]))

    assert_none(wrong)
    assert asked > 200


def _told(answer: Any, text: str) -> str:
    """Return the answer without numbers, because each new object has another id."""
    return re.sub(r"[0-9]+", "#", comparable(answer, without(text)))


def _sample(body: Any, world: World) -> dict[str, Any]:
    """Return a body with a valid value in every field."""
    return {name: _fitting(name, field, world) for name, field in body.fields.items() if not field.read_only}


def _fitting(name: str, field: Any, world: World) -> Any:
    if isinstance(field, serializers.ListSerializer | serializers.ListField):
        return [_fitting(name, field.child, world)]
    if isinstance(field, serializers.Serializer):
        return _sample(field, world)
    if isinstance(field, Visible):
        known = {"person": world.people["mate"].email, "team": world.extra["team"].slug}
        known |= {"meeting": world.extra["coming"].reference, "object": world.open.risk.reference}
        return known.get(field.what, str(world.open.series.pk))
    if isinstance(field, serializers.ChoiceField):
        return next(iter(field.choices))
    known = {
        serializers.BooleanField: False,
        serializers.IntegerField: 2,
        serializers.FloatField: 0.5,
        serializers.DateField: "2026-12-21",
        serializers.DateTimeField: "2026-12-21T10:00:00Z",
        serializers.TimeField: "10:00",
    }
    return next((value for kind, value in known.items() if isinstance(field, kind)), f"Some {name}")


def _paths(sample: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield every place of a body with a text or a number."""
    if not isinstance(sample, dict | list):
        if isinstance(sample, int | str) and not isinstance(sample, bool):
            yield before
        return
    for key, value in sample.items() if isinstance(sample, dict) else enumerate(sample):
        yield from _paths(value, (*before, key))


def _with(sample: Any, path: tuple[Any, ...], value: str) -> Any:
    if not path:
        return int(value) if value.isdigit() else value
    copied = dict(sample) if isinstance(sample, dict) else list(sample)
    copied[path[0]] = _with(sample[path[0]], path[1:], value)
    return copied
