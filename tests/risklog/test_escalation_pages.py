"""The pages of escalations and ladders: their content for each reader, and their forms."""

import pytest
from django.urls import reverse

from history.models import Event
from kit.actor import SYSTEM
from people.states import Role
from risklog.models import Escalation, Ladder, LadderVersion
from risklog.operations import escalation as escalations
from risklog.states import EscalationState, Who
from tests.factories import people
from tests.factories import risklog_review as make

pytestmark = pytest.mark.django_db
LIST = "/risks/escalations/"


@pytest.fixture
def owner():
    return people.user("Ana Moreau")


@pytest.fixture
def model(owner):
    make.ladder((Who.OWNER, 240, None), (Who.TEAM_LEAD, 480, None), (Who.SPONSOR, 480, None))
    return make.model(owner_team=people.team("Fraud", lead=people.user("Lena Lead")), developer=owner)


def page(escalation):
    return f"{LIST}{escalation.reference}/"


def post(client, escalation, step, **data):
    data.setdefault("version", escalation.version)
    return client.post(f"{page(escalation)}{step}/", data)


def test_the_page_shows_who_was_notified_who_is_next_and_who_is_missing(client, owner, model):
    escalation = make.escalation(about=model.subject, why="Nobody answered for a day.")
    client.force_login(people.user())

    text = " ".join(client.get(page(escalation)).content.decode().split())

    assert "Nobody answered for a day." in text
    assert "Ana Moreau" in text
    assert "Lena Lead" in text
    assert "Would be skipped: no person chosen" in text
    assert "Escalated to rung 1; 1 person was notified" in text
    assert "acknowledge/" not in text


@pytest.mark.parametrize("tab", ["open", "resolved"])
def test_the_list_costs_the_same_for_one_and_for_three(client, owner, at, tab, django_assert_max_num_queries):
    def add():
        escalation = make.escalation(about=make.model(developer=owner).subject)
        if tab == "resolved":
            escalations.resolve(escalation, reason="x", by=SYSTEM, at=at)

    client.force_login(owner)
    assert 'class="empty"' in client.get(f"{LIST}?show={tab}").content.decode()
    add()
    one = _count(client, f"{LIST}?show={tab}", django_assert_max_num_queries)
    add(), add()

    assert _count(client, f"{LIST}?show={tab}", django_assert_max_num_queries) == one


def _count(client, url, limit):
    with limit(60) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


def test_a_stranger_s_escalation_is_not_there(client, owner):
    team = people.team()
    secret = make.model(developer=owner, viewers=[team.subject_id])
    escalation = make.escalation(about=secret.subject)
    client.force_login(people.user(role=Role.RISK_MANAGER))

    assert client.get(page(escalation)).status_code == 404
    assert post(client, escalation, "resolve", reason="x").status_code == 404
    assert escalation.reference not in client.get(LIST).content.decode()
    client.force_login(owner)
    assert client.get(page(escalation)).status_code == 200


def test_acknowledge_hand_over_pause_resume_and_resolve(client, owner, model):
    escalation, other = make.escalation(about=model.subject), people.user()
    client.force_login(owner)

    for step, data in [
        ("acknowledge", {"note": "On it"}),
        ("hand-over", {"to": other.pk}),
        ("pause", {"hours": 24, "reason": "Rollback runs"}),
        ("resume", {}),
        ("resolve", {"reason": "Rolled back"}),
    ]:
        escalation.refresh_from_db()
        assert client.get(page(escalation)).status_code == 200
        assert post(client, escalation, step, **data).status_code == 303

    escalation.refresh_from_db()
    assert (escalation.state, escalation.reason) == (EscalationState.RESOLVED, "Rolled back")
    assert "Rolled back" in client.get(page(escalation)).content.decode()


def test_stepping_down_from_the_second_rung(client, owner, model, at):
    escalation = make.escalation(about=model.subject)
    escalations.acknowledge(escalation, by=make.actor(owner), at=at)
    client.force_login(people.user(role=Role.RISK_MANAGER))
    escalation.refresh_from_db()

    answer = post(client, escalation, "step-down", reason="Calm")

    assert answer.status_code == 422
    assert "No rung below has anyone" in answer.content.decode()


@pytest.mark.parametrize(
    ("who", "status"), [("owner", 303), ("viewer", 403), ("member", 403), ("risk_manager", 303)]
)
def test_who_may_acknowledge(client, owner, model, who, status):
    escalation = make.escalation(about=model.subject)
    client.force_login(owner if who == "owner" else people.user(role=Role(who)))

    assert post(client, escalation, "acknowledge").status_code == status


def test_a_change_by_somebody_else_is_shown_and_the_text_is_kept(client, owner, model):
    escalation = make.escalation(about=model.subject)
    client.force_login(owner)

    answer = post(client, escalation, "resolve", reason="My long reason", version=escalation.version - 1)

    assert answer.status_code == 409
    assert "My long reason" in answer.content.decode()
    assert Escalation.objects.get().state == EscalationState.CLIMBING


