"""Steps that assert on the app's last answer. Imports: collection, world, jsonpath."""

from __future__ import annotations

import json
import re
from typing import Any

from twinkit.factory.errors import HarnessError
from twinkit.factory.steps import jsonpath
from twinkit.factory.steps.library.collection import Collection
from twinkit.factory.steps.table import Table, same
from twinkit.factory.steps.world import World

STEPS = Collection()


def some_text(text: str) -> str:
    """The text. Raises HarnessError for an empty one, which is part of everything."""
    if not text:
        raise HarnessError("harness", "an empty text is part of everything; say which text")
    return text


def _expect_fields(world: World, table: Table) -> None:
    for path, value in world.fill(table.pairs()).items():
        world.expect_equal(world.response.field(path), value, f"the response field {path}")


def _shown(world: World) -> str:
    return f"(body: {world.response.text[:200]!r})"


@STEPS.then("the (response )status (code )is {int}")
def status(world: World, code: int) -> None:
    """Exactly this status."""
    actual = world.response.status
    world.expect(actual == code, f"the response status is {actual}, expected {code} {_shown(world)}")


@STEPS.then("the (response )status (code )is {int} or {int}")
def status_either(world: World, one: int, other: int) -> None:
    """One of two."""
    actual = world.response.status
    world.expect(actual in (one, other), f"the response status is {actual}, expected {one} or {other} {_shown(world)}")


@STEPS.then("the response field {jsonpath} equals/is {value}")
def field_equals(world: World, path: str, value: Any) -> None:
    """Same value and same kind: `1` is not `true`, `"1"` is not `1`."""
    world.expect_equal(world.response.field(path), world.fill(value), f"the response field {path}")


@STEPS.then("the response field {jsonpath} contains {string}")
def field_contains(world: World, path: str, text: str) -> None:
    """The text is part of the value, or one of the items of a list."""
    actual, wanted = world.response.field(path), some_text(str(world.fill(text)))
    if isinstance(actual, list):
        holds = wanted in [item if isinstance(item, str) else json.dumps(item) for item in actual]
    else:
        holds = isinstance(actual, str) and wanted in actual
    world.expect(holds, f"the response field {path} is {actual!r}, without {wanted!r}")


@STEPS.then("the response field {jsonpath} is not {value}")
def field_differs(world: World, path: str, value: Any) -> None:
    """There is a value, and it is another one."""
    actual = world.response.field(path)
    world.expect(not same(actual, world.fill(value)), f"the response field {path} is {actual!r}")


@STEPS.then("the response field {jsonpath} is empty")
def field_empty(world: World, path: str) -> None:
    """An empty list, object or text."""
    actual = world.response.field(path)
    world.expect(isinstance(actual, (list, dict, str)) and not actual, f"the response field {path} is {actual!r}")


@STEPS.then("the response field {jsonpath} matches {string}")
def field_matches(world: World, path: str, pattern: str) -> None:
    """A regular expression, anywhere in the value."""
    if re.search(pattern, ""):
        raise HarnessError("harness", f"the pattern {pattern!r} fits everything; say more")
    actual = world.response.field(path)
    shown = actual if isinstance(actual, str) else json.dumps(actual)
    world.expect(re.search(pattern, shown), f"the response field {path} is {actual!r}, not like {pattern!r}")


@STEPS.then("the response field {jsonpath} has {int} item(s)")
def field_length(world: World, path: str, count: int) -> None:
    """The number of items of a list."""
    actual = world.response.field(path)
    world.expect(isinstance(actual, list), f"the response field {path} is no list")
    world.expect_equal(len(actual), count, f"the number of items in {path}")


@STEPS.then("the response has a field {jsonpath}")
def field_present(world: World, path: str) -> None:
    """Be it null."""
    world.expect(jsonpath.has(world.response.json(), path), f"the response has no field {path} {_shown(world)}")


@STEPS.then("the response has no field {jsonpath}")
def field_absent(world: World, path: str) -> None:
    """Not even null."""
    there = jsonpath.found(world.response.json(), path)
    world.expect_absence(not there, f"the response has a field {path}: {str(there)[:200]}")


@STEPS.then("the response has:")
def fields(world: World, table: Table) -> None:
    """Every `| field | value |` row."""
    _expect_fields(world, table)


@STEPS.then("the response contains {string}")
def contains(world: World, text: str) -> None:
    """Anywhere in the body."""
    wanted = some_text(str(world.fill(text)))
    world.expect(wanted in world.response.text, f"the response does not contain {wanted!r} {_shown(world)}")


@STEPS.then("the response does not contain {string}")
def contains_not(world: World, text: str) -> None:
    """Nowhere in the body."""
    wanted = some_text(str(world.fill(text)))
    world.expect_absence(wanted not in world.response.text, f"the response contains {wanted!r}")


@STEPS.then("the response header {string} is {string}")
def header_is(world: World, name: str, value: str) -> None:
    """Exactly, upper and lower case of the name apart."""
    actual = world.response.headers.get(name)
    world.expect(actual == world.fill(value), f"the response header {name} is {actual!r}, expected {value!r}")


@STEPS.then("{count} of the responses has/have the status {int}")
def statuses(world: World, count: int, code: int) -> None:
    """Of the answers to the requests that one step sent several times."""
    found = [each.status for each in world.responses]
    world.expect(found, "no step sent several requests")
    world.expect(found.count(code) == count, f"{found.count(code)} of {len(found)} responses have {code}: {found}")


@STEPS.then("the response came within {duration}")
def quick(world: World, duration: float) -> None:
    """Measured at the caller; a machine that was too busy to tell is no evidence."""
    seconds = world.response.seconds
    if seconds > duration and world.app.busy(seconds - duration):
        raise HarnessError("harness", "the machine was too busy to measure the response")
    world.expect(seconds <= duration, f"the response came after {seconds:.2f} s, expected within {duration:g} s")


@STEPS.then("{method} {path} answers {int}")
def answers(world: World, method: str, path: str, code: int) -> None:
    """Ask, and expect this status; good after `eventually within …`."""
    actual = world.request(method, str(world.fill(path))).status
    world.expect(actual == code, f"{method} {path} answers {actual}, expected {code} {_shown(world)}")


@STEPS.then("{method} {path} answers with:")
def answers_with(world: World, method: str, path: str, table: Table) -> None:
    """Ask, and expect every `| field | value |` row; good after `eventually within …`."""
    world.request(method, str(world.fill(path)))
    _expect_fields(world, table)


@STEPS.then("the response equals the one kept as {string}")
def same_response(world: World, name: str) -> None:
    """Status and body, byte for byte."""
    kept = world.fill("${" + name + "}")
    now = {"status": world.response.status, "body": world.response.text}
    world.expect(now == kept, f"the response differs from {name!r}: {now!r}, before {kept!r}")


define = STEPS.define
