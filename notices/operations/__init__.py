"""Telling people: entries in inboxes, messages by mail, weekly digests."""
