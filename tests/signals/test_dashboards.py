"""Dashboards: what they show, to whom, their versions, and snapshots that never change."""

from datetime import UTC, timedelta

import pytest
from django.db import ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext

from history import operations as history
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from people.states import Role
from signals.dashboards import ChartPeriod, period_of
from signals.models import Correction, Dashboard, Snapshot
from signals.operations import dashboard as operations
from signals.queries import dashboard as queries
from signals.queries import snapshot as snapshots
from signals.queries.picture import visible_parts
from signals.queries.spark import sparks
from signals.templatetags.pictures import change_text
from tests.conftest import AT
from tests.factories import catalogue, meetings, people, risks, signals

pytestmark = pytest.mark.django_db
WEEK = ChartPeriod(AT - timedelta(days=7), AT + timedelta(hours=1))


@pytest.fixture
def ana(client):
    people.organisation()
    team = people.team("Growth ML")
    person = people.user("Ana", role=Role.RISK_MANAGER, teams=[team])
    client.force_login(person)
    return person


@pytest.fixture
def series(ana):
    return signals.series(catalogue.model("fraud-score"), values=(0.1, 0.2, 0.3))


def chart(series):
    return {"kind": "series", "series": [series.pk]}


def shown(user, *panels, period=WEEK):
    return queries.pictures(user, panels, period)


# ------------------------------------------------------------------ pictures


def test_a_chart_has_the_values_limits_breaches_and_agreements(ana, series):
    signals.agreed(series, warning=0.35, critical=0.6)
    signals.push(series, 0.5)

    [picture] = shown(ana, chart(series), period=ChartPeriod(WEEK.start, AT + timedelta(hours=2)))

    [line] = picture["lines"]
    assert [value for _, value in line["points"]] == [0.1, 0.2, 0.3, 0.5]
    assert [(limit["kind"], limit["value"]) for limit in picture["limits"]] == [
        ("warning", 0.35),
        ("critical", 0.6),
    ]
    assert [span["kind"] for span in picture["spans"]] == ["warning"]
    assert [mark["label"] for mark in picture["marks"]] == ["Threshold version 1 agreed"]


def test_the_agreements_of_several_series_name_their_series(ana, series):
    other = signals.series(catalogue.model("other"), values=(0.1,))
    for one in (series, other):
        signals.agreed(one, warning=0.35)
    period = ChartPeriod(WEEK.start, AT + timedelta(hours=2))

    [picture] = shown(ana, {"kind": "series", "series": [series.pk, other.pk]}, period=period)

    labels = [mark["label"] for mark in picture["marks"]]
    assert labels == [f"Threshold version 1 of {one.subject.title} agreed" for one in (series, other)]


def test_the_period_before_is_drawn_at_the_same_place(ana, series):
    signals.push(series, 9.0, start=AT - timedelta(days=7, hours=1))
    period = ChartPeriod(WEEK.start, WEEK.end, is_compared=True)

    [picture] = shown(ana, chart(series), period=period)

    now, before = picture["lines"]
    assert before["is_earlier"]
    assert not now["is_earlier"]
    assert before["points"] == [[(AT - timedelta(hours=1) + timedelta(hours=1)).isoformat(), 9.0]]


def test_figures_have_the_latest_value_and_the_change_in_a_week(ana, series):
    signals.push(series, 0.25, start=AT - timedelta(days=8))

    [picture] = shown(ana, {"kind": "figures", "series": [series.pk]})

    [figure] = picture["figures"]
    assert figure["value"] == 0.3
    assert figure["change"] == pytest.approx(0.05)


def test_a_figure_that_is_older_than_a_week_has_no_change(ana):
    series = signals.series(catalogue.model("old"), values=(0.25,))
    later = ChartPeriod(AT, AT + timedelta(days=9))

    [picture] = shown(ana, {"kind": "figures", "series": [series.pk]}, period=later)

    [figure] = picture["figures"]
    assert (figure["value"], figure["change"]) == (0.25, None)
    assert change_text(figure) == "No value in a week"
    assert change_text({**figure, "change": 0}) == "No value in a week"  # of an older snapshot
    assert change_text({"change": 0, "values": [0.2] * 14}) == "No change in a week"


