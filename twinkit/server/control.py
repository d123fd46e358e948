"""The control plane under `/_twin/`: look into an instance, change its time and faults, copy and reset it.

A starlette application, loaded at its first request. Imports: hosting, instance, and what they import.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from math import inf
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from twinkit.clock import SECOND, parse_clock, parse_instant, within
from twinkit.errors import ServiceError, TwinkitError, UsageError, nearest
from twinkit.instance import Instance
from twinkit.server import views
from twinkit.server.guard import admit
from twinkit.server.hosting import Hosting

log = logging.getLogger("twinkit")
Endpoint = Callable[["Control", Instance, Request], Awaitable[Any]]


class Control:
    """The endpoints of the control plane of one twin."""

    def __init__(self, hosting: Hosting) -> None:
        self.hosting = hosting
        self.snapshots: dict[tuple[str, str], Any] = {}

    def instance(self, request: Request) -> Instance:
        """The instance that a control request is about."""
        return self.hosting.named(request.scope.get("twin.instance", "default"))


async def payload(request: Request) -> dict[str, Any]:
    """The JSON object in the body; empty without a body. Raises UsageError."""
    body = await request.body()
    if not body:
        return {}
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise UsageError(f"the body is no JSON: {error}") from None
    if not isinstance(data, dict):
        raise UsageError("the body must be a JSON object")
    return data


def integer(request: Request, name: str, default: int) -> int:
    """A count or a mark of the query, at least 0. Raises UsageError."""
    text = request.query_params.get(name)
    if text is None:
        return default
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else -1
    if not 0 <= value < 2**63:
        raise UsageError(f"{name} must be an integer of at least 0, not {text[:40]!r}")
    return value


async def health(control: Control, instance: Instance, request: Request) -> Any:
    """Whether the twin answers."""
    return {"status": "ok", "twin": control.hosting.twin.name}


async def info(control: Control, instance: Instance, request: Request) -> Any:
    """What this twin is: contract, seed, clock, credentials."""
    return views.info(control.hosting, instance)


async def reset(control: Control, instance: Instance, request: Request) -> Any:
    """Back to the beginning."""
    instance.reset()
    control.hosting.restored(instance)
    return {"instance": instance.name, "now": instance.clock.now}


async def baseline(control: Control, instance: Instance, request: Request) -> Any:
    """Load first records: resource → list of property objects."""
    return {"records": instance.baseline(await payload(request))}


async def snapshot(control: Control, instance: Instance, request: Request) -> Any:
    """Keep the instance as it is under a name."""
    name = str((await payload(request)).get("name", "default"))
    control.snapshots[instance.name, name] = instance.capture()
    return {"snapshot": name}


async def restore(control: Control, instance: Instance, request: Request) -> Any:
    """Go back to a named snapshot."""
    name = str((await payload(request)).get("name", "default"))
    capture = control.snapshots.get((instance.name, name))
    if capture is None:
        known = [known for owner, known in control.snapshots if owner == instance.name]
        raise HTTPException(404, f"there is no snapshot {name!r}{nearest(name, known)}")
    instance.restore(capture)
    control.hosting.restored(instance)
    return {"snapshot": name, "now": instance.clock.now}


async def fork(control: Control, instance: Instance, request: Request) -> Any:
    """A private copy under another name."""
    data = await payload(request)
    copy = instance.fork(str(data.get("name", f"{instance.name}-fork")), seed=data.get("seed"))
    copy.base_url = f"{control.hosting.base_url}/i/{copy.name}"
    control.hosting.adopt(copy)
    return views.instance(control.hosting, copy)


async def instances(control: Control, instance: Instance, request: Request) -> Any:
    """The private instances; POST makes one, DELETE removes one by its name."""
    hosting = control.hosting
    if request.method == "GET":
        return {"instances": [views.instance(hosting, each) for each in hosting.instances.values()]}
    data = await payload(request)
    if request.method == "DELETE":
        hosting.remove(str(data.get("name") or request.query_params.get("name", "")))
        return {"instances": list(hosting.instances)}
    known = {"name", "seed", "clock", "failures", "baseline"}
    for key in data:
        if key not in known:
            raise UsageError(f"unknown key {key!r}{nearest(key, known)}")
    clock = parse_clock(str(data["clock"])) if data.get("clock") else None
    seed = data.get("seed")
    if seed is not None and type(seed) is not int:
        raise UsageError(f"seed must be an integer, not {seed!r}")
    made = hosting.create(str(data.get("name", "")), seed=seed, clock=clock)
    try:
        if data.get("failures"):
            views.add_named_profile(made, data["failures"])
        if data.get("baseline"):
            made.baseline(data["baseline"])
    except TwinkitError:
        hosting.remove(made.name)
        raise
    return views.instance(hosting, made)


async def remove_instance(control: Control, instance: Instance, request: Request) -> Any:
    """Forget a private instance."""
    control.hosting.remove(request.path_params["name"])
    return {"instances": list(control.hosting.instances)}


async def state(control: Control, instance: Instance, request: Request) -> Any:
    """Resources and how many records each has; with `records=N` the newest N records of each as well."""
    counts = instance.store.resources()
    most = integer(request, "records", 0)
    if not most:
        return {"resources": counts}
    return {"resources": counts, "records": {name: views.records(instance, name, {}, most) for name in counts}}


async def records(control: Control, instance: Instance, request: Request) -> Any:
    """Every record of a resource, newest first; query parameters filter by property."""
    resource = request.path_params["resource"]
    views.check_resource(instance, resource)
    where = {name: value for name, value in request.query_params.items() if name not in ("limit",)}
    found = views.records(instance, resource, where, integer(request, "limit", 1000))
    return {"resource": resource, "records": found, "properties": views.properties(instance, resource)}


async def one_record(control: Control, instance: Instance, request: Request) -> Any:
    """One record by its id."""
    resource, id = request.path_params["resource"], request.path_params["id"]
    found = instance.store.find(resource, id)
    if found is None:
        raise HTTPException(404, f"there is no {resource} {id!r}")
    return found


async def add_record(control: Control, instance: Instance, request: Request) -> Any:
    """Store a record as the twin would make it, with the given properties."""
    resource = request.path_params["resource"]
    views.check_resource(instance, resource)
    with instance.store.transaction():
        return instance.ctx().create(resource, await payload(request))


async def changes(control: Control, instance: Instance, request: Request) -> Any:
    """Every write since a mark, oldest first, and the mark of now."""
    since = integer(request, "since", 0)
    found = [views.change(each) for each in instance.store.changes(since)]
    return {"changes": found, "mark": instance.store.mark()}


async def exchanges(control: Control, instance: Instance, request: Request) -> Any:
    """Recorded requests and replies, oldest first."""
    found = instance.store.exchanges(
        after=integer(request, "after", 0),
        limit=integer(request, "limit", 1000),
        operation=request.query_params.get("operation"),
    )
    return {"exchanges": [views.exchange(each) for each in found]}


async def events(control: Control, instance: Instance, request: Request) -> Any:
    """Domain events, oldest first."""
    found = instance.store.events(after=integer(request, "after", 0), limit=integer(request, "limit", 1000))
    return {"events": [each.data for each in found], "mark": found[-1].seq if found else 0}


async def deliveries(control: Control, instance: Instance, request: Request) -> Any:
    """Webhook deliveries with what the receivers answered, oldest first; `after`, `limit`, `status`, `receiver`."""
    found = instance.store.deliveries(
        after=integer(request, "after", 0),
        limit=integer(request, "limit", 10_000),
        status=request.query_params.get("status"),
        receiver=request.query_params.get("receiver"),
    )
    return {"deliveries": [views.delivery(each) for each in found]}


async def redeliver(control: Control, instance: Instance, request: Request) -> Any:
    """Send an event, or one delivery, once more."""
    data = await payload(request)
    with instance.store.transaction():
        made = views.send_again(instance, data.get("event"), data.get("delivery"))
    control.hosting.woken(instance)
    return {"deliveries": made}


async def idle(control: Control, instance: Instance, request: Request) -> Any:
    """Wait until no delivery is under way or due."""
    text = request.query_params.get("timeout", "10")
    try:
        timeout = float(text)
    except ValueError:
        timeout = -1.0
    if not 0 <= timeout < inf:
        raise UsageError(f"timeout must be a number of seconds, not {text[:40]!r}")
    return {"idle": await control.hosting.deliverer(instance).wait_idle(timeout)}


async def receivers(control: Control, instance: Instance, request: Request) -> Any:
    """Webhook receivers registered with the kit; POST adds one: url, secret, events; DELETE forgets them all."""
    if request.method == "POST":
        return views.receiver(views.add_receiver(instance, await payload(request)))
    if request.method == "DELETE":
        instance.receivers.clear()
    return {"receivers": [views.receiver(each) for each in instance.receivers]}


def ahead(value: Any) -> float:
    """Seconds by which receivers' clocks are moved. Raises UsageError."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UsageError("receivers_ahead must be a number of seconds")
    return float(value)


