"""What the inventory of the sample says about its models."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Description:
    """answers: who is affected, the worst harm, the use (1 to 4), and whether a law asks for the model.

    validator: a name of the people. upstream: slugs. values: further fields of the model.
    """

    slug: str
    answers: tuple[int, int, int, bool]
    validator: str
    upstream: tuple[str, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)


DESCRIPTIONS = (
    Description(
        "credit-pd",
        (4, 4, 4, True),
        "lena",
        ("fraud-score",),
        {
            "restrictions": "Not for business customers. It was never trained on their accounts.",
            "inputs": ["applications", "credit bureau", "account transactions"],
            "data_class": "confidential",
            "has_personal_data": True,
            "privacy": ["no_records", "erase"],
            "regulation": "high",
        },
    ),
    Description(
        "fraud-score",
        (4, 3, 3, False),
        "omar",
        (),
        {
            "inputs": ["payments", "account transactions"],
            "data_class": "confidential",
            "has_personal_data": True,
            "privacy": ["no_records"],
            "regulation": "limited",
        },
    ),
    Description(
        "churn-scorer",
        (3, 1, 1, False),
        "lena",
        (),
        {"inputs": ["account transactions"], "data_class": "internal", "regulation": "minimal"},
    ),
    Description(
        "claims-triage",
        (3, 3, 3, False),
        "omar",
        ("mail-digit-ocr",),
        {"inputs": ["claims"], "data_class": "confidential", "has_personal_data": True},
    ),
    Description(
        "mail-digit-ocr",
        (1, 2, 2, False),
        "lena",
        (),
        {"inputs": ["scanned mail"], "data_class": "internal", "has_personal_data": False},
    ),
)


@dataclass(frozen=True)
class SampleValidation:
    """result: empty while it is open. values: of operations.validation.CHANGEABLE."""

    slug: str
    version: str
    validator: str
    result: str = ""
    conclusion: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


VALIDATIONS = (
    SampleValidation(
        "credit-pd",
        "12",
        "lena",
        "conditional",
        "Watch applicants below 25 years: few of them were in the training data.",
        {
            "trigger": "Version 12 is in production",
            "scope": "Discrimination, calibration and stability by age group.",
            "documents_asked": ["Model card", "Data lineage", "Test report"],
            "documents_received": ["Model card", "Test report"],
        },
    ),
    SampleValidation(
        "fraud-score",
        "2026.4",
        "omar",
        values={"trigger": "New fraud labels", "documents_asked": ["Model card", "Label guide"]},
    ),
)
