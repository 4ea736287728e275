"""What can be done to risks, categories, reviews, escalations and ladders; one module a noun."""