def test_a_step_without_a_version_is_refused_and_keeps_the_text(client, owner, model):
    escalation = make.escalation(about=model.subject)
    client.force_login(owner)

    answer = client.post(f"{page(escalation)}resolve/", {"reason": "My long reason"})
    client.post(f"{page(escalation)}resume/")

    assert (answer.status_code, "My long reason" in answer.content.decode()) == (428, True)
    assert "This page is out of date" in client.get(page(escalation)).content.decode()
    escalation.refresh_from_db()
    assert escalation.state == EscalationState.CLIMBING


def test_what_was_resolved_meanwhile_keeps_the_text_of_the_step(client, owner, model, at):
    escalation = make.escalation(about=model.subject)
    client.force_login(owner)
    escalations.resolve(escalation, reason="Theirs", by=SYSTEM, at=at)

    answer = post(client, escalation, "pause", hours=24, reason="My long reason", version=1)

    assert answer.status_code == 409
    assert all(text in answer.content.decode() for text in ("My long reason", "Theirs"))


def test_anybody_may_raise_by_hand_once_and_unnamed(client, owner):
    group = make.breach_group(of_model=make.model(developer=owner))
    raiser = people.user("Quiet Quinn", role=Role.VIEWER)
    client.force_login(raiser)
    data = {"about": group.reference, "why": "Payments fail", "is_unnamed": "on", "once": "key"}

    first = client.post(reverse("risklog:escalation_raise"), data)
    again = client.post(reverse("risklog:escalation_raise"), data)

    escalation = Escalation.objects.get()
    assert first["Location"] == again["Location"] == page(escalation)
    assert Event.objects.filter(subject_id=escalation.subject_id).count() == 2
    client.force_login(owner)
    text = client.get(page(escalation)).content.decode()
    assert "Somebody (anonymous)" in text
    assert "Quiet Quinn" not in text


def test_the_ladder_page_says_who_would_be_notified_and_when(client, model):
    team = model.owner_team
    client.force_login(people.user(role=Role.VIEWER))

    text = client.get(f"/risks/ladder/?team={team.pk}").content.decode()

    assert "Lena Lead" in text
    assert "its reviewers or its owner" in text
    assert "Would be skipped: no person chosen" in text
    assert "/edit/" not in text


def rows(*given):
    data = {"rung-TOTAL_FORMS": len(given), "rung-INITIAL_FORMS": 0}
    for number, row in enumerate(given):
        data |= {f"rung-{number}-{name}": value for name, value in row.items()}
    return data


def test_changing_the_rungs_is_a_new_version(client, model):
    ladder = Ladder.objects.get()
    client.force_login(people.user(role=Role.RISK_MANAGER))
    assert client.get(f"/risks/ladder/{ladder.pk}/edit/").status_code == 200
    data = rows({"who": "team_lead", "amount": 2, "unit": "60"}, {"who": ""})

    answer = client.post(
        f"/risks/ladder/{ladder.pk}/edit/", {**data, "name": "Short", "version": ladder.version}
    )

    assert answer.status_code == 303
    current = LadderVersion.objects.get(is_current=True)
    assert (current.number, current.rungs.get().within_minutes) == (2, 120)
    assert Ladder.objects.get().name == "Short"
    late = rows({"who": "team_lead", "amount": 3, "unit": "60"})
    stale = client.post(
        f"/risks/ladder/{ladder.pk}/edit/", {**late, "name": "Late", "version": ladder.version}
    )
    assert stale.status_code == 409
    assert "Lead of the owner team within 2 hours" in stale.content.decode()
    assert "Lead of the owner team within 3 hours" in stale.content.decode()
    assert client.post(f"/risks/ladder/{ladder.pk}/edit/", {**late, "name": "Late"}).status_code == 428
    assert LadderVersion.objects.get(is_current=True).number == 2


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"who": "function", "amount": 1}, "Choose a function."),
        ({"who": "owner"}, "Enter the time limit."),
        ({"who": ""}, "at least one rung"),
    ],
)
def test_a_ladder_that_notifies_nobody_is_shown_again(client, row, words):
    client.force_login(people.user(role=Role.RISK_MANAGER))

    answer = client.post("/risks/ladder/new/", {**rows(row), "name": "Wrong"})

    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_ladders_are_changed_by_risk_managers_only(client, model):
    ladder = Ladder.objects.get()
    client.force_login(people.user())

    assert client.get(f"/risks/ladder/{ladder.pk}/edit/").status_code == 403
    assert client.post(f"/risks/ladder/{ladder.pk}/retire/").status_code == 403
    assert client.post("/risks/ladder/new/").status_code == 403
    assert client.get(f"/risks/ladder/{ladder.pk}/").status_code == 303


def test_the_last_general_ladder_says_why_it_stays(client, model):
    ladder = Ladder.objects.get()
    client.force_login(people.user(role=Role.RISK_MANAGER))

    client.post(f"/risks/ladder/{ladder.pk}/retire/", {"version": ladder.version})

    assert "This is the last standard ladder" in client.get("/risks/ladder/").content.decode()


def test_a_request_for_a_million_rungs_draws_twenty(client, model):
    client.force_login(people.user(role=Role.RISK_MANAGER))

    answer = client.post("/risks/ladder/new/", {"name": "Long", **rows(), "rung-TOTAL_FORMS": 1_000_000})

    assert answer.status_code == 422
    assert answer.content.decode().count('name="rung-19-who"') == 1
    assert "rung-20-who" not in answer.content.decode()
