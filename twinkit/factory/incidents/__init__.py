"""Incidents: what monitoring saw becomes a specification of a bug, and a holdout scenario that fails on base."""
