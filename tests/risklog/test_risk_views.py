"""The pages of risks: list, filters, one risk, its forms, and who may not see them."""

import os
import re
from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from actions.operations import action as action_operations
from history import documents
from history import operations as history
from history.models import Event
from kit.actor import SYSTEM, Actor
from people.operations import organisation
from people.states import Role
from risklog.filters.risk import RISKS
from risklog.models import Risk
from risklog.operations import risk as operations
from risklog.states import RiskState
from signals.models import Breach, BreachGroup, Point, Series, Threshold, ThresholdVersion
from tests.conftest import AT
from tests.factories import actions, people, risks, signals

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def member(client):
    found = people.user("Ana Moreau")
    client.force_login(found)
    return found


@pytest.fixture
def manager(client):
    found = people.user("Mia Manager", role=Role.RISK_MANAGER)
    client.force_login(found)
    return found


def series(at, *values, model=None):
    found = Series(model=model, model_name="credit-pd", metric="psi", kind="drift")
    history.record(found, "signals.series_opened", by=SYSTEM, at=at)
    Point.objects.bulk_create(
        Point(series=found, ts=at - timedelta(days=len(values) - n), value=v) for n, v in enumerate(values)
    )
    return found


def listed(client, query=""):
    answer = client.get(f"/risks/{query}")
    assert answer.status_code == 200
    return re.findall(r'<tr id="(R-\d+)"', answer.content.decode())


def queries_of(client, url):
    with CaptureQueriesContext(
        connection,
    ) as found:
        assert client.get(url).status_code == 200
    return len(found)


# ------------------------------------------------------------------ the list


def test_the_list_costs_the_same_for_one_and_three_rows(client, member, at):
    team = people.team()
    model = risks.model(team=team)
    risks.risk("One", model=model, owner=member, series=series(at, 1, 2, 3, model=model))
    client.get("/risks/")
    one = queries_of(client, "/risks/")
    for number in range(2):
        risks.risk(
            f"More {number}", model=risks.model(f"Model {number}", team=people.team()), owner=people.user()
        )

    three = queries_of(client, "/risks/")

    assert len(listed(client)) == 3
    # The limit is fifteen. Here is no organisation, which the matrix is read with.
    assert one == three <= 16


def test_the_list_is_worst_first_and_shows_what_a_row_needs(client, member, at):
    low = risks.risk("A <b>small</b> thing", likelihood=1, impact=2)
    high = risks.risk("Big", likelihood=5, impact=5, owner=member, model=risks.model("Churn"))

    page = client.get("/risks/").content.decode()

    assert listed(client) == [high.reference, low.reference]
    assert "A &lt;b&gt;small&lt;/b&gt; thing" in page
    assert all(words in page for words in ("Critical", "Churn", "Data drift", "Ana Moreau"))


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", {"drift", "accepted", "mine", "low"}),
        ("?owner=me", {"mine"}),
        ("?owner=none", {"drift", "accepted", "low"}),
        ("?state=closed", {"closed"}),
        ("?state=accepted,closed", {"accepted", "closed"}),
        ("?level=1", {"low"}),
        ("?level=5,1", {"low", "mine"}),
        ("?unowned=false", {"mine"}),
        ("?team=me", {"mine"}),
        ("?team=fraud", {"mine"}),
        ("?team=none,fraud", {"drift", "accepted", "mine", "low"}),
        ("?category=label-noise,data-drift&owner=none", {"drift", "accepted", "low"}),
        ("?category=label-noise", {"low"}),
        ("?tag=income", {"drift"}),
        ("?cell=5x5", {"mine"}),
        ("?cell=5x4", set()),
        ("?q=latency", {"accepted"}),
        ("?q=laten", {"accepted"}),
        ("?q=scores+drift", {"drift"}),
        ("?model=churn", {"mine"}),
        ("?team=none", {"drift", "accepted", "low"}),
        ("?ending=true", set()),
        ("?review=overdue", set()),
        ("?review=due", {"mine"}),
        ("?plan=none", {"drift", "low", "mine"}),
        ("?plan=some", {"accepted"}),
        ("?changed=week", {"drift", "accepted", "mine", "low"}),
        ("?changed=month&level=1", {"low"}),
    ],
)
def test_each_filter_narrows(client, member, query, wanted):
    team = people.team("Fraud")
    people.member(team, member)
    found = {
        "drift": risks.risk("Scores drift", tags=["income"]),
        "accepted": risks.risk("Latency of features", state=RiskState.ACCEPTED),
        "mine": risks.risk(
            "Churn wrong",
            owner=member,
            likelihood=5,
            impact=5,
            model=risks.model("Churn", team=team),
        ),
        "low": risks.risk("Labels noisy", likelihood=1, impact=1, category=risks.category("label-noise")),
        "closed": risks.risk("Old", state=RiskState.CLOSED),
    }
    by_reference = {risk.reference: name for name, risk in found.items()}
    assert {by_reference[reference] for reference in listed(client, query)} == wanted


