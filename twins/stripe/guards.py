"""What is checked of every request, whatever its operation: cursors, metadata, what a restricted key may do.

Sources: https://docs.stripe.com/api/pagination, /metadata, https://docs.stripe.com/keys#limit-access. Imports: the
kit's public names, the twin's texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Request, ServiceError
from twinkit.contract.model import Operation
from twins.stripe import errors
from twins.stripe.accounts import ACCOUNT

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


def check_empty(ctx: Ctx, request: Request) -> None:
    """Raise 400 for an empty string where a parameter cannot be unset: a required one, or the customer."""
    body, operation = request.body, request.operation
    if operation is None or not isinstance(body, dict) or "" not in body.values():
        return
    for name in _texts(ctx, operation):
        if body.get(name) == "":
            raise _refused(errors.empty(name))


def _texts(ctx: Ctx, operation: Operation) -> list[str]:
    """The plain string parameters of an operation that cannot be unset."""
    for schema in (operation.body.content if operation.body else {}).values():
        node = ctx.twin.index.resolve(schema)
        properties = node.get("properties", {}) if isinstance(node, Mapping) else {}
        names = {*node.get("required", ()), "customer"} if isinstance(node, Mapping) else set()
        return sorted(name for name in names if _is_text(ctx.twin.index.resolve(properties.get(name, {}))))
    return []


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
