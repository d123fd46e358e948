"""Steps over the twins: what the app left in them, what it called, what goes wrong. Imports: collection, world."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twinkit.errors import nearest
from twinkit.factory.errors import HarnessError, Refused
from twinkit.factory.steps import jsonpath, requests
from twinkit.factory.steps.counts import Count
from twinkit.factory.steps.library.collection import Collection
from twinkit.factory.steps.library.http import body_of
from twinkit.factory.steps.library.response import some_text
from twinkit.factory.steps.table import Table, same
from twinkit.factory.steps.world import World

if TYPE_CHECKING:
    from twinkit.factory.environment.twin_client import Twin

STEPS = Collection()


def matching(records: list[dict[str, Any]], wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """Records whose fields (by JSON path) have all the wanted values."""

    def fits(record: dict[str, Any]) -> bool:
        return all(
            jsonpath.has(record, path) and same(jsonpath.get(record, path), value) for path, value in wanted.items()
        )

    return [record for record in records if fits(record)]


def check_fields(client: Twin, resource: str, records: list[dict[str, Any]], wanted: dict[str, Any]) -> None:
    """A field that no record of this resource can have is a mistake of the scenario. Raises HarnessError."""
    known = client.properties(resource) | {name for record in records for name in record}
    for path in wanted:
        first = str(jsonpath.parse(path)[0])
        if known and first not in known:
            raise HarnessError("harness", f"{resource} of {client.name} has no field {first!r}{nearest(first, known)}")


def _expect_count(world: World, twin: str, resource: str, count: Count, wanted: dict[str, Any]) -> None:
    client = world.twin(twin)
    check_fields(client, resource, client.records(resource), wanted)
    like = f" with {wanted}" if wanted else ""

    def look() -> None:
        records = client.records(resource)
        found = len(matching(records, wanted))
        near = f"; the {len(records)} there: {_shown(records, wanted)}" if wanted else ""
        expect = world.expect_absence if count.absence else world.expect
        expect(found in count, f"the {twin} twin has {found} {resource}{like}, expected {count}{near}")

    world.patiently(look)


def _shown(records: list[dict[str, Any]], wanted: dict[str, Any]) -> str:
    """Of each record only what was asked for."""
    seen = [{path: jsonpath.get(each, path) for path in wanted if jsonpath.has(each, path)} for each in records[:10]]
    return str(seen)[:600]


def expect_number(world: World, count: Count, look: Callable[[], int], what: str) -> None:
    """So many of what only ever grows: waited for while there are fewer, over at once when there are more."""

    def enough() -> None:
        found = look()
        world.expect(found >= count.least, f"{found} {what}, expected {count}")

    if not count.absence:
        world.patiently(enough)
    found = look()
    expect = world.expect_absence if count.absence else world.expect
    expect(found in count, f"{found} {what}, expected {count}")


@STEPS.then("the {twin} twin has {count} {resource}")
def has(world: World, twin: str, count: Count, resource: str) -> None:
    """Live records now."""
    _expect_count(world, twin, resource, count, {})


@STEPS.then("the {twin} twin has {count} {resource} with:")
def has_with(world: World, twin: str, count: Count, resource: str, table: Table) -> None:
    """Live records with all these fields, by JSON path."""
    _expect_count(world, twin, resource, count, world.fill(table.pairs()))


@STEPS.then("the {twin} twin has {count} {resource} whose {jsonpath} contains {string}")
def has_text(world: World, twin: str, count: Count, resource: str, path: str, text: str) -> None:
    """Live records with this text somewhere in a field (in anything below it, where it is a list or an object)."""
    client, wanted = world.twin(twin), some_text(str(world.fill(text)))
    check_fields(client, resource, client.records(resource), {path: None})

    def look() -> None:
        texts = [_text(jsonpath.get(each, path)) for each in client.records(resource) if jsonpath.has(each, path)]
        found = sum(wanted in each for each in texts)
        expect = world.expect_absence if count.absence else world.expect
        told = f"expected {count}; the {len(texts)} there: {str(texts)[:300]}"
        expect(found in count, f"the {twin} twin has {found} {resource} whose {path} contains {wanted!r}, {told}")

    world.patiently(look)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@STEPS.given("I keep the field {jsonpath} of the last {resource} in {twin} as {string}")
def keep_of_record(world: World, path: str, resource: str, twin: str, name: str) -> None:
    """Of the newest record, one that is on its way is waited for; use it later as `${name}`."""

    def look() -> Any:
        return jsonpath.get(world.twin(twin).records(resource)[0], path)

    world.kept[name] = world.patiently(look)


@STEPS.then("{count} {resource} was/were/is/are created in {twin}")
def created(world: World, count: Count, resource: str, twin: str) -> None:
    """Since the app was ready, deleted ones included."""
    client = world.twin(twin)
    expect_number(world, count, lambda: len(client.created(resource)), f"{resource} created in {twin}")


def calls(world: World, twin: str, method: str = "", path: str = "") -> list[dict[str, Any]]:
    """The app's requests to a twin; a path may end in `*`."""
    found = world.twin(twin).exchanges()
    return [row for row in found if (not method or row["method"] == method) and (not path or _fits(row["path"], path))]


