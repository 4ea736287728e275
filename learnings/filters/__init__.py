"""The filters and orders of the lists of this room, for pages and the API: one module per noun."""

from learnings.filters.learning import LEARNING_LIST

LISTS = (LEARNING_LIST,)
