"""User profiles: what must be there, what it may be, which attributes the schema has.

Source: https://developer.okta.com/docs/reference/api/users/#default-profile-properties. Imports: the twin.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from twinkit import Ctx
from twins.okta import errors, facts, schemas

PATTERN = "Does not match required pattern"
TAKEN = "An object with this field already exists in the current organization"
UNDEFINED = "The attribute is not defined in the schema"
EMAIL = r"[^@\s]+@[^@\s]+\.[^@\s.]+$|[^@\s]+@localhost$"
ALWAYS = ("mobilePhone", "secondEmail")


def checked(
    ctx: Ctx, profile: Mapping[str, Any] | None, before: Mapping[str, Any], type: str = facts.USER_TYPE, user: str = ""
) -> dict[str, Any]:
    """The profile to store. Raises E0000001 with a cause for each field that is wrong."""
    profile = profile or {}
    base, custom = schemas.attributes(ctx, "user", schemas.of_type(type))
    known = {**base, **custom}
    required = [name for name, rule in known.items() if rule.get("required")]
    required += [name for name in schemas.held(ctx, "user", schemas.of_type(type))["required"] if name not in required]
    for name, rule in known.items():
        fixed = {"READ_ONLY": "E0000077", "IMMUTABLE": "E0000078"}.get(str(rule.get("mutability")))
        first = fixed == "E0000078" and before.get(name) is None
        if fixed and profile.get(name) is not None and profile.get(name) != before.get(name) and not first:
            raise errors.error(fixed, name)
    causes = [f"{name}: The field cannot be left blank" for name in required if profile.get(name) in (None, "")]
    for name, value in profile.items():
        if value is None or value == "":
            continue
        if name not in known:
            causes.append(f"{name}: {UNDEFINED}")
        elif name in ("login", "email") and not known[name].get("pattern") and not re.match(EMAIL, str(value)):
            words = "Username must be in the form of an email address" if name == "login" else PATTERN
            causes.append(f"{name}: {words}")
        else:
            causes += schemas.objections(name, value, known[name])
            if known[name].get("unique") == "UNIQUE_VALIDATED" and schemas.taken(ctx, name, value, user):
                causes.append(f"{name}: {TAKEN}")
    if causes:
        raise errors.validation(causes[0].partition(":")[0], *causes)
    made = {name: value for name, value in profile.items() if value is not None or name in ALWAYS}
    for name in ALWAYS:
        made.setdefault(name, before.get(name))
    return made


def held_to(ctx: Ctx, kind: str, key: str, profile: Mapping[str, Any]) -> dict[str, Any]:
    """A profile that is held to its schema: a group's. Raises E0000001 with a cause for each field that is wrong."""
    base, custom = schemas.attributes(ctx, kind, key)
    known = {**base, **custom}
    needed = [name for name in schemas.held(ctx, kind, key)["required"] if profile.get(name) in (None, "")]
    causes = [f"{name}: The field cannot be left blank" for name in needed]
    for name, value in profile.items():
        if value is None or value == "":
            continue
        causes += schemas.objections(name, value, known[name]) if name in known else [f"{name}: {UNDEFINED}"]
    if causes:
        raise errors.validation(causes[0].partition(":")[0], *causes)
    return dict(profile)