def test_a_grid_has_the_last_value_of_each_day_and_its_level(ana, series):
    signals.agreed(series, warning=0.25)

    [picture] = shown(ana, {"kind": "grid", "models": [series.model_id], "metric": "psi"})

    [row] = picture["rows"]
    assert row["name"] == "age"
    assert len(picture["days"]) == len(row["values"]) == 7
    assert row["values"][-1] == 0.3
    assert row["levels"][-1] == 1


def test_breaches_are_shown_if_they_were_open_in_the_period(ana):
    group = signals.breach_group(catalogue.model("churn"), value=0.9)
    panel = {"kind": "breaches", "models": [group.model_id]}

    [picture] = shown(ana, panel, period=ChartPeriod(WEEK.start, AT + timedelta(hours=2)))
    [earlier] = shown(ana, panel, period=ChartPeriod(WEEK.start, AT - timedelta(days=1)))

    assert [one["reference"] for one in picture["groups"]] == [group.reference]
    assert earlier["groups"] == []


@pytest.mark.parametrize("count", [1, 3])
def test_more_charts_need_no_more_queries(ana, count):
    model = catalogue.model("fraud-score")
    rows = [signals.series(model, feature=f"f{number}") for number in range(3)]
    for row in rows:
        signals.agreed(row)
    panels = [chart(row) for row in rows[:count]]

    ana.sight  # noqa: B018 - its query runs once a request, for all that a page shows

    with CaptureQueriesContext(connection) as asked:
        shown(ana, *panels)

    assert len(asked) == 4


def test_a_series_that_the_reader_may_not_see_is_left_out(ana):
    team = people.team("Secret team")
    hidden = signals.series(catalogue.model("secret", viewers=[team.subject_id]))
    stranger = people.user("Sam")

    [picture] = shown(stranger, chart(hidden))

    assert picture["lines"] == []


def test_limits_of_two_series_are_drawn_only_if_they_are_the_same(ana, series):
    other = signals.series(series.model, feature="income", values=(0.1, 0.2))
    both = {"kind": "series", "series": [series.pk, other.pk]}
    signals.agreed(series, warning=0.35)
    signals.agreed(other, warning=0.35)
    assert [limit["value"] for limit in shown(ana, both)[0]["limits"]] == [0.35]

    third = signals.series(series.model, feature="age_of_account", values=(0.1, 0.2))
    signals.agreed(third, warning=0.6)

    [picture] = shown(ana, {"kind": "series", "series": [series.pk, third.pk]})
    assert picture["limits"] == []


def test_limits_that_are_no_values_of_the_series_are_not_drawn(ana, series):
    signals.agreed(series, kind="silence", warning=6.0)

    [picture, figures] = shown(ana, chart(series), {"kind": "figures", "series": [series.pk]})

    assert picture["limits"] == []
    assert figures["figures"][0]["has_rule"]
    assert figures["figures"][0]["limit"] is None


def test_a_range_is_drawn_on_both_sides_and_levels_the_grid(ana, series):
    signals.agreed(series, kind="range", warning=0.9, warning_low=0.35)

    [picture, grid] = shown(
        ana, chart(series), {"kind": "grid", "models": [series.model_id], "metric": "psi"}
    )

    assert [(limit["value"], limit["side"]) for limit in picture["limits"]] == [
        (0.9, "above"),
        (0.35, "below"),
    ]
    assert grid["rows"][0]["levels"][-1] == 1


def test_a_series_without_a_rule_says_so(ana, series):
    [figures] = shown(ana, {"kind": "figures", "series": [series.pk]})

    assert not figures["figures"][0]["has_rule"]


def test_a_change_that_is_no_number_is_left_out(ana):
    series = signals.series(catalogue.model("huge"), values=(1.7e308,))
    signals.push(series, -1.7e308, start=AT - timedelta(days=8))

    [picture] = shown(ana, {"kind": "figures", "series": [series.pk]})

    assert picture["figures"][0]["change"] is None
    signals.snapshot(signals.dashboard("Huge", series, by=ana), "Huge", by=ana)


# ------------------------------------------------------------------ periods


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("-7d", "", (AT - timedelta(days=7), AT)),
        ("-90min", "now", (AT - timedelta(minutes=90), AT)),
        ("2026-11-01", "2026-11-02T10:00+02:00", None),
    ],
)
def test_a_period_is_relative_or_absolute(start, end, expected):
    found = period_of(start, end, at=AT, zone=UTC)

    assert found.start < found.end
    if expected:
        assert (found.start, found.end) == expected


