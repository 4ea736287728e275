"""Requests to other systems. Every request of Riskhub to an address that somebody typed goes through here."""
