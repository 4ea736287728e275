"""Imports of sheets: what is planned, what is written, and that it is all or nothing."""

import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history.models import Due, Event, Subject
from kit.actor import Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from people.states import Role
from riskhub.retention import deleting
from risklog.models import Category, Import, Risk
from risklog.operations import import_apply, import_check, imports
from risklog.operations import risk as operations
from risklog.operations.acceptance import DUE
from risklog.queries import imports as queries
from talk.models import Tag
from tests.conftest import AT
from tests.factories import people, risks

pytestmark = pytest.mark.django_db
HEADER = "ID,Risk,Category,Owner,Likelihood,Impact,Status,Accepted until,Rationale,Team,Model,Review date"


@pytest.fixture
def ana():
    risks.category()
    return people.user("Ana", role=Role.RISK_MANAGER)


def read(lines, person):
    text = "\n".join(lines)
    return imports.read(io.BytesIO(text.encode()), name="r.csv", by=Actor(person, "page"), at=AT)


def check(found, person, **settings):
    settings = {"mapping": found.mapping, **settings}
    return import_check.check(found, **settings, by=Actor(person, "page"), at=AT)


def apply(found, person):
    return import_apply.apply(found, by=Actor(person, "page"), at=AT)


def checked(lines, person, **settings):
    return check(read(lines, person), person, **settings)


def results(found):
    return [(row.line, row.result) for row in found.rows.order_by("line")]


def problems(found):
    return [message for row in found.rows.order_by("line") for _, message in row.problems]


def test_rows_become_risks_with_their_owner_team_level_and_dates(ana):
    people.user("Zoë Ågren", email="zoe@example.org")
    people.team("Fraud")
    lines = [HEADER, "1,Scores drift,data drift,zoe agren,High,4 - Major,In progress,,,fraud,,31.12.2026"]

    found = apply(checked(lines, ana), ana)

    risk = Risk.objects.select_related("subject", "team", "owner").get()
    assert (risk.title, risk.external_id, risk.state, risk.severity) == ("Scores drift", "1", "treating", 16)
    assert (risk.owner.name, risk.team.name, str(risk.review_on)) == ("Zoë Ågren", "Fraud", "2026-12-31")
    assert risk.raised_by == ana
    event = Event.objects.get(verb="risklog.risk_opened")
    assert (event.via, event.actor_id) == ("import", ana.subject_id)
    assert (found.state, found.rows.get().risk) == ("applied", risk)


def test_a_check_writes_nothing_to_the_risk_log(ana):
    before = Event.objects.count()

    found = checked([HEADER, "1,Scores drift,New one,,,,,,,,,"], ana, creates_categories=True)

    assert results(found) == [(2, "new")]
    assert not Risk.objects.exists()
    assert Event.objects.count() == before


def test_a_viewer_as_owner_is_a_problem_of_the_row(ana):
    people.user("Vic", email="vic@example.org", role=Role.VIEWER)
    risks.risk(external_id="2")
    header = "ID,Risk,Category,Owner"

    found = checked([header, "1,New,data drift,Vic", "2,Known,data drift,Vic"], ana)

    assert problems(found) == ["Vic is a viewer and may not write. Choose somebody else."] * 2


def test_one_refused_row_keeps_all_out(ana):
    lines = [HEADER, "1,Good,data drift,,,,,,,,,", "2,Bad,data drift,Nobody,7,,asleep,,,,,3/4/2026"]
    found = checked(lines, ana)

    assert results(found) == [(2, "new"), (3, "refused")]
    assert len(problems(found)) == 4
    with pytest.raises(Refused, match=r"Line 3 is refused\. Nothing was imported"):
        apply(found, ana)
    assert not Risk.objects.exists()


def test_a_sheet_can_be_imported_again(ana):
    lines = [HEADER, "1,One,data drift,,3,3,,,,,,", "2,Two,data drift,,2,2,,,,,,"]
    apply(checked(lines, ana), ana)

    again = checked(
        [HEADER, "1,One,data drift,,5,5,,,,,,", "2,,,,,,,,,,,", "3,Three,data drift,,,,,,,,,"], ana
    )

    assert results(again) == [(2, "changed"), (3, "unchanged"), (4, "new")]
    reviews = [str(AT.date() + timedelta(days=days)) for days in (60, 14)]
    assert again.rows.get(line=2).changes == [
        ["likelihood", "3", "5"], ["impact", "3", "5"], ["review_on", *reviews],
    ]  # fmt: skip
    apply(again, ana)
    assert sorted(Risk.objects.values_list("external_id", "title", "severity")) == [
        ("1", "One", 25),
        ("2", "Two", 4),
        ("3", "Three", 9),
    ]


