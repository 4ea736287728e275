"""Templates: versions of their fields, filling in, reading by who may see the subject, and comparing."""

import pytest

from history.models import Event
from history.templatetags.timeline import FieldChange, lines
from kit.actor import SYSTEM
from kit.refusals import Refused
from people.states import Role
from risklog.models import FilledTemplate, Template, TemplateVersion
from risklog.operations import filled_template, template
from tests.factories import people, risks, signals
from tests.whole_pages import whole_page

pytestmark = pytest.mark.django_db
API, FILLED = "/api/v1/templates", "/api/v1/filled-templates"
FIELDS = [
    {"label": "What happened", "type": "text", "is_required": True},
    {"label": "Started on", "type": "date"},
    {"label": "How many", "type": "number"},
    {"label": "Noticed by", "type": "choice", "choices": ["An alert", "A customer"]},
    {"label": "Seen before", "type": "yes_no"},
]
VALUES = {
    "what_happened": "It *drifted*.",
    "started_on": "2026-11-20",
    "how_many": 12,
    "noticed_by": "An alert",
    "seen_before": False,
}


@pytest.fixture
def manager(client):
    person = people.user("Mia Berg", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


@pytest.fixture
def report(at):
    return template.add(name="Report", fields=FIELDS, by=SYSTEM, at=at)


def fill(report, about, at, **values) -> FilledTemplate:
    given = {**VALUES, **values}
    return filled_template.add(template=report, about=about.subject, values=given, by=SYSTEM, at=at)


def sent(client, method: str, url: str, body, **headers):
    return getattr(client, method)(url, body, content_type="application/json", headers=headers)


def test_the_first_templates_are_added_once(at):
    assert len(template.seed(by=SYSTEM, at=at)) == 3
    assert template.seed(by=SYSTEM, at=at) == []
    assert set(Template.objects.values_list("name", flat=True)) == {
        "Incident report",
        "Feature-drift analysis",
        "Risk from breach",
    }


def test_other_fields_make_a_version_and_filled_ones_keep_theirs(client, manager, at, report):
    filled = fill(report, risks.risk(), at)
    fields = [{**FIELDS[0], "key": "what_happened", "label": "What was seen"}, {"label": "Lesson"}]

    template.change(report, {"fields": fields}, by=SYSTEM, at=at)
    template.change(report, {"fields": fields, "purpose": "Why"}, by=SYSTEM, at=at)

    assert TemplateVersion.objects.filter(template=report).count() == 2
    filled.refresh_from_db()
    assert filled.template_version.number == 1
    assert [field["label"] for field, _ in filled.answers][:1] == ["What happened"]
    newer = fill_new(report, at)
    page = client.get(
        f"/risks/filled-templates/compare/?key={filled.reference}&key={newer.reference}"
    ).content.decode()
    assert "What was seen" in page
    assert "Lesson" in page
    assert "Started on" in page
    assert "Differs" in page


def fill_new(report, at):
    about = risks.risk("Another")
    values = {"what_happened": "It drifted again.", "lesson": "Look earlier"}
    return filled_template.add(template=report, about=about.subject, values=values, by=SYSTEM, at=at)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"what_happened": " "}, "values.what_happened"),
        ({"started_on": "31.11.2026"}, "values.started_on"),
        ({"how_many": "twelve"}, "values.how_many"),
        ({"how_many": True}, "values.how_many"),
        ({"noticed_by": "Nobody"}, "values.noticed_by"),
        ({"seen_before": "yes"}, "values.seen_before"),
        ({"no_such": 1}, "values.no_such"),
        ({"what_happened": "x" * 10_001}, "values.what_happened"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_its_field(client, manager, report, values, field):
    risk = risks.risk()

    answer = sent(
        client,
        "post",
        FILLED,
        {"template": "Report", "about": risk.reference, "values": {**VALUES, **values}},
    )

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [{"label": " "}],
        [{"label": "A", "type": "colour"}],
        [{"label": "A", "type": "choice", "choices": ["one"]}],
        [{"label": "A"}, {"label": "A"}],
        [{"label": "A", "key": "Not A Key"}],
    ],
)
def test_fields_that_are_none_are_refused(at, fields):
    with pytest.raises(Refused) as refused:
        template.add(name="Wrong", fields=fields, by=SYSTEM, at=at)
    assert refused.value.field == "fields"


def test_a_filled_template_hangs_on_a_risk_a_breach_or_a_review_and_their_pages_list_it(
    client, manager, at, report
):
    group = signals.breach_group()
    risk = risks.risk()
    for about in (group, risk):
        filled = fill(report, about, at)
        path = "/signals/breaches" if about is group else "/risks"
        assert filled.reference in whole_page(client, f"{path}/{about.reference}/")
        assert client.get(f"{FILLED}?about={about.reference}").json()["count"] == 1
    with pytest.raises(Refused):
        fill(report, manager, at)


