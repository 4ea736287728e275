"""Loading only removes indentation. Words, elements and significant whitespace stay."""

import re
from pathlib import Path

import pytest
from django.template import Context, Engine
from django.template.loader import get_template

from riskhub.template_loader import without_indentation

PAGE = """{% partialdef rows inline %}
  <ul>
    {% for name in names %}
      <li>
        {{ name }}
        <b>there</b>
      </li>
    {% endfor %}
  </ul>
{% endpartialdef %}
<textarea>
  two spaces
</textarea>
<pre>
  {{ code }}
    four</pre>
<script>
  one();
</script>
{% verbatim %}
  {{ raw }}
{% endverbatim %}
"""


@pytest.fixture
def engines(tmp_path: Path) -> dict[str, Engine]:
    """Two engines over the same folder: "plain" with Django's loader, "ours" with the loader under test."""
    (tmp_path / "page.html").write_text(PAGE)
    (tmp_path / "mail.txt").write_text("Dear all,\n\n  - one\n")
    loaders = {"plain": "django.template.loaders.filesystem.Loader", "ours": "riskhub.template_loader.Loader"}
    return {
        name: Engine(
            dirs=[str(tmp_path)],
            builtins=["template_partials.templatetags.partials"],
            loaders=[
                ("template_partials.loader.Loader", [("django.template.loaders.cached.Loader", [loader])])
            ],
        )
        for name, loader in loaders.items()
    }


def rendered(engine: Engine, template: str) -> str:
    names = ["Ana", "Ben"]
    return engine.get_template(template).render(Context({"names": names, "code": "a  b"}))


def test_a_page_reads_the_same_and_is_shorter(engines):
    plain, ours = (rendered(engines[name], "page.html") for name in ("plain", "ours"))

    assert ours.split() == plain.split()
    assert len(ours) < len(plain)
    assert ours.count("\n") == plain.count("\n")


def test_what_shows_its_whitespace_keeps_it(engines):
    page = rendered(engines["ours"], "page.html")

    for kept in ("<textarea>\n  two spaces\n</textarea>", "\n  a  b\n    four</pre>", "\n  one();\n"):
        assert kept in page
    assert "\n  {{ raw }}\n" in page


def test_a_text_mail_keeps_its_lines(engines):
    assert rendered(engines["ours"], "mail.txt") == "Dear all,\n\n  - one\n"


def test_a_part_of_a_page_can_be_rendered_alone(engines):
    assert rendered(engines["ours"], "page.html#rows").split()[:4] == ["<ul>", "<li>", "Ana", "<b>there</b>"]


def test_two_kept_blocks_of_one_kind_do_not_swallow_what_is_between():
    assert without_indentation("<pre> a\n b</pre>\n  <p>\n  <pre>\n  c</pre>") == (
        "<pre> a\n b</pre>\n<p>\n<pre>\n  c</pre>"
    )


def test_the_site_uses_it():
    source = get_template("base.html").template.source

    assert not re.search(r"\n[ \t]", source)