def test_an_overdue_review_and_a_plan_are_found(client, member, at, move_clock):
    critical = risks.risk("Critical", likelihood=5, impact=5)
    high = risks.risk("High", likelihood=4, impact=4)
    actions.action(owner=member, about=high.subject)
    done = actions.action(owner=member, about=critical.subject)
    action_operations.finish(done, note="Capped", by=SYSTEM, at=at)

    assert listed(client, "?plan=some") == [high.reference]
    move_clock(at + timedelta(days=15))
    client.force_login(member)  # the session has expired
    assert listed(client, "?review=overdue") == [critical.reference]
    assert listed(client, "?changed=week") == []


def test_the_list_is_searched_in_the_language_of_the_organisation(client, member, at):
    ours = people.organisation()
    house = risks.risk("Plain", description="Die Häuser")
    assert listed(client, "?q=haus") == []

    organisation.change(ours, {"search_language": "german"}, by=SYSTEM, at=at)
    list(documents.rebuild())

    assert listed(client, "?q=haus") == [house.reference]


@pytest.mark.parametrize("order", RISKS.orders)
@pytest.mark.parametrize(
    "query", ["", "state=open", "level=4", "q=scores", "owner=none", "tag=a", "category=data-drift"]
)
@pytest.mark.usefixtures("member")
def test_every_order_pages_through_every_filter_once(client, at, order, query, monkeypatch):
    monkeypatch.setattr("pages.listing.PAGE_SIZE", 2)
    for number in range(5):
        risks.risk(
            f"Scores {number}",
            tags=["a"],
            likelihood=4,
            impact=3 + number % 2,
            at=at + timedelta(hours=number),
        )
    seen, url = [], f"?order={order}&{query}"
    for _ in range(5):
        page = client.get(f"/risks/{url}").content.decode()
        seen += re.findall(r'<tr id="(R-\d+)"', page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        if not following:
            break
        url = following[1].replace("&amp;", "&")
    field = order.lstrip("-")
    values = [getattr(Risk.objects.get(subject__reference=reference), field) for reference in seen]
    assert len(seen) == len(set(seen)) == 5
    assert values == sorted(values, reverse=order.startswith("-"))


def test_a_reference_finds_its_risk_also_when_it_is_closed(client, member):
    old = risks.risk("Old", state=RiskState.CLOSED)
    assert listed(client, f"?q={old.reference.lower()}") == [old.reference]


def test_the_heat_map_counts_what_remains_and_filters(client, member, at):
    found = risks.risk(state=RiskState.TREATING, likelihood=5, impact=5)
    operations.monitor(found, residual_likelihood=2, residual_impact=3, by=SYSTEM, at=at)

    page = client.get("/risks/").content.decode()

    assert "Unlikely, moderate impact, Medium: 1 risk" in page
    assert listed(client, "?cell=2x3") == [found.reference]


def test_check_lists_are_links_that_add_and_remove_one_value(client, member):
    page = client.get("/risks/?state=open,closed&q=scores&owner=me").content.decode()

    assert '"?state=open,closed,accepted&amp;q=scores&amp;owner=me"' in page
    assert '"?state=closed&amp;q=scores&amp;owner=me"' in page
    assert '<input type="hidden" name="state" value="open,closed">' in page


def test_tabs_are_plain_selections(client, member):
    for query, label in (("", "All live"), ("level=4,5", "Critical & high"), ("owner=me", "Mine")):
        tabs = client.get(f"/risks/?{query}").context["tabs"]
        assert [tab.label for tab in tabs if tab.is_current] == [label]


def test_chips_say_names_where_the_address_has_keys(client, member):
    team = people.team("Fraud")
    chips = {chip.label for chip in client.get(f"/risks/?team=fraud,me&owner={member.pk}").context["chips"]}
    assert chips == {"Team: Fraud, My teams", "Owner: Ana Moreau"}
    hidden = risks.model("Secret scoring", viewers=[team.subject_id])
    assert "Secret" not in client.get(f"/risks/?model={hidden.slug}").content.decode()


def test_choices_keep_the_other_filters(client, member):
    people.team("Fraud")
    page = client.get("/risks/choices/team/?state=open&find=frau").content.decode()
    assert "/risks/?state=open&amp;team=fraud" in page
    assert client.get("/risks/choices/team/?state=odd").status_code == 400


def test_htmx_gets_the_list_alone_and_a_clean_address(client, member):
    risks.risk()
    answer = client.get("/risks/?q=scores&order=&owner=", headers=HTMX)
    assert answer.content.decode().lstrip().startswith('<div class="split" id="log">')
    assert answer["HX-Push-Url"] == "/risks/?q=scores"
    assert "HX-Request" in answer["Vary"]


def test_empty_lists_say_what_comes_next(client, member):
    assert "Create the first risk" in client.get("/risks/").content.decode()
    assert "Show all live risks" in client.get("/risks/?level=5").content.decode()


def test_a_page_of_fifty_is_light(client, member, at):
    _give_six_digits_to_references()
    model = risks.model("Retail credit scoring")
    line = series(at, *range(14), model=model)
    for number in range(51):
        risks.risk(
            f"Scores drift in segment {number} after the rate change", model=model, series=line, owner=member
        )
    answer = client.get("/risks/")
    assert len(answer.content) <= 100_000


def _give_six_digits_to_references():
    """A reference is ten times in its row, and a register of years has long ones."""
    database = {"dbname": str(connection.settings_dict["NAME"])}
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True, **database) as owner:
        for sequence in ("history_reference_r", "risklog_risk_id_seq"):
            owner.execute("SELECT setval(%s, greatest(123456, nextval(%s)), false)", [sequence, sequence])


