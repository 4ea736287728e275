"""The claims that a row of the fault tests writes."""

import json
from dataclasses import replace

from chaos import claims, killing
from chaos.claims import Claim

MET = Claim(1, "lost", 0, "0", True, seed=7, counts={"kills": 30})


def test_a_claim_is_one_object_a_line(tmp_path):
    claims.write([MET, replace(MET, what="doubled")], tmp_path / "chaos.jsonl")

    first, second = map(json.loads, (tmp_path / "chaos.jsonl").read_text().splitlines())
    assert {"goal", "what", "figure", "min", "max", "target", "met", "seed", "counts", "why"} == set(first)
    assert (first["met"], second["what"]) == (True, "doubled")


def test_a_short_run_never_counts_as_met():
    quick = killing.shortened(MET)

    assert not quick.met
    assert "SHORT" in quick.what


def test_the_table_gives_the_reason_of_what_was_not_met():
    table = claims.table([MET, replace(MET, met=False, why=["due 3 ended dead"])])

    assert "due 3 ended dead" in table
    assert table.splitlines()[2].endswith("NO")
