"""What is checked of every request, whatever its operation: cursors, metadata, what a restricted key may do.

Sources: https://docs.stripe.com/api/pagination, /metadata, https://docs.stripe.com/keys#limit-access. Imports: the
kit's public names, the twin's texts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Request, ServiceError
from twins.stripe import errors
from twins.stripe.accounts import ACCOUNT

KEYED = re.compile(rb"(?:\[|%5[Bb])[1-9]")
"""Explicit keys of a list, but for the first: without one of them no list can have a gap."""
NAMING = ("id", "coupon", "customer", "payment_method", "plan", "price", "product", "promotion_code")
"""Parameters inside others that name a record, so that empty text means nothing."""
MOST_KEYS, LONGEST_KEY, LONGEST_VALUE = 50, 40, 500
PERMISSIONS = "key_permissions"
"""Store name of what restricted keys may do, by key."""
LEVELS: Mapping[str, int] = {"none": 0, "read": 1, "write": 2}


def check_cursors(request: Request) -> None:
    """Raise 400 for a list that is to begin after one record and to end before another."""
    if request.query.get("starting_after") and request.query.get("ending_before"):
        raise errors.exclusive("ending_before", "starting_after")


def merge_query(request: Request) -> None:
    """Let a DELETE send its parameters in the query, where the contract knows them in the body."""
    operation = request.operation
    if request.method != "DELETE" or operation is None or not operation.body or not request.query:
        return
    request.body = {**request.query, **(request.body if isinstance(request.body, Mapping) else {})}
    request.query = {}


def name_prices(request: Request) -> None:
    """Take the `plan` of an item as its `price`: the older name, which requests of current versions still use."""
    body = request.body
    if b"plan" not in request.raw or not isinstance(body, dict):
        return
    details = body.get("subscription_details")
    places = [body.get("items"), details.get("items") if isinstance(details, dict) else None]
    rows = [row for given in places if isinstance(given, dict | list) for row in _values(given)]
    for row in [*rows, body] if request.url_path.startswith("/v1/subscription_items") else rows:
        if isinstance(row, dict) and "plan" in row and "price" not in row:
            row["price"] = row.pop("plan")


def _values(given: dict[str, Any] | list[Any]) -> list[Any]:
    return list(given.values()) if isinstance(given, dict) else given


def check_metadata(request: Request) -> None:
    """Raise 400 for metadata with too many keys, or with a key or value that is too long."""
    given = request.body.get("metadata") if isinstance(request.body, dict) else None
    if not isinstance(given, dict):
        return
    if len(given) > MOST_KEYS:
        raise _refused(errors.too_many_keys(len(given), MOST_KEYS))
    for key, value in given.items():
        if len(str(key)) > LONGEST_KEY:
            raise _refused(errors.metadata_too_long("key", str(key), LONGEST_KEY))
        if isinstance(value, str) and len(value) > LONGEST_VALUE:
            raise _refused(errors.metadata_too_long("value", value, LONGEST_VALUE))


def check_keys(ctx: Ctx, request: Request) -> None:
    """Raise 400 for a list whose explicit keys do not count up from 0: `expand[1]` alone."""
    if not (KEYED.search(request.raw) or KEYED.search(request.raw_query)):
        return
    for name, value in request.params.items():
        if name == "expand" or _is_list(ctx, request, name):
            for place, key in enumerate(value if isinstance(value, Mapping) else ()):
                if str(key).isdigit() and str(place) not in value:
                    raise _refused(errors.keys_not_sequential(str(key), place, name))


def check_empty(ctx: Ctx, request: Request) -> None:
    """Raise 400 for an empty string where a parameter cannot be unset: a required one, or one that names a record."""
    body, raw = request.body, request.raw
    if request.operation is None or not isinstance(body, dict) or not (b"=&" in raw or raw.endswith(b"=")):
        return
    for schema in request.operation.body.content.values() if request.operation.body else ():
        param = _empty(ctx, body, ctx.twin.index.resolve(schema), ())
        if param:
            raise _refused(errors.empty(param))


def _empty(ctx: Ctx, value: Any, schema: Any, path: tuple[str, ...]) -> str:
    """The first parameter inside a value that is empty and cannot be; nothing when there is none."""
    node = _branch(ctx, schema, value)
    if "items" in node:
        rows = value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ())
        return next((bad for at, each in rows if (bad := _empty(ctx, each, node["items"], (*path, str(at))))), "")
    if not isinstance(value, dict):
        return ""
    needed = {*node.get("required", ()), *(NAMING if path else ("customer", "charge", "payment_intent"))}
    for name, inner in value.items():
        property_schema = node.get("properties", {}).get(name)
        if property_schema is None:
            continue
        here = (*path, str(name))
        if inner == "" and name in needed and _is_text(ctx.twin.index.resolve(property_schema)):
            return errors.dotted(here)
        if isinstance(inner, dict | list) and (bad := _empty(ctx, inner, property_schema, here)):
            return bad
    return ""


def _branch(ctx: Ctx, schema: Any, value: Any) -> Mapping[str, Any]:
    """The alternative of a schema that a container can be."""
    node = ctx.twin.index.resolve(schema)
    if not isinstance(node, Mapping):
        return {}
    for inner in map(ctx.twin.index.resolve, node.get("anyOf", ())):
        if isinstance(inner, Mapping) and ("items" in inner or (isinstance(value, dict) and "properties" in inner)):
            return inner
    return node


def _is_list(ctx: Ctx, request: Request, name: str) -> bool:
    operation = request.operation
    for schema in (operation.body.content if operation and operation.body else {}).values():
        node = ctx.twin.index.resolve(schema)
        properties = node.get("properties", {}) if isinstance(node, Mapping) else {}
        return "items" in _branch(ctx, properties.get(name, {}), [])
    return False


def _is_text(node: Any) -> bool:
    return isinstance(node, Mapping) and node.get("type") == "string" and "enum" not in node


def _refused(error: ServiceError) -> ServiceError:
    """The error, named so that it uses no idempotency key up: nothing was done yet."""
    error.name = "invalid"
    return error


def needed(request: Request) -> tuple[str, str]:
    """(name, level) of the permission an operation asks for: ("charges", "write")."""
    parts = [part for part in request.url_path.split("/") if part]
    return parts[1] if len(parts) > 1 else "", "read" if request.method == "GET" else "write"


def check_permission(ctx: Ctx, request: Request, key: str) -> None:
    """Raise 403 for what a restricted key may not do. A key that nobody restricted may do everything."""
    kept = ctx.store.find(PERMISSIONS, key)
    if kept is None:
        return
    name, level = needed(request)
    granted = str(kept["permissions"].get(name, "none"))
    if LEVELS.get(granted, 0) < LEVELS[level]:
        account = request.headers.get("stripe-account") or ACCOUNT
        raise errors.not_permitted(key, account, name, level)
