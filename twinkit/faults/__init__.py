"""Faults on purpose: profiles, the seeded injector, effects on the wire. See ARCHITECTURE.md."""

CONNECTION = "twinkit.connection"
"""The ASGI extension under which a server hands its connection to the application."""