async def clock(control: Control, instance: Instance, request: Request) -> Any:
    """The time; POST sets mode (`real`, `fixed`, `tick`), `now` (ISO 8601 or seconds), `receivers_ahead` (seconds)."""
    if request.method == "POST":
        data = await payload(request)
        if "receivers_ahead" in data:
            control.hosting.receivers_ahead = ahead(data["receivers_ahead"])
        if "mode" in data:
            now = instance.clock.micros
            wanted = parse_clock(str(data["mode"]))
            if ":" not in str(data["mode"]):
                wanted.set(now)
            instance.clock.restore(wanted.state())
        if "now" in data:
            await control.hosting.advance(instance, parse_instant(str(data["now"])))
        control.hosting.woken(instance)
    return views.clock(instance)


async def advance(control: Control, instance: Instance, request: Request) -> Any:
    """Move the time on by `seconds`, `minutes`, `hours`, `days` (added up) or `to` an instant; returns what ran."""
    data = await payload(request)
    units = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}
    for name, value in data.items():
        if name not in (*units, "to"):
            raise UsageError(f"unknown key {name!r}{nearest(name, [*units, 'to'])}")
        if name != "to" and (isinstance(value, bool) or not isinstance(value, int | float) or value < 0):
            raise UsageError(f"{name} must be a number of at least 0")
    micros = sum(int(within(data.get(name, 0) * size * SECOND)) for name, size in units.items())
    target = parse_instant(str(data["to"])) if "to" in data else within(instance.clock.micros + micros)
    if target < instance.clock.micros:
        raise UsageError("time only moves on; reset or restore to go back")
    return views.advanced(await control.hosting.advance(instance, target))