def test_a_strange_cursor_starts_at_the_first_page(client, member):
    risks.risk()
    assert len(listed(client, "?after=nonsense")) == 1


# ------------------------------------------------------------------ who is kept out


def test_a_restricted_risk_leaves_no_trace_for_a_stranger(client, member):
    secret = risks.restricted("Canary in the vault", people.team(), tags=["canary"])
    for url in (
        "/risks/",
        "/risks/?q=canary",
        f"/risks/?q={secret.reference}",
        "/risks/heat/",
        "/risks/like/?title=Canary+vault",
    ):
        page = client.get(url).content.decode()
        assert secret.title not in page
        assert secret.reference + "<" not in page
        assert ": 1 risk" not in page
    for path in ("", "edit/", "sight/", "assess/", "reconfirm/"):
        assert client.get(f"/risks/{secret.reference}/{path}").status_code == 404


def test_its_team_sees_it_with_a_lock(client, member):
    team = people.team()
    people.member(team, member)
    secret = risks.restricted("Canary", team)
    assert "Restricted" in client.get(f"/risks/{secret.reference}/").content.decode()
    assert listed(client) == [secret.reference]


def test_a_risk_of_another_team_can_be_read_but_not_changed(client, member):
    found = risks.risk(owner=people.user(), team=people.team())
    assert client.get(f"/risks/{found.reference}/").status_code == 200
    assert client.post(f"/risks/{found.reference}/edit/", {"title": "Mine", "version": 1}).status_code == 403
    assert client.post(f"/risks/{found.reference}/assess/", {"version": 1}).status_code == 403


