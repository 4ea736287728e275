"""The teams that may see an object, and those that can be chosen for it."""

from django.db.models import Q, QuerySet

from history.models import Recorded, Subject
from lists.collation import BY_NAME
from people.models import Team


def restricted_to(subject_id: int) -> set[int] | None:
    """Return the stored subject ids of the teams an object is restricted to; None if everyone may see it."""
    viewers = Subject.objects.values_list("viewers", flat=True).get(pk=subject_id)
    if viewers is None:
        return None
    return set(Subject.objects.filter(pk__in=viewers, kind=Team.KIND).values_list("pk", flat=True))


def offered_teams(obj: Recorded) -> QuerySet[Team]:
    """Return the teams that an object can be restricted to, by name: those in use.

    A retired team is among them if it may see the object already, so that saving the form keeps it.
    """
    is_offered = Q(subject__is_retired=False) | Q(subject__in=obj.subject.viewers or ())
    return Team.objects.filter(is_offered).order_by(*BY_NAME)
