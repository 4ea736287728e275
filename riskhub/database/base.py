"""Django's PostgreSQL backend, which splits bulk statements at the protocol's limit of parameters.

With server-side binding a statement has at most 65,535 parameters, and Django 5.2 does not split by that.
Without this an import of 5,000 risks failed.
"""

from collections.abc import Sequence
from typing import Any

from django.db.backends.postgresql import base, features, operations
from django.db.models import CompositePrimaryKey

# Far less than 65,535: the text and the values of a statement are several times in memory while it is sent.
# Some statements also become a part of another one (history.documents).
MAX_PARAMETERS = 16_000


class DatabaseFeatures(features.DatabaseFeatures):
    max_query_params = MAX_PARAMETERS


class DatabaseOperations(operations.DatabaseOperations):
    def bulk_batch_size(self, fields: Sequence[Any], objs: Sequence[Any]) -> int:
        """Return how many objects one statement takes. fields: those that it writes for each object."""
        columns = sum(len(field.fields) if isinstance(field, CompositePrimaryKey) else 1 for field in fields)
        return (
            (self.connection.features.max_query_params or MAX_PARAMETERS) // columns if columns else len(objs)
        )


class DatabaseWrapper(base.DatabaseWrapper):
    features_class = DatabaseFeatures
    ops_class = DatabaseOperations
