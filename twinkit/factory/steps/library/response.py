"""Steps that assert on the app's last answer. Imports: collection, world, jsonpath."""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any

from twinkit.factory.errors import HarnessError
from twinkit.factory.steps import jsonpath
from twinkit.factory.steps.counts import Count
from twinkit.factory.steps.library.collection import Collection
from twinkit.factory.steps.parameters import COMPARISONS
from twinkit.factory.steps.table import Table, same
from twinkit.factory.steps.texts import hides, says
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


@STEPS.then("the (response )status (code )is not {int}")
def status_not(world: World, code: int) -> None:
    """Any other status; alone it proves little."""
    actual = world.response.status
    world.expect_absence(actual != code, f"the response status is {actual} {_shown(world)}")


@STEPS.then("the (response )status (code )is {statuses}")
def status_kind(world: World, kind: str) -> None:
    """One of a hundred: `2xx`, `4xx`."""
    actual = world.response.status
    world.expect(str(actual)[0] == kind[0], f"the response status is {actual}, expected {kind} {_shown(world)}")


@STEPS.then("the response redirects to {string}")
def redirects(world: World, place: str) -> None:
    """A 3xx whose Location is this path, on this app or as it is written; with a query only where one is said."""
    actual, wanted = world.response.status, str(world.fill(place))
    location = world.response.headers.get("Location", "")
    own = location.removeprefix(world.app.base_url)
    forms = {location, own} | (set() if "?" in wanted else {own.partition("?")[0], location.partition("?")[0]})
    holds = 300 <= actual < 400 and wanted in forms
    world.expect(holds, f"the response is {actual} with the Location {location!r}, expected one to {wanted!r}")


@STEPS.then("the response field {jsonpath} equals/is {value}")
def field_equals(world: World, path: str, value: Any) -> None:
    """Same value and same kind: `1` is not `true`, `"1"` is not `1`."""
    world.expect_equal(world.response.field(path), world.fill(value), f"the response field {path}")


@STEPS.then("the response field {jsonpath} contains {string}")
def field_contains(world: World, path: str, text: str) -> None:
    """The text is part of the value, or one of the items of a list."""
    actual, wanted = world.response.field(path), some_text(str(world.fill(text)))
    world.expect(_part(actual, wanted), f"the response field {path} is {actual!r}, without {wanted!r}")


@STEPS.then("the response field {jsonpath} does not contain {string}")
def field_contains_not(world: World, path: str, text: str) -> None:
    """The field is there, and the text is neither part of it nor an item of it."""
    actual, wanted = world.response.field(path), some_text(str(world.fill(text)))
    world.expect_absence(not _part(actual, wanted), f"the response field {path} is {actual!r}, with {wanted!r}")


def _part(actual: Any, wanted: str) -> bool:
    if isinstance(actual, list):
        return wanted in [item if isinstance(item, str) else json.dumps(item) for item in actual]
    return isinstance(actual, str) and wanted in actual


@STEPS.then("the response field {jsonpath} is {comparison} {float}")
def field_compares(world: World, path: str, comparison: str, bound: float) -> None:
    """`more than`, `at least`, `less than`, `at most`: of a number, or a text that is one."""
    actual = world.response.field(path)
    try:
        number = Decimal(actual if isinstance(actual, str) else repr(actual))
        finite = number.is_finite()
    except InvalidOperation:
        finite = False
    if not finite:
        raise AssertionError(f"the response field {path} is {actual!r}, which is no number")
    holds = COMPARISONS[comparison](number, Decimal(repr(bound)))
    world.expect(holds, f"the response field {path} is {actual!r}, expected {comparison} {bound:g}")


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


@STEPS.then("the response field {jsonpath} has {count} item(s)")
def field_length(world: World, path: str, count: Count) -> None:
    """The number of items of a list."""
    actual = world.response.field(path)
    world.expect(isinstance(actual, list), f"the response field {path} is no list")
    world.expect(len(actual) in count, f"the number of items in {path} is {len(actual)}, expected {count}")


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
    """Anywhere in the body, as it is written or as it is read: without escapes of JSON and HTML."""
    wanted = some_text(str(world.fill(text)))
    world.expect(says(world.response.text, wanted), f"the response does not contain {wanted!r} {_shown(world)}")


@STEPS.then("the response does not contain {string}")
def contains_not(world: World, text: str) -> None:
    """Nowhere in the body, escaped or not."""
    wanted = some_text(str(world.fill(text)))
    world.expect_absence(hides(world.response.text, wanted), f"the response contains {wanted!r}")


@STEPS.then("the response header {string} is {string}")
def header_is(world: World, name: str, value: str) -> None:
    """Exactly, upper and lower case of the name apart."""
    actual = world.response.headers.get(name)
    world.expect(actual == world.fill(value), f"the response header {name} is {actual!r}, expected {value!r}")


@STEPS.then("the response header {string} contains {string}")
def header_contains(world: World, name: str, text: str) -> None:
    """The header is there, with this text in it."""
    actual, wanted = world.response.headers.get(name), some_text(str(world.fill(text)))
    world.expect(actual is not None and wanted in actual, f"the response header {name} is {actual!r}")


@STEPS.then("the response header {string} does not contain {string}")
def header_contains_not(world: World, name: str, text: str) -> None:
    """There is no such header, or it is without this text."""
    actual, wanted = world.response.headers.get(name, ""), some_text(str(world.fill(text)))
    world.expect_absence(hides(actual, wanted), f"the response header {name} is {actual!r}")


@STEPS.then("all of the responses have the status {int}")
def statuses_all(world: World, code: int) -> None:
    """Of the answers to the requests that one step sent several times."""
    found = [each.status for each in world.responses]
    world.expect(found and set(found) == {code}, f"the responses have the status {found}, expected only {code}")


@STEPS.then("{count} of the responses has/have the status {int}")
def statuses(world: World, count: Count, code: int) -> None:
    """Of the answers to the requests that one step sent several times."""
    found = [each.status for each in world.responses]
    world.expect(found, "no step sent several requests")
    expect = world.expect_absence if count.absence else world.expect
    told = f"{found.count(code)} of {len(found)} responses have {code}, expected {count}: {found}"
    expect(found.count(code) in count, told)


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