@pytest.mark.parametrize(("cell", "due_in"), [("", 14), ("22.01.2027", 60)])
def test_a_higher_level_of_a_sheet_brings_an_earlier_review_unless_the_sheet_has_a_date(ana, cell, due_in):
    risks.risk(likelihood=3, impact=3, external_id="7")  # its review is due in 60 days, on 22.01.2027
    due_on = AT.date() + timedelta(days=due_in)

    found = checked(["ID,Risk,Likelihood,Impact,Review date", f"7,Worse,5,5,{cell}"], ana)
    shown = [new for name, _, new in found.rows.get().changes if name == "review_on"]
    apply(found, ana)

    assert Risk.objects.get().review_on == due_on
    assert shown == ([str(due_on)] if due_in == 14 else [])


def test_accepted_and_closed_risks_keep_their_state(ana):
    lines = [
        HEADER,
        "1,Accepted,data drift,,,,Accepted,2027-01-31,Small,,,",
        "2,Closed,data drift,,,,Done,,,,,",
    ]

    apply(checked(lines, ana), ana)

    accepted, closed = Risk.objects.order_by("external_id")
    assert (accepted.state, str(accepted.accepted_until), accepted.treatment) == (
        "accepted", "2027-01-31", "accept",
    )  # fmt: skip
    assert {due.occurrence for due in Due.objects.filter(kind=DUE)} == {"end 2027-01-31", "warn 2027-01-31"}
    assert (closed.state, closed.closing_evidence) == (
        "closed",
        "Closed before it was imported. The sheet had no evidence.",
    )


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (",,", "needs a date in the future"),
        ("2020-01-01,Small,", "Choose a date in the future"),
        ("2035-01-01,Small,", "for at most 180 days"),
        ("2027-01-31,,", "needs the reason"),
    ],
)
def test_an_accepted_risk_needs_an_end_and_a_reason(ana, cells, message):
    found = checked([HEADER, f"1,Accepted,data drift,,,,Accepted,{cells},,"], ana)

    assert any(message in text for text in problems(found))


def test_only_a_risk_manager_who_does_not_own_it_brings_an_accepted_risk(ana):
    member = people.user("Ben")
    row = "1,Accepted,data drift,{},,,Accepted,2027-01-31,Small,,,"

    for person, owner in ((member, ""), (ana, "Ana")):
        found = checked([HEADER, row.format(owner)], person)
        assert any("Only a risk manager" in text for text in problems(found))


def test_missing_categories_are_created_once_if_a_risk_manager_wants_it(ana):
    lines = [HEADER, "1,One,Vendor lock-in,,,,,,,,,", "2,Two,vendor LOCK in,,,,,,,,,"]

    assert "There is no category" in problems(checked(lines, ana))[0]
    apply(checked(lines, ana, creates_categories=True), ana)

    assert Category.objects.get(name="Vendor lock-in").risks.count() == 2
    member = people.user("Ben")
    assert (
        "There is no category"
        in problems(checked([HEADER, "3,X,Other,,,,,,,,,"], member, creates_categories=True))[0]
    )


def test_a_category_can_be_chosen_for_all_rows_without_one(ana):
    lines = [HEADER, "1,One,,,,,,,,,,"]
    assert "needs a category" in problems(checked(lines, ana))[0]

    found = apply(checked(lines, ana, category=risks.category()), ana)

    assert found.rows.get().risk.category.slug == "data-drift"


def test_the_external_id_of_a_hidden_risk_is_as_good_as_unknown(ana):
    secret = risks.restricted("Canary", people.team("Vault"), external_id="1")
    member = people.user("Ben")

    found = checked([HEADER, "1,Mine,data drift,,,,,,,,,"], member)
    assert results(found) == [(2, "new")]
    assert "Canary" not in str(found.rows.get().changes)
    apply(found, member)

    secret.refresh_from_db()
    assert secret.title == "Canary"
    assert Risk.objects.filter(external_id="1").count() == 2


