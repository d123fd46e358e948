"""What the app or a twin gave, read strictly: a missing key or place is a failed expectation, not a broken step.

Imports nothing of the kit.
"""

from __future__ import annotations

from typing import Any, SupportsIndex


class Missing(AssertionError, LookupError):
    """Something was read that is not there."""


class Fields(dict[str, Any]):
    """A JSON object; reading a field that is not there fails the expectation. `get` works as always."""

    def __missing__(self, name: object) -> Any:
        known = ", ".join(map(str, list(self)[:12])) or "no field at all"
        raise Missing(f"there is no field {name!r} (there is: {known})")


class Items(list[Any]):
    """A JSON array, or records; reading a place that is not there fails the expectation."""

    def __getitem__(self, place: SupportsIndex | slice) -> Any:
        if isinstance(place, str):
            raise Missing(f"there is a list where an object with {place!r} was read")
        try:
            return super().__getitem__(place)
        except IndexError:
            raise Missing(f"there is no item {place} among {len(self)}") from None


def checked(value: Any) -> Any:
    """The same data, objects and arrays of it as `Fields` and `Items`."""
    if isinstance(value, dict):
        return Fields({name: checked(item) for name, item in value.items()})
    if isinstance(value, list):
        return Items([checked(item) for item in value])
    return value
