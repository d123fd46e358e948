"""Keys that hooks are signed with: the public half, and who uses them.

Source: https://developer.okta.com/docs/reference/api/hook-keys/.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Request
from twins.okta import errors, twin
from twins.okta.oauth import keys

MOST = 50


def public(row: dict[str, Any]) -> dict[str, Any]:
    """The public half of a key."""
    own = keys.public(sum(str(row["keyId"]).encode()) % keys.CLIENT_KEY)
    return {"kty": "RSA", "alg": "RSA", "kid": row["keyId"], "use": None, "e": own["e"], "n": own["n"]}


def named(ctx: Ctx, request: Request, record: dict[str, Any]) -> None:
    """A key has a name and an alias; there are 50 of them at most."""
    name = str(record.get("name") or "")
    if not 1 <= len(name) <= 255:
        raise errors.validation("name", "name: The field cannot be left blank" if not name else
                                "name: The field is too long")  # fmt: skip
    if request.method == "POST":
        if len(ctx.store.list("hook_key", limit=MOST).ids) >= MOST:
            raise errors.validation("hookKey", f"The total number of keys is limited to {MOST}.")
        record["keyId"] = ctx.new_id("{uuid}")
    else:
        record["keyId"] = ctx.store.get("hook_key", record["id"])["keyId"]


@twin.render("hook_key")
def render(ctx: Ctx, row: dict[str, Any]) -> dict[str, Any]:
    """A key, with its public half where it is not one of a list."""
    operation = ctx.request.operation if ctx.request is not None else None
    listed = operation is not None and operation.id == "listHookKeys"
    return row if listed else {**row, "_embedded": public(row)}


@twin.handler("getPublicKey")
def get_public(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The public half by its alias. Raises E0000007."""
    for row in ctx.store.select("hook_key"):
        if row["keyId"] == request.path["keyId"]:
            return public(row)
    raise errors.missing("hook_key", request.path["keyId"])
