"""The templates that every register starts with."""

from typing import Any


def _text(label: str, help: str = "", *, is_required: bool = False) -> dict[str, Any]:
    return {"label": label, "type": "text", "help": help, "is_required": is_required}


def _of(kind: str, label: str, help: str = "", *, is_required: bool = False) -> dict[str, Any]:
    return {"label": label, "type": kind, "help": help, "is_required": is_required}


def _choice(label: str, *choices: str) -> dict[str, Any]:
    return {"label": label, "type": "choice", "choices": list(choices)}


FIRST: tuple[dict[str, Any], ...] = (
    {
        "name": "Incident report",
        "purpose": "What happened, to whom, and what stopped it. Conditions and evidence, no culprits.",
        "fields": (
            _text("What happened", "In the order of time.", is_required=True),
            _of("date", "Started on"),
            _of("date", "Noticed on"),
            _choice("Noticed by", "An alert", "A colleague", "A customer", "A review"),
            _text("Who was affected", "Who, how many, and how."),
            _text("What stopped it"),
            _text("Contributing conditions", "What made it possible."),
            _of("yes_no", "Did an agreed threshold see it"),
            _text("What would have seen it earlier"),
        ),
    },
    {
        "name": "Feature-drift analysis",
        "purpose": "Whether a feature has drifted, why, and what that does to the model.",
        "fields": (
            _of("line", "Feature", "Its name in the feature store.", is_required=True),
            _of("date", "Reference window from"),
            _of("date", "Reference window to"),
            _choice("Measure", "PSI", "KS", "Jensen-Shannon", "Wasserstein", "Other"),
            _of("number", "Value of the measure"),
            _choice(
                "Cause", "The population changed", "The source changed", "A fault in the pipeline", "Unknown"
            ),
            _text("Evidence for the cause", is_required=True),
            _text("Segments with the largest shift"),
            _of("yes_no", "Does it change the decisions of the model"),
            _text("What we propose"),
        ),
    },
    {
        "name": "Risk from breach",
        "purpose": "What a breach says about a risk: the statement, and how bad it is.",
        "fields": (
            _of("line", "Metric and limit that was crossed", is_required=True),
            _text("Cause", "The condition that is there today."),
            _text("Event", "What may happen.", is_required=True),
            _text("Effect", "What follows, and for whom."),
            _of("number", "Likelihood, 1 to 5"),
            _of("number", "Impact, 1 to 5"),
            _text("What is done already"),
            _of("yes_no", "Is there a risk in the log that should have covered it"),
        ),
    },
)
