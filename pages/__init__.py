"""How every page is made: the flows (list, create, edit, step), forms, answers, panels and template tags.

No tables, and no knowledge of any room. `rest` is the same for the API.
"""
