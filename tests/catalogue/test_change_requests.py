"""Change requests: routes by tier, sign-off by the holder of the right, windows, the check of the effect."""

import json
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalogue.models import ChangeRequest
from catalogue.operations import change_request as operations
from catalogue.queries import change_request as queries
from catalogue.queries.deployment import open_windows
from catalogue.states import RightKind
from history.models import Event
from kit.actor import SYSTEM, Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from kit.rights import may
from meetings.models import AgendaItem
from notices.models import Entry, Message
from people.models import User
from people.operations import token
from people.states import Role
from riskhub import schedule
from risklog.models import Review
from risklog.operations import review as reviews
from tests.conftest import AT
from tests.factories import catalogue, meetings, people

pytestmark = pytest.mark.django_db
BY = {"by": SYSTEM, "at": AT}
LIST = "/models/change-requests/"


@pytest.fixture
def holder():
    people.organisation()
    person = people.user("Hanna Holder", role=Role.MEMBER)
    catalogue.right(RightKind.MODEL_CHANGE, person=person)
    catalogue.right(RightKind.DEPLOYMENT, person=person)
    return person


def verbs(change):
    return list(Event.objects.filter(subject=change.subject_id).order_by("pk").values_list("verb", flat=True))


@pytest.mark.parametrize(
    ("tier", "is_emergency", "route"),
    [
        (1, False, "full"),
        (2, False, "full"),
        (None, False, "full"),
        (3, False, "fast"),
        (4, False, "fast"),
        (1, True, "emergency"),
    ],
)
def test_the_tier_chooses_the_route(tier, is_emergency, route):
    assert catalogue.change(catalogue.model(tier=tier), is_emergency=is_emergency).route == route


def test_a_fast_change_asks_the_holder_of_the_right_and_is_signed(holder):
    change = catalogue.change(catalogue.model(tier=4))
    schedule.tick(AT)
    entry = Entry.objects.get(user=holder, event__subject=change.subject_id)
    assert "sign-off" in entry.why
    assert Message.objects.filter(user=holder).exists()
    operations.sign(change, note="Fine", by=Actor(holder, "page"), at=AT)
    change.refresh_from_db()
    assert (change.state, change.settled_by) == ("signed", holder)
    assert not Review.objects.exists()


def test_a_full_change_waits_for_its_review(holder):
    change = catalogue.change(catalogue.model(tier=1))
    schedule.tick(AT)
    review = Review.objects.get(about=change.subject_id)
    assert review.kind == "deployment"
    assert not Entry.objects.filter(user=holder, event__verb="catalogue.change_request_opened").exists()
    with pytest.raises(Refused, match="review is not settled"):
        operations.sign(change, **BY)
    reviews.settle(review, outcome="confirmed", reason="It is sound.", **BY)
    schedule.tick(AT)
    schedule.tick(AT)
    change = queries.change_requests().get(pk=change.pk)
    assert change.reviewed_at == AT
    assert Entry.objects.filter(user=holder, event__verb="catalogue.change_request_reviewed").exists()
    operations.sign(change, **BY)
    assert verbs(change)[-1] == "catalogue.change_request_signed"


def test_the_review_of_a_withdrawn_change_is_withdrawn(holder):
    change = catalogue.change(catalogue.model(tier=1))
    schedule.tick(AT)
    operations.withdraw(change, reason="Not needed", **BY)
    schedule.tick(AT)
    assert Review.objects.get(about=change.subject_id).state == "withdrawn"


def test_a_change_whose_review_is_withdrawn_is_told_to_who_opened_it(holder):
    opener = people.user("Olga Opener", role=Role.MEMBER)
    change = catalogue.change(catalogue.model(tier=1), opened_by=opener)
    schedule.tick(AT)
    reviews.withdraw(Review.objects.get(about=change.subject_id), reason="Wrong people", **BY)
    schedule.tick(AT)
    schedule.tick(AT)

    entry = Entry.objects.get(event__verb="catalogue.change_review_withdrawn")
    assert entry.user == opener and "Request another one" in entry.why


