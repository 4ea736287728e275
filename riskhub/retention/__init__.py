"""How long rows are kept that are no part of history: what goes, when, and in which batches."""
