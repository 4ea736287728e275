"""Every text that people write is a script that a careless page would run (test standard, row 22).

A browser parses the pages, so that the test and the reader of a page agree on what is an element of it.
"""

import csv
import io
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import models

from history.models import Event
from lists.export_files import FORMULA_STARTS
from tests.house import addresses
from tests.house.asking import ask, client_of, text_of
from tests.house.test_addresses import NOW
from tests.house.world import World, build

pytestmark = pytest.mark.django_db
TEXTS = [
    line
    for line in (Path(__file__).parent / "scripts_as_text.txt").read_text().splitlines()
    if not line.startswith("# ")
]
# Returns the elements of a page that run or load what a text asks for.
ACTIVE = """html => {
  const page = new DOMParser().parseFromString(html, "text/html");
  const isActive = ({ name, value }) => {
    const address = value.replace(/[\\s\\u0000-\\u001f]/g, "").toLowerCase();
    if (/^(on|(data-)?hx-on)/.test(name) || name.includes("xss")) return true;
    if (/^(href|src|srcset|action|formaction|data|xlink:href)$/.test(name)
      && /^(javascript|vbscript|data:text)/.test(address)) return true;
    return /^(src|srcset|srcdoc|action|formaction|style|(data-)?hx-(get|post))$/.test(name)
      && address.includes("xss");
  };
  return [...page.querySelectorAll("*")].filter(one =>
    one.matches("object, embed, base[href], frame, marquee, meta[http-equiv=refresh], link[href*=xss]")
    || (one.matches("script, style") && one.textContent.includes("xss"))
    || [...one.attributes].some(isActive)
  ).map(one => one.outerHTML.slice(0, 200));
}"""


@pytest.fixture(scope="module")
def prepared_world(prepared) -> Callable[[], World]:
    return prepared("scripts", NOW, _world_of_scripts)


@pytest.fixture
def world(prepared_world, move_clock) -> World:
    move_clock(NOW)
    return prepared_world()


@pytest.fixture(scope="module")
def parser(chromium: Any) -> Iterator[Any]:
    page = chromium.new_page()
    yield page
    page.close()


def _world_of_scripts() -> World:
    world = build()
    assert _write_scripts() > 300
    return world


def _write_scripts() -> int:
    """Replace each text that somebody wrote by one of TEXTS. Return how many were replaced.

    A value with a space was written by a person; keys, addresses and time zones have none. History has the
    texts of its time.
    """
    texts, count = cycle(TEXTS), 0
    for model in apps.get_models():
        if model is Event:
            continue
        for field in model._meta.local_concrete_fields:
            if type(field) not in (models.CharField, models.TextField) or field.choices or field.unique:
                continue
            if field.name.endswith("html"):  # made of texts earlier
                continue
            rows = model._base_manager.filter(**{f"{field.name}__contains": " "})
            for pk in rows.order_by("pk").values_list("pk", flat=True):
                text = next(texts)[: field.max_length]
                count += model._base_manager.filter(pk=pk).update(**{field.name: text})
    return count


# The places of a page in which a careless template writes a text: as it is, in an attribute, in a script.
PLACES = ("<p>{}</p>", '<p title="{}">', "<p title='{}'>", "<p title={}>", "<svg><text>{}</text></svg>",
          "<title>{}</title>", "<textarea>{}</textarea>", "<select><option>{}</option></select>",
          "<script type=application/json>{}</script>", '<a href="{}">')  # fmt: skip


@pytest.mark.parametrize("text", [text for text in TEXTS if text.startswith(("<", '"', "'", "</", "x on"))])
def test_a_text_that_is_written_as_it_is_is_found(parser, text):
    assert any(parser.evaluate(ACTIVE, place.replace("{}", text)) for place in PLACES)


def _answers(world: World) -> Iterator[tuple[str, Any]]:
    """Yield the address and the answer of each page, as the owner sees it, else as the administrator does."""
    clients = [client_of(world, role) for role in ("owner", "administrator")]
    for address in addresses.pages():
        if "GET" not in address.methods:
            continue
        url = address.url_of(world, world.open)
        for client in clients:
            answer = ask(client, "GET", url, is_api=False)
            if answer.status_code == 200:
                break
        yield url, answer


def test_no_page_runs_or_loads_what_a_text_asks_for(world, parser):
    found, shown, cells = [], set(), 0
    for url, answer in _answers(world):
        text, kind = text_of(answer), answer.headers.get("Content-Type", "").partition(";")[0]
        if kind == "text/html":
            found += [(url, one) for one in parser.evaluate(ACTIVE, text)]
            shown |= {number for number in range(99) if f"xss({number})" in text}
        elif kind == "text/csv":
            rows = list(csv.reader(io.StringIO(text)))
            cells += sum(map(len, rows))
            found += [(url, cell) for row in rows for cell in row if cell.startswith(FORMULA_STARTS)]

    assert found == []
    assert len(shown) > 40, "the pages show too few of the texts"
    assert cells > 0
