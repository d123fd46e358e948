"""What the mail twin received, as steps want it. Imports: checked, errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from twinkit.factory.steps.checked import Fields, Items, checked

if TYPE_CHECKING:
    from twinkit.factory.steps.world import World


class Mailbox:
    """Messages since the app was ready: id, from, to (all recipients), subject, text, html, headers, links."""

    def __init__(self, world: World) -> None:
        self._world = world

    def all(self) -> Items:
        """Every message, oldest first."""
        return Items(checked(self._world.twin("mail").created("message")))

    def to(self, address: str) -> Items:
        """Messages to one address, oldest first; upper and lower case are the same."""
        return Items(each for each in self.all() if address.lower() in map(str.lower, each["to"]))

    def last(self, address: str) -> Fields:
        """The newest message to an address; one that is still on its way is waited for. Raises AssertionError."""

        def look() -> Mapping[str, Any]:
            found = self.to(address)
            if not found:
                raise AssertionError(f"no email was sent to {address}")
            return Fields(found[-1])

        return Fields(self._world.patiently(look))
