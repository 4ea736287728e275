"""The API of templates and filled templates."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from history.models import Subject
from history.queries import seen_by, tell
from kit import clock
from people.models import User
from rest.edits import EditableItem
from rest.fields import Body, Visible, read
from rest.resource import Collection, Resource, SpecView
from rest.steps import Step
from risklog.filters.template import COMPARED_TEMPLATES, FILLED_TEMPLATES, TEMPLATES
from risklog.models import FilledTemplate, Template
from risklog.operations import filled_template, template
from risklog.queries import template as queries
from risklog.states import FieldType


class TemplateField(Body):
    """A field of a template."""

    key = serializers.CharField(
        max_length=40,
        required=False,
        help_text="The same in all versions. By default made from the label.",
    )
    label = serializers.CharField(max_length=120)  # type: ignore[assignment]  # DRF takes it off the class
    type = serializers.ChoiceField(FieldType.choices, default=FieldType.LINE)
    help = serializers.CharField(max_length=300, required=False, allow_blank=True)
    is_required = serializers.BooleanField(default=False)
    choices = serializers.ListField(
        child=serializers.CharField(max_length=120), required=False, max_length=20, help_text="Of a choice."
    )


class TemplateRow(serializers.Serializer):
    """A template, with the fields of its current version."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    name = serializers.CharField()
    purpose = serializers.CharField()
    number = serializers.IntegerField(help_text="The version of the fields.")
    fields_ = serializers.ListField(child=TemplateField())
    is_retired = serializers.BooleanField()

    def get_fields(self) -> Any:
        """Name the field `fields`, which is a property of serializers."""
        found = super().get_fields()
        return {name.rstrip("_"): field for name, field in found.items()}


class NewTemplate(Body):
    """The body that creates a template."""

    name = serializers.CharField(max_length=120)
    purpose = serializers.CharField(max_length=5000, required=False, allow_blank=True)
    fields_ = serializers.ListField(child=TemplateField(), max_length=40)

    def get_fields(self) -> Any:
        found = super().get_fields()
        return {name.rstrip("_"): field for name, field in found.items()}


class TemplateChange(NewTemplate):
    """What to change. Other fields make a new version; filled templates keep theirs."""

    name = serializers.CharField(max_length=120, required=False)
    fields_ = serializers.ListField(child=TemplateField(), max_length=40, required=False)


class FilledTemplateRow(serializers.Serializer):
    """A filled template. What it is about is null for readers who may not see that."""

    id = serializers.IntegerField()
    reference = serializers.CharField()
    version = serializers.IntegerField()
    title = serializers.CharField()
    template_id = serializers.IntegerField()
    template_name = serializers.CharField(source="template.name")
    template_number = serializers.IntegerField(
        source="template_version.number", help_text="The version of the fields that were filled in."
    )
    about_reference = serializers.CharField(source="about.reference", allow_null=True)
    about_kind = serializers.CharField(source="about.kind", allow_null=True)
    values = serializers.DictField(help_text="Key of a field -> text, number, date, or true or false.")
    author_id = serializers.IntegerField(allow_null=True)
    opened_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


def _templates(user: User) -> QuerySet[Template]:
    return Template.objects.visible_to(user)


class NewFilledTemplate(Body):
    template = Visible("template", _templates, by="name")
    about = Visible("subject", Subject.objects.visible_to, by="reference", help_text="Such as R-12.")
    title = serializers.CharField(max_length=200, required=False, allow_blank=True)
    values = serializers.DictField(help_text="Key of a field -> its value.")


class FilledTemplateChange(Body):
    """What to change. Values that are not sent stay; null removes one."""

    title = serializers.CharField(max_length=200, required=False)
    values = serializers.DictField(required=False)


class _Templates(Resource):
    kind = "template"
    serializer_class = TemplateRow
    columns = {
        **{name: name for name in ("id", "version", "name", "purpose", "number", "is_retired")},
        "fields": "current_fields",
    }

    def rows(self, request: Request) -> QuerySet:
        return queries.templates(request.user)


class Templates(_Templates, Collection):
    """List templates, retired ones included."""

    permission = {"GET": "risklog.template_view", "POST": "risklog.template_change"}
    bodies = {"POST": NewTemplate}
    spec = TEMPLATES

    def post(self, request: Request) -> Response:
        made = template.add(**read(NewTemplate, request), by=self.by(request), at=clock.now())
        return self.created(request, made.pk, f"templates/{made.pk}")


class TemplateItem(_Templates, EditableItem):
    """Get a template by number."""

    permission = {"GET": "risklog.template_view", "PATCH": "risklog.template_change"}
    body = TemplateChange
    operation = staticmethod(template.change)


