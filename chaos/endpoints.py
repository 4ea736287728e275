"""The endpoints that take signals, with examples of their bodies, for row 14. No Django."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from chaos import payloads
from chaos.payloads import Payload

_POINT = {"model": "credit-pd", "metric": "psi", "feature": "age", "ts": "2026-11-20T10:00:00Z", "value": 0.3}
_OF_POINTS = {"source": "lab"}


@dataclass(frozen=True)
class Endpoint:
    """A resource. path: below /api/v1/. mapping: the name of the preset that its source has.

    is_lines: a body has one item of its example a line. parameters: those that its address reads.
    """

    path: str
    examples: list[Any]
    mapping: str = ""
    is_lines: bool = False
    parameters: Mapping[str, str] = field(default_factory=lambda: {"model": "credit-pd"})

    def payloads(self, seed: str) -> Iterator[Payload]:
        """Yield payloads for it, without end."""
        return payloads.payloads(self.examples, seed, parameters=self.parameters, is_lines=self.is_lines)


def endpoints() -> dict[str, Endpoint]:
    """Return all endpoints that take signals, by their names."""
    series = {key: value for key, value in _POINT.items() if key not in {"ts", "value"}}
    pairs = [[_POINT["ts"], 0.3], [1795436696, 1]]
    days = [f"2026-11-{day:02} 00:00:00" for day in range(1, 9)]
    cases = [{"schema_context": "Column", "column": "age", "check": "greater_than(0)", "failure_case": -3}]
    profile = {"age": {"distribution/mean": 41.5, "counts/n": 100, "type": "SummaryType.COLUMN"}}
    return {
        "points": Endpoint(
            "points",
            [
                {
                    "source": "lab",
                    "points": [_POINT, {**_POINT, "feature": "income", "kind": "drift", "unit": "1"}],
                },
                {"series": [{**series, "points": pairs}, series]},
                {"series": series, "points": pairs},
            ],
            parameters=_OF_POINTS,
        ),
        "points by line": Endpoint(
            "points", [[_POINT, {**_POINT, "feature": ""}, _POINT]], is_lines=True, parameters=_OF_POINTS
        ),
        "alertmanager": Endpoint("intake/alertmanager", payloads.examples_of("alertmanager/*.json")),
        "grafana": Endpoint("intake/grafana/grafana", payloads.examples_of("grafana/*.json")),
        "evidently": Endpoint("intake/evidently", payloads.examples_of("evidently/*.json")),
        "mlflow": Endpoint("intake/mlflow", payloads.examples_of("mlflow/*.json")),
        "dbt": _generic("dbt", payloads.examples_of("checkers/dbt*.json")),
        "great_expectations": _generic(
            "great_expectations", payloads.examples_of("checkers/great_expectations_validation*.json")
        ),
        "great_expectations_0": _generic(
            "great_expectations_0", payloads.examples_of("checkers/great_expectations_0*.json")
        ),
        "nannyml": _generic(
            "nannyml", [[{"chunk.chunk.end_date": day, "age.psi.value": 0.1} for day in days]]
        ),
        "nannyml_performance": _generic(
            "nannyml_performance", payloads.examples_of("checkers/nannyml_performance.json")
        ),
        "pandera": _generic("pandera", [cases, []]),
        "whylogs": _generic("whylogs", [profile]),
    }


def _generic(name: str, examples: list[Any]) -> Endpoint:
    return Endpoint(f"intake/generic/{name.replace('_', '-')}", examples, mapping=name)