def _fits(actual: str, wanted: str) -> bool:
    actual = actual.partition("?")[0]
    return actual.startswith(wanted[:-1]) if wanted.endswith("*") else actual == wanted


@STEPS.then("the app called {method} {path} on {twin} {times}")
def called(world: World, method: str, path: str, twin: str, times: Count) -> None:
    """So often since the app was ready; a path may end in `*`."""
    full = str(world.fill(path))
    expect_number(world, times, lambda: len(calls(world, twin, method, full)), f"calls of {method} {path} on {twin}")


@STEPS.then("the app called {method} {path} on {twin}")
def called_at_all(world: World, method: str, path: str, twin: str) -> None:
    """At least once since the app was ready."""
    full = str(world.fill(path))
    world.patiently(
        lambda: world.expect(calls(world, twin, method, full), f"the app never called {method} {path} on {twin}")
    )


@STEPS.then("the app called {method} {path} on {twin} with:")
def called_with(world: World, method: str, path: str, twin: str, table: Table) -> None:
    """At least once with all these fields in its body or query; dots and brackets nest."""
    full, wanted = str(world.fill(path)), world.fill(table.pairs())

    def look() -> None:
        sent = [requests.fields(row) for row in calls(world, twin, method, full)]
        near = f"; the {len(sent)} there: {str(sent)[:300]}" if sent else ""
        holds = any(requests.fits(each, wanted) for each in sent)
        world.expect(holds, f"the app never called {method} {path} on {twin} with {wanted}{near}")

    world.patiently(look)


@STEPS.then("the app called {method} {path} on {twin} {times} with:")
def called_often_with(world: World, method: str, path: str, twin: str, times: Count, table: Table) -> None:
    """So often with all these fields in its body or query; other calls do not count."""
    full, wanted = str(world.fill(path)), world.fill(table.pairs())

    def look() -> int:
        return sum(requests.fits(requests.fields(row), wanted) for row in calls(world, twin, method, full))

    expect_number(world, times, look, f"calls of {method} {path} on {twin} with {wanted}")


@STEPS.then("{twin} answered no {method} {path} with {int}")
def refused(world: World, twin: str, method: str, path: str, status: int) -> None:
    """No call of the app had this status for an answer; a path may end in `*`."""
    found = [row for row in calls(world, twin, method, str(world.fill(path))) if row["status"] == status]
    told = f"{twin} answered {method} {path} {len(found)} times with {status}"
    world.expect_absence(not found, f"{told}: {str([row.get('reply') for row in found])[:300]}")


@STEPS.then("the app never called {twin}")
def never_called(world: World, twin: str) -> None:
    """No request at all since the app was ready."""
    found = calls(world, twin)
    world.expect_absence(not found, f"the app called {twin} {len(found)} times")