class _TemplateStep(_Templates, Step):
    is_versioned = True
    permission = {"POST": "risklog.template_change"}
    answers = {"POST": (200, TemplateRow)}


class RetireTemplate(_TemplateStep):
    """Offer a template no more. Filled ones stay."""

    operation = staticmethod(template.retire)


class RestoreTemplate(_TemplateStep):
    """Offer a retired template again."""

    operation = staticmethod(template.restore)


class _FilledTemplates(Resource):
    kind = "filled_template"
    serializer_class = FilledTemplateRow
    columns = {
        **{name: name for name in FilledTemplateRow().fields},
        "reference": "subject__reference",
        "template_name": "template__name",
        "template_number": "template_version__number",
        "about_reference": "about__reference",
        "about_kind": "about__kind",
    }

    def rows(self, request: Request) -> QuerySet:
        return FilledTemplate.objects.visible_to(request.user)

    def as_values(self, rows: QuerySet) -> QuerySet:
        return super().as_values(rows).annotate(**seen_by("about"))

    def objects(self, request: Request) -> QuerySet:
        return queries.filled(request.user)

    def finish(self, rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        return tell(request.user, rows)


class FilledTemplates(_FilledTemplates, Collection):
    """List filled templates."""

    permission = {"GET": "risklog.template_view", "POST": "risklog.template_fill"}
    bodies = {"POST": NewFilledTemplate}
    spec = FILLED_TEMPLATES

    def post(self, request: Request) -> Response:
        """Fill in a template about a risk, a breach, a review, an experiment or an incident."""
        made = filled_template.add(**read(NewFilledTemplate, request), by=self.by(request), at=clock.now())
        return self.created(request, made.pk, f"filled-templates/{made.reference}")


class ComparedFieldRow(serializers.Serializer):
    """One field of all compared ones. values: one for each, in their order; null without."""

    key = serializers.CharField()
    type = serializers.ChoiceField(FieldType.choices)
    title = serializers.CharField(help_text="The label of the field.")
    differs = serializers.BooleanField()
    values = serializers.ListField(child=serializers.JSONField(allow_null=True))


class ComparedTemplatesRow(serializers.Serializer):
    """Filled templates of one template, field by field. Fields have the same key in all versions."""

    template_id = serializers.IntegerField()
    references = serializers.ListField(child=serializers.CharField())
    numbers = serializers.ListField(
        child=serializers.IntegerField(), help_text="The version of the fields of each."
    )
    results = ComparedFieldRow(many=True)


class CompareFilledTemplates(SpecView):
    """Compare 2 to 4 filled templates of one template, `?key=T-1,T-2`, field by field."""

    permission = {"GET": "risklog.template_view"}
    serializer_class = ComparedTemplatesRow
    answers = {"GET": (200, ComparedTemplatesRow)}
    names_objects = True
    spec = COMPARED_TEMPLATES

    def get(self, request: Request) -> Response:
        asked = self.selection(request).values
        keys = list(dict.fromkeys(key.upper() for key in asked["key"]))
        rows = list(queries.filled(request.user).filter(subject__reference__in=keys).order_by("id"))
        if len(rows) < len(keys):
            raise Http404
        if not queries.are_comparable(rows):
            most = queries.MOST_COMPARED
            raise ValidationError({"key": [f"Name 2 to {most} filled templates of one template."]})
        body = {
            "template_id": rows[0].template_id,
            "references": [row.reference for row in rows],
            "numbers": [row.template_version.number for row in rows],
            "results": [
                {
                    "key": line.field["key"],
                    "type": line.field["type"],
                    "title": line.field["label"],
                    "differs": line.differs,
                    "values": line.values,
                }
                for line in queries.compared(rows)
            ],
        }
        return Response(ComparedTemplatesRow(body).data)


class FilledTemplateItem(_FilledTemplates, EditableItem):
    """Get a filled template by reference or number."""

    permission = {"GET": "risklog.template_view", "PATCH": "risklog.template_fill"}
    body = FilledTemplateChange
    operation = staticmethod(filled_template.change)


RESOURCES: list = [
    ("templates", Templates),
    ("templates/<str:key>", TemplateItem),
    ("templates/<str:key>/retire", RetireTemplate),
    ("templates/<str:key>/restore", RestoreTemplate),
    ("filled-templates", FilledTemplates),
    ("filled-templates/compare", CompareFilledTemplates),
    ("filled-templates/<str:key>", FilledTemplateItem),
]
