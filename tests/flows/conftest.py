"""The sample's six weeks, told once for a module's tests."""

import pytest

from riskhub.sample import cast
from riskhub.sample.story import Story
from tests.conftest import AT


@pytest.fixture
def six_weeks(db):
    """The register after six weeks of life by the product's own operations."""
    story = Story(AT, {address: "quartz-raven-maple-42" for _, address, _, _ in cast.PEOPLE})
    story.tell()
    return story