@pytest.mark.parametrize(
    ("start", "end", "field"),
    [
        ("yesterday", "", "from"),
        ("2026-13-01", "", "from"),
        ("0001-01-01T00:00+14:00", "", "from"),
        ("9999-12-31", "", "from"),
        ("-1d", "-2d", "until"),
        ("1990-01-01", "", "from"),
        ("-7d", "soon", "until"),
        ("-99999999999d", "", "from"),
    ],
)
def test_a_wrong_period_names_its_field(start, end, field):
    with pytest.raises(Refused) as refusal:
        period_of(start, end, at=AT, zone=UTC)

    assert refusal.value.field == field


# ------------------------------------------------------------------ versions


def test_other_panels_make_a_version_and_an_earlier_one_can_come_back(ana, series):
    other = signals.series(series.model, "auc", feature="")
    dashboard = operations.add(name="Scores", panels=[chart(series)], by=Actor(ana), at=AT)

    operations.change(dashboard, {"panels": [chart(other)]}, by=Actor(ana), at=AT)
    operations.go_back(dashboard, 1, by=Actor(ana), at=AT)

    versions = list(dashboard.versions.order_by("number").values_list("number", "is_current", "panels"))
    first = {"kind": "series", "title": "", "series": [series.pk]}
    assert [(number, is_current) for number, is_current, _ in versions] == [(1, False), (2, False), (3, True)]
    assert versions[2][2] == versions[0][2] == [first]


def test_another_name_makes_no_version(ana, series):
    dashboard = operations.add(name="Scores", panels=[chart(series)], by=Actor(ana), at=AT)

    operations.change(dashboard, {"name": "Drift"}, by=Actor(ana), at=AT)

    assert dashboard.versions.count() == 1
    assert Dashboard.objects.get().name == "Drift"


@pytest.mark.parametrize(
    ("panel", "fix"),
    [
        ({"kind": "pie"}, "Panel 1: use one of the kinds"),
        ({"kind": "series", "series": []}, "Panel 1: choose 1 to 4 series"),
        ({"kind": "grid", "models": [1]}, "Panel 1: name the metric"),
        ({"kind": "series", "series": [987654]}, "There is no series with the number 987654"),
    ],
)
def test_a_wrong_panel_is_refused_with_its_fix(ana, panel, fix):
    with pytest.raises(Refused, match=fix) as refusal:
        operations.add(name="Scores", panels=[panel], by=Actor(ana), at=AT)

    assert refusal.value.field == "panels"


def test_nobody_puts_a_hidden_series_on_a_dashboard(ana):
    team = people.team("Secret team")
    hidden = signals.series(catalogue.model("secret", viewers=[team.subject_id]))

    with pytest.raises(Refused, match="There is no series"):
        operations.add(name="Scores", panels=[chart(hidden)], by=Actor(people.user("Sam")), at=AT)


# ------------------------------------------------------------------ snapshots


def test_a_snapshot_shows_the_same_after_a_correction(ana, series):
    dashboard = signals.dashboard("Scores", series, by=ana)
    snapshot = signals.snapshot(dashboard, "Before", by=ana)

    signals.push(series, 7.5, start=AT)

    assert Correction.objects.count() == 1
    [kept] = snapshots.pictures_of(ana, Snapshot.objects.get(pk=snapshot.pk))
    [now] = shown(ana, chart(series))
    assert kept["lines"][0]["points"][-1][1] == 0.3
    assert now["lines"][0]["points"][-1][1] == 7.5


def test_the_database_refuses_to_change_a_snapshot(ana, series):
    snapshot = signals.snapshot(signals.dashboard("Scores", series, by=ana), "Before", by=ana)

    with pytest.raises(ProgrammingError, match="A snapshot never changes"), transaction.atomic():
        Snapshot.objects.filter(pk=snapshot.pk).update(pictures=[])


