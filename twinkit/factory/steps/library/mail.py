"""Steps over the mail twin. Imports: collection, world."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from twinkit.factory.steps.counts import Count
from twinkit.factory.steps.library.collection import Collection
from twinkit.factory.steps.library.response import some_text
from twinkit.factory.steps.library.twins import expect_number
from twinkit.factory.steps.texts import says
from twinkit.factory.steps.world import World

STEPS = Collection()


@STEPS.then("{count} email(s) is/are/was/were sent to {string}")
def sent(world: World, count: Count, address: str) -> None:
    """So many to this address, since the app was ready."""
    address = str(world.fill(address))
    expect_number(world, count, lambda: len(world.mail.to(address)), f"emails sent to {address}")


@STEPS.then("{count} email(s) is/are/was/were sent")
def sent_at_all(world: World, count: Count) -> None:
    """So many to anybody."""
    expect_number(world, count, lambda: len(world.mail.all()), "emails sent")


@STEPS.then("{count} email(s) with the subject {string} is/are/was/were sent to {string}")
def sent_about(world: World, count: Count, subject: str, address: str) -> None:
    """So many with exactly this subject to this address, since the app was ready; others do not count."""
    address, subject = str(world.fill(address)), str(world.fill(subject))

    def look() -> int:
        return sum(each["subject"] == subject for each in world.mail.to(address))

    expect_number(world, count, look, f"emails with the subject {subject!r} sent to {address}")


@STEPS.then("{count} email(s) contain(s) {string}")
def sent_saying(world: World, count: Count, text: str) -> None:
    """So many with this text in the subject, the text or the HTML, to anybody, since the app was ready."""
    wanted = some_text(str(world.fill(text)))
    expect_number(
        world, count, lambda: sum(_says(each, wanted) for each in world.mail.all()), f"emails with {wanted!r}"
    )


@STEPS.then("nobody but {string} got an email")
def nobody_else(world: World, address: str) -> None:
    """No message went to anybody else, hidden copies included, since the app was ready."""
    address = str(world.fill(address)).lower()
    others = sorted({to for each in world.mail.all() for to in each["to"] if str(to).lower() != address})
    world.expect_absence(not others, f"email was sent to {', '.join(others)} as well")


@STEPS.then("the last email to {string} contains {string}")
def last_contains(world: World, address: str, text: str) -> None:
    """In the subject, the text or the HTML."""
    address, wanted = str(world.fill(address)), some_text(str(world.fill(text)))
    world.expect(_says(world.mail.last(address), wanted), f"the last email to {address} does not contain {wanted!r}")


@STEPS.then("the last email to {string} does not contain {string}")
def last_contains_not(world: World, address: str, text: str) -> None:
    """Neither in the subject, nor the text, nor the HTML; there is an email."""
    address, wanted = str(world.fill(address)), some_text(str(world.fill(text)))
    world.expect(not _says(world.mail.last(address), wanted), f"the last email to {address} contains {wanted!r}")


@STEPS.then("the last email to {string} has the subject {string}")
def last_subject(world: World, address: str, text: str) -> None:
    """Exactly this subject."""
    world.expect_equal(world.mail.last(str(world.fill(address)))["subject"], world.fill(text), "the subject")


@STEPS.when("I follow the link in the last email to {string}")
def follow(world: World, address: str) -> None:
    """GET path and query of its first link, at the app."""
    world.get(link(world, str(world.fill(address))))


@STEPS.given("I keep the link in the last email to {string} as {string}")
def keep_link(world: World, address: str, name: str) -> None:
    """Path and query of its first link, for later use as `${name}`."""
    world.kept[name] = link(world, str(world.fill(address)))


def _says(message: Mapping[str, Any], wanted: str) -> bool:
    return any(says(str(message[part] or ""), wanted) for part in ("subject", "text", "html"))


def link(world: World, address: str) -> str:
    """Path and query of the first link in the last email to an address.

    Raises AssertionError when there is none, or when it leads to another port of this machine: nobody could follow it.
    """
    links = world.mail.last(address)["links"]
    if not links:
        raise AssertionError(f"the last email to {address} has no link")
    parts, own = urlsplit(links[0]), urlsplit(world.app.base_url)
    if parts.hostname in ("127.0.0.1", "localhost", "::1") and parts.port != own.port:
        raise AssertionError(f"the link in the last email to {address} leads to {parts.netloc}, not to the app")
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


define = STEPS.define
