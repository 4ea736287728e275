"""Every kind of page: axe-clean in light, in dark and on a phone, under the policy, never too wide."""

import pytest

from actions.models import Action
from catalogue.models import Model
from kit import clock
from kit.actor import SYSTEM
from learnings.models import Learning
from meetings.models import Decision, Meeting
from meetings.operations import item as items
from meetings.operations import meeting as meetings
from meetings.states import ItemState, MeetingState
from people.models import Team, User
from risklog.models import Escalation, Review, Risk
from signals.models import BreachGroup, Series, Source, Threshold
from tests.browser.conftest import axe, violations, width_beyond

# What a narrow window can break: names that are hidden, regions that begin to scroll.
OF_LAYOUT = (
    "link-name",
    "button-name",
    "label",
    "empty-heading",
    "scrollable-region-focusable",
    "target-size",
)
PAGES = {
    "sign-in": lambda: "/people/sign-in/",
    "my week": lambda: "/",
    "risks": lambda: "/risks/",
    "new risk": lambda: "/risks/new/",
    "risk": lambda: f"/risks/{_first(Risk)}/",
    "assess": lambda: f"/risks/{_first(Risk)}/assess/",
    "categories": lambda: "/risks/categories/",
    "models": lambda: "/models/",
    "model": lambda: f"/models/{Model.objects.order_by('pk').first().slug}/",
    "series": lambda: f"/signals/series/{Series.objects.order_by('pk').first().pk}/",
    "threshold": lambda: f"/signals/thresholds/{Threshold.objects.order_by('pk').first().pk}/",
    "breaches": lambda: "/signals/breaches/",
    "breach": lambda: f"/signals/breaches/{_first(BreachGroup)}/",
    "sources": lambda: "/signals/sources/",
    "source": lambda: f"/signals/sources/{Source.objects.order_by('pk').first().pk}/",
    "reviews": lambda: "/risks/reviews/",
    "review": lambda: f"/risks/reviews/{_first(Review)}/",
    "escalations": lambda: "/risks/escalations/",
    "escalation": lambda: f"/risks/escalations/{_first(Escalation)}/",
    "ladder": lambda: "/risks/ladder/",
    "meetings": lambda: "/meetings/",
    "meeting before": lambda: f"/meetings/{_meeting(MeetingState.PLANNED)}/",
    "live meeting": lambda: f"/meetings/{_live()}/live/",
    "minutes": lambda: f"/meetings/{_meeting(MeetingState.CLOSED)}/minutes/",
    "decisions": lambda: "/meetings/decisions/",
    "decision": lambda: f"/meetings/decisions/{_first(Decision)}/",
    "actions": lambda: "/actions/",
    "board": lambda: "/actions/board/",
    "action": lambda: f"/actions/{_first(Action)}/",
    "learnings": lambda: "/learnings/",
    "learning": lambda: f"/learnings/{_first(Learning)}/",
    "inbox": lambda: "/notices/",
    "digest": lambda: "/notices/digest/",
    "mail": lambda: "/notices/mail/",
    "people": lambda: "/people/",
    "person": lambda: f"/people/{User.objects.order_by('pk').first().pk}/",
    "team": lambda: f"/people/teams/{Team.objects.order_by('pk').first().slug}/",
    "account": lambda: "/people/me/",
    "reference": lambda: "/api/v1/",
    "styleguide": lambda: "/styleguide/",
}


def _first(model) -> str:
    return model.objects.select_related("subject").order_by("pk").first().reference


def _meeting(state) -> str:
    return (
        Meeting.objects.select_related("subject").filter(state=state).order_by("starts_at").first().reference
    )


def _live() -> str:
    """The next meeting, begun, with its first item on."""
    meeting = Meeting.objects.filter(state=MeetingState.PLANNED).order_by("starts_at").first()
    act = {"by": SYSTEM, "at": clock.now()}
    meetings.start(meeting, **act)
    items.take_up(meeting.items.filter(state=ItemState.WAITING).order_by("rank", "id").first(), **act)
    return meeting.reference


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_clean_in_light_in_dark_and_on_a_phone(sign_in, name):
    page = sign_in(None if name == "sign-in" else "admin", viewport={"width": 1280, "height": 900})

    assert page.goto(PAGES[name]()).status == 200
    page.wait_for_load_state("networkidle")
    found = {"light": axe(page)}
    page.emulate_media(color_scheme="dark")
    found["dark"] = axe(page, only=("color-contrast",))
    page.set_viewport_size({"width": 320, "height": 700})
    found["phone"] = axe(page, only=OF_LAYOUT)

    assert {look: said for look, said in found.items() if said} == {}
    assert width_beyond(page) <= 0
    assert violations(page) == []
