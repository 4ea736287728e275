"""A small example room, which docs/house.md builds step by step: notes.

tests/house/test_new_room.py mounts it. It is not part of the product.
"""
