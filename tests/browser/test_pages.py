"""Every kind of page: axe-clean in light, in dark and on a phone, under the policy, never too wide."""

from datetime import timedelta

import pytest

from actions.models import Action
from catalogue.models import (
    Alias,
    ChangeRequest,
    DecisionRight,
    Deployment,
    Model,
    RollbackProcedure,
    Run,
    Validation,
    Version,
    Workflow,
)
from incidents.models import Incident
from kit.actor import SYSTEM, Actor
from leaders.models import Goal
from learnings.models import Learning, LearningSession, Recognition
from meetings.models import Decision, DecisionEffect, Meeting, MeetingSeries, Tripwire
from meetings.operations import agenda_template as agenda_templates
from meetings.operations import check_in as check_ins
from meetings.operations import item as items
from meetings.operations import meeting as meetings
from meetings.states import ItemState, MeetingState
from notices.models import Message
from notices.operations import endpoint as endpoints
from people.models import CalendarReading, DutyPeriod, ServiceAccount, Team, User
from people.operations import invitation
from people.operations import roster as rosters
from people.operations import service_account as service_accounts
from people.operations import token as tokens
from people.states import Role
from risklog.models import Appetite, Escalation, Experiment, FilledTemplate, Review, Risk, ScoringRound
from signals.models import BreachGroup, Series, Source, Threshold
from talk.models import Comment, File, Reaction
from tests.browser.conftest import axe, covered, violations, width_beyond
from tests.conftest import AT
from tests.factories import catalogue
from tests.factories.talk import PNG

# Faults of narrow windows: hidden names, regions that need to scroll.
OF_LAYOUT = (
    "link-name",
    "button-name",
    "label",
    "empty-heading",
    "scrollable-region-focusable",
    "target-size",
)


def _compared() -> str:
    """The comparison of all filled templates of the sample: they are of one template."""
    filled = FilledTemplate.objects.select_related("subject").order_by("pk")
    return "/risks/filled-templates/compare/?" + "&".join(f"key={one.reference}" for one in filled)


