"""The authenticators of an org with their settings, and the methods of each.

Source: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/Authenticator/; what a new org has
and how it is refused is seen in recordings of the service.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Request
from twins.okta import defaults, errors, twin
from twins.okta.families import Family, merged, register
from twins.okta.times import iso

ALWAYS = frozenset({"okta_email", "okta_password"})
"""Keys that every org has: they are not made."""


def check(ctx: Ctx, request: Request, record: dict[str, Any]) -> None:
    """A known authenticator, one of a kind; what an update leaves out stays. Raises E0000001, E0000157."""
    key = str(record.get("key") or "")
    if not key:
        raise errors.validation("key", "key: The field cannot be left blank")
    known = next((each for each in defaults.AUTHENTICATORS if each.key == key), None)
    held = ctx.store.find("authenticator", record["id"])
    if held is None:
        if key in ALWAYS:
            raise errors.validation(
                "com.okta.services.factors.iface.dto.AuthenticatorCatalog", "The field has an invalid value"
            )
        for other in ctx.store.select("authenticator"):
            if other.get("key") == key:
                raise errors.error("E0000157", key)
        record["~methods"] = {name: {**each} for name, each in known.methods.items()} if known else {}
    if known is not None:
        record["type"] = known.type
    settings = (held or {}).get("settings") or (known.settings if known else {})
    if settings or record.get("settings"):
        record["settings"] = merged(settings, record.get("settings") or {})


def links(ctx: Ctx, record: dict[str, Any], base: str) -> dict[str, Any]:
    """An authenticator is read and written; the password is never switched off, Okta Verify is enrolled elsewhere."""
    found: dict[str, Any] = {"self": {"href": base, "hints": {"allow": ["GET", "PUT"]}}}
    if record["key"] != "okta_password":
        step = "deactivate" if record["status"] == "ACTIVE" else "activate"
        found[step] = {"href": f"{base}/lifecycle/{step}", "hints": {"allow": ["POST"]}}
    found["methods"] = {"href": f"{base}/methods", "hints": {"allow": ["GET"]}}
    if record["key"] == "okta_verify":
        found["enroll"] = {"href": f"{ctx.base_url}/idp/authenticators", "hints": {"allow": ["POST"]}}
    return found


register(Family("authenticator", "Authenticator", "aut{alnum:17}", unique="", links=links, check=check, turned=False))


# methods -------------------------------------------------------------------------------------------------------------


def of(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The authenticator of a request. Raises E0000007."""
    id = str(request.path["authenticatorId"])
    found = ctx.store.find("authenticator", id)
    if found is None:
        raise errors.missing("authenticator", id)
    return found


def shown(ctx: Ctx, record: dict[str, Any], name: str) -> dict[str, Any]:
    """A method with its links; the only one of an authenticator follows it, so it is not switched itself."""
    methods = record["~methods"]
    base = f"{ctx.base_url}/api/v1/authenticators/{record['id']}/methods/{name}"
    found: dict[str, Any] = {"self": {"href": base, "hints": {"allow": ["GET", "PUT"]}}}
    status = methods[name].get("status", "ACTIVE")
    if len(methods) > 1 and (status == "INACTIVE" or active(record) > 1):
        step = "deactivate" if status == "ACTIVE" else "activate"
        found[step] = {"href": f"{base}/lifecycle/{step}", "hints": {"allow": ["POST"]}}
    return {"type": name, **methods[name], "status": status, "_links": found}


def active(record: dict[str, Any]) -> int:
    """How many methods of an authenticator can be used."""
    return sum(each.get("status", "ACTIVE") == "ACTIVE" for each in record["~methods"].values())


def named(record: dict[str, Any], request: Request) -> str:
    """The method of a request. Raises E0000007."""
    name = str(request.path["methodType"])
    if name not in record["~methods"]:
        raise errors.error("E0000007", f"Resource not found: {name} (AuthenticatorMethod)")
    return name


@twin.handler("listAuthenticatorMethods")
def list_methods(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The methods of an authenticator."""
    record = of(ctx, request)
    return [shown(ctx, record, name) for name in record["~methods"]]


@twin.handler("getAuthenticatorMethod")
def get_method(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One of them."""
    record = of(ctx, request)
    return shown(ctx, record, named(record, request))


@twin.handler("replaceAuthenticatorMethod", "activateAuthenticatorMethod", "deactivateAuthenticatorMethod")
def change(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A method's settings and status; the last active one stays (E0000107)."""
    record = of(ctx, request)
    name = named(record, request)
    method, body = record["~methods"][name], request.body or {}
    step = request.url_path.rpartition("/")[2]
    status = {"activate": "ACTIVE", "deactivate": "INACTIVE"}.get(step) or body.get("status") or method.get("status")
    if status == "INACTIVE" and method.get("status", "ACTIVE") == "ACTIVE" and active(record) == 1:
        raise errors.error("E0000107")
    changed = {**method, "status": status or "ACTIVE"}
    if body.get("settings"):
        changed["settings"] = merged(method.get("settings") or {}, body["settings"])
    record["~methods"] = {**record["~methods"], name: changed}
    record["lastUpdated"] = iso(ctx)
    ctx.store.replace("authenticator", record["id"], record)
    return shown(ctx, record, name)