@STEPS.given("{twin} fails with {word} for the next {int} call(s)")
def fails(world: World, twin: str, error: str, count: int) -> None:
    """A named error of the twin, in its own shape."""
    client = world.twin(twin)
    rule = {"when": {"twin": twin, "calls": list(range(1, count + 1))}, "then": {"error": error}}
    client.add_faults({"profile": f"scenario-{error}-{count}", "rules": [rule]})


@STEPS.given("{twin} fails with {word}")
def fails_on(world: World, twin: str, error: str) -> None:
    """Every call, until `{twin} recovers`."""
    rule = {"when": {"twin": twin}, "then": {"error": error}}
    world.twin(twin).add_faults({"profile": f"scenario-{error}", "rules": [rule]})


@STEPS.given("{twin} has the failure profile {string}")
def profile(world: World, twin: str, name: str) -> None:
    """A failure profile by its name."""
    world.twin(twin).add_faults(name)


@STEPS.given("{twin} recovers")
def recovers(world: World, twin: str) -> None:
    """No more faults."""
    world.twin(twin).clear_faults()


@STEPS.when("{twin} has delivered its webhooks")
def delivered(world: World, twin: str) -> None:
    """Wait until no delivery is under way or due."""
    if not world.twin(twin).idle():
        raise HarnessError("harness", f"the {twin} twin still delivers after 10 s")


@STEPS.when("everything has settled")
def settled(world: World) -> None:
    """Wait until no delivery of any twin is under way or due."""
    for name in world.twins:
        delivered(world, name)


@STEPS.when("{twin} sends its last event again")
def again(world: World, twin: str) -> None:
    """What was delivered last, delivered once more."""
    world.twin(twin).send_again()


@STEPS.when("{twin} sends its last {string} event again")
def again_of_kind(world: World, twin: str, kind: str) -> None:
    """The event of this type that was delivered last, such as `invoice.paid`."""
    world.twin(twin).send_again(str(world.fill(kind)))


@STEPS.when("{twin} does {string} with:")
def does(world: World, twin: str, name: str, table: Table) -> None:
    """The human's or the network's part: a control of the twin; what cannot be done (yet) is tried for two seconds."""
    client, values = world.twin(twin), world.fill(table.nested())
    if name not in (known := client.controls()):
        raise HarnessError("harness", f"the {twin} twin has no control {name!r}{nearest(name, known)}")

    def go() -> Any:
        try:
            return client.do(name, values)
        except Refused as refusal:
            raise AssertionError(f"nobody can do that: {refusal}") from None

    world.kept[name] = world.patiently(go)


@STEPS.when("{twin} is asked {method} {path}")
def asked(world: World, twin: str, method: str, path: str) -> None:
    """What somebody else does at the service, its admin or dashboard: never counted as the app's doing."""
    _ask(world, twin, method, path)


@STEPS.when("{twin} is asked {method} {path} with:")
def asked_with(
    world: World, twin: str, method: str, path: str, table: Table | None = None, doc: str | None = None
) -> None:
    """The same with a JSON body; the `id` of the answer is kept as `${twin.id}`."""
    _ask(world, twin, method, path, json=body_of(world, table, doc))


@STEPS.when("{twin} is asked {method} {path} with the form:")
def asked_with_form(world: World, twin: str, method: str, path: str, table: Table) -> None:
    """The same with a form-encoded body, which is what Stripe takes."""
    form = {name: value if isinstance(value, str) else json.dumps(value) for name, value in table.pairs().items()}
    _ask(world, twin, method, path, data=world.fill(form))


def _ask(world: World, twin: str, method: str, path: str, **body: Any) -> None:
    answer = world.twin(twin).ask(method, str(world.fill(path)), **body)
    if isinstance(answer, dict) and "id" in answer:
        world.kept[f"{twin}.id"] = answer["id"]


@STEPS.given("the {twin} twin has a/an {resource} with:")
def create(world: World, twin: str, resource: str, table: Table) -> None:
    """A record that is there before the app acts; its id is kept as `${resource.id}`."""
    client = world.twin(twin)
    values = world.fill(table.nested())
    check_fields(client, resource, [], values)
    world.kept[f"{resource}.id"] = client.create(resource, values).get("id")


define = STEPS.define