SIGNED_OUT = {"sign-in", "reset password"}
PAGES = {
    "sign-in": lambda: "/people/sign-in/",
    "reset password": lambda: "/people/reset/",
    "my week": lambda: "/",
    "risks": lambda: "/risks/",
    "new risk": lambda: "/risks/new/",
    "risk": lambda: f"/risks/{_first(Risk)}/",
    "assess": lambda: f"/risks/{_first(Risk)}/assess/",
    "categories": lambda: "/risks/categories/",
    "models": lambda: "/models/",
    "model": lambda: f"/models/{Model.objects.order_by('pk').first().slug}/",
    "lineage": lambda: f"/models/{Version.objects.order_by('pk').first().model.slug}/lineage/",
    "versions": lambda: f"/models/{Version.objects.order_by('pk').first().model.slug}/versions/",
    "version": lambda: f"/models/versions/{Version.objects.order_by('pk').first().pk}/",
    "validations": lambda: "/models/validations/",
    "validation": lambda: f"/models/validations/{Validation.objects.order_by('pk').first().pk}/",
    "checklist": lambda: f"/models/validations/{Validation.objects.order_by('-pk').first().pk}/checklist/",
    "tier": lambda: f"/models/{Model.objects.order_by('pk').first().slug}/tier/",
    "edit model": lambda: f"/models/{Model.objects.order_by('pk').first().slug}/edit/",
    "concentration": lambda: "/models/concentration/",
    "aliases": lambda: f"/models/{Alias.objects.order_by('pk').first().model.slug}/aliases/",
    "workflows": lambda: "/models/workflows/",
    "workflow": lambda: f"/models/workflows/{Workflow.objects.order_by('pk').first().pk}/",
    "deployments": lambda: "/models/deployments/",
    "deployment": lambda: f"/models/deployments/{Deployment.objects.order_by('pk').first().pk}/",
    "runs": lambda: "/models/runs/",
    "run": lambda: f"/models/runs/{Run.objects.get(name='train-431').pk}/",
    "two runs": lambda: "/models/runs/compare/?left={}&right={}".format(
        *Run.objects.filter(name__in=["train-430", "train-431"]).values_list("pk", flat=True)
    ),
    "readiness": lambda: "/models/readiness/",
    "rollback": lambda: f"/models/rollback/{RollbackProcedure.objects.order_by('pk').first().pk}/",
    "decision rights": lambda: "/models/decision-rights/",
    "change requests": lambda: "/models/change-requests/",
    "change request": lambda: f"/models/change-requests/{_first(ChangeRequest)}/",
    "decision right": lambda: f"/models/decision-rights/{DecisionRight.objects.order_by('pk').first().pk}/",
    "series": lambda: f"/signals/series/{Series.objects.order_by('pk').first().pk}/",
    "threshold": lambda: f"/signals/thresholds/{Threshold.objects.order_by('pk').first().pk}/",
    "breaches": lambda: "/signals/breaches/",
    "breach": lambda: f"/signals/breaches/{_first(BreachGroup)}/",
    "patterns": lambda: "/signals/patterns/",
    "dashboards": lambda: "/signals/dashboards/",
    "dashboard of a model": lambda: "/signals/dashboards/model/credit-pd/?compare=before",
    "dashboard of a focus": lambda: "/signals/dashboards/focus/drift/",
    "new dashboard": lambda: "/signals/dashboards/new/?model=credit-pd",
    "snapshots": lambda: "/signals/snapshots/",
    "sources": lambda: "/signals/sources/",
    "source": lambda: f"/signals/sources/{Source.objects.order_by('pk').first().pk}/",
    "incidents": lambda: "/incidents/",
    "incident": lambda: f"/incidents/{_first(Incident)}/",
    "declare an incident": lambda: f"/incidents/new/?about={_first(BreachGroup)}",
    "incident reviews": lambda: "/incidents/reviews/",
    "incident review": lambda: f"/incidents/{_first(Incident)}/review/",
    "edit an incident review": lambda: f"/incidents/{_first(Incident)}/review/edit/",
    "reporting duties": lambda: "/incidents/duties/",
    "new reporting duty": lambda: "/incidents/duties/new/",
    "edit an incident": lambda: f"/incidents/{_first(Incident)}/edit/",
    "assign a role": lambda: f"/incidents/{_first(Incident)}/roles/",
    "add a model to an incident": lambda: f"/incidents/{_first(Incident)}/models/",
    "reviews": lambda: "/risks/reviews/",
    "review": lambda: f"/risks/reviews/{_first(Review)}/",
    "escalations": lambda: "/risks/escalations/",
    "escalation": lambda: f"/risks/escalations/{_first(Escalation)}/",
    "experiments": lambda: "/risks/experiments/",
    "experiment": lambda: f"/risks/experiments/{_first(Experiment)}/",
    "new experiment": lambda: "/risks/experiments/new/",
    "ladder": lambda: "/risks/ladder/",
    "matrix": lambda: "/risks/matrix/",
    "edit matrix": lambda: "/risks/matrix/edit/",
    "templates": lambda: "/risks/templates/",
    "new template": lambda: "/risks/templates/new/",
    "filled templates": lambda: "/risks/filled-templates/",
    "filled template": lambda: f"/risks/filled-templates/{_first(FilledTemplate)}/",
    "edit filled template": lambda: f"/risks/filled-templates/{_first(FilledTemplate)}/edit/",
    "compared templates": _compared,
    "scoring": lambda: f"/risks/{_scored('open')}/scoring/",
    "scores": lambda: f"/risks/{_scored('revealed')}/scoring/",
    "ask to score": lambda: f"/risks/{_first(Risk)}/scoring/",
    "duplicate": lambda: f"/risks/{_duplicate()}/",
    "merge": lambda: f"/risks/{_first(Risk)}/merge/",
    "likely duplicates": lambda: "/risks/like/?title=Merchant+category+is+missing",
    "category": lambda: "/risks/categories/data-drift/",
    "appetite": lambda: f"/risks/appetites/{Appetite.objects.order_by('pk').first().pk}/",
    "new appetite": lambda: "/risks/appetites/new/",
    "meetings": lambda: "/meetings/",
    "meeting before": lambda: f"/meetings/{_meeting(MeetingState.PLANNED)}/",
    "live meeting": lambda: f"/meetings/{_live()}/live/",
    "minutes": lambda: f"/meetings/{_meeting(MeetingState.CLOSED)}/minutes/",
    "decisions": lambda: "/meetings/decisions/",
    "decision": lambda: f"/meetings/decisions/{_first(Decision)}/",
    "actions": lambda: "/actions/",
    "board": lambda: "/actions/board/",
    "follow-through": lambda: "/actions/follow-through/",
    "action": lambda: f"/actions/{_first(Action)}/",
    "learnings": lambda: "/learnings/",
    "learning": lambda: f"/learnings/{_first(Learning)}/",
    "executive": lambda: "/executive/",
    "executive of a team": lambda: f"/executive/?team={Team.objects.order_by('pk').first().slug}",
    "goals": lambda: "/executive/goals/",
    "new goal": lambda: "/executive/goals/new/",
    "goal": lambda: f"/executive/goals/{Goal.objects.order_by('pk').first().pk}/",
    "inbox": lambda: "/notices/",
    "digest": lambda: "/notices/digest/",
    "digest of a week": lambda: "/notices/digest/2026-W40/",
    "mail": lambda: "/notices/mail/",
    "mail in its frame": lambda: f"/notices/mail/{_sent().pk}/",
    "edit risk": lambda: f"/risks/{_first(Risk)}/edit/",
    "heat map": lambda: "/risks/heat/",
    "thresholds": lambda: "/signals/thresholds/",
    "back-test": lambda: "/signals/series/{}/backtest/?warning=0.2".format(
        Threshold.objects.filter(series__isnull=False).earliest("pk").series_id
    ),
    "propose": lambda: f"/signals/thresholds/{Threshold.objects.order_by('pk').first().pk}/propose/",
    "meeting series": lambda: f"/meetings/series/{MeetingSeries.objects.get().pk}/",
    "new series": lambda: "/meetings/series/new/",
    "check-ins": lambda: "/meetings/check-ins/",
    "agenda templates": lambda: "/meetings/agenda-templates/",
    "new agenda template": lambda: "/meetings/agenda-templates/new/",
    "agenda template": lambda: f"/meetings/agenda-templates/{_agenda_template()}/",
    "check-in": lambda: f"/meetings/check-ins/{_check_in()}/",
    "add meeting": lambda: f"/meetings/series/{MeetingSeries.objects.get().pk}/meetings/new/",
    "calendar": lambda: "/meetings/calendar/",
    "new decision": lambda: "/meetings/decisions/new/",
    "decision with effects": lambda: f"/meetings/decisions/{_with_effects()}/",
    "new decision with effects": lambda: f"/meetings/decisions/new/?about={_unfinished()}",
    "add tripwire": lambda: f"/meetings/decisions/{_with_effects()}/tripwires/",
    "did it work": lambda: f"/meetings/decisions/{_with_effects()}/outcome/",
    "remove tripwire": lambda: f"/meetings/tripwires/{Tripwire.objects.order_by('pk').first().pk}/remove/",
    "new ladder": lambda: "/risks/ladder/new/",
    "recognitions": lambda: "/learnings/recognitions/",
    "recognition": lambda: f"/learnings/recognitions/{Recognition.objects.latest('pk').pk}/",
    "duties": lambda: "/meetings/duties-done/",
    "lessons": lambda: "/learnings/lessons/",
    "lesson": lambda: "/learnings/lessons/drift/",
    "glossary": lambda: "/learnings/glossary/",
    "glossary word": lambda: "/learnings/glossary/psi/",
    "sessions": lambda: "/learnings/sessions/",
    "session": lambda: f"/learnings/sessions/{LearningSession.objects.latest('pk').pk}/",
    "plan a session": lambda: "/learnings/sessions/new/",
    "say thanks": lambda: "/learnings/recognitions/new/",
    "new learning": lambda: "/learnings/new/",
    "memory": lambda: f"/meetings/memory/models/{Model.objects.order_by('pk').first().slug}/",
    "feed address": lambda: "/learnings/feeds/",
    "use a learning": lambda: f"/learnings/{_first(Learning)}/use/",
    "organisation": lambda: "/people/settings/",
    "search": lambda: "/search/?q=score",
    "search in comments": lambda: "/search/?q=feed&kind=comment",
    "file": lambda: f"/files/{File.objects.order_by('pk').first().pk}/",
    "tags": lambda: "/tags/",
    "tag": lambda: "/tags/edit/?tag=rates",
    "invitations": lambda: f"/people/invitations/?role={_invited()}",
    "invite people": lambda: "/people/invitations/new/",
    "people": lambda: "/people/",
    "person": lambda: f"/people/{User.objects.order_by('pk').first().pk}/",
    "team": lambda: f"/people/teams/{Team.objects.order_by('pk').first().slug}/",
    "function": lambda: f"/people/functions/{_with_roster()}/",
    "function with a calendar": lambda: f"/people/functions/{_with_calendar()}/",
    "account": lambda: "/people/me/",
    "retention": lambda: "/people/settings/retention/",
    "service accounts": lambda: f"/people/service-accounts/?order={_robot() and 'name'}",
    "service account": lambda: f"/people/service-accounts/{_robot().pk}/",
    "new service account": lambda: "/people/service-accounts/new/",
    "token": lambda: f"/people/tokens/{_robot().tokens.get().pk}/",
    "security": lambda: "/people/me/security/",
    "confirm": lambda: "/people/me/confirm/",
    "registries": lambda: f"/models/registries/?order={_registry() and 'name'}",
    "import of models": lambda: "/models/import/",
    "new registry": lambda: "/models/registries/new/",
    "registry": lambda: f"/models/registries/{_registry()}/",
    "webhooks": lambda: "/notices/webhooks/",
    "new webhook": lambda: "/notices/webhooks/new/",
    "webhook": lambda: f"/notices/webhooks/{_webhook()}/",
    "notifications": lambda: "/people/me/notifications/",
    "welcome": lambda: "/people/me/welcome/",
    "reference": lambda: "/api/v1/",
    "styleguide": lambda: "/styleguide/",
}


