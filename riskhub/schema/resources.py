"""The description of one resource, read from its view."""

import re
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from kit.rights import OPEN
from lists import exporting
from rest.exporting import ExportOfList
from rest.fields import Body
from rest.problems import PROBLEM
from rest.resource import Collection, Item, SpecView
from rest.sparse import known_fields
from rest.steps import Step
from riskhub.schema.names import names, page_of
from riskhub.schema.parameters import OF_ACCEPTED, of_fields, of_list, of_pages
from riskhub.schema.problems import ERRORS, Problem

_ACTS = {"POST": "create", "PATCH": "change", "PUT": "put", "DELETE": "delete"}
# The summary of an operation whose method has no docstring: (method, is it a list).
_SUMMARIES = {
    ("GET", True): "List {plural}",
    ("POST", True): "Create {article} {noun}",
    ("GET", False): "Get {article} {noun}",
    ("PATCH", False): "Change {article} {noun}",
    ("PUT", False): "Replace {article} {noun}",
    ("DELETE", False): "Delete {article} {noun}",
}
_ROWS = OpenApiResponse({"type": "array", "items": {"type": "object"}}, "The rows.")
_FILE = OpenApiResponse(OpenApiTypes.BINARY, "The file.")


class Resources(AutoSchema):
    """The schema of one resource."""

    view: Any

    def get_operation_id(self) -> str:
        words = [word for word in self._words() if not word.startswith("{")]
        form = self._words()[-1].partition(".")[2]
        if self.method == "GET" and form:  # a file, such as charts/{key}.svg
            return "_".join([*words, form])
        if self.method == "GET" and words[-1] == "export" and "{" in self.path:  # of one object
            return "_".join([*words, "read"])
        if self.method == "GET":
            is_list = isinstance(self.view, Collection) or not self._words()[-1].startswith("{")
            return "_".join([*words, "list" if is_list else "read"])
        if self.method == "POST" and not isinstance(self.view, Collection) and len(words) > 1:
            by = [f"by_{self._words()[-1].strip('{}')}"] if self._words()[-1].startswith("{") else []
            if words[-1] == "read":  # GET of one object ends with it, too
                return "_".join([*words, "now"])
            return "_".join([*words, *by])
        of_all = ["all"] if self.method == "DELETE" and isinstance(self.view, Collection) else []
        return "_".join([*words, _ACTS[self.method], *of_all])

    def get_tags(self) -> list[str]:
        return [self._words()[0]]

    def get_summary(self) -> str:
        """Return the first line of the method's docstring, or a sentence from the method and the kind."""
        template = _SUMMARIES.get((self.method, isinstance(self.view, Collection)))
        kind = getattr(self.view, "kind", "")
        if not self._method_doc() and template and kind:
            noun = kind.replace("_", " ").replace("-", " ")
            plural = next(word for word in reversed(self._words()) if not word.startswith("{"))
            article = "an" if noun[0] in "aeio" else "a"
            return template.format(noun=noun, article=article, plural=plural.replace("-", " "))
        return self._doc().partition("\n")[0].rstrip(".") or self.get_operation_id()

    def get_description(self) -> str:  # type: ignore[override]  # the base has no annotation
        body = self.view.bodies.get(self.method)
        about = _plain(vars(body).get("__doc__")) if isinstance(body, type) and body is not Body else ""
        summary, _, rest = self._doc().partition("\n")
        if summary.rstrip(".") != self.get_summary():
            rest = self._doc()
        return "\n\n".join(words for words in (rest.strip(), about) if words)

    def get_auth(self) -> list[dict[str, Any]]:
        found = super().get_auth()
        return [*found, {}] if self.view.permission.get(self.method) == OPEN else found

    def get_request_serializer(self) -> Any:
        return self.view.bodies.get(self.method)

    def get_response_serializers(self) -> Any:
        status, serializer = self._answer()
        media_types = (self.view.media_type, *self.view.further_media_types)
        found: dict[Any, Any] = {(status, one): OpenApiResponse(serializer, "Done.") for one in media_types}
        if status == 204 or serializer is None:
            found = {status: OpenApiResponse(None, "Done.")}
        if isinstance(self.view, ExportOfList):
            found = {(200, kind.partition(";")[0]): _FILE for kind in exporting.FORMATS.values()}
            found[(200, "application/json")] = _ROWS
        if self.method == "GET" and self._is_tagged():
            found[304] = OpenApiResponse(None, "You have this version already (If-None-Match).")
        if self.method == "POST" and self.view.accepted:
            found[(202, "application/json")] = OpenApiResponse(serializer, self.view.accepted)
        for code in self._errors():
            found[(code, PROBLEM)] = OpenApiResponse(Problem, ERRORS[code])
        if self.method == "POST" and (text := getattr(self.view, "without_version", "")):
            found[(428, PROBLEM)] = OpenApiResponse(Problem, text)
        return found

    def get_override_parameters(self) -> list[OpenApiParameter]:
        found = [
            OpenApiParameter(name, str, "path", description="The id, the reference or the slug.")
            for name in re.findall(r"{(\w+)}", self.path)
        ]
        if isinstance(self.view, Collection) and self.method == "GET":
            found += [*of_list(self.view.spec), *of_pages()]
        elif isinstance(self.view, ExportOfList):
            formats = list(exporting.FORMATS)
            found += [
                *of_list(self.view.spec),
                OpenApiParameter("format", str, "query", enum=formats, default=formats[0]),
            ]
        elif self.method == "GET" and isinstance(self.view, SpecView):
            found += [*of_list(self.view.spec), *(of_pages() if self.view.spec.is_paged else ())]
        if self.method == "GET" and type(self.view).get in (Collection.get, Item.get):
            found.append(of_fields(self.view.serializer_class))
        if self.method == "POST":
            text = "1 to 200 printable characters. The same request under the same key acts once."
            key = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[\\x20-\\x7e]+$"}
            found.append(OpenApiParameter("Idempotency-Key", key, "header", description=text))
        if self.method == "POST" and self.view.accepted:
            found += OF_ACCEPTED
        if self._reads_if_match():
            text = "The ETag of the version that you read, or * for any version."
            is_needed = self._needs_if_match()
            found.append(OpenApiParameter("If-Match", str, "header", required=is_needed, description=text))
        return found

    def _answer(self) -> tuple[int, Any]:
        if self.method in self.view.answers:
            return self.view.answers[self.method]
        own = getattr(self.view, "serializer_class", None)
        if self.method == "GET" and isinstance(self.view, Collection):
            return 200, page_of(own, self.view.is_counted)
        if self.method == "DELETE":
            return 204, None
        return 201 if self.method == "POST" and isinstance(self.view, Collection) else 200, own

    def _errors(self) -> list[int]:
        found = [400, 401, 403, 429, 503]
        if "{" in self.path or self.view.names_objects:
            found.append(404)
        if self.method != "GET":
            found += [409, 412, 413, 415, 422]
        if self._needs_if_match():
            found.append(428)
        return sorted(found)

    def _is_tagged(self) -> bool:
        """Return True if a GET answers with an ETag: a file that has one, or one row that has a version."""
        has_row = isinstance(self.view, Item) and self.view.serializer_class is not None
        return self.view.is_tagged or (has_row and "version" in known_fields(self.view.serializer_class))

    def _reads_if_match(self) -> bool:
        """Return True if a write names the version it is based on: a change, or a step of an object."""
        if self.method != "POST":
            return self._needs_if_match()
        takes_it = isinstance(self.view, Step) or getattr(self.view, "takes_if_match", False)
        return takes_it or self._needs_if_match()

    def _needs_if_match(self) -> bool:
        if self.method == "POST":
            return getattr(self.view, "is_versioned", False)
        return self.method in {"PATCH", "PUT", "DELETE"} and isinstance(self.view, Item)

    def get_serializer_name(self, serializer: Any, direction: Any) -> str:
        kind = type(serializer)
        name = kind.__name__
        if names()[name.removesuffix("Page")] > 1 or names()[name] > 1:
            return kind.__module__.split(".")[0].capitalize() + name
        return name

    def _postprocess_serializer_schema(self, schema: Any, serializer: Any, direction: Any) -> Any:
        found = super()._postprocess_serializer_schema(schema, serializer, direction)
        if isinstance(serializer, Body):
            found["additionalProperties"] = False
        return found

    def _words(self) -> list[str]:
        return self.path.removeprefix("/api/v1/").strip("/").split("/")

    def _method_doc(self) -> str:
        """Return the docstring of the view's own method. An inherited docstring does not count."""
        return _plain(getattr(vars(type(self.view)).get(self.method.lower()), "__doc__", ""))

    def _doc(self) -> str:
        """Return the docstring of the method, else of the class. Inherited docstrings do not count."""
        return self._method_doc() or _plain(vars(type(self.view)).get("__doc__"))


def _plain(doc: str | None) -> str:
    return "\n".join(line.strip() for line in (doc or "").strip().splitlines())
