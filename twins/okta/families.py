"""Resources that are all kept alike: list, create, get, replace, delete, activate, deactivate, by one table.

A `Family` says what differs: ids, what is unique, what a new record has, which links, when it may be deleted.
Imports: the kit's public names, the twin.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from twinkit import Ctx, Reply, Request
from twins.okta import authz, errors, filters, listing, syslog, twin
from twins.okta.times import iso

Hook = Callable[[Ctx, Request, dict[str, Any]], None]
LAST = 99
"""The priority of a catch-all rule, which nothing moves."""
READ_ONLY = ("id", "created", "lastUpdated", "_links", "_embedded", "system")


class Family(NamedTuple):
    """One kind of record; `noun` is the word in its operation ids (`listNetworkZones`, `createNetworkZone`, …)."""

    resource: str
    noun: str
    id: str
    plural: str = ""
    unique: str = "name"
    parent: str = ""
    """Resource of the record it belongs to."""
    defaults: Mapping[str, Any] = {}
    status: bool = True
    """Has a life: ACTIVE and INACTIVE."""
    inactive_first: str = ""
    """Error when an active one is deleted; empty: it may be."""
    event: str = ""
    """Prefix of its system log events: `policy.lifecycle` → policy.lifecycle.create."""
    times: bool = True
    check: Hook | None = None
    """Refuses or completes a record before it is written."""
    gone: Hook | None = None
    """Refuses a deletion, or clears up after it."""
    limits: listing.Limits = listing.Limits()
    ranked: bool = False
    """Has a priority among its kind under the same parent."""
    flat: frozenset[str] = frozenset()
    """Types of it that have no rank: their priority is 1."""
    id_of: Callable[[Ctx, Request, Mapping[str, Any]], str] | None = None
    """The pattern of an id, where it depends on more than the kind."""
    names: Mapping[str, str] = {}
    """Role → operation id where it is not made of the noun."""
    style: str = "hints"
    """How links are written: `hints`, `plain` (self without them), `method`, `rel`, `none`."""
    turned: bool = True
    """Shows a link to what switches it on or off."""
    links: Callable[[Ctx, dict[str, Any], str], dict[str, Any]] | None = None
    """More links of a record, by the record and its address."""
    order: Callable[[dict[str, Any]], Any] | None = None
    """Lists are short, whole and sorted by it."""
    silent: bool = False
    """Says nothing when it is switched."""
    secret: tuple[str, ...] = ()
    """Paths of what is never shown back: `channel.config.authScheme.value`."""
    filters: frozenset[str] | None = None
    """What `filter` may compare, for equality only; None: anything."""
    alias: Mapping[str, str] = {}
    """What a path may say instead of an id → the id."""
    limited: str = ""
    """Error for a second record of the kind."""


def register(family: Family) -> None:
    """Hook a family's operations in, those of them that the contract has."""
    known = set(twin.index.operations())
    plural = family.plural or f"{family.noun}s"
    roles: dict[str, Callable[..., Any]] = {
        "list": _list,
        "create": _create,
        "get": _get,
        "replace": _replace,
        "update": _update,
        "delete": _delete,
        "activate": _activate,
        "deactivate": _deactivate,
    }
    for role, function in roles.items():
        operation = family.names.get(role, f"{role}{plural if role == 'list' else family.noun}")
        if operation in known and operation not in twin.handlers:
            twin.handler(operation)(_bound(function, family))


def _bound(function: Callable[..., Any], family: Family) -> Callable[[Ctx, Request], Any]:
    def handle(ctx: Ctx, request: Request) -> Any:
        return function(family, ctx, request)

    return handle


def names_in(request: Request) -> list[str]:
    """The path parameters of an operation, outermost first."""
    return re.findall(r"\{(\w+)\}", request.operation.path) if request.operation else []


def parent_of(family: Family, ctx: Ctx, request: Request) -> str:
    """The id of the record that a request's one belongs to. Raises E0000007."""
    if not family.parent:
        return ""
    return owner(
        family, ctx, str(request.path[names_in(request)[0 if family.parent != "authorization_server_policy" else 1]])
    )


def owner(family: Family, ctx: Ctx, key: str) -> str:
    """The id of a parent by what a path says of it. Raises E0000007."""
    if family.parent == "authorization_server":
        return str(authz.get(ctx, key)["id"])
    if ctx.store.find(family.parent, key) is None:
        raise errors.missing(family.parent, key)
    return key


def held(family: Family, ctx: Ctx, request: Request) -> dict[str, Any]:
    """The record of a request. Raises E0000007, also when it belongs to another parent."""
    key = str(request.path[names_in(request)[-1]])
    found = ctx.store.find(family.resource, family.alias.get(key, key))
    if found is None:
        raise errors.missing(family.resource, key)
    parent = parent_of(family, ctx, request)
    if parent and not _below(family, ctx, parent, key):
        raise errors.missing(family.resource, key)
    return found


