"""The yardstick: the minimum that a Django view can do with the same tables, without any protection.

It has no sign-in, no permissions, no history and no middleware. Never serve it to users.
"""
