"""Learning sessions: planned, signed up for, moved, cancelled, held, and followed by a learning."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from history import operations as history
from history.models import Event
from kit.actor import SYSTEM, Actor
from kit.refusals import IllegalMove, Refused
from learnings.models import Learning, LearningSession, SignUp
from learnings.operations import session as operations
from learnings.operations import session_sight
from learnings.operations import sign_up as sign_ups
from people.operations import person
from people.states import Role
from riskhub import schedule
from tests.factories import learnings, people, risks
from tests.factories.sessions import session, sign_up
from tests.moments import AT

pytestmark = pytest.mark.django_db
LIST, API = "/learnings/sessions/", "/api/v1/learning-sessions"
DAY = timedelta(days=1)


@pytest.fixture
def ana(client):
    people.organisation()
    found = people.user("Ana")
    client.force_login(found)
    return found


def states(on: LearningSession) -> list[str]:
    return list(
        SignUp.objects.filter(session=on).order_by("signed_up_at", "pk").values_list("state", flat=True)
    )


# ------------------------------------------------------------------ visibility


def test_it_is_restricted_and_opened_later_and_who_takes_part_keeps_it(ana):
    team, speaker, goer, left = people.team("Credit"), people.user(), people.user(), people.user()
    made = session(by=ana, speaker=speaker)
    sign_up(made, goer)
    sign_ups.withdraw(sign_up(made, left), by=SYSTEM, at=AT)
    mate, stranger = people.user(teams=[team]), people.user()
    readers = (ana, speaker, goer, mate, left, stranger)

    def seen_by() -> list[bool]:
        return [LearningSession.objects.visible_to(reader).exists() for reader in readers]

    session_sight.restrict(made, teams=[team], by=Actor(ana, "page"), at=AT)
    assert seen_by() == [True, True, True, True, False, False]
    with pytest.raises(Refused, match="teams that you are not in"):
        sign_up(made, stranger)
    session_sight.restrict(made, teams=None, by=Actor(ana, "page"), at=AT)
    assert seen_by() == [True] * 6
    verbs = Event.objects.filter(subject=made.subject).values_list("verb", flat=True)
    assert {"learnings.session_restricted", "learnings.session_opened_to_all"} <= set(verbs)


def test_one_about_something_restricted_follows_that(ana):
    secret = risks.risk(viewers=[people.team().subject_id])
    made = session(about=secret.subject)
    for teams in ([people.team()], None):
        with pytest.raises(Refused, match="what it is about") as refusal:
            session_sight.restrict(made, teams=teams, by=SYSTEM, at=AT)
        assert refusal.value.field == "teams"


def test_the_organiser_restricts_it_on_a_page_and_by_the_api(client, ana):
    team = people.team("Credit")
    made, other = session(by=ana), session()
    page = f"{LIST}{made.pk}/visibility/"
    assert page in client.get(f"{LIST}{made.pk}/").content.decode()
    form = {"who": "teams", "teams": [team.pk], "version": made.version}
    assert client.post(page, form).status_code == 303
    made.refresh_from_db()
    made.subject.refresh_from_db()
    assert team.subject_id in made.subject.viewers
    answer = client.post(
        f"{API}/{made.pk}/restrict",
        json.dumps({"teams": None}),
        content_type="application/json",
        headers={"If-Match": client.get(f"{API}/{made.pk}")["ETag"]},
    )
    made.subject.refresh_from_db()
    assert answer.status_code == 204 and made.subject.viewers is None
    assert client.get(f"{LIST}{other.pk}/visibility/").status_code == 403
    assert "made this session visible to everyone" in client.get(f"{LIST}{made.pk}/").content.decode()


# ------------------------------------------------------------------ planning


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"title": " "}, "title"),
        ({"starts_at": AT}, "starts_at"),
        ({"starts_at": AT + 800 * DAY}, "starts_at"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"minutes": 4}, "minutes"),
        ({"seats": 0}, "seats"),
        ({"links": ["javascript:alert(1)"]}, "links"),
        ({"teams": []}, "teams"),
    ],
)
def test_a_bad_session_is_refused_with_the_field(ana, values, field):
    fixed = {"title": "Drift", "starts_at": AT + DAY, "time_zone": "Europe/Berlin", "by": SYSTEM, "at": AT}
    with pytest.raises(Refused) as refusal:
        operations.plan(**{**fixed, **values})

    assert refusal.value.field == field
    assert not LearningSession.objects.exists()


def test_the_speaker_is_here_and_may_see_it(ana):
    gone = people.user()
    person.deactivate(gone, by=SYSTEM, at=AT)
    gone.refresh_from_db()
    for values, field in (
        ({"speaker": gone}, "speaker"),
        ({"speaker": people.user(), "teams": [people.team()]}, "speaker"),
        ({"speaker": ana, "guest": "Dr. Guest"}, "guest"),
    ):
        with pytest.raises(Refused) as refusal:
            session(**values)
        assert refusal.value.field == field
    assert not LearningSession.objects.exists()


# ------------------------------------------------------------------ seats


def test_who_comes_late_waits_and_gets_the_seat_that_becomes_free(ana):
    on = session(seats=1)
    first, second, third = sign_up(on), sign_up(on, at=AT + timedelta(minutes=1)), sign_up(on, at=AT + DAY)
    assert states(on) == ["going", "waiting", "waiting"]

    sign_ups.withdraw(first, by=Actor(first.person, "page"), at=AT + DAY)
    assert states(on) == ["withdrawn", "going", "waiting"]
    again = sign_up(on, first.person, at=AT + 2 * DAY)
    assert (again.pk, again.state) == (first.pk, "waiting")
    assert sign_up(on, second.person).pk == second.pk
    on.refresh_from_db()
    operations.change(on, {"seats": 2}, by=SYSTEM, at=AT)
    third.refresh_from_db(), again.refresh_from_db()
    assert (third.state, again.state) == ("going", "waiting")
    operations.change(on, {"seats": 1}, by=SYSTEM, at=AT)
    assert states(on).count("going") == 2


def test_seats_that_became_free_while_it_was_cancelled_are_given_when_it_takes_place(ana):
    on = session(seats=1)
    first, _ = sign_up(on), sign_up(on, at=AT + timedelta(minutes=1))
    operations.cancel(on, reason="Ill", by=SYSTEM, at=AT)
    sign_ups.withdraw(first, by=Actor(first.person, "page"), at=AT)
    assert states(on) == ["withdrawn", "waiting"]

    operations.reinstate(on, by=SYSTEM, at=AT)

    assert states(on) == ["withdrawn", "going"]


def test_more_seats_help_nobody_once_it_is_over(ana):
    on = session(seats=1)
    sign_up(on), sign_up(on, at=AT + timedelta(minutes=1))

    operations.change(on, {"seats": 2}, by=SYSTEM, at=AT + 4 * DAY)

    assert states(on) == ["going", "waiting"]


def test_signing_up_is_refused_when_it_makes_no_sense(ana):
    on = session(speaker=ana)
    for at, who, field in ((AT, ana, "person"), (AT + 4 * DAY, people.user(), "state")):
        with pytest.raises(Refused) as refusal:
            sign_up(on, who, at=at)
        assert refusal.value.field == field
    operations.cancel(on, reason="Ill", by=SYSTEM, at=AT)
    with pytest.raises(Refused, match="cancelled"):
        sign_up(on)


@pytest.mark.django_db(transaction=True)
def test_two_people_at_once_do_not_get_the_last_seat():
    people.organisation()
    on = session(seats=1)
    both = [people.user(), people.user()]

    def run(who):
        try:
            return sign_up(LearningSession.objects.get(pk=on.pk), who).state
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(run, both)) == ["going", "waiting"]


def test_who_leaves_gives_up_the_seat(ana):
    on = session(seats=1)
    first, second = sign_up(on), sign_up(on, at=AT + timedelta(minutes=1))
    person.deactivate(first.person, by=SYSTEM, at=AT + DAY)
    schedule.act(AT + DAY)

    second.refresh_from_db()
    assert second.state == "going"
    assert states(on) == ["withdrawn", "going"]


# ------------------------------------------------------------------ attendance and learning


def test_attendance_is_noted_from_the_start_on_and_can_be_corrected(ana):
    on, at = session(speaker=ana), AT + 4 * DAY
    there, away, other = sign_up(on), sign_up(on), people.user()
    with pytest.raises(Refused) as refusal:
        sign_ups.note_attendance(on, present=[ana], by=SYSTEM, at=AT)
    assert refusal.value.field == "present"

    sign_ups.note_attendance(on, present=[there.person, other], by=SYSTEM, at=at)
    noted = dict(SignUp.objects.values_list("person_id", "has_attended"))
    assert noted == {there.person_id: True, away.person_id: False, other.pk: True}
    assert on.state == "held"
    sign_ups.note_attendance(on, present=[away.person], by=SYSTEM, at=at)
    noted = dict(SignUp.objects.values_list("person_id", "has_attended"))
    assert noted == {there.person_id: False, away.person_id: True, other.pk: False}


def test_a_session_is_followed_by_one_learning(client, ana, move_clock):
    on = session(
        "Reading drift charts", guest="Dr. Guest", text="Slopes matter.", links=["https://x.example/a"]
    )
    with pytest.raises(Refused):
        operations.follow_up(on, by=Actor(ana, "page"), at=AT)
    move_clock(AT + 4 * DAY)
    for _ in range(2):
        assert client.post(f"{LIST}{on.pk}/learning/").status_code in {302, 303}

    made = Learning.objects.get()
    assert (made.title, made.author, made.about_id) == ("Reading drift charts", ana, on.subject_id)
    for text in ("Dr. Guest", "Slopes matter.", "https://x.example/a"):
        assert text in made.seen


# ------------------------------------------------------------------ who sees it


def test_a_session_of_a_team_is_seen_by_the_team_only(client, ana):
    team = people.team()
    mate = people.user(teams=[team])
    hidden = session("Canary talk", teams=[team], by=mate)

    for path in (LIST, API, f"{LIST}?q=canary"):
        assert "Canary" not in client.get(path).content.decode()
    for path in (f"{LIST}{hidden.pk}/", f"{LIST}{hidden.pk}/edit/", f"{API}/{hidden.pk}/sign-ups"):
        assert client.get(path).status_code == 404
    assert client.post(f"{LIST}{hidden.pk}/sign-up/").status_code == 404
    client.force_login(mate)
    assert "Canary" in client.get(LIST).content.decode()


def test_what_it_is_about_is_shown_to_those_who_may_see_it(client, ana):
    about = learnings.published("Canary learning").subject
    on = session("Open talk", about=about)
    assert "Canary" in client.get(f"{LIST}{on.pk}/").content.decode()
    history.restrict(about, [people.team().subject_id])

    assert "Canary" not in client.get(f"{LIST}{on.pk}/").content.decode()
    assert client.get(f"{API}/{on.pk}").json()["about_reference"] is None


def test_a_session_about_something_restricted_is_restricted(client, ana):
    secret = risks.risk(viewers=[people.team().subject_id]).subject
    on = session("Canary talk", about=secret)

    assert client.get(f"{LIST}{on.pk}/").status_code == 404


# ------------------------------------------------------------------ pages and API


def test_a_page_plans_in_the_zone_of_the_session(client, ana):
    body = {
        "title": "Reading a chart",
        "starts_at": "2026-12-07T12:00",
        "minutes": 45,
        "time_zone": "America/New_York",
        "seats": 1,
        "links": "https://x.example/slides\n",
    }
    assert client.post(f"{LIST}new/", body).status_code == 303
    on = LearningSession.objects.get()
    assert on.starts_at.isoformat() == "2026-12-07T17:00:00+00:00"
    assert on.links == ["https://x.example/slides"]
    page = client.get(f"{LIST}{on.pk}/edit/").content.decode()
    assert 'value="2026-12-07T12:00"' in page
    assert client.post(f"{LIST}{on.pk}/sign-up/").status_code == 303
    assert "You have a seat" in client.get(f"{LIST}{on.pk}/").content.decode()
    assert client.post(f"{LIST}{on.pk}/withdraw/").status_code == 303
    assert states(on) == ["withdrawn"]
    assert client.post(f"{LIST}{on.pk}/cancel/", {"version": 1}).status_code == 422
    assert client.post(f"{LIST}{on.pk}/cancel/", {"version": 1, "reason": "Ill"}).status_code == 303
    assert client.get(LIST).context["page"].rows == []
    assert len(client.get(f"{LIST}?show=cancelled").context["page"].rows) == 1
    assert client.post(f"{LIST}{on.pk}/reinstate/", {"version": 2}).status_code == 303
    assert len(client.get(f"{LIST}?show=mine").context["page"].rows) == 1


@pytest.mark.parametrize("starts_at", ["0001-01-01T00:30", "9999-12-31T23:30"])
def test_a_start_that_some_zone_does_not_have_is_refused(client, ana, starts_at):
    body = {"title": "x", "starts_at": starts_at, "minutes": 45}
    for zone in ("America/New_York", "Europe/Berlin"):
        answer = client.post(f"{LIST}new/", {**body, "time_zone": zone})
        assert answer.status_code == 422
        assert "Use a year from 2000 to 2999." in answer.content.decode()
        instant = starts_at + ("+14:00" if starts_at < "1" else "-12:00")
        asked = {**body, "starts_at": instant, "time_zone": zone}
        assert client.post(API, json.dumps(asked), content_type="application/json").status_code in {400, 422}


def test_a_change_keeps_a_speaker_who_left(client, ana):
    sol = people.user("Sol")
    on = session(speaker=sol, by=ana)
    person.deactivate(sol, by=SYSTEM, at=AT)
    client.force_login(ana)
    form = client.get(f"{LIST}{on.pk}/edit/").context["form"]
    body = {name: "" if form[name].value() is None else form[name].value() for name in form.fields}

    sent = {**body, "starts_at": "2026-12-07T12:00", "place": "Room 9", "version": on.version}
    assert client.post(f"{LIST}{on.pk}/edit/", sent).status_code == 303

    on.refresh_from_db()
    assert (on.speaker, on.place) == (sol, "Room 9")


def test_only_planner_speaker_and_risk_managers_change_it(client, ana):
    on = session(speaker=people.user("Sol"))
    assert client.get(f"{LIST}{on.pk}/edit/").status_code == 403
    for who in (on.speaker, on.author, people.user(role=Role.RISK_MANAGER)):
        client.force_login(who)
        assert client.get(f"{LIST}{on.pk}/edit/").status_code == 200


def test_the_api_plans_signs_up_moves_and_notes_attendance(client, ana, move_clock):
    def post(path, body=None, tag=None):
        headers = {"If-Match": tag} if tag else {}
        return client.post(path, json.dumps(body or {}), content_type="application/json", headers=headers)

    body = {"title": "Chart", "starts_at": "2026-11-25T12:00:00Z", "time_zone": "Europe/Berlin", "seats": 1}
    made = post(API, body)
    assert made.status_code == 201, made.content
    path = f"{API}/{made.json()['id']}"
    seat = post(f"{path}/sign-ups")
    assert (seat.status_code, seat.json()["state"]) == (201, "going")
    assert client.get(path).json()["going"] == 1
    assert post(f"{path}/withdraw").json()["state"] == "withdrawn"
    assert post(f"{path}/withdraw").status_code == 422
    assert post(f"{path}/sign-ups").json()["state"] == "going"
    moved = client.patch(
        path,
        json.dumps({"starts_at": "2026-11-26T12:00:00Z"}),
        content_type="application/json",
        headers={"If-Match": made["ETag"]},
    )
    assert moved.json()["starts_at"] == "2026-11-26T12:00:00Z"
    assert post(f"{path}/cancel", {"reason": "x"}, made["ETag"]).status_code == 412
    assert post(f"{path}/attendance", {"present": []}, moved["ETag"]).status_code == 422
    move_clock(AT + 5 * DAY)
    held = post(f"{path}/attendance", {"present": [ana.pk]}, moved["ETag"])
    assert held.json()["state"] == "held"
    (row,) = client.get(f"{path}/sign-ups").json()["results"]
    assert (row["person_id"], row["has_attended"]) == (ana.pk, True)
    assert post(f"{path}/follow-up").json()["reference"] == Learning.objects.get().reference
    with pytest.raises(IllegalMove):
        operations.cancel(LearningSession.objects.get(), reason="x", by=SYSTEM, at=AT)


@pytest.mark.parametrize("path", [LIST, API, "{}", "{}/sign-ups"])
def test_pages_cost_the_same_at_one_and_three_rows(client, ana, path):
    on = session()
    path = path.format(f"{API}/{on.pk}" if "sign" in path else f"{LIST}{on.pk}/")
    path = path.replace("//sign", "/sign")
    counts = []
    for _ in range(2):
        sign_up(on)
        with CaptureQueriesContext(connection) as found:
            assert client.get(path).status_code == 200
        counts.append(len(found))
        session(), session(), sign_up(on)

    assert counts[0] == counts[1]


# ------------------------------------------------------------------ My week


def test_my_week_shows_the_sessions_of_the_next_seven_days(client, ana):
    mine, full = session("Reading drift", place="Room 3"), session("Labels", seats=1)
    sign_up(mine, ana), sign_up(full), sign_up(full, ana)
    session("I speak", speaker=ana)
    others = [
        session("Not mine"),
        session("Much later", speaker=ana, starts_at=AT + 8 * DAY),
        operations.cancel(session("Cancelled", speaker=ana), reason="Ill", by=SYSTEM, at=AT),
    ]
    left = session("Left")
    sign_ups.withdraw(sign_up(left, ana), by=Actor(ana, "page"), at=AT)

    page = client.get("/learnings/my-week/").content.decode()
    for words in ("Reading drift", "Room 3", "You are signed up", "You speak", "You are on the waiting list"):
        assert words in page
    for hidden in (*others, left):
        assert hidden.title not in page
    assert "Learning of the week" not in page
    assert 'hx-get="/learnings/my-week/"' in client.get("/").content.decode()


def test_my_week_takes_the_same_queries_for_one_session_and_for_three(client, ana):
    counts = []
    for _number in range(3):
        session(speaker=ana)
        with CaptureQueriesContext(connection) as captured:
            client.get("/learnings/my-week/")
        counts.append(len(captured))

    assert counts[0] == counts[2]


def test_a_start_without_an_offset_is_refused_beside_a_zone(ana, client):
    body = {"title": "T", "time_zone": "Europe/Berlin", "starts_at": "2026-12-14T10:00:00"}

    answer = client.post(API, json.dumps(body), content_type="application/json")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "starts_at"
    assert "2026-12-14T10:00:00+01:00" in answer.content.decode()
