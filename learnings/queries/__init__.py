"""The reads of pages, the API and digests: one module per noun."""
