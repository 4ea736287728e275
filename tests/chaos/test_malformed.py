"""The payloads of row 14: repeatable, and for each address that takes signals."""

from collections import Counter
from itertools import islice
from urllib.parse import parse_qs

import pytest

from chaos import __main__ as command
from chaos import malformed
from chaos.endpoints import endpoints
from signals.intake import RESOURCES
from signals.intake.points import Points
from signals.mapping.presets import PRESETS


def test_a_seed_gives_the_same_payloads_again():
    grafana = endpoints()["grafana"]

    first, again, other = (list(islice(grafana.payloads(seed), 300)) for seed in ("7", "7", "8"))

    assert first == again != other
    assert len({one.body for one in first}) > 200


def test_a_payload_leaves_its_example_as_it_is():
    points = endpoints()["points"]
    before = repr(points.examples)

    assert list(islice(points.payloads("7"), 300))
    assert repr(points.examples) == before


def test_every_address_and_every_mapping_of_a_tool_gets_payloads():
    every = endpoints().values()
    paths = {path.partition("/<")[0] for path, _ in RESOURCES}

    assert {path for path in paths if not any(one.path.startswith(path) for one in every)} == set()
    assert {one.mapping for one in every} - {""} == set(PRESETS)


@pytest.mark.parametrize("name", ["points", "points by line"])
def test_most_payloads_of_points_have_only_parameters_that_points_reads(name):
    """Points refuses all others before it reads the body."""
    sent = [set(parse_qs(one.query[1:])) for one in islice(endpoints()[name].payloads("7"), 300)]

    assert sum(names <= Points.written_parameters for names in sent) > 270
    assert sum(names == Points.written_parameters for names in sent) > 180


@pytest.mark.parametrize(("refused", "is_met"), [(10, True), (90, False)])
def test_a_run_whose_bodies_are_mostly_not_read_fails(refused, is_met):
    outcome = malformed.Outcome(Counter({202: 90 - refused, 422: 10, 400: refused}))

    claims = {claim.what: claim for claim in malformed._claims("points", outcome, seed=7)}

    assert claims["points: share of bodies whose items were read"].met is is_met


def test_an_unknown_endpoint_is_refused(capsys):
    assert command._asked(["14", "--endpoint", "points by line"]).endpoint == "points by line"
    with pytest.raises(SystemExit):
        command._asked(["14", "--endpoint", "point"])
    assert "invalid choice: 'point'" in capsys.readouterr().err