def test_a_model_that_the_author_may_not_see_is_as_good_as_missing(ana):
    risks.model("Secret", viewers=[people.team("Vault").subject_id])

    found = checked([HEADER, "1,Mine,data drift,,,,,,,,Secret,", "2,Mine,data drift,,,,,,,,Nothing,"], ana)

    first, second = problems(found)
    assert first.replace("Secret", "Nothing") == second


def test_a_row_of_a_risk_that_the_author_may_not_change_is_refused(ana):
    risks.risk(external_id="1", owner=ana)

    found = checked([HEADER, "1,Renamed,data drift,,,,,,,,,"], people.user("Ben"))

    assert "You cannot change R-" in problems(found)[0]


def test_two_rows_with_one_external_id_and_two_people_of_one_name_are_told(ana):
    people.user("Sam", email="sam.one@example.org")
    people.user("Sam", email="sam.two@example.org")

    found = checked(
        [HEADER, "1,One,data drift,Sam,,,,,,,,", "1,Two,data drift,sam.two@example.org,,,,,,,,"], ana
    )

    assert problems(found) == [
        "2 are called “Sam”. Use the email or the short name.",
        "Line 2 has the same external ID. Keep one of them.",
    ]


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        (["title"], "one field for each"),
        (["title", "title"], "Two columns are “Title”"),
        (["colour", ""], "no field “colour”"),
        (["category", ""], "has the title or the description"),
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused(ana, mapping, message):
    found = read(["Risk,Category", "One,data drift"], ana)

    with pytest.raises(Refused, match=message) as refused:
        check(found, ana, mapping=mapping)

    assert refused.value.field == "mapping"


def test_without_a_column_of_titles_the_description_begins_the_title(ana):
    lines = [
        "Risk description,Category",
        '"Scores drift. Seen since May.",data drift',
        f"{'word ' * 60},data drift",
    ]

    found = apply(checked(lines, ana), ana)

    first, second = (row.risk for row in found.rows.order_by("line"))
    assert (first.title, first.description) == ("Scores drift", "Scores drift. Seen since May.")
    assert second.title.endswith(" word…")
    assert len(second.title) <= 200


def test_tags_are_checked_as_on_a_page_and_the_same_ones_are_no_change(ana):
    Tag.objects.create(name="old", retired_at=AT)
    header = "ID,Risk,Category,Tags"

    found = checked([header, '1,One,data drift,"Income, weekly"', "2,Two,data drift,OLD"], ana)
    assert problems(found) == ["The tag “old” is retired. Use another one."]

    apply(checked([header, '1,One,data drift,"Income, weekly"'], ana), ana)
    again = checked([header, '1,One,data drift,"income; WEEKLY"'], ana)
    assert (Risk.objects.get().tags, results(again)) == (["income", "weekly"], [(2, "unchanged")])


def test_an_import_is_applied_once_and_only_as_it_was_checked(ana):
    found = read([HEADER, "1,One,data drift,,,,,,,,,"], ana)
    with pytest.raises(IllegalMove, match="Check the import first"):
        apply(found, ana)
    check(found, ana)
    other = Import.objects.get(pk=found.pk)
    check(found, ana)
    with pytest.raises(ChangedMeanwhile):
        apply(other, ana)

    apply(found, ana)

    with pytest.raises(IllegalMove, match="finished"):
        apply(found, ana)
    assert Risk.objects.count() == 1


def test_what_changed_since_the_check_is_checked_again(ana):
    found = checked([HEADER, "1,One,data drift,,,,,,,Fraud,,"], ana)
    assert problems(found) == ["There is no team “Fraud”. Correct it, or leave the cell empty."]
    people.team("Fraud")

    check(found, ana)

    assert results(apply(found, ana)) == [(2, "new")]


def test_what_changed_since_the_check_is_shown_first_and_nothing_is_written(ana):
    risk = risks.risk("Before", external_id="1")
    found = checked([HEADER, "1,After,data drift,,,,,,,,,", "2,New,data drift,,,,,,,,,"], ana)
    operations.change(risk, {"title": "Of a colleague"}, by=Actor(ana, "page"), at=AT)

    with pytest.raises(IllegalMove, match="Something changed since the check, first for line 2"):
        apply(found, ana)

    assert [row.title for row in Risk.objects.all()] == ["Of a colleague"]
    again = Import.objects.get(pk=found.pk)
    assert ["title", "Of a colleague", "After"] in again.rows.get(line=2).changes
    apply(again, ana)
    assert Risk.objects.get(external_id="1").title == "After"


