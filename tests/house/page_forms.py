"""The forms of a page: where each is sent, and values with which it may be accepted."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

_OWN = {"csrfmiddlewaretoken", "once", "version", "next"}
_SAMPLES = {"date": "2026-12-21", "time": "10:00", "number": "2", "datetime-local": "2026-12-21T10:00"}


@dataclass
class PageForm:
    """action: the address it is sent to. values: its fields as a person may send them.

    choices: the fields that name another object: selects, hidden fields, and `about`.
    """

    action: str
    values: dict[str, str] = field(default_factory=dict)
    choices: list[str] = field(default_factory=list)


def forms_of(html: str, address: str) -> list[PageForm]:
    """Return the forms of a page that are sent by POST."""
    reader = _Reader(address)
    reader.feed(html)
    return reader.forms


class _Reader(HTMLParser):
    def __init__(self, address: str) -> None:
        super().__init__()
        self.address, self.forms = address, []
        self._form: PageForm | None = None
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            is_post = given.get("method", "").lower() == "post"
            self._form = PageForm(urljoin(self.address, given.get("action", ""))) if is_post else None
            if self._form is not None:
                self.forms.append(self._form)
        if self._form is None:
            return
        name, values = given.get("name", ""), self._form.values
        if tag == "select":
            self._select = name
            values.setdefault(name, "")
            self._form.choices.append(name)
        elif tag == "option" and self._select and given.get("value"):
            if "selected" in given or not values[self._select]:
                values[self._select] = given["value"]
        elif tag == "textarea" and name:
            values.setdefault(name, f"Some {name}")
        elif (
            tag == "input" and name and ("checked" in given or given.get("type") not in {"checkbox", "radio"})
        ):
            kind = given.get("type", "text")
            if (kind == "hidden" or name == "about") and name not in _OWN and not name.endswith("_FORMS"):
                self._form.choices.append(name)
            values[name] = given.get("value") or _SAMPLES.get(
                kind, "" if kind == "hidden" else f"Some {name}"
            )

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""