def _first(model) -> str:
    return model.objects.select_related("subject").order_by("pk").first().reference


def _scored(state: str) -> str:
    """A risk with a round of scoring in this state."""
    rows = ScoringRound.objects.select_related("risk__subject").filter(state=state)
    return rows.order_by("pk").first().risk.reference


def _duplicate() -> str:
    rows = Risk.objects.select_related("subject").filter(merged_into__isnull=False)
    return rows.order_by("pk").first().reference


def _agenda_template() -> int:
    items = [{"title": "Outlook", "purpose": "discuss", "minutes": 10}]
    return agenda_templates.add(name="Quarterly", items=items, by=SYSTEM, at=AT).pk


def _check_in() -> int:
    return check_ins.note(text="Counts are low", by=SYSTEM, at=AT).pk


def _with_effects() -> str:
    """A decision of the sample that took effect."""
    effect = DecisionEffect.objects.select_related("decision__subject").order_by("pk").first()
    return effect.decision.reference


def _unfinished() -> str:
    """An action that a decision can give another date."""
    rows = Action.objects.select_related("subject").filter(state__in=["open", "doing"], owner__isnull=False)
    return rows.order_by("pk").first().reference


def _robot() -> ServiceAccount:
    """A service account with a token that did something."""
    owner = User.objects.active().filter(role=Role.RISK_MANAGER).order_by("pk").first()
    robot = service_accounts.add(
        name="Nightly import",
        purpose="Loads the register.",
        responsible=owner,
        by=SYSTEM,
        at=AT,
    )
    token = tokens.issue(robot, name="Production", scope="write", by=SYSTEM, at=AT)[0]
    check_ins.note(text="Counts are low", by=Actor(robot, "api", token=token), at=AT)
    return robot


