"""The reads of pages and the API: one module per noun."""
