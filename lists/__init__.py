"""What every list has, on pages and in the API: filters, orders, pages and counts.

No tables; it knows no room.
"""

from lists import collation  # noqa: F401  (registers the lookup)
