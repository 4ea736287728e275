"""What a person does in comments and lists, on a desktop and on a phone of 390 pixels."""

import pytest

from history.models import Subject
from kit.actor import Actor
from people.models import User
from risklog.models import Risk
from talk.operations import comment as comments
from tests.conftest import AT

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}
# Whether each element is on top at both of its ends, and within the window.
ON_TOP = """elements => elements.map(element => {
  const box = element.getBoundingClientRect();
  const middle = (box.top + box.bottom) / 2;
  return [box.left + 4, box.right - 4].every(x => element.contains(document.elementFromPoint(x, middle)));
})"""


def _risk() -> Risk:
    return Risk.objects.exclude(state="closed").filter(subject__viewers=None).order_by("pk")[0]


@pytest.mark.parametrize("window", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_all_suggested_people_are_visible(sign_in, window):
    page = sign_in("ana", viewport=window)
    page.goto(f"/risks/{_risk().reference}/")
    page.locator("#comment-text").evaluate("e => e.scrollIntoView({ block: 'start' })")
    page.locator("#comment-text").press_sequentially("Please check this soon, it is urgent, @")

    page.wait_for_selector(".suggestions [role=option] >> nth=4")

    page.locator(".suggestions").scroll_into_view_if_needed()
    shown = page.locator(".suggestions [role=option]").evaluate_all(ON_TOP)
    assert len(shown) >= 5
    assert all(shown)


def test_the_tools_of_a_comment_are_in_two_rows_on_a_phone(sign_in):
    ana = User.objects.get(email="ana@example.org")
    about = Subject.objects.get(pk=_risk().subject_id)
    comment = comments.add(about=about, text="A remark", by=Actor(ana, "page"), at=AT)
    page = sign_in("ana", viewport=PHONE)
    page.goto(f"/comments/{comment.pk}/")
    tools = page.locator(f"#comment-{comment.pk} .comment-tools")

    def tops(selector: str) -> set[int]:
        return set(tools.locator(selector).evaluate_all("all => all.map(e => Math.round(e.offsetTop))"))

    assert len(tops(".reaction")) == 1
    assert len(tops(".comment-actions .button")) == 1


def test_rows_of_the_list_are_selected_for_a_bulk_change_on_a_phone(sign_in):
    page = sign_in("admin", viewport=PHONE)
    page.goto("/risks/")
    boxes = page.locator("#rows [name=sel]")
    boxes.nth(0).check()
    boxes.nth(1).check()
    assert "2 selected" in page.inner_text("#bulk")
    assert boxes.nth(0).bounding_box()["width"] >= 24

    assert page.locator("#bulk button").evaluate_all(ON_TOP) == [True] * 3
    page.click("#bulk button >> text=Change")

    page.wait_for_url("**/risks/bulk/**")