async def world(control: Control, instance: Instance, request: Request) -> Any:
    """The world this twin is part of; POST takes `do`: snapshot, restore or reset, with `name`."""
    whole = control.hosting.world
    if whole is None:
        raise HTTPException(404, "this twin is alone; serve several with --world FILE")
    if request.method == "POST":
        data = await payload(request)
        name = str(data.get("name", "default"))
        actions = {
            "snapshot": lambda: whole.snapshot(name),
            "restore": lambda: whole.restore(name),
            "reset": whole.reset,
        }
        wanted = str(data.get("do", ""))
        if wanted not in actions:
            raise UsageError(f"`do` is one of {', '.join(actions)}, not {wanted!r}{nearest(wanted, actions)}")
        actions[wanted]()
    return whole.show()


async def faults(control: Control, instance: Instance, request: Request) -> Any:
    """The rules in force; POST adds a profile (its name, or rules), DELETE removes one by name, or all."""
    if request.method == "POST":
        views.add_named_profile(instance, await payload(request))
    elif request.method == "DELETE":
        name = request.query_params.get("name")
        if name:
            instance.injector.remove(name)
        else:
            instance.injector.clear()
    report = instance.injector.conduct.report()
    return {"rules": instance.injector.rules(), "fired": views.fired(instance), "conduct": report}


async def coverage(control: Control, instance: Instance, request: Request) -> Any:
    """How true each operation is to the service."""
    return views.coverage(control.hosting.twin)


async def openapi(control: Control, instance: Instance, request: Request) -> Any:
    """The control plane's own OpenAPI document."""
    return views.control_document(ROUTES)