def test_a_snapshot_hides_what_a_reader_may_not_see(ana):
    team = people.team("Secret team")
    model = catalogue.model("secret", viewers=[team.subject_id])
    hidden, open_series = signals.series(model), signals.series(catalogue.model("open-score"))
    signals.agreed(hidden, warning=0.05)
    signals.push(hidden, 0.5, start=AT + timedelta(minutes=1))
    insider = people.user("Ida", teams=[team])
    panels = [{"kind": "series", "series": [hidden.pk, open_series.pk]}, chart(hidden)]
    dashboard = operations.add(name="Both", panels=panels, by=Actor(insider), at=AT)
    snapshot = signals.snapshot(dashboard, "Both", by=insider)
    parts = ("limits", "spans", "marks")
    assert all(snapshot.pictures[0][part] for part in parts)

    both, nothing = snapshots.pictures_of(people.user("Sam"), snapshot)

    assert [line["series"] for line in both["lines"]] == [open_series.pk]
    assert nothing["lines"] == []
    assert all(picture[part] == [] for picture in (both, nothing) for part in parts)


# ------------------------------------------------------------------ pages


def test_the_page_of_a_model_draws_its_series_and_takes_a_snapshot(client, ana, series):
    page = client.get("/signals/dashboards/model/fraud-score/")
    assert page.status_code == 200
    assert page.content.decode().count('class="chart-plot"') == 1

    sent = client.post("/signals/dashboards/model/fraud-score/snapshot/", {"name": "Now", "once": "a" * 32})

    assert sent.status_code == 303, sent.content.decode()[-2000:]
    shown_page = client.get(sent["Location"])
    assert "Now" in shown_page.content.decode()


def test_a_wrong_period_is_said_on_the_page(client, ana, series):
    page = client.get("/signals/dashboards/model/fraud-score/?from=yesterday")

    assert page.status_code == 200
    assert "Use a date and time such as" in page.content.decode()


@pytest.mark.parametrize(("form", "start"), [("svg", b"<svg"), ("png", b"\x89PNG"), ("csv", b"ts,value\r\n")])
def test_a_chart_is_sent_as_a_file(client, ana, series, form, start):
    page = client.get(f"/signals/series/{series.pk}/chart.{form}")
    api = client.get(f"/api/v1/charts/{series.pk}.{form}")

    for answer in (page, api):
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert answer.status_code == 200
        assert content.startswith(start)


def test_the_csv_has_all_points_with_all_digits(client, ana):
    series = signals.series(catalogue.model("fraud-score"), values=(0.1, 0.30000000000000004))

    answer = client.get(f"/api/v1/charts/{series.pk}.csv?from=-1d&until=2027-01-01")

    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert lines[0] == "ts,value"
    assert [line.split(",")[1] for line in lines[1:]] == ["0.1", "0.30000000000000004"]


def test_the_api_adds_changes_and_takes_a_snapshot(client, ana, series):
    body = {"name": "Scores", "panels": [chart(series)]}
    added = client.post("/api/v1/dashboards", body, content_type="application/json")
    assert added.status_code == 201, added.content
    address = added["Location"]

    changed = client.patch(
        address, {"name": "Drift"}, content_type="application/json", headers={"If-Match": added["ETag"]}
    )
    taken = client.post(f"{address}/snapshots", {"from": "-7d"}, content_type="application/json")

    assert changed.json()["name"] == "Drift"
    assert taken.status_code == 201, taken.content
    assert taken.json()["pictures"][0]["lines"][0]["series"] == series.pk
    wrong = client.post(f"{address}/snapshots", {"from": "soon"}, content_type="application/json")
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["field"] == "from"


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_needs_the_same_queries_for_more_rows(client, ana, series, count):
    for number in range(count):
        operations.add(name=f"Board {number}", panels=[chart(series)], by=SYSTEM, at=AT)
    client.get("/signals/dashboards/")

    with CaptureQueriesContext(connection) as asked:
        page = client.get("/signals/dashboards/")

    assert page.content.decode().count("Board ") == count
    assert len(asked) <= 12


def test_the_page_of_versions_goes_back(client, ana, series):
    other = signals.series(series.model, "auc", feature="")
    dashboard = operations.add(name="Scores", panels=[chart(series)], by=Actor(ana), at=AT)
    operations.change(dashboard, {"panels": [chart(other)]}, by=Actor(ana), at=AT)
    address = f"/signals/dashboards/{dashboard.pk}/"
    page = client.get(f"{address}versions/").content.decode()
    assert "Go back to this version" in page
    assert "Retire this dashboard" in page

    sent = client.post(f"{address}back/", {"number": 1, "version": dashboard.version})

    assert sent.status_code == 303
    assert dashboard.versions.get(is_current=True).panels == dashboard.versions.get(number=1).panels
    assert client.get(f"{address}?version=2").status_code == 200
    assert client.get(f"{address}?version=9").status_code == 404