def test_who_may_not_see_the_risk_sees_nothing_of_what_is_about_it(client, at, report):
    filled = fill(report, risks.restricted("Canary", people.team("Secret")), at)
    client.force_login(people.user("Ben"))

    assert client.get(FILLED).json()["count"] == 0
    assert client.get(f"{FILLED}/{filled.reference}").status_code == 404
    assert client.get(f"/risks/filled-templates/{filled.reference}/").status_code == 404
    page = client.get(f"/risks/filled-templates/compare/?key={filled.reference}&key=T-99").content.decode()
    assert "Canary" not in page


def test_by_api_one_is_filled_in_changed_and_read(client, manager, at, report):
    risk = risks.risk()
    made = sent(client, "post", FILLED, {"template": report.pk, "about": risk.reference, "values": VALUES})
    assert made.status_code == 201
    url = made["Location"]
    assert made.json()["values"] == VALUES
    assert made.json()["about_reference"] == risk.reference
    assert sent(client, "patch", url, {"values": {"how_many": 13}}).status_code == 428
    changed = sent(
        client, "patch", url, {"values": {"how_many": 13, "started_on": None}}, **{"If-Match": made["ETag"]}
    )
    assert changed.json()["values"] == {
        key: value for key, value in {**VALUES, "how_many": 13}.items() if key != "started_on"
    }
    assert Event.objects.filter(verb="risklog.filled_template_changed").count() == 1


def test_by_api_a_template_is_added_changed_retired_and_restored(client, manager, at):
    made = sent(client, "post", API, {"name": "Audit", "fields": FIELDS})
    assert made.status_code == 201
    assert [field["key"] for field in made.json()["fields"]][:2] == ["what_happened", "started_on"]
    url, tag = made["Location"], made["ETag"]
    changed = sent(client, "patch", url, {"fields": FIELDS[:1]}, **{"If-Match": tag})
    assert changed.json()["number"] == 2
    retired = sent(client, "post", f"{url}/retire", {}, **{"If-Match": changed["ETag"]})
    assert retired.json()["is_retired"] is True
    answer = sent(
        client, "post", FILLED, {"template": "Audit", "about": risks.risk().reference, "values": VALUES}
    )
    assert answer.json()["errors"][0]["field"] == "template"
    assert client.get(API).json()["count"] == 1


def test_by_page_a_template_is_added_filled_in_and_edited(client, manager, at, report):
    risk = risks.risk()
    url = f"/risks/filled-templates/new/?template={report.pk}&about={risk.reference}"
    form = client.get(url).content.decode()
    assert 'name="values.what_happened"' in form
    once = form.split('name="once" value="')[1].split('"')[0]
    typed = {f"values.{key}": value for key, value in {**VALUES, "seen_before": "false"}.items()}
    assert client.post(url, {"once": once, **typed, "values.how_many": "many"}).status_code == 422
    answer = client.post(url, {"once": once, **typed})
    assert answer.status_code == 303
    filled = FilledTemplate.objects.get()
    assert filled.values == VALUES
    page = client.get(answer["Location"]).content.decode()
    assert "<em>drifted</em>" in page
    edit = f"/risks/filled-templates/{filled.reference}/edit/"
    assert client.post(edit, {"version": 1, **typed, "values.how_many": "14"}).status_code == 303
    filled.refresh_from_db()
    assert filled.values["how_many"] == 14
    rows = client.get(f"/risks/templates/{report.pk}/edit/").context["form"]
    fields = {name: field.initial or "" for name, field in rows.fields.items() if field.initial is not True}
    fields |= {"name": "Report", "label-5": "Lesson", "type-5": "line", "version": 1, "is_required-0": "on"}
    assert client.post(f"/risks/templates/{report.pk}/edit/", fields).status_code == 303
    assert TemplateVersion.objects.get(template=report, is_current=True).fields[-1]["key"] == "lesson"


def test_lists_cost_the_same_for_one_and_three(client, manager, at, report):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def cost(url: str) -> int:
        client.get(url)
        with CaptureQueriesContext(connection) as found:
            assert client.get(url).status_code == 200
        return len(found)

    urls = ("/risks/templates/", "/risks/filled-templates/", API, FILLED)
    fill(report, risks.risk("One"), at)
    few = [cost(url) for url in urls]
    for name in ("Two", "Three"):
        fill(template.add(name=name, fields=FIELDS, by=SYSTEM, at=at), risks.risk(name), at)
    assert [cost(url) for url in urls] == few


def test_other_fields_make_another_version_of_the_template(client, manager, at, report):
    url, page = f"{API}/{report.pk}", f"/risks/templates/{report.pk}/edit/"
    old, form = client.get(url)["ETag"], client.get(page).context["form"]
    shown = {name: field.initial or "" for name, field in form.fields.items()}

    template.change(report, {"fields": [{"label": "Lesson"}]}, by=SYSTEM, at=at)

    assert client.get(url, headers={"If-None-Match": old}).status_code == 200
    assert sent(client, "patch", url, {"purpose": "Why"}, **{"If-Match": old}).status_code == 412
    saved = client.post(page, {**shown, **form.initial, "version": report.version - 1})
    assert saved.status_code == 409
    assert "Someone else saved this first" in saved.content.decode()
    assert TemplateVersion.objects.get(template=report, is_current=True).fields[0]["label"] == "Lesson"


