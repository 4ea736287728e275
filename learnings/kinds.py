"""The kinds of objects of this room."""

from history.documents import Texts
from kit.kinds import Kind, Page
from learnings.models import GlossaryWord, Learning, LearningSession, Recognition

KINDS = (
    Kind(
        Learning,
        "Learning",
        "Learnings",
        icon="bulb",
        page=Page("learnings:learning_detail"),
        permission="learnings.learning_view",
        watched_by=("author_id",),
        search_rank=90,
        texts=Texts(
            body=("seen", "to_monitor", "to_adjust", "how_to_check", "governance"),
            tags=("tags",),
            names=("author__name",),
        ),
        tagged_list="learnings:learning_list",
    ),
    Kind(
        Recognition,
        "Recognition",
        "Recognitions",
        icon="heart-handshake",
        page=Page("learnings:recognition_detail", "object_id"),
        permission="learnings.recognition_view",
        watched_by=("author_id",),
        search_rank=92,
        texts=Texts(body=("text",), names=("author__name",)),
    ),
    Kind(
        LearningSession,
        "Session",
        "Sessions",
        icon="school",
        page=Page("learnings:session_detail", "object_id"),
        permission="learnings.session_view",
        watched_by=("author_id", "speaker_id"),
        search_rank=93,
        texts=Texts(body=("text", "guest"), names=("speaker__name",)),
    ),
    Kind(
        GlossaryWord,
        "Glossary word",
        "Glossary words",
        icon="book",
        page=Page("learnings:glossary_by_id", "object_id"),
        permission="learnings.glossary_view",
        search_rank=135,
        texts=Texts(body=("definition",), tags=("also",)),
        is_discussed=False,
    ),
)
