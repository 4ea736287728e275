"""The results of a row: each claim is a line of chaos.jsonl and of the table."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass
class Claim:
    """One claim. goal: the row of the test standard. figure: the measurement; `min`, `max` of several."""

    goal: int
    what: str
    figure: float
    target: str
    met: bool
    min: float | None = None
    max: float | None = None
    seed: int | None = None
    counts: dict[str, float] = field(default_factory=dict)
    why: list[str] = field(default_factory=list)

    def line(self) -> str:
        return json.dumps(asdict(self), default=str)


def write(claims: list[Claim], path: Path) -> None:
    path.write_text("".join(claim.line() + "\n" for claim in claims))


def table(claims: list[Claim]) -> str:
    """Return the table: row, claim, figure, target, whether it is met; then the reasons of missed claims."""
    rows = [("row", "claim", "figure", "target", "met")]
    rows += [
        (str(one.goal), one.what, f"{one.figure:g}", one.target, "yes" if one.met else "NO") for one in claims
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    for one in claims:
        lines += [f"  row {one.goal}, {one.what}: {why}" for why in one.why[:12]]
    return "\n".join(line.rstrip() for line in lines)
