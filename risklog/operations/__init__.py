"""The writes of risks, categories, reviews, escalations and ladders: one operation is one transaction."""
