"""Every form that creates something creates one object if it is sent twice at once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from threading import Barrier, Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connections
from django.test import Client, TransactionTestCase
from django.urls import reverse

from actions.models import Action
from catalogue.models import DecisionRight, Model
from history.models import Event
from kit.actor import SYSTEM
from learnings.models import Learning
from meetings.models import (
    AgendaItem,
    AgendaTemplate,
    CalendarFeed,
    CheckIn,
    Decision,
    Focus,
    Meeting,
    MeetingSeries,
    Tripwire,
)
from meetings.operations import item as items
from notices.models import WebhookEndpoint
from people.models import Absence, DutyRoster, Function, Membership, Team, Token, User
from people.operations import organisation
from people.states import Role
from risklog.models import Appetite, Category, Escalation, Ladder, Review, Reviewer, Risk, Template
from signals.models import Source, ThresholdVersion
from talk.models import Comment
from tests.conftest import AT
from tests.factories import catalogue, people, risklog_review, risks, signals
from tests.factories import meetings as meetings_


@dataclass(frozen=True)
class Case:
    """A form. page: its address. action: where it posts, "" for the page itself. fill: the input.

    makes: the model whose rows are counted. holds: a field that distinguishes it from forms of the same
    action.
    """

    name: str
    page: Callable[[Any], str]
    makes: Any
    fill: Callable[[Any], dict[str, Any]] = lambda house: {}
    action: Callable[[Any], str] = lambda house: ""
    holds: str = ""


@dataclass
class Form:
    action: str
    values: dict[str, Any] = field(default_factory=dict)


class Forms(HTMLParser):
    """Return the forms of a page with the values that a browser would send."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._area = self._select = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        said = dict(attrs)
        if tag == "form" and said.get("method") == "post":
            self.found.append(Form(said.get("action") or ""))
        elif tag == "form":
            self.found.append(Form("get"))
        if not self.found:
            return
        values, name = self.found[-1].values, said.get("name", "")
        if tag == "input" and name and (said.get("type") not in ("checkbox", "radio") or "checked" in said):
            values[name] = said.get("value", "")
        elif tag == "textarea":
            self._area, values[name] = name, ""
        elif tag == "select":
            self._select = name if "multiple" not in said else ""
        elif tag == "option" and self._select and (self._select not in values or "selected" in said):
            values[self._select] = said.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._area:
            self.found[-1].values[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""
        elif tag == "select":
            self._select = ""


@dataclass
class House:
    user: Any
    client: Any
    model: Any = None
    series: Any = None
    group: Any = None
    risk: Any = None
    other: Any = None
    review: Any = None
    meetings: Any = None
    live: Any = None
    item: Any = None
    team: Any = None
    mate: Any = None
    version: Any = None
    decision: Any = None


def _build() -> House:
    organisation.found(name="Northwind", is_sample=True, by=SYSTEM, at=AT)
    ana = people.user("Ana Moreau", role=Role.ADMINISTRATOR, function=people.function("data-science"))
    mate = people.user("Max Mate", function=people.function("data-engineering"))
    team = people.team("Growth ML", lead=ana)
    for person in (ana, mate):
        people.member(team, person)
    client = Client()
    client.force_login(ana)
    house = House(user=ana, client=client, team=team, mate=mate)
    house.model = catalogue.model("fraud-score", owner_team=team)
    house.group = signals.breach_group(house.model)
    house.version = ThresholdVersion.objects.get()
    house.series = signals.series(house.model, "auc", feature="")
    signals.series("unclaimed-scorer")
    house.risk = risks.risk(person=ana, team=team)
    house.other = risks.risk("Labels lag", person=ana, team=team)
    house.review = risklog_review.review(about=house.group.subject, of_model=house.model)
    house.meetings = meetings_.series(team)
    house.live = meetings_.live(house.meetings)
    house.item = meetings_.item(house.live, about=house.risk.subject)
    items.take_up(house.item, by=SYSTEM, at=AT)
    house.decision = meetings_.decision(about=house.risk.subject)
    return house


@pytest.fixture(scope="module")
def house(django_db_setup, django_db_blocker):
    """One register for all forms. Each form adds to it."""
    with django_db_blocker.unblock():
        yield _build()
        TransactionTestCase._fixture_teardown(None)


def at(name: str, *args: str, query: str = "") -> Callable[[House], str]:
    """Return the address of a page. args: paths from `house`, such as "risk.reference"."""

    def address(house: House) -> str:
        found = []
        for path in args:
            value: Any = house
            for part in path.split("."):
                value = getattr(value, part)
            found.append(value)
        return reverse(name, args=found) + (f"?{query}" if query else "")

    return address


def typed(**values: Any) -> Callable[[House], dict[str, Any]]:
    return lambda house: values


def _rungs(house: House) -> dict[str, Any]:
    return {
        "name": "For the nights",
        "severity": "critical",
        "rung-0-who": "team_lead",
        "rung-0-amount": "4",
    }


CASES = (
    Case("model", at("catalogue:model_create"), Model, typed(name="Churn scorer")),
    Case(
        "model seen in signals",
        at("catalogue:model_list"),
        Model,
        action=at("catalogue:model_create"),
        holds="name",
    ),
    Case(
        "decision right",
        at("catalogue:right_create"),
        DecisionRight,
        typed(who="team_lead", why="The team decides."),
    ),
    Case("source", at("signals:source_create"), Source, typed(name="Grafana", slug="grafana")),
    Case(
        "first threshold",
        at("signals:threshold_create", "series.pk"),
        ThresholdVersion,
        typed(warning="0.4", reason="As usual."),
    ),
    Case(
        "next threshold",
        at("signals:threshold_propose", "version.threshold_id"),
        ThresholdVersion,
        typed(warning="0.4", reason="Too loud."),
    ),
    Case("category", at("risklog:category_new"), Category, typed(name="Prompt leaks", definition="Words.")),
    Case(
        "risk",
        at("risklog:risk_new"),
        Risk,
        lambda house: {
            "title": "Labels arrive late",
            "category": house.risk.category_id,
            "description": "Two weeks.",
            "likelihood": 3,
            "impact": 3,
        },
    ),
    Case(
        "risk of a breach",
        at("signals:breach_detail", "group.reference"),
        Risk,
        action=at("risklog:risk_from_breach", "group.reference"),
    ),
    Case(
        "review",
        at("risklog:review_open"),
        Review,
        lambda house: {"about": house.risk.reference, "why": "It drifts."},
    ),
    Case(
        "escalation",
        at("risklog:escalation_raise"),
        Escalation,
        lambda house: {"about": house.risk.reference, "why": "It cannot wait."},
    ),
    Case("ladder", at("risklog:ladder_create"), Ladder, _rungs),
    Case(
        "template",
        at("risklog:template_new"),
        Template,
        typed(**{"name": "Audit", "label-0": "Finding", "type-0": "text"}),
    ),
    Case(
        "appetite",
        at("risklog:appetite_new"),
        Appetite,
        typed(max_score="12", plan_days="14", why="Agreed by the board.", counted="0-0-12"),
    ),
    Case(
        "series",
        at("meetings:series_create"),
        MeetingSeries,
        lambda house: {
            "name": "Model risk forum",
            "starts_at": "10:00",
            "rrule": "FREQ=WEEKLY",
            "teams": [house.team.pk],
        },
    ),
    Case(
        "focus",
        at("meetings:focus_create", "meetings.pk"),
        Focus,
        typed(name="Costs", kinds=["latency"]),
    ),
    Case(
        "check-in",
        at("meetings:check_in_list"),
        CheckIn,
        typed(text="Counts are low"),
        at("meetings:check_in_create"),
    ),
    Case(
        "agenda template",
        at("meetings:agenda_template_create"),
        AgendaTemplate,
        typed(name="Quarterly", items="Outlook | 10 | discuss"),
    ),
    Case(
        "added meeting",
        at("meetings:series_extra", "meetings.pk"),
        Meeting,
        typed(starts_at="2027-09-01T10:00"),
    ),
    Case("calendar address", at("meetings:calendar"), CalendarFeed, action=at("meetings:calendar_create")),
    Case(
        "agenda item",
        at("meetings:meeting_detail", "live.reference"),
        AgendaItem,
        typed(title="A word on costs"),
        at("meetings:item_add", "live.reference"),
    ),
    Case(
        "item placed",
        at("risklog:risk_detail", "other.reference"),
        AgendaItem,
        action=at("meetings:item_place"),
    ),
    Case(
        "decision outside a meeting",
        at("meetings:decision_create"),
        Decision,
        typed(text="We keep it.", reason="It holds.", no_action_reason="Nothing to do."),
    ),
    Case(
        "tripwire",
        at("meetings:decision_tripwire", "decision.reference"),
        Tripwire,
        typed(due_on="2027-03-01"),
    ),
    Case(
        "action in a meeting",
        at("meetings:meeting_live", "live.reference"),
        Action,
        typed(title="Ask the vendor"),
        at("meetings:item_act", "item.pk"),
    ),
    Case(
        "decision in a meeting",
        at("meetings:meeting_live", "live.reference"),
        Decision,
        typed(text="We cap it.", reason="It drifts.", no_action_reason="It is done."),
        at("meetings:item_decide", "item.pk"),
    ),
    Case("action", at("actions:action_create"), Action, typed(title="Write it up")),
    Case("learning", at("learnings:learning_create"), Learning, typed(title="Caps hold", seen="We saw it.")),
    Case(
        "learning about a risk",
        lambda house: reverse("learnings:learning_create") + f"?about={house.risk.reference}",
        Learning,
        typed(title="Late labels", seen="We saw it."),
    ),
    Case(
        "person", at("people:person_create"), User, typed(name="Nadia Novak", email="nadia@northwind.example")
    ),
    Case("team", at("people:team_create"), Team, typed(name="Fraud")),
    Case(
        "team member",
        at("people:team_detail", "team.slug"),
        Membership,
        lambda house: {"user": people.user("Nora New").pk},
        at("people:team_join", "team.slug"),
    ),
    Case(
        "day off",
        at("people:settings"),
        Event.objects.filter(verb="people.organisation_changed"),
        typed(date="2027-05-03", name="Bridge day"),
        at("people:day_off_add"),
    ),
    Case(
        "comment",
        at("risklog:risk_detail", "risk.reference"),
        Comment,
        typed(text="The vendor answered."),
        at("talk:comment_create"),
    ),
    Case(
        "line in a meeting",
        at("meetings:meeting_live", "live.reference"),
        Action,
        typed(line="Ask for the contract", record_as="action"),
        at("meetings:item_record", "item.pk"),
    ),
    Case(
        "days away",
        at("people:account"),
        Absence,
        typed(from_on="2027-01-04", until_on="2027-01-08"),
        at("people:be_away"),
    ),
    Case("token", at("people:account"), Token, typed(name="laptop", scope="read"), at("people:make_token")),
    Case(
        "function",
        at("people:settings"),
        Function,
        typed(name="Model validation"),
        at("people:function_create"),
    ),
    Case(
        "webhook",
        at("notices:webhook_create"),
        WebhookEndpoint,
        lambda house: {
            "name": "Operations",
            "url": "https://hooks.example.org/T0",
            "shape": "standard",
            "owner": people.user("Ada", role=Role.ADMINISTRATOR).pk,
            "verbs": ["risklog.risk_opened"],
        },
    ),
    Case(
        "duty calendar",
        lambda house: reverse("people:function_detail", args=[people.function("product").pk]),
        DutyRoster,
        lambda house: {"calendar_url": "https://calendar.example.org/x.ics"},
        lambda house: reverse("people:calendar_add", args=[people.function("product").pk]),
    ),
    Case(
        "duty roster",
        lambda house: reverse("people:function_detail", args=[people.function("engineering").pk]),
        DutyRoster,
        lambda house: {
            "people": people.user(function=people.function("engineering")).email,
            "starts_on": "2026-11-23",
        },
        lambda house: reverse("people:roster_add", args=[people.function("engineering").pk]),
    ),
    Case(
        "reviewer",
        at("risklog:review_detail", "review.reference"),
        Reviewer,
        lambda house: {"user": people.user("Rita Reviewer", function=people.function("engineering")).pk},
        lambda house: reverse("risklog:review_step", args=[house.review.reference, "ask"]),
    ),
    Case(
        "reconfirm a risk",
        lambda house: reverse("risklog:risk_step", args=[house.risk.reference, "reconfirm"]),
        Event.objects.filter(verb="risklog.risk_still_so"),
        typed(evidence="Four weeks below."),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_form_sent_twice_at_once_creates_one_object(house, case, monkeypatch):
    page = case.page(house)
    form = _drawn(house, page, case)
    body = {**form.values, **case.fill(house)}
    rows = case.makes if hasattr(case.makes, "count") else case.makes.objects
    before = rows.count()

    answers = _at_once(house.client, form.action or page, body)

    assert rows.count() == before + 1, [_told(one) for one in answers]
    assert all(one.status_code < 500 for one in answers)
    assert any(one.status_code in (200, 303) for one in answers), [_told(one) for one in answers]


def test_a_form_sent_again_later_redirects_to_the_created_object(house):
    case = next(one for one in CASES if one.name == "action")
    form = _drawn(house, case.page(house), case)
    body = {**form.values, **case.fill(house)}

    first = house.client.post(form.action or case.page(house), body)
    again = house.client.post(form.action or case.page(house), body)
    other = house.client.post(form.action or case.page(house), {**body, "title": "Write another up"})

    assert first.headers["Location"] == again.headers["Location"] != other.headers["Location"]


def test_without_its_key_a_form_sent_twice_makes_two(house):
    """The tests above would detect it."""
    case = next(one for one in CASES if one.name == "action")
    body = {**_drawn(house, case.page(house), case).values, **case.fill(house)}
    before = Action.objects.count()

    _at_once(house.client, case.page(house), {name: said for name, said in body.items() if name != "once"})

    assert Action.objects.count() == before + 2


def _drawn(house: House, page: str, case: Case) -> Form:
    answer = house.client.get(page)
    assert answer.status_code == 200
    wanted = case.action(house) or urlsplit(page).path
    found = [
        form
        for form in Forms(answer.content.decode()).found
        if urlsplit(form.action or page).path == wanted and (not case.holds or case.holds in form.values)
    ]
    assert found, f"{page} draws no form that posts to {wanted}"
    return found[0]


def _at_once(client: Client, url: str, body: dict[str, Any]) -> list[Any]:
    gate, answers = Barrier(2), []

    def press() -> None:
        twin = Client()
        twin.cookies = client.cookies
        try:
            gate.wait(10)
            answers.append(twin.post(url, body))
        finally:
            connections.close_all()

    presses = [Thread(target=press) for _ in range(2)]
    for one in presses:
        one.start()
    for one in presses:
        one.join(30)
    assert len(answers) == 2
    return answers


def _told(answer: Any) -> tuple[int, str, Any]:
    context = answer.context or {}
    form = context.get("form") if hasattr(context, "get") else None
    return answer.status_code, answer.headers.get("Location", ""), getattr(form, "errors", "")
