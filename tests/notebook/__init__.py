"""A small room of its own, which docs/house.md builds step by step: notes, and what happens to them.

tests/house/test_new_room.py mounts it. It is no part of the product.
"""
