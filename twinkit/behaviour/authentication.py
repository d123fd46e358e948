"""Who is asking: the twin's own hook, else by the overlay's `auth`, else by the contract's security schemes.

Imports: contract (model), errors.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs

from twinkit.behaviour.ctx import Ctx
from twinkit.behaviour.request import Principal, Request


def authenticate(ctx: Ctx, request: Request) -> Principal | None:
    """The principal of a request; None when the operation needs none. Raises the service's own error.

    An alternative of the declared security needs all its schemes; any `Authorization` will do in place of all of them.
    """
    hook = ctx.twin.single.get("authenticate")
    if hook:
        found: Principal | None = hook(ctx, request)
        return found
    requirements = _requirements(ctx, request)
    if not requirements or ctx.twin.compiled.auth.get("accepts") == "none":
        return None
    schemes = ctx.twin.index.security_schemes
    for requirement in requirements:
        keys = {name: credential(schemes[name], request) for name in requirement if name in schemes}
        if all(keys.values()):
            name, key = next(iter(keys.items()))
            return Principal(key, kind=str(schemes[name].get("type", "key")))
    header = request.headers.get("authorization", "")
    if header:
        return Principal(header.partition(" ")[2] or header, kind="authorization")
    raise ctx.error("unauthorized", f"credentials are missing; send {_wanted(requirements, schemes)}")


def _requirements(ctx: Ctx, request: Request) -> tuple[Mapping[str, Any], ...]:
    operation = request.operation
    declared = operation.security if operation else None
    requirements = ctx.twin.index.security if declared is None else declared
    if any(not requirement for requirement in requirements):
        return ()
    known = ctx.twin.index.security_schemes
    return tuple(requirement for requirement in requirements if any(name in known for name in requirement))


def credential(scheme: Mapping[str, Any], request: Request) -> str:
    """The credential that a request carries for a security scheme; the empty string when it carries none.

    A client certificate cannot be seen here: one is taken to have been shown.
    """
    kind = scheme.get("type")
    if kind == "apiKey":
        return _api_key(str(scheme.get("name", "")), str(scheme.get("in", "header")), request)
    if kind == "mutualTLS":
        return "certificate"
    header = request.headers.get("authorization", "")
    word, _, rest = header.partition(" ")
    if kind == "basic" or (kind == "http" and str(scheme.get("scheme", "")).lower() == "basic"):
        return basic_user(rest) if word.lower() == "basic" else ""
    return rest.strip() or word


def _api_key(name: str, place: str, request: Request) -> str:
    if place == "query":
        value = parse_qs(request.raw_query.decode("latin-1")).get(name, [""])[0]
        return value or str(request.query.get(name, ""))
    if place == "cookie":
        pairs = (pair.strip().partition("=") for pair in request.headers.get("cookie", "").split(";"))
        return next((value for key, _, value in pairs if key == name), "")
    return request.headers.get(name.lower(), "")


def basic_user(encoded: str) -> str:
    """The user name (or, when that is empty, the password) of HTTP basic credentials; empty when they are malformed."""
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    user, _, password = text.partition(":")
    return user or password


def _wanted(requirements: tuple[Mapping[str, Any], ...], schemes: Mapping[str, Mapping[str, Any]]) -> str:
    def words() -> Iterator[str]:
        for name in dict.fromkeys(name for requirement in requirements for name in requirement):
            scheme = schemes.get(name, {})
            if scheme.get("type") == "apiKey":
                yield f"{scheme.get('name')} in the {scheme.get('in')}"
            elif scheme.get("type") == "basic" or scheme.get("scheme") == "basic":
                yield "Authorization: Basic …"
            else:
                yield "Authorization: Bearer …"

    return " or ".join(dict.fromkeys(words()))
