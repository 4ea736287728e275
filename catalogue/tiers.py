"""The tier of a model from the answers to a few questions: exposure times purpose."""

from collections.abc import Mapping
from typing import Any

from catalogue.states import Tier

# The answers that a tier needs, each from 1 (least) to 4.
ANSWERS = ("reach", "harm", "use")
# From this product of exposure and purpose on, a model has this tier.
_FROM = ((12, Tier.ONE), (6, Tier.TWO), (3, Tier.THREE), (0, Tier.FOUR))


def exposure_of(reach: int, harm: int) -> int:
    """Return the exposure, 1 to 4: the higher one of how many are affected and how badly."""
    return max(reach, harm)


def purpose_of(use: int, *, is_regulated: bool) -> int:
    """Return the weight of the purpose, 1 to 4: how freely its output acts, one more if law asks for it."""
    return min(use + is_regulated, 4)


def tier_of(answers: Mapping[str, Any]) -> Tier | None:
    """Return the tier that the answers give, None while one of them is missing."""
    reach, harm, use = (answers.get(name) for name in ANSWERS)
    if not (reach and harm and use):
        return None
    product = exposure_of(reach, harm) * purpose_of(use, is_regulated=bool(answers.get("is_regulated")))
    return next(tier for least, tier in _FROM if product >= least)