def test_nobody_signs_what_they_opened(holder):
    manager = people.user("Mia", role=Role.RISK_MANAGER)
    other = people.user("Otto", role=Role.MEMBER)
    model = catalogue.model(tier=4)
    own = queries.set_signer(catalogue.change(model, opened_by=holder, is_emergency=True))
    of_other = queries.set_signer(catalogue.change(model, opened_by=other))

    assert [may(person, "catalogue.change_sign", own) for person in (holder, manager, other)] == [
        False,
        True,
        False,
    ]
    assert queries.signers(own) == [manager]
    assert [may(person, "catalogue.change_sign", of_other) for person in (holder, manager)] == [True, False]


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": Role.VIEWER}], ids=("left", "viewer"))
def test_risk_managers_sign_for_a_holder_who_can_no_longer_act(client, holder, change):
    manager, opener = people.user("Mia", role=Role.RISK_MANAGER), people.user("Otto")
    request = catalogue.change(catalogue.model(tier=4), opened_by=opener)
    User.objects.filter(pk=holder.pk).update(**change)

    found = queries.set_signer(queries.change_requests().get(pk=request.pk))
    assert may(manager, "catalogue.change_sign", found) and queries.signers(found) == [manager]
    assert not may(opener, "catalogue.change_sign", found)
    client.force_login(opener)
    page = client.get(f"{LIST}{request.reference}/").content.decode()
    assert "can no longer sign." in page


def test_a_team_without_a_lead_leaves_the_sign_off_to_risk_managers(client, holder):
    manager = people.user("Mia", role=Role.RISK_MANAGER)
    model = catalogue.model(tier=4, owner_team=people.team())
    catalogue.right(RightKind.MODEL_CHANGE, model=model, who="team_lead")
    request = catalogue.change(model, opened_by=people.user("Otto"))

    assert may(manager, "catalogue.change_sign", queries.set_signer(request))
    assert queries.signers(request) == [manager]
    client.force_login(request.opened_by)
    page = client.get(f"{LIST}{request.reference}/").content.decode()
    assert "The owner team has no lead, so a risk manager signs." in page


def test_the_others_of_a_function_sign_what_one_of_them_opened(holder):
    function = people.function("platform-operations")
    one, two = people.user("Una", function=function), people.user("Tom", function=function)
    model = catalogue.model(tier=4)
    catalogue.right(RightKind.MODEL_CHANGE, model=model, function=function)
    change = queries.set_signer(catalogue.change(model, opened_by=one))

    assert queries.signers(change) == [two]
    assert may(two, "catalogue.change_sign", change) and not may(one, "catalogue.change_sign", change)


@pytest.fixture
def of_function(holder):
    """Return a function that holds the right to sign the changes of a model, and that model."""
    function = people.function("platform-operations")
    model = catalogue.model(tier=4)
    catalogue.right(RightKind.MODEL_CHANGE, model=model, function=function)
    return function, model


def agrees(request) -> list[User]:
    """Return signers(), which must be exactly the people with the permission to sign."""
    found = queries.signers(queries.set_signer(request))
    allowed = [one for one in User.objects.active() if may(one, "catalogue.change_sign", request)]
    assert {one.pk for one in found} == {one.pk for one in allowed}
    return found


def test_risk_managers_sign_what_the_only_one_of_a_function_opened(client, of_function):
    function, model = of_function
    manager, opener = people.user("Mia", role=Role.RISK_MANAGER), people.user("Una", function=function)
    request = catalogue.change(model, opened_by=opener)

    assert agrees(request) == [manager]
    client.force_login(opener)
    page = client.get(f"{LIST}{request.reference}/").content.decode()
    assert f"nobody else of {function.name} can sign." in page
    client.force_login(manager)
    assert "/sign/" in client.get(f"{LIST}{request.reference}/").content.decode()


