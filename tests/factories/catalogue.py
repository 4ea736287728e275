"""Models of the inventory."""

from itertools import count

from catalogue.models import Model
from catalogue.operations import model as operations
from kit.actor import SYSTEM
from tests.conftest import AT

_numbers = count(1)


def model(slug: str = "", **fields) -> Model:
    slug = slug or f"model-{next(_numbers)}"
    name = fields.pop("name", slug.replace("-", " ").capitalize())
    return operations.add(name=name, slug=slug, by=SYSTEM, at=AT, **fields)
