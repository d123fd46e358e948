"""Steps that call the app. Imports: collection, world."""

from __future__ import annotations

import json
from typing import Any

from twinkit.factory.errors import HarnessError
from twinkit.factory.steps.library.collection import Collection
from twinkit.factory.steps.table import Table
from twinkit.factory.steps.world import World

STEPS = Collection()


@STEPS.given("the request header {string} is {string}")
def header(world: World, name: str, value: str) -> None:
    """Sent with every request from here on."""
    world.app.headers[name] = str(world.fill(value))


@STEPS.when("I {method} {path}")
def call(world: World, method: str, path: str) -> None:
    """A request without a body."""
    world.request(method, str(world.fill(path)))


@STEPS.when("I {method} {path} with:")
def call_with(world: World, method: str, path: str, table: Table | None = None, doc: str | None = None) -> None:
    """A JSON body: a table of name and value (dots nest), or a doc string. A GET sends them as its query."""
    body = body_of(world, table, doc)
    path = str(world.fill(path))
    if method in ("GET", "HEAD"):
        world.request(method, path, params=body)
    else:
        world.request(method, path, json=body)


@STEPS.when("I {method} {path} with the form:")
def call_form(world: World, method: str, path: str, table: Table) -> None:
    """A form-encoded body from a table of name and value."""
    world.request(
        method, str(world.fill(path)), data={key: str(item) for key, item in world.fill(table.pairs()).items()}
    )


@STEPS.when("I {method} {path} {int} times with:")
def call_often(
    world: World, method: str, path: str, times: int, table: Table | None = None, doc: str | None = None
) -> None:
    """The same request again and again; the last answer is the response."""
    world.responses = []
    for _ in range(times):
        call_with(world, method, path, table, doc)
        world.responses.append(world.response)


@STEPS.when("I {method} {path} {int} times")
def call_bare_often(world: World, method: str, path: str, times: int) -> None:
    """The same request without a body, again and again."""
    world.responses = []
    for _ in range(times):
        call(world, method, path)
        world.responses.append(world.response)


@STEPS.when("I {method} {path} {int} times at once with:")
def call_at_once_with(
    world: World, method: str, path: str, times: int, table: Table | None = None, doc: str | None = None
) -> None:
    """The same request from so many callers at the same time: for what only one may get."""
    body, full = body_of(world, table, doc), str(world.fill(path))
    world.at_once(times, lambda: world.app.request(method, full, json=body))


@STEPS.when("I {method} {path} {int} times at once")
def call_at_once(world: World, method: str, path: str, times: int) -> None:
    """The same request without a body from so many callers at the same time."""
    full = str(world.fill(path))
    world.at_once(times, lambda: world.app.request(method, full))


@STEPS.given("a fresh session")
def fresh(world: World) -> None:
    """No cookies and no headers any more: the next request is somebody else's."""
    world.app.forget()


@STEPS.when("the app is restarted")
def restart(world: World) -> None:
    """Ended and started again, with its folders and its database as they are."""
    world.restart()


@STEPS.given("I keep the response field {jsonpath} as {string}")
def keep_field(world: World, path: str, name: str) -> None:
    """Use it later as `${name}`."""
    world.kept[name] = world.response.field(path)


@STEPS.given("I keep the response as {string}")
def keep_response(world: World, name: str) -> None:
    """For `the response equals the one kept as`."""
    world.kept[name] = {"status": world.response.status, "body": world.response.text}


@STEPS.given("{string} is {value}")
def keep_value(world: World, name: str, value: Any) -> None:
    """Use it later as `${name}`."""
    world.kept[name] = world.fill(value)


def body_of(world: World, table: Table | None, doc: str | None) -> Any:
    """What a table or a doc string says, as JSON data. Raises HarnessError."""
    if table is not None:
        return world.fill(table.nested())
    if doc is None:
        raise HarnessError("harness", "add a table or a doc string with the body")
    try:
        return world.fill(json.loads(doc))
    except ValueError as error:
        raise HarnessError("harness", f"the doc string is no JSON: {error}") from None


define = STEPS.define