def _below(family: Family, ctx: Ctx, parent: str, key: str) -> bool:
    from twinkit import Filter

    return bool(ctx.store.list(family.resource, [Filter("@id", "=", key)], parent=parent, limit=1).ids)


def shown(family: Family, ctx: Ctx, request: Request, record: dict[str, Any]) -> dict[str, Any]:
    """A record as replies show it."""
    renderer = twin.renderers.get(family.resource)
    if renderer is not None:
        return dict(renderer(ctx, record))
    path = request.url_path.split("/lifecycle/")[0].rstrip("/")
    base = f"{ctx.base_url}{path}"
    if not path.endswith(f"/{record['id']}"):
        base = f"{base}/{record['id']}"
    visible = {name: value for name, value in record.items() if not name.startswith("~")}
    for path in family.secret:
        visible = without(visible, path.split("."))
    return visible if family.style == "none" else {**visible, "_links": links_of(family, ctx, record, base)}


def without(value: Any, path: list[str]) -> Any:
    """A value without what a path leads to."""
    if not isinstance(value, Mapping) or path[0] not in value:
        return value
    if len(path) == 1:
        return {name: each for name, each in value.items() if name != path[0]}
    return {**value, path[0]: without(value[path[0]], path[1:])}


def merged(base: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Defaults with what was given over them, at every depth."""
    both = {name: merged(base[name], value) if isinstance(value, dict) and isinstance(base.get(name), dict) else value
            for name, value in given.items()}  # fmt: skip
    return {**base, **both}


def links_of(family: Family, ctx: Ctx, record: dict[str, Any], base: str) -> dict[str, Any]:
    """The links of a record at an address."""
    may = ["GET", "PUT"] if record.get("system") else ["GET", "PUT", "DELETE"]
    own: dict[str, dict[str, Any]] = {"hints": {"href": base, "hints": {"allow": may}}, "plain": {"href": base},
                                      "method": {"href": base, "method": "GET"},
                                      "rel": {"rel": "self", "href": base, "method": "GET"}}  # fmt: skip
    links: dict[str, Any] = {"self": own[family.style], **(family.links(ctx, record, base) if family.links else {})}
    if family.status and family.turned and not record.get("system"):
        step = "deactivate" if record.get("status") == "ACTIVE" else "activate"
        how = {"method": "POST"} if family.style == "method" else {"hints": {"allow": ["POST"]}}
        links[step] = {"href": f"{base}/lifecycle/{step}", **how}
    return links


def _list(family: Family, ctx: Ctx, request: Request) -> Reply:
    parent = parent_of(family, ctx, request) or None
    query = request.query
    tests: list[Any] = []
    for name in ("type", "status"):
        if query.get(name):
            wanted = str(query[name]).split(",")
            tests.append(lambda record, name=name, wanted=wanted: str(record.get(name)) in wanted)
    text = query.get("filter")
    if text:
        operators = filters.OPERATORS if family.filters is None else frozenset({"eq"})
        _, check = listing.filtered(str(text), family.filters, operators)
        tests.append(check)
    word = str(query.get("q") or "").casefold()
    if word:
        tests.append(lambda record: str(record.get(family.unique or "name", "")).casefold().startswith(word))
    if family.order is not None:
        rows = sorted(ctx.store.select(family.resource, parent=parent), key=family.order)
        return listing.reply(ctx, request, [shown(family, ctx, request, row) for row in rows], None)
    page = listing.page(
        ctx, request, family.resource, parent=parent, limits=family.limits,
        check=(lambda record: all(test(record) for test in tests)) if tests else None,
        show=lambda record: shown(family, ctx, request, record),
    )  # fmt: skip
    items = request.binding.envelope.get("items") if request.binding else ""
    if items:
        page.body = {items: page.body}
    return page


def _unique(family: Family, ctx: Ctx, record: Mapping[str, Any], parent: str, id: str = "") -> None:
    name = family.unique
    value = record.get(name) if name else None
    if value is None:
        return
    from twinkit import Filter

    for other in ctx.store.select(family.resource, [Filter(name, "=", value)], parent=parent or None):
        if other["id"] != id and other.get("type") == record.get("type"):
            raise errors.taken(name)


def _create(family: Family, ctx: Ctx, request: Request) -> dict[str, Any]:
    parent = parent_of(family, ctx, request)
    body = {name: value for name, value in (request.body or {}).items() if name not in READ_ONLY}
    pattern = family.id_of(ctx, request, body) if family.id_of else family.id
    record: dict[str, Any] = {"id": ctx.new_id(pattern), **family.defaults, **body}
    if family.status:
        asked = request.query.get("activate", True)
        record["status"] = "ACTIVE" if asked is not False and body.get("status") != "INACTIVE" else "INACTIVE"
    if family.times:
        record |= {"created": iso(ctx), "lastUpdated": iso(ctx)}
    _unique(family, ctx, record, parent)
    if family.limited and ctx.store.list(family.resource, limit=1).ids:
        refused = errors.error(family.limited, causes=(errors.TABLE[family.limited][1],))
        domain = family.resource.partition("_")[0]
        refused.body["errorCauses"][0] |= {"reason": "EXCEEDS_MAX_VALUE", "locationType": "url", "domain": domain}
        raise refused
    if family.check:
        family.check(ctx, request, record)
    if family.ranked:
        _rank(family, ctx, record, parent)
    ctx.store.insert(family.resource, record, id=record["id"], parent=parent, created=ctx.micros)
    _note(family, ctx, record, "create")
    return shown(family, ctx, request, record)


def _rank(family: Family, ctx: Ctx, record: dict[str, Any], parent: str) -> None:
    """A new record goes before the system's own, last among the others unless a priority is asked for."""
    if record.get("type") in family.flat:
        record["priority"] = 1
        return
    rows = [
        row for row in ctx.store.select(family.resource, parent=parent or None) if row.get("type") == record.get("type")
    ]
    own = [row for row in rows if not row.get("system") and row["id"] != record["id"]]
    asked = record.get("priority")
    place = min(int(asked), len(own) + 1) if asked else len(own) + 1
    record["priority"] = place
    for row in own:
        if int(row.get("priority") or 1) >= place:
            ctx.store.update(family.resource, row["id"], priority=int(row.get("priority") or 1) + 1)
    for row in rows:
        if row.get("system") and row.get("priority") != LAST:
            ctx.store.update(family.resource, row["id"], priority=len(own) + 2)


def _get(family: Family, ctx: Ctx, request: Request) -> dict[str, Any]:
    return shown(family, ctx, request, held(family, ctx, request))


def _replace(family: Family, ctx: Ctx, request: Request) -> dict[str, Any]:
    record = held(family, ctx, request)
    body = {name: value for name, value in (request.body or {}).items() if name not in (*READ_ONLY, "status")}
    kept = {name: record[name] for name in (*READ_ONLY, "status", "type", "priority") if name in record}
    hidden = {name: value for name, value in record.items() if name.startswith("~")}
    return _write(family, ctx, request, {**family.defaults, **kept, **hidden, **body}, record)


def _update(family: Family, ctx: Ctx, request: Request) -> dict[str, Any]:
    record = held(family, ctx, request)
    body = {name: value for name, value in (request.body or {}).items() if name not in READ_ONLY}
    return _write(family, ctx, request, {**record, **body}, record)


def _write(
    family: Family, ctx: Ctx, request: Request, record: dict[str, Any], before: dict[str, Any]
) -> dict[str, Any]:
    parent = parent_of(family, ctx, request)
    _unique(family, ctx, record, parent, before["id"])
    if family.times:
        record["lastUpdated"] = iso(ctx)
    if family.check:
        family.check(ctx, request, record)
    if family.ranked and not record.get("system") and record.get("priority") != before.get("priority"):
        _rank(family, ctx, record, parent)
    ctx.store.replace(family.resource, before["id"], record)
    _note(family, ctx, record, "update")
    return shown(family, ctx, request, record)


def _delete(family: Family, ctx: Ctx, request: Request) -> Reply:
    record = held(family, ctx, request)
    if record.get("system"):
        raise errors.error("E0000111", errors.word(family.resource))
    if family.inactive_first and record.get("status") == "ACTIVE":
        raise errors.error(family.inactive_first)
    if family.gone:
        family.gone(ctx, request, record)
    ctx.store.delete(family.resource, record["id"])
    _note(family, ctx, record, "delete")
    return Reply(request.binding.status if request.binding else 204)


def _activate(family: Family, ctx: Ctx, request: Request) -> Any:
    return _turn(family, ctx, request, "ACTIVE", "activate")


def _deactivate(family: Family, ctx: Ctx, request: Request) -> Any:
    return _turn(family, ctx, request, "INACTIVE", "deactivate")


def _turn(family: Family, ctx: Ctx, request: Request, status: str, verb: str) -> Any:
    names = names_in(request)
    record = held(family, ctx, request) if names else {}
    if record.get("system") and status == "INACTIVE":
        raise errors.error("E0000111", errors.word(family.resource))
    changes: dict[str, Any] = {"status": status} | ({"lastUpdated": iso(ctx)} if family.times else {})
    record = ctx.store.update(family.resource, record["id"], **changes)
    _note(family, ctx, record, verb)
    success = request.operation.success if request.operation else None
    if family.silent:
        return Reply(200, None)
    if success is None or not success.content:
        return Reply(request.binding.status if request.binding else 204)
    return shown(family, ctx, request, record)


def _note(family: Family, ctx: Ctx, record: Mapping[str, Any], verb: str) -> None:
    if family.event:
        target = syslog.target(str(record["id"]), errors.word(family.resource), str(record.get("name", "")) or None)
        word = errors.word(family.resource)
        syslog.write(ctx, f"{family.event}.{verb}", f"{verb.capitalize()} {word}", target)
