"""Secrets that apps keep for an account or a user.

Source: https://docs.stripe.com/api/apps/secret_store, https://docs.stripe.com/stripe-apps/store-secrets. Imports: the
kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import accounts, errors, listing, lookup, twin

SECRET, PAYLOAD = "apps.secret", "apps_secret_payload"
MOST = 10


def _scope(given: Any) -> dict[str, Any]:
    scope = dict(given) if isinstance(given, Mapping) else {}
    if scope.get("type") == "user" and not scope.get("user"):
        raise errors.missing("scope[user]")
    return scope


def _where(scope: Mapping[str, Any]) -> list[Filter]:
    return [Filter(f"scope.{name}", "=", value) for name, value in scope.items()]


def _found(ctx: Ctx, params: Mapping[str, Any]) -> dict[str, Any] | None:
    where = [Filter("name", "=", params["name"]), *_where(_scope(params.get("scope")))]
    return next(ctx.store.select(SECRET, where), None)


@twin.handler("PostAppsSecrets")
@lookup.modelled
def keep(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Keep a secret, in place of what its name stood for. Raises 400 for one too many."""
    params = request.body or {}
    scope, old = _scope(params["scope"]), _found(ctx, params)
    if old is not None:
        ctx.store.delete(SECRET, old["id"])
    elif ctx.store.count(SECRET, _where(scope)) >= MOST:
        raise errors.invalid(f"You can keep up to {MOST} secrets in a scope.", "name")
    record = {
        "id": ctx.new_id(SECRET),
        "object": SECRET,
        "created": ctx.now,
        "expires_at": params.get("expires_at"),
        "livemode": False,
        "name": params["name"],
        "scope": scope,
    }
    ctx.store.insert(SECRET, record, created=ctx.micros)
    ctx.store.insert(PAYLOAD, {"payload": params["payload"]}, id=str(record["id"]))
    if record["expires_at"]:
        ctx.schedule("secret_expires", {"id": record["id"]}, at=record["expires_at"])
    return record


@accounts.timer("secret_expires")
def expires(ctx: Ctx, data: dict[str, Any]) -> None:
    """A secret has come to its end."""
    if ctx.store.find(SECRET, data["id"]) is not None:
        ctx.store.delete(SECRET, data["id"])


@twin.handler("GetAppsSecretsFind")
@lookup.modelled
def find(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The secret of a name; what it says is shown to who asks for it."""
    found = _found(ctx, request.query)
    if found is None:
        raise errors.no_such("secret", str(request.query["name"]), "name")
    return found


@twin.handler("PostAppsSecretsDelete")
@lookup.modelled
def delete(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Forget a secret."""
    found = _found(ctx, request.body or {})
    if found is None:
        raise errors.no_such("secret", str((request.body or {})["name"]), "name")
    ctx.store.delete(SECRET, found["id"])
    return {**found, "deleted": True}


@twin.handler("GetAppsSecrets")
@lookup.modelled
def list_all(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The secrets of a scope."""
    return listing.page(ctx, request, SECRET, _where(_scope(request.query.get("scope"))))
