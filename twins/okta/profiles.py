"""User profiles: what must be there, what it may be, which attributes the schema has.

Source: https://developer.okta.com/docs/reference/api/users/#default-profile-properties. Imports: the twin.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from twinkit import Ctx
from twins.okta import errors

REQUIRED = ("login", "firstName", "lastName", "email")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+$|[^@\s]+@localhost$")
ALWAYS = ("mobilePhone", "secondEmail")


def checked(ctx: Ctx, profile: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The profile to store. Raises E0000001 with a cause for each field that is wrong."""
    schema = ctx.store.find("user_schema", "default") or {}
    required = [*REQUIRED, *(name for name in schema.get("required", ()) if name not in REQUIRED)]
    optional = set(schema.get("optional", ()))
    causes = [
        f"{name}: The field cannot be left blank"
        for name in required
        if name not in optional and profile.get(name) in (None, "")
    ]
    fields = [cause.partition(":")[0] for cause in causes]
    for name, words in (("login", "Username must be in the form of an email address"), ("email", "")):
        value = profile.get(name)
        if value and not EMAIL.match(str(value)):
            causes.append(f"{name}: {words or 'Does not match required pattern'}")
            fields.append(name)
    for name, rule in (schema.get("custom") or {}).items():
        value = profile.get(name)
        if value is not None and not fits(value, rule):
            causes.append(f"{name}: Does not match required pattern")
            fields.append(name)
    if causes:
        raise errors.validation(fields[0], *causes)
    made = {name: value for name, value in profile.items() if value is not None or name in ALWAYS}
    for name in ALWAYS:
        made.setdefault(name, before.get(name))
    return made


def fits(value: Any, rule: Mapping[str, Any]) -> bool:
    """Whether a value is of the type, enumeration and length that a custom attribute asks for."""
    kinds: dict[str, Any] = {"string": str, "boolean": bool, "integer": int, "number": (int, float), "array": list}
    kind = kinds.get(str(rule.get("type")))
    if kind is not None and (not isinstance(value, kind) or (isinstance(value, bool) and rule["type"] != "boolean")):
        return False
    if rule.get("enum") and value not in rule["enum"]:
        return False
    if isinstance(value, str):
        least, most = rule.get("minLength") or 0, rule.get("maxLength") or len(value)
        return int(least) <= len(value) <= int(most)
    return True