def test_a_viewer_reads_but_does_not_raise(client):
    client.force_login(people.user(role=Role.VIEWER))
    assert client.get("/risks/").status_code == 200
    assert client.get("/risks/new/").status_code == 403


# ------------------------------------------------------------------ raising


def five_fields(**changes):
    return {
        "title": "Applicants from the new region score too low",
        "category": risks.category().pk,
        "model": "",
        "description": "PSI 0.3",
        "guess": "4",
        "once": "abc",
        **changes,
    }


def test_five_fields_open_a_risk(client, member):
    answer = client.post("/risks/new/", five_fields())
    found = Risk.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/risks/{found.reference}/")
    assert (found.raised_by, found.severity, found.description) == (member, 16, "PSI 0.3")


def test_a_form_sent_twice_makes_one_risk(client, member):
    fields = five_fields()
    first, second = client.post("/risks/new/", fields), client.post("/risks/new/", fields)
    assert Risk.objects.count() == 1
    assert first["Location"] == second["Location"]


def test_missing_values_are_reported_and_nothing_is_lost(client, member):
    answer = client.post("/risks/new/", five_fields(category=""), headers=HTMX)
    assert answer.status_code == 422
    assert "Applicants from the new region" in answer.content.decode()
    assert not Risk.objects.exists()


def test_unnamed_stays_unnamed_for_others(client, member):
    client.post("/risks/new/", five_fields(is_unnamed="on"))
    found = Risk.objects.get()
    client.force_login(people.user("Other"))

    page = client.get(f"/risks/{found.reference}/").content.decode()

    assert "Ana Moreau" not in page
    assert "anonymously" in page
    assert Event.objects.get(subject_id=found.subject_id).actor_id == member.subject_id


def test_likely_duplicates_are_shown_while_writing(client, member):
    risks.risk("Scores drift after the rate change in retail credit")
    page = client.get("/risks/like/?title=Retail+credit+scores+drifting", headers=HTMX).content.decode()
    assert "Possible duplicates" in page
    other = client.get("/risks/like/?title=Quite+another", headers=HTMX).content.decode()
    assert "Possible duplicates" not in other


def test_a_breach_becomes_a_risk_by_one_click_once(client, member, at):
    risks.category()
    group = BreachGroup(cause_key="k", title="psi above 0.25", kind="drift", level=2, opened_at=at)
    history.record(group, "signals.breach_group_opened", by=SYSTEM, at=at)
    for text in ("created from the evidence.", "exists already."):
        answer = client.post(f"/risks/from-breach/{group.reference}/")
        reference = Risk.objects.get().reference
        assert answer["Location"] == f"/risks/{reference}/"
        assert f"{reference} {text}" in client.get(answer["Location"]).content.decode()


# ------------------------------------------------------------------ one risk


def test_the_page_of_a_risk_draws_its_metric_with_limits_and_breaches(client, member, at):
    line = series(at, 0.1, 0.2, 0.3)
    rule = Threshold(series=line, name="psi above")
    history.record(rule, "signals.threshold_proposed", by=SYSTEM, at=at)
    version = ThresholdVersion(threshold=rule, number=1, state="active", critical=0.25)
    history.record(version, "signals.threshold_agreed", by=SYSTEM, at=at)
    groups = []
    for number, viewers in enumerate((None, [people.team().subject_id])):
        group = BreachGroup(cause_key=f"k{number}", title="psi", kind="drift", level=2, opened_at=at)
        history.record(group, "signals.breach_group_opened", by=SYSTEM, at=at, viewers=viewers)
        state = {"state": "cleared", "cleared_at": at} if number else {}
        breach = Breach(group=group, series=line, threshold=rule, level=2, opened_at=at, **state)
        history.record(breach, "signals.breach_opened", by=SYSTEM, at=at)
        groups.append(group)
    found = risks.risk(series=line, affected="Applicants wait")

    page = client.get(f"/risks/{found.reference}/").content.decode()

    assert all(words in page for words in ("credit-pd: psi", "Critical 0.25", "Applicants wait"))
    assert f"Breach {groups[0].reference}" in page
    assert groups[1].reference not in page