async def ui(control: Control, instance: Instance, request: Request) -> Any:
    """The inspector page."""
    from twinkit.server.inspector import page

    return HTMLResponse(page(control.hosting, instance))


async def do(control: Control, instance: Instance, request: Request) -> Any:
    """The human's or the network's part: a control of this twin, by name."""
    name = request.path_params["name"]
    if name not in instance.twin.controls:
        known = ", ".join(instance.twin.controls) or "none"
        raise HTTPException(
            404, f"there is no control {name!r}{nearest(name, instance.twin.controls)} (known: {known})"
        )
    answer = instance.control(name, await payload(request))
    control.hosting.woken(instance)
    return answer if answer is not None else {"done": name}


ROUTES: tuple[tuple[str, tuple[str, ...], Endpoint], ...] = (
    ("/health", ("GET",), health),
    ("/info", ("GET",), info),
    ("/reset", ("POST",), reset),
    ("/baseline", ("POST",), baseline),
    ("/snapshot", ("POST",), snapshot),
    ("/restore", ("POST",), restore),
    ("/fork", ("POST",), fork),
    ("/instances", ("GET", "POST", "DELETE"), instances),
    ("/instances/{name}", ("DELETE",), remove_instance),
    ("/state", ("GET",), state),
    ("/state/{resource}", ("GET",), records),
    ("/state/{resource}", ("POST",), add_record),
    ("/state/{resource}/{id:path}", ("GET",), one_record),
    ("/changes", ("GET",), changes),
    ("/exchanges", ("GET",), exchanges),
    ("/events", ("GET",), events),
    ("/deliveries", ("GET",), deliveries),
    ("/redeliver", ("POST",), redeliver),
    ("/idle", ("POST",), idle),
    ("/receivers", ("GET", "POST", "DELETE"), receivers),
    ("/clock", ("GET", "POST"), clock),
    ("/clock/advance", ("POST",), advance),
    ("/world", ("GET", "POST"), world),
    ("/faults", ("GET", "POST", "DELETE"), faults),
    ("/coverage", ("GET",), coverage),
    ("/openapi", ("GET",), openapi),
    ("/ui", ("GET",), ui),
    ("/do/{name}", ("POST",), do),
)
"""Path below `/_twin`, methods, endpoint."""


def control_app(hosting: Hosting) -> Starlette:
    """The control plane of one twin."""
    control = Control(hosting)
    routes = [
        Route(f"/_twin{path}", _serve(control, endpoint), methods=list(methods)) for path, methods, endpoint in ROUTES
    ]
    return Starlette(routes=routes, exception_handlers={HTTPException: _refused, 404: _refused})


def _serve(control: Control, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        try:
            admit(control.hosting, request)
            result = await endpoint(control, control.instance(request), request)
        except ServiceError as error:
            return answer(error.body, error.status)
        except HTTPException as error:
            return answer({"error": error.detail}, error.status_code)
        except (TwinkitError, KeyError, TypeError, ValueError, ArithmeticError) as error:
            return answer({"error": str(error)}, 400)
        except Exception as error:
            log.exception("twin %s: control plane: %s %s", control.hosting.twin.name, request.method, request.url.path)
            return answer({"error": f"the twin failed: {error}; its log says where"}, 500)
        return result if isinstance(result, Response) else answer(result)

    return serve


async def _refused(request: Request, error: Exception) -> Response:
    allowed = (error.headers or {}).get("Allow") if isinstance(error, HTTPException) else None
    if allowed:
        reply = answer({"error": f"{request.url.path} takes {allowed}, not {request.method}"}, 405)
        reply.headers["allow"] = allowed
        return reply
    known = ", ".join(dict.fromkeys(path for path, _, _ in ROUTES))
    return answer({"error": f"there is no {request.url.path} (known below /_twin: {known})"}, 404)


def answer(data: Any, status: int = 200) -> Response:
    """A JSON response."""
    body = orjson.dumps(data, default=str, option=orjson.OPT_NON_STR_KEYS)
    return Response(body, status, media_type="application/json")