def _with_roster() -> int:
    """A function with a duty roster."""
    person = User.objects.active().filter(role=Role.MEMBER, function__isnull=False).order_by("pk").first()
    rosters.add(function=person.function, people=[person], starts_on=AT.date(), by=SYSTEM, at=AT)
    return person.function_id


def _with_calendar() -> int:
    """A function whose duties are in a calendar that fails, and names people who cannot be on duty."""
    members = User.objects.active().filter(role=Role.MEMBER, function__isnull=False)
    person = members.filter(function__roster__isnull=True).order_by("-pk").first()
    made = rosters.add(
        function=person.function, calendar_url="https://calendar.example.org/x.ics", by=SYSTEM, at=AT
    )
    DutyPeriod.objects.create(roster=made, person=person, starts_at=AT, ends_at=AT + timedelta(days=3))
    CalendarReading.objects.filter(roster=made).update(
        read_at=AT, tried_at=AT, failures=1, error="No answer.", unknown=["eve@example.org"]
    )
    return person.function_id


def _invited() -> str:
    """The role of an open invitation and a withdrawn one."""
    by = Actor(User.objects.get(email="admin@example.org"), "page")
    made = invitation.invite(["guest@example.org", "other@example.org"], by=by, at=AT)
    invitation.withdraw(made[0], by=by, at=AT)
    return made[0].role