def test_the_form_adds_a_dashboard_in_the_order_of_its_places(client, ana, series):
    panels = {
        "kind-0": "breaches",
        "models-0": series.model_id,
        "place-0": 2,
        "kind-1": "series",
        "series-1": series.pk,
        "place-1": 1,
    }

    sent = client.post("/signals/dashboards/new/", {"name": "Scores", "once": "b" * 32, **panels})

    assert sent.status_code == 303, sent.content.decode()[-3000:]
    stored = Dashboard.objects.get().versions.get().panels
    assert [panel["kind"] for panel in stored] == ["series", "breaches"]


def test_a_panel_without_series_is_refused_beside_the_form(client, ana):
    sent = client.post(
        "/signals/dashboards/new/", {"name": "Scores", "once": "c" * 32, "kind-0": "series", "place-0": 1}
    )

    assert sent.status_code == 422
    assert "Panel 1: choose 1 to 4 series." in sent.content.decode()


def test_an_edit_keeps_the_series_that_its_author_may_not_see(client, ana):
    team = people.team("Secret team")
    hidden = signals.series(catalogue.model("secret", viewers=[team.subject_id]))
    seen = signals.series(catalogue.model("open-score"))
    panels = [{"kind": "series", "series": [hidden.pk, seen.pk]}]
    insider = people.user("Ida", teams=[team])
    dashboard = operations.add(name="Both", panels=panels, by=Actor(insider), at=AT)

    sent = client.post(
        f"/signals/dashboards/{dashboard.pk}/edit/",
        {"name": "Renamed", "version": 1, "kind-0": "series", "series-0": seen.pk, "place-0": 1},
    )

    assert sent.status_code == 303, sent.content.decode()[-2000:]
    assert set(dashboard.versions.get(is_current=True).panels[0]["series"]) == {hidden.pk, seen.pk}


def test_a_number_that_is_no_id_is_refused(client, ana):
    body = {"name": "Scores", "panels": [{"kind": "series", "series": [10**30]}]}

    answer = client.post("/api/v1/dashboards", body, content_type="application/json")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"].startswith("panels")


# ------------------------------------------------------------------ kinds


def test_the_dashboard_of_a_focus_shows_only_breaches_of_its_kind(ana, series):
    signals.agreed(series, warning=0.35)
    signals.push(series, 0.5)
    slow = signals.series(series.model, "latency_p95", feature="", values=(0.1,))
    signals.agreed(slow, warning=0.35)
    signals.push(slow, 0.5)
    later = ChartPeriod(WEEK.start, AT + timedelta(hours=2))

    def titles(kind):
        panels = queries.panels_of_models(ana, [series.model], kind)
        return [
            group["title"] for one in shown(ana, *panels, period=later) for group in one.get("groups", ())
        ]

    assert titles("drift") == ["PSI above its threshold on Fraud score"]
    assert titles("latency") == ["Latency p95 above its threshold on Fraud score"]
    assert len(titles("")) == 2


def test_a_panel_of_breaches_refuses_an_unknown_signal(ana, series):
    with pytest.raises(Refused, match="Panel 1: use one of the signals data_quality, drift"):
        operations.add(
            name="x",
            panels=[{"kind": "breaches", "models": [series.model_id], "signal": "moon"}],
            by=SYSTEM,
            at=AT,
        )


def test_a_value_in_a_breach_of_any_kind_of_rule_is_coloured():
    found = signals.series(values=(1.0,))
    signals.agreed(found, kind="count", warning=4, needed=2, among=3)
    signals.push(found, 9, 9, 1, 1, step=timedelta(days=1))

    spark = sparks([found.pk], at=AT + timedelta(days=5), days=5)[found.pk]

    assert (spark.values, spark.levels) == ([9, 9, 1, 1, None], (0, 1, 1, 0, 0))


# ------------------------------------------------------------------ risks


