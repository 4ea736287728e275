"""Names in any script are accepted, get a slug, and are equal however they are typed."""

import unicodedata

import pytest

from catalogue.operations import model as models
from catalogue.queries.model import models_called
from kit.actor import SYSTEM
from kit.refusals import Refused
from people.models import User
from people.operations import organisation as organisations
from people.operations import team as teams
from risklog.operations import taxonomy
from tests.factories import people

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Команда риска", "komanda-riska"), ("风险团队", "fengxiantuandui"), ("Équipe fraude", "equipe-fraude")],
)
def test_a_name_in_any_script_is_accepted(at, name, slug):
    assert teams.add(name=name, by=SYSTEM, at=at).slug == slug
    assert organisations.add_function(name=name, by=SYSTEM, at=at).slug == slug
    kind = {"kind": "drift", "definition": "As it says."}
    assert taxonomy.add(name=name, by=SYSTEM, at=at, **kind).slug == slug
    model = models.add(name=name, by=SYSTEM, at=at)
    assert model.slug == slug
    assert models_called([name])[name] == model


def test_two_names_that_are_written_alike_in_ascii_have_slugs_of_their_own(at):
    first = teams.add(name="Komanda riska", by=SYSTEM, at=at)
    second = teams.add(name="Команда риска", by=SYSTEM, at=at)

    assert (first.slug, second.slug) == ("komanda-riska", "komanda-riska-2")


def test_composed_and_decomposed_letters_are_the_same_name(at):
    name = "Équipe Zoë"
    assert teams.add(name=unicodedata.normalize("NFD", name), by=SYSTEM, at=at).name == name
    organisations.add_function(name=name, by=SYSTEM, at=at)

    with pytest.raises(Refused, match="exists already"):
        teams.add(name=name, by=SYSTEM, at=at)
    with pytest.raises(Refused, match="exists already"):
        organisations.add_function(name=unicodedata.normalize("NFD", name), by=SYSTEM, at=at)


def test_a_name_of_a_person_is_composed(at):
    made = people.user(unicodedata.normalize("NFD", "Zoë"), email="zoe@example.org")

    assert User.objects.get(pk=made.pk).name == "Zoë"
