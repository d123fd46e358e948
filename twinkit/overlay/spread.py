"""Bodies that have a record's properties elsewhere than the record: inside an object of the body, or of the record.

A create that takes `{"importOptions": …}` where the record shows `{"metadata": {"importOptions": …}}`, or that takes
`{"nodeConfiguration": {"zone": …}}` where the record shows `zone`. Imports: shapes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from twinkit.overlay.shapes import Shapes
from twinkit.overlay.words import norm, normed

PLAIN = normed("""
    id uuid name type kind description status state url href link self key value code title label email count data
    items version created updated
    """)
"""Names that say nothing of where they belong: an owner has them as well as the record."""
HOLDERS = normed("properties attributes spec config configuration settings details data result item object record body")
"""Objects of a record that hold what it is, rather than another record."""
REFERENCE = normed("id uuid type kind href url self link name login key code")


class Spread:
    """Says where a body's properties belong in the record."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes

    def of(self, given: Mapping[str, Any], own: Mapping[str, Any], nouns: Collection[str]) -> dict[str, str]:
        """Dotted place in the body → dotted place in the record, for what both have and neither has on top."""
        out: dict[str, str] = {}
        for name, schema in given.items():
            if name in own or "." in name:
                continue
            place = self._inside(name, schema, given, own, nouns)
            if place is not None:
                out[name] = place
            elif self._shapes.is_object(schema):
                inner = self._shapes.properties(self._shapes.unit(schema).node)
                left = (
                    frozenset[str]()
                    if norm(name) in nouns
                    else REFERENCE
                    if set(inner) <= set(own) and not self.is_reference(inner)
                    else PLAIN
                )
                lifted = [n for n in inner if n in own and n not in given and norm(n) not in left and "." not in n]
                out |= {f"{name}.{n}": n for n in lifted if self.alike(inner[n], own[n])}
        rest = {name: schema for name, schema in given.items() if name not in own}
        return {**self._held(rest, given, own, out), **out}

    def copied(self, given: Mapping[str, Any], own: Mapping[str, Any], spread: Mapping[str, str]) -> dict[str, str]:
        """The same for what both have on top, where most of the body belongs into one object that has it as well."""
        both = {name: schema for name, schema in given.items() if name in own}
        return self._held(both, given, own, spread)

    def _held(
        self, some: Mapping[str, Any], given: Mapping[str, Any], own: Mapping[str, Any], spread: Mapping[str, str]
    ) -> dict[str, str]:
        """Where some of a body's properties are in the one object of the record that has most of them."""
        tops = [place.partition(".")[0] for name, place in spread.items() if "." not in name]
        holder = max(tops, key=tops.count, default="")
        inner = self._shapes.properties(self._shapes.unit(own[holder]).node) if holder else {}
        if 2 * sum(name in inner for name in given) < len(given):
            return {}
        names = [name for name in some if name in inner and name != holder and "." not in name]
        return {name: f"{holder}.{name}" for name in names if self.alike(some[name], inner[name])}

    def _inside(
        self, name: str, schema: Any, given: Mapping[str, Any], own: Mapping[str, Any], nouns: Collection[str]
    ) -> str | None:
        """The one object of the record that has a property of this name and kind, as a dotted place."""
        found = []
        for holder, node in own.items():
            if holder in given or "." in holder or not self._shapes.is_object(node):
                continue
            if norm(name) in PLAIN and norm(holder) not in HOLDERS and norm(holder) not in nouns:
                continue
            for inner, kind in self._shapes.properties(self._shapes.unit(node).node).items():
                if norm(inner) == norm(name) and "." not in inner and self.alike(schema, kind):
                    found.append(f"{holder}.{inner}")
        return found[0] if len(found) == 1 else None

    def alike(self, first: Any, second: Any) -> bool:
        """Whether a value of one schema may be one of the other, by type."""
        mine, theirs = self._shapes.types(first) - {"null"}, self._shapes.types(second) - {"null"}
        return bool(mine & theirs) or not mine or not theirs

    def is_reference(self, properties: Collection[str]) -> bool:
        """Whether an object only says which record is meant."""
        return {norm(name) for name in properties} <= REFERENCE