def test_a_panel_lists_the_live_risks_of_its_models_worst_first(ana, series, client):
    mild = risks.risk("Labels arrive late", model=series.model, likelihood=1, impact=2)
    grave = risks.risk("Income drifts", model=series.model, likelihood=5, impact=5)
    secret = risks.restricted("Quetzal", people.team("Secret"), model=series.model)
    board = operations.add(
        name="Risks", panels=[{"kind": "risks", "models": [series.model_id]}], by=SYSTEM, at=AT
    )

    [picture] = shown(ana, {"kind": "risks", "models": [series.model_id]})
    page = client.get(f"/signals/dashboards/{board.pk}/").content.decode()

    assert [risk["reference"] for risk in picture["risks"]] == [grave.reference, mild.reference]
    assert [risk["level"] for risk in picture["risks"]] == [5, 1]
    assert f"/risks/{grave.reference}/" in page
    assert secret.title not in page


def test_a_snapshot_hides_a_risk_that_was_restricted_later(ana, series):
    found = risks.risk("Income drifts", model=series.model)
    pictures = shown(ana, {"kind": "risks", "models": [series.model_id]})
    outsider = people.user("Otto")
    assert visible_parts(outsider, pictures)[0]["risks"]

    history.restrict(found.subject, {people.team("Secret").subject_id})

    assert visible_parts(outsider, pictures)[0]["risks"] == []


def test_a_dashboard_of_a_model_is_compared_with_the_time_from_a_version_on(ana, series, client):
    version = catalogue.version(series.model, "6", made_at=AT - timedelta(hours=2))
    path = f"/signals/dashboards/model/{series.model.slug}/"

    page = client.get(f"{path}?compare={version.pk}&from=-1h&until=now").content.decode()

    assert "from version 6 on" in page
    assert f"compare={version.pk}" in page
    period = ChartPeriod(AT - timedelta(hours=1), AT, compared_from=AT - timedelta(hours=2), is_compared=True)
    [picture] = shown(ana, chart(series), period=period)
    now, earlier = picture["lines"]
    assert [value for _, value in now["points"]] == [0.2]
    assert earlier["points"] == [[(AT - timedelta(hours=1)).isoformat(), 0.1]]


def test_the_form_of_a_snapshot_is_open_for_the_object_that_led_to_the_dashboard(client, ana, series):
    client.force_login(ana)
    address = f"/signals/dashboards/model/{series.model.slug}/"

    led, alone = (client.get(f"{address}{query}") for query in ("?pin=I-7", ""))

    assert led.context["form"]["pinned_to"].value() == "I-7"
    # A snapshot keeps its link, which readers see who may not see what led here.
    assert "I-7" not in led.context["link"] + led.context["query"]
    assert '<details class="fold no-print" id="snapshot" open>' in led.content.decode()
    assert '<details class="fold no-print" id="snapshot">' in alone.content.decode()


def test_a_snapshot_is_restricted_with_what_it_is_pinned_to(client, ana, series):
    dashboard = signals.dashboard("Scores", series, by=ana)
    risk, meeting = risks.risk("Labels lag"), meetings.planned()
    of_risk = signals.snapshot(dashboard, "Of the risk", by=ana, pinned_to=risk.subject)
    signals.snapshot(dashboard, "Of the meeting", by=ana, pinned_to=meeting.subject)
    stranger = people.user("Sam")
    client.force_login(stranger)

    def shown():
        return {row.name for row in snapshots.snapshots(stranger)}

    assert shown() == {"Of the risk", "Of the meeting"}
    history.restrict(risk.subject, [people.team().subject_id])
    assert shown() == {"Of the meeting"}
    assert client.get(f"/signals/snapshots/{of_risk.pk}/").status_code == 404
    assert "Of the risk" not in client.get("/signals/snapshots/").content.decode()
    assert client.get(f"/panels/{of_risk.subject_id}/").status_code == 404


def test_a_snapshot_of_a_restricted_model_stays_restricted_with_it(ana, series):
    team = people.team()
    history.restrict(series.model.subject, [team.subject_id])
    member = people.user("Mia", teams=[team])
    dashboard = signals.dashboard("Scores", series, by=member)

    kept = signals.snapshot(dashboard, "Hidden", by=member, pinned_to=risks.risk().subject)

    assert not Snapshot.objects.visible_to(people.user("Sam")).filter(pk=kept.pk).exists()
    assert Snapshot.objects.visible_to(member).filter(pk=kept.pk).exists()
