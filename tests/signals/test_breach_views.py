"""The pages of breaches, and the panels of signals on the pages of models."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history import operations as history
from kit.actor import SYSTEM
from pages import panels
from pages.panels import Panel
from people.states import Role
from signals.models import Alert, BreachGroup
from signals.queries import chart, model
from tests.factories import catalogue, people, signals

pytestmark = pytest.mark.django_db
LIST = "/signals/breaches/"


@pytest.fixture
def ana(client):
    people.organisation()
    person = people.user("Ana")
    client.force_login(person)
    return person


@pytest.fixture
def hung():
    """The panels as riskhub/panels.py installs them."""
    kept = list(panels._panels)
    panels.install(
        [
            Panel(
                "catalogue.models",
                "column",
                "signals/_panel_column.html",
                model.column_of_models,
                "signals.view",
            ),
            Panel(
                "catalogue.models", "main", "signals/_panel_unclaimed.html", model.unclaimed, "signals.view"
            ),
            Panel(
                "catalogue.model", "main", "signals/_panel_model.html", model.panel_of_model, "signals.view"
            ),
        ]
    )
    yield
    panels.install(kept)


def _count(client, path) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


def _page(client, path) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


# ------------------------------------------------------------------ the list


def test_an_empty_list_says_that_nothing_is_wrong(client, ana):
    assert "No open breaches" in _page(client, LIST)
    assert "No cleared breaches" in _page(client, LIST + "?state=cleared")


def test_the_list_costs_the_same_at_one_and_three_rows(client, ana):
    catalogue.model("fraud-score")
    signals.breach_group()
    few = _count(client, LIST)
    for name in ("churn", "credit-pd"):
        catalogue.model(name)
        signals.breach_group(name)

    assert _count(client, LIST) == few


def test_open_and_cleared_have_a_tab_each(client, ana, at):
    signals.breach_group()
    signals.alerts(signals.sent_alert(model="churn"))
    signals.alerts(signals.sent_alert(model="churn", status="resolved", ends=at))

    answer = client.get(LIST)

    assert answer.context["counts"] == {"open": 1, "cleared": 1}
    assert [row.model_name for row in answer.context["page"].rows] == ["fraud-score"]
    cleared = client.get(LIST + "?state=cleared").context["page"].rows
    assert [row.model_name for row in cleared] == ["churn"]


def test_the_list_is_narrowed(client, ana):
    catalogue.model("fraud-score")
    group = signals.breach_group(critical=0.4)
    signals.alerts(signals.sent_alert(model="churn", rule="LatencyHigh"))

    for query in ("model=fraud-score", "kind=drift", "level=2", f"q={group.reference}", "q=psi"):
        rows = client.get(f"{LIST}?{query}").context["page"].rows
        assert [row.pk for row in rows] == [group.pk], query
    assert [row.model_name for row in client.get(LIST + "?model=none").context["page"].rows] == ["churn"]


@pytest.mark.parametrize(
    "query", ["kind=x", "level=x", "level=3", "order=x", "show=x", "state=open&state=open"]
)
def test_the_list_refuses_what_it_does_not_know(client, ana, query):
    answer = client.get(f"{LIST}?{query}")

    assert (answer.status_code, query.split("=")[0] in answer.content.decode()) == (400, True)


@pytest.mark.parametrize("cursor", ["zzz", "WzEsMl0", "WyJ4IiwyXQ"])
def test_a_cursor_of_another_list_gives_the_first_page(client, ana, cursor):
    group = signals.breach_group()

    assert client.get(f"{LIST}?after={cursor}").context["page"].rows == [group]


@pytest.mark.parametrize("sort", ["", "level", "-level", "opened_at", "-opened_at"])
def test_the_pages_of_the_list_follow_each_other(client, ana, sort):
    signals.alerts(*(signals.sent_alert(model=f"m-{number}") for number in range(52)))

    first = client.get(f"{LIST}?order={sort}").context["page"]
    second = client.get(f"{LIST}?order={sort}&after={first.after}").context["page"]

    assert (len(first.rows), len(second.rows)) == (50, 2)
    assert not {row.pk for row in first.rows} & {row.pk for row in second.rows}


# ------------------------------------------------------------------ one group


def test_a_group_shows_the_value_against_the_limit_that_judged_it(client, ana):
    group = signals.breach_group(warning=0.2, critical=0.4, value=0.5)

    page = _page(client, f"{LIST}{group.reference}/")

    assert "Critical above 0.4" in page
    assert "version 1" in page
    assert "0.5" in page


def test_a_group_is_found_by_a_reference_in_small_letters(client, ana):
    group = signals.breach_group()

    assert client.get(f"{LIST}{group.reference.lower()}/").status_code == 200
    for other in ("B-999", "x", "%00", "B-1%00"):
        assert client.get(f"{LIST}{other}/").status_code == 404, other


def test_a_group_costs_the_same_at_one_and_three_breaches(client, ana):
    catalogue.model("fraud-score")
    signals.alerts(signals.sent_alert())
    group = BreachGroup.objects.get()
    few = _count(client, f"{LIST}{group.reference}/")
    signals.alerts(signals.sent_alert("income"), signals.sent_alert("region"))

    assert _count(client, f"{LIST}{group.reference}/") == few


def test_an_alert_is_shown_with_its_labels_and_the_way_back(client, ana):
    signals.alerts(signals.sent_alert(team="risk"))

    page = _page(client, f"{LIST}{BreachGroup.objects.get().reference}/")

    assert "<dt>team</dt>\n<dd>risk</dd>" in page
    assert 'href="http://prometheus.example.org/graph"' in page


def test_only_web_links_become_links(client, ana):
    signals.alerts(signals.sent_alert(runbook="javascript:alert(1)"))
    Alert.objects.update(generator_url="javascript:alert(2)", annotations={"runbook_url": "data:text/html,x"})

    page = _page(client, f"{LIST}{BreachGroup.objects.get().reference}/")

    assert 'href="javascript' not in page and 'href="data' not in page
    assert "data:text/html,x" in page


def test_labels_are_text(client, ana):
    signals.alerts(signals.sent_alert(team="<script>alert(1)</script>"))

    assert "<script>alert(1)" not in _page(client, f"{LIST}{BreachGroup.objects.get().reference}/")


def test_a_group_of_an_unregistered_model_offers_to_register_it(client, ana):
    group = signals.breach_group("churn")

    assert "/models/new/?name=churn" in _page(client, f"{LIST}{group.reference}/")


def test_what_changed_the_day_before_is_shown(client, ana, at):
    catalogue.model("fraud-score")
    signals.breach_group()
    signals.alerts(signals.sent_alert(starts=at + timedelta(hours=2)), at=at + timedelta(hours=2))

    page = _page(client, f"{LIST}{BreachGroup.objects.latest('id').reference}/")

    assert "version 1 agreed" in page


def test_deployments_and_versions_of_the_day_before_are_shown(client, ana, at):
    model = catalogue.model("fraud-score")
    shown = catalogue.deployment(model, "7", deployed_at=at - timedelta(hours=2))
    catalogue.deployment(model, "6", deployed_at=at - timedelta(hours=25))
    catalogue.deployment(catalogue.model("other"), "5", deployed_at=at - timedelta(hours=1))

    page = _page(client, f"{LIST}{signals.breach_group().reference}/")

    hrefs = re.findall(r'href="/models/(deployments|versions)/(\d+)/"', page.partition("before-heading")[2])
    assert hrefs == [("deployments", str(shown.pk)), ("versions", str(shown.model_version_id))]


def test_a_restricted_group_is_not_found_by_strangers(client, ana):
    catalogue.model("canary", viewers=[people.team().subject_id])
    group = signals.breach_group("canary")

    assert client.get(f"{LIST}{group.reference}/").status_code == 404
    for path in (LIST, LIST + "?state=cleared"):
        answer = client.get(path)
        assert "canary" not in answer.content.decode().lower()
        assert answer.context["counts"] == {"open": 0, "cleared": 0}


def test_a_restricted_group_is_shown_to_its_team(client, ana):
    team = people.team()
    people.member(team, ana)
    catalogue.model("canary", viewers=[team.subject_id])

    assert client.get(f"{LIST}{signals.breach_group('canary').reference}/").status_code == 200


def test_who_was_asked_about_one_group_sees_that_group_alone(client, ana, at):
    secret = catalogue.model("canary", viewers=[people.team().subject_id])
    group = signals.breach_group("canary")
    history.grant_sight([group.subject], [ana], reason=history.GrantReason.ASKED, by=SYSTEM, at=at)

    page = _page(client, f"{LIST}{group.reference}/")

    assert "Warning above 0.2" in page
    for path in ("/signals/series/", "/signals/thresholds/", f"/models/{secret.slug}/"):
        assert f'href="{path}' not in page


def test_anonymous_visitors_cannot_read_breaches(client, ana):
    group = signals.breach_group()
    client.logout()

    for path in (LIST, f"{LIST}{group.reference}/"):
        assert client.get(path).status_code == 302


# ------------------------------------------------------------------ on the pages of models


def test_the_list_of_models_shows_health_and_costs_the_same_at_one_and_three_rows(client, ana, hung):
    catalogue.model("fraud-score")
    signals.breach_group(critical=0.4)
    few = _count(client, "/models/")
    for name in ("churn", "credit-pd"):
        catalogue.model(name)
        signals.breach_group(name)

    assert _count(client, "/models/") == few
    page = _page(client, "/models/")
    assert "1 critical" in page and "1 warning" in page


def test_a_model_without_signals_shows_how_to_push_one(client, ana, hung):
    catalogue.model("credit-pd")

    page = _page(client, "/models/credit-pd/")

    assert "/api/v1/points" in page and "&quot;model&quot;: &quot;credit-pd&quot;" in page


def test_a_series_without_a_threshold_says_so(client, ana, hung):
    catalogue.model("fraud-score")
    found = signals.series()

    page = _page(client, "/models/fraud-score/?period=180")

    assert "Breaches of this series are not detected" in page
    assert f"/signals/series/{found.pk}/propose/" in page


def test_the_page_of_a_model_costs_the_same_at_one_and_three_series_and_breaches(client, ana, hung):
    catalogue.model("fraud-score")
    signals.breach_group()
    few = _count(client, "/models/fraud-score/")
    for feature in ("income", "region"):
        found = signals.series(feature=feature)
        signals.agreed(found)
        signals.push(found, 0.9)
    signals.alerts(signals.sent_alert(rule="Other"))

    assert _count(client, "/models/fraud-score/") == few


def test_the_series_in_breach_comes_first_and_another_may_be_chosen(ana, at):
    found = catalogue.model("fraud-score")
    quiet = signals.series(feature="age")
    crossed = signals.series(feature="income")
    signals.agreed(crossed)
    signals.push(crossed, 0.9)

    assert model.panel_of_model(ana, found).chart.series == crossed
    found.asked = {"series": str(quiet.pk), "period": "7"}
    chosen = model.panel_of_model(ana, found).chart
    assert (chosen.series, chosen.days) == (quiet, 7)
    found.asked = {"series": "x", "period": "9000"}
    assert model.panel_of_model(ana, found).chart.series == crossed


def test_many_series_are_picked_from_a_list(client, ana, hung):
    catalogue.model("fraud-score")
    for number in range(model.MAX_CHIPS + 1):
        signals.series(feature=f"f{number}")

    assert '<select name="series">' in _page(client, "/models/fraud-score/")


def test_names_nobody_registered_are_offered_and_registered_by_one_click(client, ana, hung):
    signals.series("Churn_EU")
    signals.alerts(signals.sent_alert(model="Churn_EU"))

    assert "Churn_EU" in _page(client, "/models/")
    answer = client.post("/models/new/", {"name": "Churn_EU"})

    assert answer.headers["Location"] == "/models/churn_eu/"


def test_a_viewer_is_not_offered_to_register(client, ana, hung):
    signals.series("Churn_EU")
    client.force_login(people.user(role=Role.VIEWER))

    assert "Register Churn_EU" not in _page(client, "/models/")


def test_registered_names_are_not_offered(ana):
    catalogue.model("fraud-score")
    signals.series()

    assert model.unclaimed(ana) is None


# ------------------------------------------------------------------ charts


def test_a_dense_series_is_thinned_out_and_keeps_its_extremes(ana, at):
    values = [0.1] * 2_000
    values[777], values[1234] = 9.0, -3.0
    found = signals.series(values=values)

    drawn = chart.recent(ana, found, days=180, at=at + timedelta(seconds=1))

    known = [value for _, value in drawn.points if value is not None]
    assert len(drawn.points) <= chart.MAX_POINTS
    assert (max(known), min(known)) == (9.0, -3.0)


def test_a_hole_in_the_data_is_a_hole_in_the_line(at):
    moments = [at + timedelta(hours=hour) for hour in (0, 1, 2, 3, 30, 31)]

    drawn = chart.with_gaps([(moment, 1.0) for moment in moments])

    assert [value for _, value in drawn].count(None) == 1
    assert drawn[4][1] is None


def test_a_chart_marks_its_breaches_and_limits(ana, at):
    group = signals.breach_group()
    found = group.breaches.get().series

    drawn = chart.recent(ana, found, days=7, at=at + timedelta(hours=2))

    assert [limit.warning for limit in drawn.limits] == [0.2]
    assert [breach.reference for breach in drawn.breaches] == [group.reference]
