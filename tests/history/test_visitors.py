"""An anonymous visitor sees nothing, also if a query lacks the check."""

import pytest
from django.contrib.auth.models import AnonymousUser

from actions.models import Action
from history.models import Subject
from tests.factories import actions

pytestmark = pytest.mark.django_db


def test_a_visitor_sees_no_object_at_all():
    action = actions.action("Open to everyone in the organisation")

    assert not Action.objects.visible_to(AnonymousUser()).exists()
    assert not Subject.objects.visible_to(AnonymousUser()).exists()
    assert not action.subject.is_visible_to(AnonymousUser())