@pytest.mark.parametrize(
    "query", ["q=%3F%3F%3F", "q=-&cell=2x3", "category=no-such", "category=no-such&order=updated_at"]
)
def test_a_filter_that_can_find_nothing_finds_nothing(client, member, query):
    risks.risk("Something")

    for place in ("/risks/", "/risks/heat/"):
        answer = client.get(f"{place}?{query}")
        assert answer.status_code == 200
        assert b"Something" not in answer.content


def test_the_values_of_an_alert_are_drawn_with_the_limit_of_their_tools_rule(client, member, at):
    signals.alerts(signals.sent_alert(value="0.31"), at=at)
    found = risks.risk(series=Series.objects.get())

    assert "Warning 0.25" in client.get(f"/risks/{found.reference}/").content.decode()


def test_the_page_without_a_metric_says_so(client, manager):
    page = client.get(f"/risks/{risks.risk().reference}/").content.decode()
    assert "No metric linked" in page


@pytest.mark.parametrize("state", RiskState.values)
def test_every_state_has_a_page_with_its_steps(client, manager, state):
    found = risks.risk(state=RiskState(state))
    page = client.get(f"/risks/{found.reference}/").content.decode()
    for step in re.findall(rf'href="(/risks/{found.reference}/[a-z]+/)" hx-get', page):
        assert client.get(step).status_code == 200


def test_a_detail_page_costs_the_same_with_more_history(client, manager, at):
    found = risks.risk(series=series(at, 1, 2))
    client.get(f"/risks/{found.reference}/")
    few = queries_of(client, f"/risks/{found.reference}/")
    for number in range(3):
        operations.change(found, {"title": f"Title {number}", "owner": people.user()}, by=SYSTEM, at=at)
    # The limit is fifteen. The navigation and the panel of meetings repeat two of these queries.
    assert few <= 17
    # One more is for the names that changes refer to.
    assert queries_of(client, f"/risks/{found.reference}/") - few <= 1


def test_steps_by_page_ask_for_what_their_state_needs(client, manager):
    found = risks.risk()
    url = f"/risks/{found.reference}"
    assert client.post(f"{url}/assess/", {"version": 1}).status_code == 303
    assert client.post(f"{url}/treat/", {"version": 2, "treatment": "mitigate"}).status_code == 422
    assert (
        client.post(f"{url}/treat/", {"version": 2, "treatment": "mitigate", "owner": manager.pk}).status_code
        == 303
    )
    assert client.post(f"{url}/monitor/", {"version": 3}).status_code == 422
    answer = client.post(f"{url}/monitor/", {"version": 3, "residual_likelihood": 1, "residual_impact": 2})
    assert answer.status_code == 303
    assert (
        client.post(f"{url}/close/", {"version": 4, "evidence": "Four weeks without it"}).status_code == 303
    )
    assert client.post(f"{url}/close/", {"version": 5, "evidence": "Four weeks and more."}).status_code == 409
    found.refresh_from_db()
    assert found.state == RiskState.CLOSED


def test_a_member_does_not_accept_and_an_owner_neither(client, manager):
    own = risks.risk(state=RiskState.ASSESSING, owner=manager)
    assert client.get(f"/risks/{own.reference}/accept/").status_code == 403
    other = risks.risk(state=RiskState.ASSESSING)
    operations.propose(other, until=risks.ACCEPTED_UNTIL, reason="Small", by=SYSTEM, at=AT)
    answer = client.post(
        f"/risks/{other.reference}/accept/", {"version": other.version, "until": "2026-12-31"}
    )
    assert answer.status_code == 303


