"""Steps over the mail twin. Imports: collection, world."""

from __future__ import annotations

from urllib.parse import urlsplit

from twinkit.factory.steps.library.collection import Collection
from twinkit.factory.steps.world import World

STEPS = Collection()


@STEPS.then("{count} email(s) was/were sent to {string}")
def sent(world: World, count: int, address: str) -> None:
    """Exactly so many to this address, since the app was ready."""
    address = str(world.fill(address))
    found = len(world.mail.to(address))
    world.expect(found == count, f"{found} emails were sent to {address}, expected {count}")


@STEPS.then("{count} email(s) was/were sent")
def sent_at_all(world: World, count: int) -> None:
    """Exactly so many to anybody."""
    found = len(world.mail.created("message"))
    world.expect(found == count, f"{found} emails were sent, expected {count}")


@STEPS.then("the last email to {string} contains {string}")
def last_contains(world: World, address: str, text: str) -> None:
    """In the subject, the text or the HTML."""
    found = world.mail.to(str(world.fill(address)))
    world.expect(found, f"no email was sent to {address}")
    body = found[-1]["subject"] + "\n" + found[-1]["text"] + found[-1]["html"]
    world.expect(str(world.fill(text)) in body, f"the last email to {address} does not contain {text!r}")


@STEPS.when("I follow the link in the last email to {string}")
def follow(world: World, address: str) -> None:
    """GET path and query of its first link, at the app."""
    world.get(link(world, str(world.fill(address))))


def link(world: World, address: str) -> str:
    """Path and query of the first link in the last email to an address. Raises AssertionError when there is none."""
    found = world.mail.to(address)
    if not found:
        raise AssertionError(f"no email was sent to {address}")
    if not found[-1]["links"]:
        raise AssertionError(f"the last email to {address} has no link")
    parts = urlsplit(found[-1]["links"][0])
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


define = STEPS.define
