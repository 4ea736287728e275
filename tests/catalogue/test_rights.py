"""Which right applies: rules without a database."""

from dataclasses import dataclass

from catalogue import rights
from catalogue.states import RightKind, RightScope


@dataclass(frozen=True)
class Right:
    kind: str
    model_id: int | None = None
    team_id: int | None = None


def test_the_narrowest_scope_applies_for_each_kind():
    own, of_team, general = Right("deployment", 1), Right("deployment", None, 7), Right("deployment")
    other = [Right("deployment", 2), Right("deployment", None, 8)]
    quality = Right("data_quality")
    given = [general, *other, of_team, own, quality]

    assert rights.that_apply(given, model_id=1, team_id=7) == {"deployment": own, "data_quality": quality}
    assert rights.that_apply(given, model_id=3, team_id=7)["deployment"] == of_team
    assert rights.that_apply(given, model_id=3, team_id=None)["deployment"] == general
    assert rights.that_apply(given, model_id=None, team_id=None)["deployment"] == general
    assert rights.that_apply(other, model_id=None, team_id=None) == {}


def test_a_right_names_its_scope():
    named = [rights.scope_of(Right(RightKind.DEPLOYMENT, *of)) for of in ((1, None), (None, 7), (None, None))]

    assert named == [RightScope.MODEL, RightScope.TEAM, RightScope.ORGANISATION]
