"""Addresses of this room's pages: one list a noun, all below /risks/."""

app_name = "risklog"

category_pages: list = []
review_pages: list = []
escalation_pages: list = []
# The risk's own pages come last: /risks/<reference>/ would catch every other word.
risk_pages: list = []

urlpatterns: list = [*category_pages, *review_pages, *escalation_pages, *risk_pages]