def _registry() -> int:
    """A model registry with an error, problems and an imported model."""
    made = catalogue.registry(owner=User.objects.filter(role=Role.ADMINISTRATOR).first())
    made.reading.__class__.objects.filter(registry=made).update(
        error="mlflow.example.org answered with the status 500.", problems=["churn: No right."], tried_at=AT
    )
    made.registered.create(name="Churn", model=Model.objects.filter(registered_as=None).first())
    return made.pk


def _webhook() -> int:
    """A webhook with a delivery that failed, one that waits, and one that was accepted."""
    owner = User.objects.filter(role=Role.ADMINISTRATOR).first()
    about = Risk.objects.select_related("subject").order_by("pk").first().subject
    made = endpoints.add(
        name="Operations",
        url="https://hooks.example.org/T0",
        owner=owner,
        verbs=["risklog.risk_opened"],
        by=SYSTEM,
        at=AT,
    )
    for state, status in (("dead", 500), ("pending", None), ("done", 200)):
        made.deliveries.create(
            verb="risklog.risk_opened", subject=about, state=state, answer_status=status, made_at=AT
        )
    return made.pk


def _sent() -> Message:
    """A stored mail about an object that everybody may see."""
    return Message.objects.filter(subject__viewers=None).exclude(sent_html="").order_by("made_at").first()


def _meeting(state) -> str:
    return (
        Meeting.objects.select_related("subject").filter(state=state).order_by("starts_at").first().reference
    )


def _live() -> str:
    """The next meeting, started, at its first item."""
    meeting = Meeting.objects.filter(state=MeetingState.PLANNED).order_by("starts_at").first()
    act = {"by": SYSTEM, "at": AT}
    meetings.start(meeting, is_confirmed=True, **act)
    items.take_up(meeting.items.filter(state=ItemState.WAITING).order_by("rank", "id").first(), **act)
    return meeting.reference


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_clean_in_light_in_dark_and_on_a_phone(sign_in, name):
    person = None if name in SIGNED_OUT else "admin"
    page = sign_in(person, keeps_context=True, viewport={"width": 1280, "height": 900})

    assert page.goto(PAGES[name]()).status == 200
    page.wait_for_function("() => !document.querySelector('.htmx-request')")
    found = {"light": axe(page), "covered": covered(page)}
    page.emulate_media(color_scheme="dark")
    found["dark"] = axe(page, only=("color-contrast",))
    # As high as the page: what the bar at the bottom of the screen covers in part counts as small.
    page.set_viewport_size({"width": 320, "height": 4000})
    found["phone"] = axe(page, only=OF_LAYOUT)

    assert {look: said for look, said in found.items() if said} == {}
    assert width_beyond(page) <= 0
    assert violations(page) == []


# Rules for pages that do not apply to mails, which are shown inside a page or a mail program.
OF_PAGES = ("landmark-one-main", "region", "page-has-heading-one")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_mail_is_clean_and_fits_a_phone(sign_in, scheme):
    page = sign_in("admin", viewport={"width": 320, "height": 700}, color_scheme=scheme)
    mail = page.request.get(f"/notices/mail/{_sent().pk}/as-sent/")
    assert mail.status == 200

    page.set_content(mail.text())  # its own address is a sandbox, where axe cannot run

    assert [said for said in axe(page) if not said.startswith(OF_PAGES)] == []
    assert width_beyond(page) <= 0