def test_a_conflict_keeps_the_writers_text_and_shows_the_other(client, manager, at):
    found = risks.risk()
    operations.change(found, {"title": "Theirs"}, by=SYSTEM, at=at)

    answer = client.post(f"/risks/{found.reference}/edit/", {"title": "Mine", "version": 1})

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Mine" in page
    assert "Theirs" in page
    assert Risk.objects.get().title == "Theirs"
    assert client.post(f"/risks/{found.reference}/edit/", {"title": "Mine"}).status_code == 428
    assert Risk.objects.get().title == "Theirs"
    assert client.post(f"/risks/{found.reference}/edit/", {"title": "Mine", "version": 2}).status_code == 303


def test_a_step_made_from_an_old_page_keeps_its_words(client, manager, at):
    found = risks.risk(state=RiskState.ASSESSING)
    operations.change(found, {"title": "Theirs"}, by=SYSTEM, at=at)
    answer = client.post(
        f"/risks/{found.reference}/close/", {"version": 2, "evidence": "My very long evidence"}
    )
    assert answer.status_code == 409
    assert "My very long evidence" in answer.content.decode()
    assert client.post(f"/risks/{found.reference}/close/", {"evidence": "x"}).status_code == 428
    assert Risk.objects.get().state == RiskState.ASSESSING


def test_a_conflict_does_not_name_a_model_that_the_writer_may_not_see(client, manager, at):
    mine, hidden = risks.model("Churn"), risks.model("Secret scoring", viewers=[people.team().subject_id])
    found = risks.risk()
    operations.change(found, {"model": hidden}, by=SYSTEM, at=at)

    answer = client.post(f"/risks/{found.reference}/edit/", {"model": mine.pk, "version": 1})

    page = answer.content.decode()
    assert (answer.status_code, "Secret scoring" in page) == (409, False)
    assert "not among your choices" in page


def test_the_whole_form_saves_every_field(client, manager):
    found = risks.risk()
    page = client.get(f"/risks/{found.reference}/edit/")
    form = page.context["form"]
    fields = {name: form[name].value() or "" for name in form.fields}
    answer = client.post(
        f"/risks/{found.reference}/edit/",
        {**fields, "version": 1, "tags": "Income, age", "cause": "New rates", "owner": manager.pk},
    )
    found.refresh_from_db()
    assert answer.status_code == 303
    assert (found.tags, found.cause, found.owner) == (["income", "age"], "New rates", manager)


@pytest.mark.parametrize(("days", "due_in"), [(0, 14), (30, 90)])
def test_an_edit_by_page_moves_the_review_only_for_a_level_or_a_chosen_date(client, manager, days, due_in):
    found = risks.risk(likelihood=3, impact=3)  # its review is due in 60 days
    shown = found.review_on + timedelta(days=days)
    body = {"version": found.version, "likelihood": 5, "impact": 5, "review_on": shown.isoformat()}

    assert client.post(f"/risks/{found.reference}/edit/", body).status_code in (302, 303)

    found.refresh_from_db()
    assert found.review_on == AT.date() + timedelta(days=due_in)


def test_an_edit_keeps_the_owner_team_that_was_retired(client, manager):
    team = people.team("Former")
    found = risks.risk(team=team)
    history.retire(team)
    form = client.get(f"/risks/{found.reference}/edit/").context["form"]
    names = [name for name in form.fields if form[name].value() is not None]
    sent = {name: form[name].value() for name in names} | {"title": "Renamed", "version": found.version}

    assert client.post(f"/risks/{found.reference}/edit/", sent).status_code == 303

    found.refresh_from_db()
    assert (found.title, found.team) == ("Renamed", team)


def test_restricting_by_page(client, manager):
    team = people.team()
    found = risks.risk()
    url = f"/risks/{found.reference}/sight/"
    assert client.post(url, {"who": "teams", "version": 1}).status_code == 422
    assert client.post(url, {"who": "teams", "teams": [team.pk]}).status_code == 428
    assert client.post(url, {"who": "teams", "teams": [team.pk], "version": 9}).status_code == 409
    answer = client.post(url, {"who": "teams", "teams": [team.pk], "version": 1})
    assert answer["Location"] == "/risks/"
    assert client.get(f"/risks/{found.reference}/").status_code == 404


