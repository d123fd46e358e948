"""What a token hook's commands make of a token's claims. Pure functions.

Source: https://developer.okta.com/docs/reference/token-hook/ (the `op` notes: everything or nothing, which claims
belong to the system, lifetimes of five minutes to a day).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

SYSTEM = {
    "access": frozenset({"ver", "jti", "iss", "iat", "exp", "cid", "uid", "scp", "auth_time", "cnf"}),
    "identity": frozenset({
        "ver", "jti", "iss", "iat", "exp", "aud", "sub", "auth_time", "amr", "idp", "nonce", "at_hash", "c_hash", "sid",
    }),
}  # fmt: skip
"""Kind of token → its claims that no hook changes."""
LIFETIME = "/token/lifetime/expiration"
SHORTEST, LONGEST = 300, 86_400


class PatchError(ValueError):
    """A patch that cannot be done; then none of them is."""


def patched(claims: Mapping[str, Any], patches: Iterable[Any], kind: str) -> dict[str, Any]:
    """The claims of an `access` or `identity` token after the patches in order. Raises PatchError."""
    made = deepcopy(dict(claims))
    for patch in patches:
        for step in patch if isinstance(patch, list) else [patch]:
            if not isinstance(step, Mapping):
                raise PatchError("a patch is an object")
            _step(made, str(step.get("op")), str(step.get("path")), step.get("value"), SYSTEM[kind])
    return made


def _step(claims: dict[str, Any], op: str, path: str, value: Any, system: frozenset[str]) -> None:
    if op not in ("add", "replace", "remove") or (op == "remove" and value is not None):
        raise PatchError(f"{op} is no operation, or has a value")
    if path == LIFETIME:
        if op != "replace" or type(value) is not int or not SHORTEST <= value <= LONGEST:
            raise PatchError("a lifetime is replaced by 300 to 86400 seconds")
        claims["exp"] = claims["iat"] + value
        return
    root, *names = path.removeprefix("/").split("/")
    if root != "claims" or not names or not all(names) or names[0] in system:
        raise PatchError(f"{path} cannot be changed")
    parent: Any = claims
    for name in names[:-1]:
        parent = _child(parent, name)
    if isinstance(parent, dict):
        _member(parent, op, names[-1], value)
    elif isinstance(parent, list):
        _element(parent, op, names[-1], value)
    else:
        raise PatchError(f"{path} is in nothing")


def _child(parent: Any, name: str) -> Any:
    if isinstance(parent, dict) and name in parent:
        return parent[name]
    if isinstance(parent, list) and name.isdecimal() and int(name) < len(parent):
        return parent[int(name)]
    raise PatchError(f"there is no {name}")


def _member(parent: dict[str, Any], op: str, name: str, value: Any) -> None:
    if op != "add" and name not in parent:
        raise PatchError(f"there is no {name}")
    if op == "remove":
        del parent[name]
    else:
        parent[name] = value


def _element(parent: list[Any], op: str, name: str, value: Any) -> None:
    place = len(parent) if name == "-" else int(name) if name.isdecimal() else -1
    if not 0 <= place < len(parent) + (op == "add"):
        raise PatchError(f"there is no element {name}")
    if op == "add":
        parent.insert(place, value)
    elif op == "replace":
        parent[place] = value
    else:
        del parent[place]
