"""What ours is measured against: the least a Django view can do over the same tables, with no guard at all.

No sign-in, no rights, no history, no middleware. Never to be served to anybody.
"""
