"""Credentials of real services are refused before they can do harm. Imports: errors."""

from __future__ import annotations

from collections.abc import Mapping

from twinkit.errors import UsageError


def refuse_live_keys(twin: str, prefixes: tuple[str, ...], env: Mapping[str, str]) -> None:
    """Raise UsageError when a variable holds a live credential of the service; the value is never shown."""
    found = sorted(name for name, value in env.items() if prefixes and value.strip().startswith(prefixes))
    if found:
        names = ", ".join(found)
        raise UsageError(
            f"{names} holds a live credential of {twin}; unset it or use a test key: twins refuse live ones"
        )