@pytest.mark.parametrize("width", [1280, 320])
def test_a_title_of_one_long_word_pushes_nothing_aside(sign_in, width):
    risk = Risk.objects.select_related("subject").order_by("pk").first()
    old, risk.subject.title = risk.subject.title, "W" * 200
    risk.subject.save(update_fields=["title"])
    page = sign_in("admin", viewport={"width": width, "height": 900})

    page.goto(f"/risks/{risk.reference}/")
    heading = page.locator("h1").evaluate("e => e.scrollWidth - e.clientWidth")
    beyond = width_beyond(page)
    page.goto("/risks/")
    table = page.locator("#rows").evaluate("e => e.scrollWidth - e.clientWidth")
    risk.subject.title = old
    risk.subject.save(update_fields=["title"])

    assert max(heading, beyond, table, width_beyond(page)) <= 0


def test_a_search_is_one_step_back_and_its_button_stays_away(sign_in):
    page = sign_in("admin")
    page.goto("/risks/")
    before = page.evaluate("history.length")

    with page.expect_response(lambda answer: "q=zzz" in answer.url):
        page.fill("#q", "zzz")
    page.wait_for_url("**/risks/?q=zzz**")
    page.locator("#q").blur()
    page.wait_for_timeout(400)

    assert page.evaluate("history.length") == before + 1
    assert page.locator("text=No risks match these filters").is_visible()
    assert page.locator("main .without-script").count() >= 1
    assert not page.locator("main .without-script").first.is_visible()
    page.go_back()
    page.wait_for_selector("#rows tr[data-row]")


def test_a_conflict_at_the_foot_of_a_long_form_is_seen_at_once(sign_in):
    page = sign_in("admin", viewport={"width": 1280, "height": 700})
    other = page.context.new_page()
    address = f"/risks/{_first(Risk)}/edit/"
    for one in page, other:
        one.goto(address)
    for one, tags in (page, "first"), (other, "second"):
        one.fill("[name=tags]", tags)
        with one.expect_response(lambda answer: answer.request.method == "POST"):
            one.click("main .form-foot .button-primary")

    other.wait_for_selector(".notice:focus")

    box = other.locator(".notice:focus").bounding_box()
    assert 0 <= box["y"] < 700
    assert "second" in other.inner_text(".conflict-versions .conflict-version-mine")


def test_files_are_chosen_dropped_and_pasted_into_a_comment(sign_in):
    page = sign_in("ana", viewport={"width": 1280, "height": 900})
    page.goto(f"/risks/{_first(Risk)}/")
    page.fill("#comment-text", "See:")
    chosen = {"name": "chart.png", "mimeType": "text/plain", "buffer": PNG}

    with page.expect_response("**/files/"):
        page.set_input_files(".composer-files input", [chosen])
    for event in ("drop", "paste"):
        with page.expect_response("**/files/"):
            page.evaluate(SEND_FILE, [event, f"{event}.csv"])
    with page.expect_response("**/files/"):
        page.set_input_files(".composer-files input", [chosen | {"name": "chart.pdf"}])

    page.wait_for_selector(".composer-error:not([hidden])")
    assert "a PNG image, although its name says a PDF document" in page.inner_text(".composer-error")
    picture, *others = File.objects.order_by("-pk")[:3][::-1]
    lines = [line for line in page.input_value("#comment-text").splitlines() if line]
    assert lines == ["See:", picture.markdown, *(file.markdown for file in others)]
    assert [file.name for file in others] == ["drop.csv", "paste.csv"]

    with page.expect_navigation():
        page.click(".composer button >> text=Comment")
    comment = Comment.objects.latest("pk")
    shown = page.locator(f"#comment-{comment.pk} img")
    assert shown.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1

    button = page.locator(f"#reactions-{comment.pk} [value=agree]")
    with page.expect_response("**/react/"):
        button.click()
    page.wait_for_selector(f"#reactions-{comment.pk} [value=agree][aria-pressed=true]")
    assert Reaction.objects.filter(comment=comment, kind="agree").count() == 1
    assert violations(page) == []


SEND_FILE = """([name, file]) => {
  const data = new DataTransfer();
  data.items.add(new File(["a,b\\n1,2\\n"], file, { type: "text/csv" }));
  const kind = name === "drop" ? DragEvent : ClipboardEvent;
  const field = document.querySelector("#comment-text");
  const key = name === "drop" ? "dataTransfer" : "clipboardData";
  field.dispatchEvent(new kind(name, { bubbles: true, cancelable: true, [key]: data }));
}"""