def test_the_choice_of_a_template_opens_without_errors(client, manager, report):
    risk = risks.risk()
    page = client.get(f"/risks/filled-templates/new/?about={risk.reference}").content.decode()
    assert "This field is required" not in page
    assert f'value="{risk.reference}"' in page


def test_the_conflict_of_a_filled_template_names_the_fields_that_differ(client, manager, at, report):
    filled = fill(report, risks.risk(), at)
    seen = filled.version
    filled_template.change(filled, {"values": {"noticed_by": "A customer"}}, by=SYSTEM, at=at)
    mine = {f"values.{key}": value for key, value in VALUES.items()} | {"values.seen_before": "false"}

    url = f"/risks/filled-templates/{filled.reference}/edit/"
    page = client.post(url, {**mine, "title": filled.title, "version": seen})

    found = [(one.label, one.mine, one.theirs) for one in page.context["form"].conflict.differences]
    assert (page.status_code, found) == (409, [("Noticed by", "An alert", "A customer")])


def test_the_timeline_of_a_filled_template_shows_the_fields_that_differ(client, manager, at, report):
    filled = fill(report, risks.risk(), at)
    filled_template.change(filled, {"values": {"noticed_by": "A customer"}}, by=SYSTEM, at=at)

    changed = Event.objects.filter(verb="risklog.filled_template_changed")

    assert lines(changed, manager)[0].changes == [FieldChange("", "noticed by", "An alert", "A customer")]


def test_each_wrong_value_is_named_by_api_and_page(client, manager, report):
    risk = risks.risk()
    values = {"how_many": "many", "started_on": "soon", "no_such": 1}

    body = {"template": report.pk, "about": risk.reference, "values": values}
    answer = sent(client, "post", FILLED, body).json()

    named = {error["field"] for error in answer["errors"]}
    assert named == {"values.what_happened", "values.how_many", "values.started_on", "values.no_such"}


@pytest.mark.parametrize("number", [1e308, -1e300, 10**40])
def test_a_number_that_clients_cannot_read_back_is_refused(client, manager, report, number):
    body = {
        "template": report.pk,
        "about": risks.risk().reference,
        "values": {"what_happened": "It drifted.", "how_many": number},
    }
    answer = sent(client, "post", FILLED, body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "values.how_many"
    page = f"/risks/filled-templates/new/?template={report.pk}&about={body['about']}"
    form = {"values.what_happened": "It drifted.", "values.how_many": str(number)}
    assert client.post(page, form).status_code == 422
    assert client.get(FILLED).status_code == 200


def test_search_finds_the_answers_and_the_list_is_filtered_by_name(client, manager, at, report):
    risk = risks.risk()
    found = fill(report, risk, at, what_happened="The zeppelin feed stopped.")
    filled_template.change(found, {"title": "About the feed"}, by=SYSTEM, at=at)
    other = fill(report, risk, at)

    results = client.get("/api/v1/search?q=zeppelin").json()["results"]
    assert [row["reference"] for row in results] == [found.reference]
    for query in ("?q=the+feed", f"?q=feed&template={report.pk}"):
        page = client.get(f"/risks/filled-templates/{query}").content.decode()
        assert (found.reference in page, other.reference in page) == (True, False)
    assert "No filled templates found" in client.get("/risks/filled-templates/?q=nothing").content.decode()
    assert [row["name"] for row in client.get(f"{API}?q=repo").json()["results"]] == ["Report"]


def test_a_row_of_a_template_keeps_its_key_when_somebody_else_moved_the_rows(client, manager, at, report):
    page = f"/risks/templates/{report.pk}/edit/"
    form = {"name": report.name, "purpose": "", "version": report.version}
    for number, field in enumerate(client.get(page).context["form"].rows):
        key, (label, kind, *_) = field
        form |= {f"key-{number}": key.value(), f"label-{number}": label.value() or ""}
        form[f"type-{number}"] = kind.value()
    form["choices-3"] = "An alert, A customer"
    fewer = [
        {**field, "key": "how_many" if number else "seen_before"} for number, field in enumerate(FIELDS[2:3])
    ]
    template.change(report, {"fields": fewer}, by=SYSTEM, at=at)

    conflict = client.post(page, form)
    assert conflict.status_code == 409
    report.refresh_from_db()
    assert client.post(page, {**form, "version": report.version}).status_code == 303

    current = TemplateVersion.objects.get(template=report, is_current=True)
    assert [(field["key"], field["label"]) for field in current.fields] == [
        ("what_happened", "What happened"),
        ("started_on", "Started on"),
        ("how_many", "How many"),
        ("noticed_by", "Noticed by"),
        ("seen_before", "Seen before"),
    ]
