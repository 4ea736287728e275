"""The checklist of a validation, by the tier of its model. Higher tiers have those of lower ones."""

from typing import Any

# (the lowest tier that is asked, question); a model without a tier is asked as tier 1.
QUESTIONS = (
    (4, "Is the purpose written down, and is the model used only for it?"),
    (4, "Does the training data fit the present use?"),
    (4, "Does the model do what its figures promise, on data that it was not trained on?"),
    (3, "Are the restrictions known to those who use the output?"),
    (3, "Do thresholds watch its data quality, drift and performance?"),
    (3, "Can the result be reproduced from its data, code and configuration?"),
    (2, "Were groups of people compared, and are differences explained?"),
    (2, "Was a simpler model tried, and is this one better?"),
    (2, "Is there a rehearsed way back to the former version?"),
    (1, "Was it tested on unusual and on adverse inputs?"),
    (1, "Were the effects of its upstream models and data sources examined?"),
    (1, "Is a person able to notice and to stop wrong output?"),
)


def checklist_for(tier: int | None) -> list[dict[str, Any]]:
    """Return the questions for a tier, without answers: {"question", "answer", "note"} each."""
    return [
        {"question": question, "answer": "", "note": ""}
        for lowest, question in QUESTIONS
        if lowest >= (tier or 1)
    ]
