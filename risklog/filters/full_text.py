"""Full-text queries in the search documents."""

import re
from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.search import SearchQuery

from people import queries as people


class WrittenQuery(SearchQuery):
    """A full-text query that is written into the statement instead of sent as a parameter.

    So PostgreSQL plans each text by the frequency of its words. A prepared statement has one plan for all
    texts: it reads every risk to find the few that have a rare word.
    """

    def __init__(self, words: Sequence[str], config: str) -> None:
        """words: all are required, the last one also as a prefix. Raises ValueError for one with a sign."""
        if not all(re.fullmatch(r"\w+", one) for one in (*words, config)):
            raise ValueError("A word has only letters, digits and underscores, so it needs no quotes.")
        text = " & ".join([*words[:-1], f"{words[-1]}:*"])
        super().__init__(text, search_type="raw", config=config)
        self.written = f"to_tsquery('{config}'::regconfig, '{text}')"

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **options: Any) -> tuple[str, list[Any]]:
        return self.written, []


def search_query(text: str) -> SearchQuery | None:
    """Return a full-text query for all words of a text, the last also as a prefix; None for no words.

    Its language is that of the organisation, as in the documents that it is compared with.
    """
    words = re.findall(r"\w+", text)[:12]
    return WrittenQuery(words, people.search_language()) if words else None
