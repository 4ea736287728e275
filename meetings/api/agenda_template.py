"""API resources of agenda templates."""

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from meetings.api.series import StandingItem
from meetings.filters import AGENDA_TEMPLATES
from meetings.models import AgendaTemplate
from meetings.operations import agenda_template as operations
from meetings.queries import agenda_template as queries
from rest.edits import EditableItem
from rest.fields import Body, read
from rest.resource import Collection, Resource
from rest.steps import Step


class AgendaTemplateRow(serializers.Serializer):
    """A named list of agenda items, from which series and meetings begin."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    name = serializers.CharField()
    items = StandingItem(many=True)
    is_retired = serializers.BooleanField()


class NewAgendaTemplate(Body):
    name = serializers.CharField(max_length=120)
    items = serializers.ListField(child=StandingItem(), min_length=1, max_length=20, help_text="In order.")


class AgendaTemplateChange(NewAgendaTemplate):
    """The fields to change; fields that are not sent stay the same."""

    name = serializers.CharField(max_length=120, required=False)
    items = serializers.ListField(
        child=StandingItem(), min_length=1, max_length=20, required=False, help_text="In order."
    )


class _AgendaTemplates(Resource):
    kind = "agenda_template"
    serializer_class = AgendaTemplateRow
    columns = {name: name for name in ("id", "version", "name", "items", "is_retired")}

    def rows(self, request: Request) -> QuerySet:
        return AgendaTemplate.objects.visible_to(request.user)

    def objects(self, request: Request) -> QuerySet:
        return queries.templates(request.user)


class AgendaTemplates(_AgendaTemplates, Collection):
    """Agenda templates, retired ones included."""

    permission = {"GET": "meetings.agenda_template_view", "POST": "meetings.agenda_template_change"}
    bodies = {"POST": NewAgendaTemplate}
    spec = AGENDA_TEMPLATES

    def post(self, request: Request) -> Response:
        template = operations.add(**read(NewAgendaTemplate, request), by=self.by(request), at=clock.now())
        return self.created(request, template.pk, f"agenda-templates/{template.pk}")


class AgendaTemplateItem(_AgendaTemplates, EditableItem):
    """An agenda template, by id."""

    permission = {"GET": "meetings.agenda_template_view", "PATCH": "meetings.agenda_template_change"}
    body = AgendaTemplateChange
    operation = staticmethod(operations.change)


class _AgendaTemplateStep(_AgendaTemplates, Step):
    permission = {"POST": "meetings.agenda_template_change"}
    answers = {"POST": (200, AgendaTemplateRow)}
    is_versioned = True


class RetireAgendaTemplate(_AgendaTemplateStep):
    """Offer an agenda template no more."""

    operation = staticmethod(operations.retire)


class RestoreAgendaTemplate(_AgendaTemplateStep):
    """Offer a retired agenda template again."""

    operation = staticmethod(operations.restore)


RESOURCES: list = [
    ("agenda-templates", AgendaTemplates),
    ("agenda-templates/<str:key>", AgendaTemplateItem),
    ("agenda-templates/<str:key>/retire", RetireAgendaTemplate),
    ("agenda-templates/<str:key>/restore", RestoreAgendaTemplate),
]
