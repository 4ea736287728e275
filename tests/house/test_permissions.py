"""Deny by default: which code names a permission, which registers one, and the tables of riskhub."""

import inspect
import re

import pytest
from django.template.loader import get_template
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from kit import kinds, rights
from kit.kinds import Page
from riskhub import flows, panels, schedule, shell
from riskhub.management.commands import draw_docs
from riskhub.urls import RESOURCES
from tests.house.rooms import COLUMN, ROOT
from tests.house.world import build

TEXT = "\n".join(
    path.read_text()
    for folder in (*COLUMN, "templates")
    for path in sorted((ROOT / folder).rglob("*.*"))
    if path.suffix in {".py", ".html"} and "permissions" not in str(path)
)


def _views(patterns=None):
    for one in patterns or get_resolver().url_patterns:
        if isinstance(one, URLResolver):
            yield from _views(one.url_patterns)
        elif isinstance(one, URLPattern):
            yield one


def _permissions_of(view) -> set[str]:
    of = getattr(view.callback, "cls", None) or getattr(view.callback, "view_class", None)
    if of is not None and hasattr(of, "permission"):
        return set(of.permission.values()) or {""}
    return {getattr(view.callback, "permission", "")}


def test_every_view_names_a_permission_that_is_registered():
    known = rights.names() | {rights.OPEN}

    wrong = {
        str(view.pattern): names - known for view in _views() if (names := _permissions_of(view)) - known
    }

    assert wrong == {}


def test_a_view_first_says_its_methods_and_then_its_permission():
    """One order of decorators: @require_… and other outer ones, then @view_needs."""
    assert re.findall(r"(?m)^@view_needs\(.*\)\n@(?:require_|never_cache|sensitive_).*", TEXT) == []


def test_every_method_an_api_resource_names_is_there():
    """An inherited method of Item that is not named is refused (rest.resource)."""
    wrong = [
        (address, method)
        for address, view in RESOURCES
        for method in view.permission
        if not hasattr(view, method.lower())
    ]

    assert wrong == []


def test_no_permission_is_registered_in_vain():
    unused = {name for name in rights.names() if f'"{name}"' not in TEXT and f"'{name}'" not in TEXT}

    assert unused == set()


def test_every_permission_that_is_asked_for_is_registered():
    asked = set(
        re.findall(r"""(?:may|require|view_needs|Panel)\((?:[^()]*?,\s*)?["']([a-z]+\.[a-z_]+)["']""", TEXT)
    )
    asked = {name for name in asked if not name.startswith(("history.",))}
    kinds = {panel.place for panel in panels.PANELS}

    assert asked - rights.names() - kinds == set()


def test_every_place_of_the_side_bar_is_there():
    assert all(reverse(place.url_name) for place in shell.PLACES)
    assert all(reverse(name) for name in shell.LINKS.values())


def test_every_panel_has_a_template_and_a_permission():
    for panel in panels.PANELS:
        get_template(panel.template)
        assert panel.permission in rights.names(), panel


@pytest.mark.django_db
def test_every_kind_of_subject_has_a_page_that_opens(client):
    world = build()
    from history.models import Subject

    missing, seen = {kind.key for kind in kinds.every() if isinstance(kind.page, Page)}, {}
    for subject in Subject.objects.visible_to(world.people["owner"]).order_by("pk"):
        if subject.kind in missing:
            is_theirs = subject.kind in {"webhook", "registry"}
            client.force_login(world.people["administrator" if is_theirs else "owner"])
            seen[subject.kind] = client.get(kinds.url_of(subject), follow=True).status_code
            missing.discard(subject.kind)

    assert missing == set()
    assert {kind: code for kind, code in seen.items() if code != 200} == {}


@pytest.mark.django_db
def test_a_loaded_subject_says_who_sees_it_as_the_database_does():
    from history.models import Subject

    for person in build().people.values():
        seen = {one for one in Subject.objects.all() if one.is_visible_to(person)}

        assert seen == set(Subject.objects.visible_to(person)), person


def test_every_handler_takes_what_it_is_handed():
    wrong = []
    acting = [*(one for them in flows.FLOWS.values() for one in them), *flows.DUES.values(), flows.entry.add]
    for handler in acting:
        first, *rest = inspect.signature(handler).parameters.values()
        needed = {one.name for one in rest if one.default is one.empty}
        if first.name not in {"event", "due"} or needed != {"at"} or rest[0].kind != rest[0].KEYWORD_ONLY:
            wrong.append(f"{handler.__module__}.{handler.__name__}{inspect.signature(handler)}")

    assert wrong == []


def test_every_kind_of_date_that_is_put_is_acted_on():
    texts = [path.read_text() for path in sorted(ROOT.glob("*/operations/**/*.py"))]
    constants = dict(re.findall(r'^([A-Z_]+) = "([a-z]+\.[a-z_]+)"', "\n".join(texts), re.M))
    put = set()
    for text in texts:
        for word in re.findall(r'put_dues?\(\s*(?:\[?\(\s*)?("?[A-Za-z_.]+"?),', text):
            name = word.split(".")[-1]
            put.add(word.strip('"') if '"' in word else constants.get(name, name))

    assert {kind for kind in put if "." in kind} - set(flows.DUES) == set()
    assert len(put) > 5


def test_what_is_scheduled_exists_and_comes_often():
    from riskhub.celery import app

    assert set(schedule.EVERY) <= set(app.tasks)
    assert max(schedule.EVERY.values()) <= 600


@pytest.mark.parametrize("name", ["states", "event_flows"])
def test_the_drawn_documents_match_the_code(name):
    """Fix: `manage.py draw_docs`."""
    page = {"states": "states.md", "event_flows": "flows.md"}[name]

    assert (ROOT / "docs" / page).read_text() == getattr(draw_docs, name)()
