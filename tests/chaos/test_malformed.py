"""The payloads of row 14: repeatable, and for each address that takes signals."""

from itertools import islice

from chaos import malformed, payloads
from signals.intake import RESOURCES
from signals.mapping.presets import PRESETS


def test_a_seed_gives_the_same_payloads_again():
    examples = malformed.endpoints()["grafana"].examples

    first, again, other = (list(islice(payloads.payloads(examples, seed), 300)) for seed in ("7", "7", "8"))

    assert first == again != other
    assert len({one.body for one in first}) > 200


def test_a_payload_leaves_its_example_as_it_is():
    examples = malformed.endpoints()["points"].examples
    before = repr(examples)

    assert list(islice(payloads.payloads(examples, "7"), 300))
    assert repr(examples) == before


def test_every_address_and_every_mapping_of_a_tool_gets_payloads():
    endpoints = malformed.endpoints().values()
    paths = {path.partition("/<")[0] for path, _ in RESOURCES}

    assert {path for path in paths if not any(one.path.startswith(path) for one in endpoints)} == set()
    assert {one.mapping for one in endpoints} - {""} == set(PRESETS)
