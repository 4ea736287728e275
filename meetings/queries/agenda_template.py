"""Read templates of agendas."""

from django.db.models import QuerySet

from kit.sight import Visitor
from meetings.models import AgendaTemplate


def templates(reader: Visitor) -> QuerySet[AgendaTemplate]:
    """Return the templates that a reader may see, also retired ones."""
    return AgendaTemplate.objects.visible_to(reader).select_related("subject")