def test_risk_managers_sign_for_a_function_of_nobody(of_function):
    function, model = of_function
    manager, left = people.user("Mia", role=Role.RISK_MANAGER), people.user("Una", function=function)
    User.objects.filter(pk=left.pk).update(is_active=False)

    request = catalogue.change(model, opened_by=people.user("Otto"))
    assert agrees(request) == [manager]
    schedule.tick(AT)
    assert Entry.objects.get(event__subject=request.subject_id, why__contains="sign-off").user == manager


def test_a_viewer_of_a_function_is_not_asked_to_sign(of_function):
    function, model = of_function
    manager = people.user("Mia", role=Role.RISK_MANAGER)
    people.user("Vera", function=function, role=Role.VIEWER)

    request = catalogue.change(model, opened_by=people.user("Otto"))
    assert agrees(request) == [manager]
    member = people.user("Una", function=function)
    assert agrees(request) == [member]


def test_a_change_that_waits_for_its_sign_off_is_on_the_agenda(holder):
    team = people.team()
    meetings.series(team)
    model = catalogue.model(tier=4, owner_team=team)
    fast, full = catalogue.change(model), catalogue.change(catalogue.model(tier=1, owner_team=team))
    schedule.tick(AT)
    item = AgendaItem.objects.get(about=fast.subject_id)
    assert "waits for its sign-off" in item.why and "deployment" in item.why.lower()
    assert not AgendaItem.objects.filter(about=full.subject_id).exists()

    reviews.settle(Review.objects.get(about=full.subject_id), outcome="confirmed", reason="Sound", **BY)
    operations.sign(fast, **BY)
    schedule.tick(AT)
    schedule.tick(AT)
    item.refresh_from_db()
    assert item.state == "done"
    assert AgendaItem.objects.get(about=full.subject_id).state == "waiting"


def test_an_emergency_is_chased_until_it_is_signed(holder, move_clock):
    change = catalogue.change(catalogue.model(tier=1), is_emergency=True)
    for days in (3, 6):
        move_clock(AT + timedelta(days=days))
        schedule.tick(AT + timedelta(days=days))
    assert verbs(change).count("catalogue.change_request_chased") == 2
    operations.sign(change, by=SYSTEM, at=AT + timedelta(days=6))
    move_clock(AT + timedelta(days=20))
    schedule.tick(AT + timedelta(days=20))
    assert verbs(change).count("catalogue.change_request_chased") == 2


def test_nobody_signs_without_a_rollback_plan(holder):
    change = catalogue.change(catalogue.model(tier=4), rollback="")
    with pytest.raises(Refused, match="no rollback plan"):
        operations.sign(change, **BY)
    operations.change(change, {"rollback": "Deploy version 3"}, **BY)
    operations.sign(change, **BY)
    with pytest.raises(IllegalMove):
        operations.change(change, {"rollback": "Another"}, **BY)
    with pytest.raises(IllegalMove):
        operations.sign(change, **BY)


def test_the_effect_is_asked_for_on_its_day_once(holder, move_clock):
    opener = people.user("Olga Opener", role=Role.MEMBER)
    change = catalogue.change(
        catalogue.model(tier=4),
        opened_by=opener,
        effect="PSI below 0.1",
        effect_on=AT.date() + timedelta(days=7),
    )
    operations.sign(change, **BY)
    later = AT + timedelta(days=8)
    move_clock(later)
    schedule.tick(later)
    schedule.tick(later)
    assert verbs(change).count("catalogue.change_effect_due") == 1
    assert Entry.objects.filter(user=opener, event__verb="catalogue.change_effect_due").exists()
    operations.check_effect(change, result="partly", note="0.12", by=SYSTEM, at=later)
    change.refresh_from_db()
    assert (change.effect_result, change.effect_note, change.waits_for_effect) == ("partly", "0.12", False)