# ------------------------------------------------------------------ the taxonomy


def test_the_taxonomy_says_what_the_words_mean(client, member):
    risks.risk()
    assert "1 live risk\n<" in client.get("/risks/categories/").content.decode()
    page = client.get("/risks/categories/data-drift/").content.decode()
    assert "Typical signs" in page
    assert "First questions" in page


def test_a_member_does_not_change_the_taxonomy(client, member):
    risks.category()
    assert client.get("/risks/categories/data-drift/edit/").status_code == 403
    assert client.post("/risks/categories/data-drift/retire/", {"version": 1}).status_code == 403


def test_a_manager_adds_edits_merges_and_retires(client, manager):
    risks.category()
    words = {
        "name": "Prompt injection",
        "kind": "deployment",
        "definition": "Input that gives orders.",
        "once": "x",
    }
    assert client.post("/risks/categories/new/", words).status_code == 303
    url = "/risks/categories/prompt-injection"
    assert client.post(f"{url}/edit/", {**words, "name": "Injection", "version": 1}).status_code == 303
    stale = client.post(f"{url}/edit/", {**words, "version": 1})
    assert (stale.status_code, ">Injection</pre>" in stale.content.decode()) == (409, True)
    assert client.post(f"{url}/edit/", words).status_code == 428
    assert client.post(f"{url}/merge/", {"into": "", "version": 2}).status_code == 422
    merge = {"into": risks.category().pk, "why": "Both mean the same."}
    assert client.post(f"{url}/merge/", {**merge, "why": "", "version": 2}).status_code == 422
    assert client.post(f"{url}/merge/", {**merge, "version": 1}).status_code == 409
    client.post(f"{url}/retire/")
    assert "This page is out of date" in client.get(f"{url}/").content.decode()
    assert client.post(f"{url}/merge/", {**merge, "version": 2}).status_code == 303
    assert "Retired" in client.get("/risks/categories/").content.decode()


# ------------------------------------------------------------------ a breach becomes a risk


_OF_ONE_ANSWER = ("Content-Length", "X-Request-ID")


def made_of_breaches(at, send, reader):
    """Return the answer to creating a risk from a breach: without a risk, and with a hidden one.

    References are removed, because each new risk has another one.
    """
    risks.category()
    answers = []
    for number in range(2):
        group = BreachGroup(cause_key=f"s{number}", title="psi", kind="drift", level=2, opened_at=at)
        history.record(group, "signals.breach_group_opened", by=SYSTEM, at=at)
        if number:
            hidden = operations.add_from_breach(group, by=Actor(people.user(), "page"), at=at)
            operations.restrict(hidden, teams=[people.team()], by=SYSTEM, at=at)
        answer = send(group.reference)
        found = Risk.objects.visible_to(reader).get(breach_group=group)
        headers = {name: value for name, value in answer.headers.items() if name not in _OF_ONE_ANSWER}
        text = f"{answer.status_code} {headers} {answer.content.decode()}"
        words = {found.reference: "R-n", f'"id":{found.pk},': "", f'"subject_id":{found.subject_id},': ""}
        for word, instead in {**words, group.reference: "B-n", f'"breach_group_id":{group.pk},': ""}.items():
            text = text.replace(word, instead)
        answers.append(re.sub(r"ETag.*?,|csrf\S+|W/\S+|\d{4}-\d\d-\d\dT[^\"]*", "", text))
    return answers


def test_a_breach_whose_risk_is_hidden_is_answered_as_one_that_has_none(client, member, at):
    page = made_of_breaches(at, lambda of: client.post(f"/risks/from-breach/{of}/"), member)
    assert page[0] == page[1]
    assert page[0].startswith("303")


def test_so_it_is_by_the_api(client, member, at):
    def send(of):
        return client.post("/api/v1/risks/from_breach", {"breach": of}, content_type="application/json")

    answers = made_of_breaches(at, send, member)
    assert answers[0] == answers[1]
    assert answers[0].startswith("201")
