"""The models of this room: one module per noun."""

from learnings.models.feed_address import FeedAddress
from learnings.models.glossary import GlossaryWord, LessonTaken
from learnings.models.learning import Learning
from learnings.models.reading import FeedRead, LearningRead
from learnings.models.recognition import Recognition, ThankedPerson
from learnings.models.session import LearningSession, SignUp
from learnings.models.use import LearningUse
from learnings.models.week import LearningOfWeek, LearningVote

__all__ = [
    "FeedAddress",
    "FeedRead",
    "GlossaryWord",
    "Learning",
    "LearningOfWeek",
    "LearningRead",
    "LearningSession",
    "LearningUse",
    "LearningVote",
    "LessonTaken",
    "Recognition",
    "SignUp",
    "ThankedPerson",
]