def test_a_risk_that_was_restricted_since_is_neither_doubled_nor_shown(ana):
    ben = people.user("Ben")
    secret = risks.risk("Canary", external_id="1", owner=ben, person=ben)
    other = people.user("Carl", role=Role.RISK_MANAGER)
    found = checked([HEADER, "1,After,data drift,,,,,,,,,"], other)
    operations.restrict(secret, teams=[people.team()], by=Actor(ana, "page"), at=AT)

    (line,) = queries.lines(list(found.rows.all()), found.header, other)
    assert (line.risk, line.changes, line.problems[0].message) == (None, [], queries.HIDDEN)
    with pytest.raises(IllegalMove, match="Something changed"):
        apply(found, other)
    assert Risk.objects.count() == 1


def test_an_own_export_is_matched_by_its_references(ana):
    risk = risks.risk("Scores drift", owner=ana)
    header = "Reference,Title,Category"

    found = checked([header, f"{risk.reference},Scores drift,data drift", "R-999999,x,data drift"], ana)

    assert found.mapping == ["reference", "title", "category"]
    assert results(found) == [(2, "unchanged"), (3, "refused")]
    assert problems(found) == ["There is no risk R-999999. Leave this column out to create new risks."]
    assert read(["Reference,Title", "REF/7,x"], ana).mapping == ["external_id", "title"]


def test_two_rows_about_one_risk_are_refused_before_they_collide(ana):
    risk = risks.risk("Scores drift", owner=ana, external_id="7")
    header = "Reference,ID,Title,Category"

    found = checked([header, f"{risk.reference},,One,data drift", ",7,Two,data drift"], ana)

    assert problems(found) == [f"Line 2 is about {risk.reference}, too. Keep one of them."]


def test_the_name_of_a_hidden_model_is_not_shown_as_the_old_value(ana):
    hidden = risks.model("Secret scoring", viewers=[people.team("Vault").subject_id])
    risks.risk("Scores drift", model=hidden, viewers=[ana.subject_id], owner=ana, external_id="7")
    risks.model("Open scoring")

    found = checked([HEADER, "7,Scores drift,data drift,,,,,,,,Open scoring,"], ana)

    assert found.rows.get().changes == [["model", "", "Open scoring"]]


def test_the_guard_of_an_exported_text_is_not_part_of_it(ana):
    found = checked(["Risk,Category", "'=1+1,data drift", "'quoted',data drift"], ana)

    assert [row.cells[0] for row in found.rows.order_by("line")] == ["=1+1", "'quoted'"]


def test_members_are_told_who_creates_categories(ana):
    found = checked([HEADER, "1,One,Vendor,,,,,,,,,"], people.user("Ben"), creates_categories=True)

    assert problems(found) == ["There is no category “Vendor”, and only risk managers create categories."]


def test_an_acceptance_of_another_state_is_told(ana):
    found = checked([HEADER, "1,One,data drift,,,,Open,2027-01-31,,,,"], ana)

    assert found.rows.get().remarks == ["Its acceptance is left out, because its state is not accepted."]


def test_statements_do_not_grow_with_the_rows(ana, django_assert_max_num_queries):
    def statements(number):
        lines = [HEADER, *(f"{number}-{n},Risk {n},data drift,Ana,3,4,,,,,," for n in range(number))]
        found = checked(lines, ana)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            apply(found, ana)
        return len(captured)

    assert statements(3) == statements(30)


def test_an_import_notifies_nobody_of_each_risk(ana):
    ben = people.user("Ben")
    apply(checked([HEADER, "1,One,data drift,Ben,,,,,,,,"], ana), ana)
    event = Event.objects.get(verb="risklog.risk_opened")

    from history.declarations import find

    rules = find(event.verb).recipients
    assert [rule(event) for rule in rules] == [{} for _ in rules]
    assert Subject.objects.visible_to(ben).filter(kind="risk").exists()


def test_old_imports_are_forgotten_and_their_risks_stay(ana):
    apply(checked([HEADER, "1,One,data drift,,,,,,,,,"], ana), ana)

    assert deleting.run(AT + timedelta(days=29))["imports"] == 0
    assert deleting.run(AT + timedelta(days=31))["imports"] == 1
    assert Risk.objects.count() == 1
