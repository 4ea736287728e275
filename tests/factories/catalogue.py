"""Models of the inventory, and who decides about them."""

from itertools import count

from catalogue.models import DecisionRight, Model
from catalogue.operations import decision_right
from catalogue.operations import model as operations
from catalogue.states import RightKind
from kit.actor import SYSTEM
from tests.conftest import AT
from tests.factories import people

_numbers = count(1)


def model(slug: str = "", **fields) -> Model:
    slug = slug or f"model-{next(_numbers)}"
    name = fields.pop("name", slug.replace("-", " ").capitalize())
    return operations.add(name=name, slug=slug, by=SYSTEM, at=AT, **fields)


def right(kind: str = RightKind.DEPLOYMENT, **fields) -> DecisionRight:
    """A decision right, of a new person unless the fields name another holder."""
    if not fields.keys() & {"person", "function", "who"}:
        fields["person"] = people.user()
    fields.setdefault("who", "person" if "person" in fields else "function")
    return decision_right.assign(kind=kind, why=fields.pop("why", "Agreed"), by=SYSTEM, at=AT, **fields)
