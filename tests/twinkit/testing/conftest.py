"""The notes twin's server, and a private instance for each test."""

from tests.twinkit.notes import server, twin

__all__ = ["server", "twin"]