def test_an_effect_checked_early_is_not_asked_for(holder, move_clock):
    change = catalogue.change(
        catalogue.model(tier=4), effect="PSI below 0.1", effect_on=AT.date() + timedelta(days=7)
    )
    with pytest.raises(IllegalMove):
        operations.check_effect(change, result="not", **BY)
    operations.sign(change, **BY)
    operations.check_effect(change, result="as_expected", **BY)
    move_clock(AT + timedelta(days=8))
    schedule.tick(AT + timedelta(days=8))
    assert "catalogue.change_effect_due" not in verbs(change)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"kind": "party"}, "kind"),
        ({"kind": "deployment"}, "window_from"),
        ({"kind": "deployment", "window_from": AT}, "window_until"),
        ({"window_from": AT}, "window_until"),
        ({"window_from": AT, "window_until": AT}, "window_until"),
        ({"window_from": AT, "window_until": AT + timedelta(days=8)}, "window_until"),
        ({"effect_on": date(2020, 1, 1)}, "effect_on"),
    ],
)
def test_bad_input_names_the_field(fields, field):
    with pytest.raises(Refused) as refusal:
        catalogue.change(catalogue.model(), **fields)
    assert refusal.value.field == field
    assert not ChangeRequest.objects.exists()


def test_a_window_counts_once_it_is_signed_and_an_emergency_at_once(holder):
    hours = {"window_from": AT, "window_until": AT + timedelta(hours=2)}
    planned, urgent = catalogue.model(tier=4), catalogue.model(tier=4)
    change = catalogue.change(planned, kind="deployment", **hours)
    emergency = catalogue.change(urgent, kind="deployment", is_emergency=True, **hours)
    ids = [planned.pk, urgent.pk]
    assert open_windows(ids, AT) == {urgent.pk: emergency}
    operations.sign(change, **BY)
    operations.decline(emergency, reason="No", **BY)
    assert open_windows(ids, AT) == {planned.pk: change}
    assert open_windows([urgent.pk], AT) == {}
    assert open_windows(ids, AT + timedelta(hours=2)) == {}
    assert open_windows(ids, AT - timedelta(seconds=1)) == {}


def test_an_emergency_that_nobody_signed_counts_only_from_somebody_who_may_change_the_model(holder):
    """Its window mutes, and anybody may open an emergency."""
    hours = {"window_from": AT, "window_until": AT + timedelta(hours=2)}
    team = people.team("Growth ML")
    developer, manager, member = people.user(), people.user(role=Role.RISK_MANAGER), people.user(teams=[team])
    opened = {
        name: catalogue.model(tier=4, developer=developer, owner_team=owner_team)
        for name, owner_team in (("stranger", None), ("developer", None), ("manager", None), ("member", team))
    }
    who = {"stranger": people.user(), "developer": developer, "manager": manager, "member": member}
    for name, model in opened.items():
        catalogue.change(model, kind="deployment", is_emergency=True, opened_by=who[name], **hours)

    counted = open_windows([model.pk for model in opened.values()], AT)

    assert set(counted) == {model.pk for name, model in opened.items() if name != "stranger"}


# ------------------------------------------------------------------ pages


def test_only_the_holder_signs_on_the_page(client, holder):
    change = catalogue.change(catalogue.model(tier=4))
    address = f"{LIST}{change.reference}/"
    client.force_login(people.user("Ada", role=Role.ADMINISTRATOR))
    assert "Waits for Hanna Holder" in client.get(address).content.decode()
    assert client.post(f"{address}sign/", {"version": change.version}).status_code == 403
    client.force_login(holder)
    assert "Sign off" in client.get(address).content.decode()
    assert client.post(f"{address}decline/", {"version": change.version, "reason": ""}).status_code == 422
    assert client.post(f"{address}sign/", {"version": change.version}).status_code == 303
    assert "Signed off" in client.get(address).content.decode()


def test_a_refused_sign_off_is_shown_on_the_page(client, holder):
    change = catalogue.change(catalogue.model(tier=4), rollback="")
    client.force_login(holder)
    answer = client.post(f"{LIST}{change.reference}/sign/", {"version": change.version})
    assert answer.status_code == 422
    assert "It has no rollback plan." in answer.content.decode()


