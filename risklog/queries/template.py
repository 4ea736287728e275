"""Reading templates and filled ones, and comparing those field by field."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from history.models import Subject
from history.queries import show
from kit.rights import may
from kit.sight import Visitor
from people.models import User
from risklog.models import FilledTemplate, Template, TemplateVersion

PANEL_SIZE = 8
MOST_COMPARED = 4


def templates(user: Visitor) -> QuerySet[Template]:
    """Return templates with the number and the fields of their current version."""
    current = TemplateVersion.objects.filter(template=OuterRef("pk"), is_current=True)
    rows = Template.objects.visible_to(user).select_related("subject")
    return rows.annotate(
        number=Subquery(current.values("number")), current_fields=Subquery(current.values("fields"))
    )


# What the objects of a kind say about the fields of a template: key of a field -> value.
Draft = Callable[[User, Subject], Mapping[str, Any]]
_drafts: dict[str, Draft] = {}


def install_drafts(drafts: Mapping[str, Draft]) -> None:
    """Install what upper rooms know about the fields of templates (riskhub/panels.py)."""
    _drafts.update(drafts)


def draft_of(user: User, about: Subject, fields: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what is known of the fields of a template, as the initial values of its form."""
    known = _drafts[about.kind](user, about) if about.kind in _drafts else {}
    keys = {field["key"] for field in fields}
    return {f"values.{key}": value for key, value in known.items() if key in keys}


def filled(user: Visitor) -> QuerySet[FilledTemplate]:
    """Return the filled templates that the reader may see, with what their pages name."""
    rows = FilledTemplate.objects.visible_to(user)
    return rows.select_related("subject", "template", "template_version__template", "about", "author")


@dataclass(frozen=True, slots=True)
class FilledPanel:
    """The latest filled templates about an object."""

    rows: Sequence[FilledTemplate]
    about: str
    may_fill: bool


def of_subject(user: User, obj: Any) -> FilledPanel:
    """Return the panel of an object that templates are filled in about. One query."""
    rows = filled(user).filter(about=obj.subject_id).order_by("-id")[:PANEL_SIZE]
    return FilledPanel(list(rows), obj.reference, may(user, "risklog.template_fill"))


@dataclass(frozen=True, slots=True)
class ComparedField:
    """One field in all of the compared ones. values: as `answers` gives them, one for each; None without."""

    field: dict[str, Any]
    values: list[Any]

    @property
    def differs(self) -> bool:
        return any(value != self.values[0] for value in self.values)


def are_comparable(rows: Sequence[FilledTemplate]) -> bool:
    """Return True for 2 to MOST_COMPARED filled templates of one template."""
    return 2 <= len(rows) <= MOST_COMPARED and len({row.template_id for row in rows}) == 1


def compared(rows: Sequence[FilledTemplate]) -> list[ComparedField]:
    """Return the fields of all of these, those of the newest version first, with the value of each."""
    by_key: dict[str, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: -row.template_version.number):
        for one in row.template_version.fields:
            by_key.setdefault(one["key"], one)
    return [ComparedField(one, [row.values.get(key) for row in rows]) for key, one in by_key.items()]


def with_shown_about(user: User, rows: Sequence[FilledTemplate]) -> list[FilledTemplate]:
    """Set `shown_about` on each: the subject it is about, None if the reader may not see that."""
    return show(user, rows)


def subject_named(user: User, reference: str) -> Subject | None:
    """Return the subject of a reference, None if the reader may not see it."""
    return Subject.objects.visible_to(user).filter(reference=reference.upper()).first()
