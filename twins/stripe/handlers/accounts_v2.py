"""Accounts of the `/v2` namespace: their configurations, kept and shown as they are asked for.

Sources: https://docs.stripe.com/api/v2/core/accounts. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import errors, lookup, twin, v2
from twins.stripe.handlers import destinations

ACCOUNT = "v2.core.account"
PARTS = ("configuration", "defaults", "future_requirements", "identity", "requirements")
"""What a reply shows only when `include` asks for it."""
KINDS = ("customer", "merchant", "recipient")


def _merged(current: Any, given: Any) -> Any:
    """What was there with what is given laid over it, at every depth; null takes away."""
    if not isinstance(current, Mapping) or not isinstance(given, Mapping):
        return given
    merged = dict(current)
    for name, value in given.items():
        merged[name] = _merged(current.get(name), value)
    return merged


def _configured(given: Mapping[str, Any]) -> dict[str, Any]:
    """The configurations of an account: each capability that is requested waits for what the account has to provide."""
    found: dict[str, Any] = dict.fromkeys(KINDS)
    for kind, value in given.items():
        if isinstance(value, Mapping):
            found[kind] = {**_capable(value), "applied": value.get("applied", True)}
    return found


def _capable(node: Mapping[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in node.items():
        out[name] = _capable(value) if isinstance(value, Mapping) else value
    if out.get("requested") is True and "status" not in out:
        details = [{"code": "requirements_past_due", "resolution": "provide_info"}]
        out |= {"status": "restricted", "status_details": details}
    return out


def _shown(record: Mapping[str, Any], include: Iterable[str] = ()) -> dict[str, Any]:
    """An account as a reply shows it."""
    wanted = set(include)
    shown = {**record, **dict.fromkeys(PARTS)}
    for name in ("defaults", "future_requirements", "identity", "requirements"):
        if name in wanted:
            shown[name] = record[name]
    kinds = [kind for kind in KINDS if f"configuration.{kind}" in wanted]
    if kinds:
        shown["configuration"] = {kind: record["configuration"][kind] if kind in kinds else None for kind in KINDS}
    return shown


def _values(params: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    names = ("contact_email", "contact_phone", "dashboard", "display_name")
    changes: dict[str, Any] = {name: params[name] for name in names if name in params}
    for name in ("defaults", "identity"):
        if name in params:
            changes[name] = _merged(record[name], params[name])
    if "metadata" in params:
        changes["metadata"] = v2.metadata(record["metadata"], params["metadata"])
    if "configuration" in params:
        configuration = _configured(_merged(record["configuration"], params["configuration"]))
        changes["configuration"] = configuration
        changes["applied_configurations"] = [
            kind for kind in KINDS if configuration[kind] and configuration[kind]["applied"]
        ]
    return changes


@twin.handler("PostV2CoreAccounts")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new account."""
    params = request.body or {}
    needs: dict[str, Any] = {"collector": "stripe", "entries": [], "summary": None}
    record: dict[str, Any] = {
        "id": ctx.new_id(ACCOUNT),
        "object": ACCOUNT,
        "applied_configurations": [],
        "closed": False,
        "configuration": dict.fromkeys(KINDS),
        "contact_email": None,
        "contact_phone": None,
        "created": v2.written(ctx.now),
        "dashboard": None,
        "defaults": None,
        "display_name": None,
        "future_requirements": needs,
        "identity": None,
        "livemode": False,
        "metadata": {},
        "requirements": needs,
    }
    record |= _values(params, record)
    ctx.store.insert(ACCOUNT, record, created=ctx.micros)
    destinations.tell(ctx, "v2.core.account.created", destinations.related(ACCOUNT, record["id"]))
    return _shown(record, params.get("include") or ())


@twin.handler("GetV2CoreAccounts")
@lookup.modelled
def list_all(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The accounts, by configuration; closed ones when they are asked for."""
    where = [Filter("closed", "=", bool(request.query.get("closed")))]
    found = v2.page(ctx, request, ACCOUNT, where)
    wanted = set(request.query.get("applied_configurations") or ())
    rows = [row for row in found["data"] if not wanted or wanted & set(row["applied_configurations"])]
    return {**found, "data": [_shown(row) for row in rows]}


def _one(ctx: Ctx, request: Request) -> dict[str, Any]:
    return lookup.in_path(ctx, ACCOUNT, request.path["id"])


@twin.handler("GetV2CoreAccountsId")
@lookup.modelled
def retrieve(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One account."""
    return _shown(_one(ctx, request), request.query.get("include") or ())


@twin.handler("PostV2CoreAccountsId")
@lookup.modelled
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change an account; each part that changed is told by itself."""
    params, record = request.body or {}, _one(ctx, request)
    changes = _values(params, record)
    changed = ctx.store.update(ACCOUNT, record["id"], **changes)
    about = destinations.related(ACCOUNT, record["id"])
    if any(changes[name] != record[name] for name in changes if name not in PARTS):
        destinations.tell(ctx, "v2.core.account.updated", about)
    for name in ("defaults", "identity"):
        if changes.get(name, record[name]) != record[name]:
            destinations.tell(ctx, f"v2.core.account[{name}].updated", about)
    for kind in KINDS:
        if changed["configuration"][kind] != record["configuration"][kind]:
            destinations.tell(ctx, f"v2.core.account[configuration.{kind}].updated", about)
    return _shown(changed, params.get("include") or ())


@twin.handler("PostV2CoreAccountsIdClose")
@lookup.modelled
def close(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Close an account."""
    record = _one(ctx, request)
    if record["closed"]:
        raise errors.invalid("This account is already closed.")
    changed = ctx.store.update(ACCOUNT, record["id"], closed=True)
    destinations.tell(ctx, "v2.core.account.closed", destinations.related(ACCOUNT, record["id"]))
    return _shown(changed)