def test_the_list_filters_and_needs_as_many_queries_for_three_rows_as_for_one(client, holder):
    client.force_login(holder)
    catalogue.change(catalogue.model("one", tier=4), title="First")

    def count():
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(LIST).status_code == 200
        return len(captured)

    count()
    one = count()
    catalogue.change(catalogue.model("two", tier=4), title="Second")
    last = catalogue.change(catalogue.model("three", tier=1), title="Third")
    assert count() == one
    shown = client.get(LIST, {"route": "full"}).content.decode()
    assert "Third" in shown and "Second" not in shown
    assert "Third" in client.get(LIST, {"q": last.reference.lower()}).content.decode()
    assert "No change requests found" in client.get(LIST, {"q": "nothing"}).content.decode()


def test_a_change_of_a_hidden_model_is_hidden(client, holder):
    team = people.team("Elsewhere")
    hidden = catalogue.change(
        catalogue.model(viewers=[team.subject_id], name="Secret"), title="Hidden change"
    )
    client.force_login(holder)
    assert client.get(f"{LIST}{hidden.reference}/").status_code == 404
    assert "Hidden change" not in client.get(LIST).content.decode()


# ------------------------------------------------------------------ API


@pytest.fixture
def api(client, holder):
    opener = people.user("Olga Opener", role=Role.MEMBER)
    texts = {
        person: token.issue(person, name="all", scope="write", by=SYSTEM, at=AT)[1]
        for person in (holder, opener)
    }

    def call(method, address, body=None, **headers):
        text = texts[holder if address.endswith(("/sign", "/decline")) else opener]
        sent = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
        return getattr(client, method)(
            f"/api/v1/{address}", **sent, headers={"Authorization": f"Bearer {text}", **headers}
        )

    return call


def test_the_api_opens_changes_signs_and_checks(api):
    catalogue.model("credit", tier=4)
    made = api("post", "change-requests", {"model": "credit", "title": "Retrain", "effect": "PSI below 0.1"})
    assert made.status_code == 201, made.content
    reference = made.json()["reference"]
    assert made.json()["route"] == "fast"
    assert made.json()["model_slug"] == "credit"
    address = f"change-requests/{reference}"
    tag = api("get", address)["ETag"]
    refused = api("post", f"{address}/sign", {}, **{"If-Match": tag})
    assert refused.status_code == 422
    changed = api("patch", address, {"rollback": "Deploy version 3"}, **{"If-Match": tag})
    assert changed.status_code == 200, changed.content
    signed = api("post", f"{address}/sign", {"note": "Go"}, **{"If-Match": changed["ETag"]})
    assert (signed.status_code, signed.json()["state"]) == (200, "signed")
    checked = api("post", f"{address}/effect", {"result": "as_expected"}, **{"If-Match": signed["ETag"]})
    assert checked.json()["effect_result"] == "as_expected"
    rows = api("get", "change-requests?state=signed&model=credit").json()["results"]
    assert [row["reference"] for row in rows] == [reference]


def test_the_api_refuses_a_stranger_to_the_right_and_a_bad_window(api, holder):
    model = catalogue.model("credit", tier=4)
    catalogue.right(RightKind.MODEL_CHANGE, model=model)
    change = catalogue.change(model)
    tag = api("get", f"change-requests/{change.reference}")["ETag"]
    assert api("post", f"change-requests/{change.reference}/sign", {}, **{"If-Match": tag}).status_code == 403
    bad = api("post", "change-requests", {"model": "credit", "title": "Deploy", "kind": "deployment"})
    assert bad.status_code == 422
    assert "window_from" in bad.content.decode()
    over = {"window_from": "2020-01-01T10:00:00Z", "window_until": "2020-01-01T12:00:00Z"}
    body = {"model": "credit", "title": "Deploy", "kind": "deployment", "rollback": "Back", **over}
    late = api("post", "change-requests", body)
    assert (late.status_code, [one["field"] for one in late.json()["errors"]]) == (422, ["window_until"])
    assert api("post", "change-requests", {**body, "is_emergency": True}).status_code == 201


def test_a_stale_version_is_refused(holder):
    change = catalogue.change(catalogue.model(tier=4))
    with pytest.raises(ChangedMeanwhile):
        operations.sign(change, seen=99, **BY)
