"""Profile schemas of users and groups: the attributes of every org, those added, and what they say of a value.

Source: https://developer.okta.com/docs/reference/api/schemas/. Imports: the kit's public names, facts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter
from twins.okta import errors, facts
from twins.okta.times import iso

WRITE, READ, HIDE = "READ_WRITE", "READ_ONLY", "HIDE"
USER: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("login", "Username", READ, {"required": True, "minLength": 5, "maxLength": 100}),
    ("firstName", "First name", WRITE, {"required": True, "minLength": 1, "maxLength": 50}),
    ("lastName", "Last name", WRITE, {"required": True, "minLength": 1, "maxLength": 50}),
    ("middleName", "Middle name", READ, {}),
    ("honorificPrefix", "Honorific prefix", READ, {}),
    ("honorificSuffix", "Honorific suffix", READ, {}),
    ("email", "Primary email", WRITE, {"required": True, "format": "email"}),
    ("title", "Title", READ, {}),
    ("displayName", "Display name", READ, {}),
    ("nickName", "Nickname", READ, {}),
    ("profileUrl", "Profile Url", READ, {"format": "uri"}),
    ("secondEmail", "Secondary email", WRITE, {"format": "email"}),
    ("mobilePhone", "Mobile phone", WRITE, {"maxLength": 100}),
    ("primaryPhone", "Primary phone", HIDE, {"maxLength": 100}),
    ("streetAddress", "Street address", HIDE, {}),
    ("city", "City", HIDE, {}),
    ("state", "State", HIDE, {}),
    ("zipCode", "Zip code", HIDE, {}),
    ("countryCode", "Country code", HIDE, {"format": "country-code"}),
    ("postalAddress", "Postal Address", HIDE, {}),
    ("preferredLanguage", "Preferred language", READ, {"format": "language-code"}),
    ("locale", "Locale", READ, {"format": "locale"}),
    ("timezone", "Time zone", READ, {"format": "timezone"}),
    ("userType", "User type", READ, {}),
    ("employeeNumber", "Employee number", READ, {}),
    ("costCenter", "Cost center", READ, {}),
    ("organization", "Organization", READ, {}),
    ("division", "Division", READ, {}),
    ("department", "Department", READ, {}),
    ("managerId", "ManagerId", READ, {}),
    ("manager", "Manager", READ, {}),
)
"""Name, title, what the user may do, and the rest of every base attribute."""
GROUP: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("name", "Name", WRITE, {"description": "Name", "required": True, "maxLength": 255}),
    ("description", "Description", WRITE, {"description": "Description", "maxLength": 1024}),
)
KINDS: dict[str, Any] = {"string": str, "boolean": bool, "integer": int, "number": (int, float), "array": list}


def base(rows: tuple[tuple[str, str, str, dict[str, Any]], ...]) -> dict[str, Any]:
    """The attributes that every org has."""
    found: dict[str, Any] = {}
    for name, title, action, more in rows:
        rest = {"mutability": "READ_WRITE", "scope": "NONE", **more}
        allowed = [{"principal": "SELF", "action": action}]
        found[name] = {"title": title, "type": "string", **rest, "permissions": allowed}
        if rows is GROUP:
            found[name]["master"] = {"type": "PROFILE_MASTER"}
    return found


def key_of(ctx: Ctx, id: str) -> str:
    """The key of a user schema by what a path says of it. Raises E0000007."""
    if id in ("default", f"osc{facts.USER_TYPE[3:]}"):
        return "default"
    type = f"oty{id[3:]}"
    if not id.startswith("osc") or ctx.store.find("user_type", type) is None:
        raise errors.error("E0000007", f"Resource not found: {id} (Schema)")
    return type


def of_type(type: str) -> str:
    """The key of the schema of a user type."""
    return "default" if type == facts.USER_TYPE else type


def held(ctx: Ctx, kind: str, key: str) -> dict[str, Any]:
    """A schema's own part: custom attributes, and changes to the base ones."""
    found = ctx.store.find(f"{kind}_schema", key)
    now = iso(ctx)
    return found or {"custom": {}, "base": {}, "required": [], "created": now, "lastUpdated": now}


def attributes(ctx: Ctx, kind: str, key: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """(base, custom) attributes by name."""
    own = held(ctx, kind, key)
    rows = base(USER if kind == "user" else GROUP)
    for name, changes in own["base"].items():
        if name in rows:
            rows[name] = {**rows[name], **changes}
    return rows, dict(own["custom"])


def change(ctx: Ctx, kind: str, key: str, definitions: Mapping[str, Any]) -> None:
    """Add, change or (with null) remove attributes."""
    own = held(ctx, kind, key)
    given = (definitions.get("custom") or {}).get("properties") or {}
    for name, attribute in given.items():
        if attribute is None:
            own["custom"].pop(name, None)
            continue
        constants = [one.get("const") for one in attribute.get("oneOf") or ()]
        if constants and attribute.get("enum") and list(attribute["enum"]) != constants:
            raise errors.error("E0000123")
        if attribute.get("type") not in KINDS:
            raise errors.validation(name, f"{name}.type: The field cannot be left blank")
        usual = {"mutability": "READ_WRITE", "scope": "NONE"}
        allowed = [{"principal": "SELF", "action": READ}]
        kept = {each: value for each, value in attribute.items() if value is not None}
        own["custom"][name] = {**usual, "permissions": allowed, **(own["custom"].get(name) or {}), **kept}
    for name, attribute in ((definitions.get("base") or {}).get("properties") or {}).items():
        wanted = {each: value for each, value in (attribute or {}).items() if value is not None}
        own["base"][name] = {**(own["base"].get(name) or {}), **wanted}
    own["required"] = (definitions.get("custom") or {}).get("required") or own["required"]
    own["lastUpdated"] = iso(ctx)
    if ctx.store.find(f"{kind}_schema", key) is None:
        ctx.store.insert(f"{kind}_schema", own, id=key)
    else:
        ctx.store.replace(f"{kind}_schema", key, own)


def shown(ctx: Ctx, kind: str, key: str) -> dict[str, Any]:
    """A schema as replies show it."""
    rows, custom = attributes(ctx, kind, key)
    own = held(ctx, kind, key)
    at = f"{ctx.base_url}/api/v1/meta"
    type = facts.USER_TYPE if key == "default" else key
    words = {"user": ("User", "Okta user profile template with default permission settings"),
             "group": ("Okta group", "Okta group profile template")}[kind]  # fmt: skip
    links: dict[str, Any] = {"self": {"rel": "self", "href": f"{at}/schemas/group/default", "method": "GET"}}
    if kind == "user":
        links = {
            "self": {"rel": "self", "href": f"{at}/schemas/user/osc{type[3:]}", "method": "GET"},
            "type": {"rel": "type", "href": f"{at}/types/user/{type}", "method": "GET"},
        }
    required = [name for name, row in rows.items() if row.get("required")]
    return {
        "id": f"{ctx.base_url}/meta/schemas/{kind}/{key if key == 'default' else f'osc{key[3:]}'}",
        "$schema": "http://json-schema.org/draft-04/schema#", "name": kind, "title": words[0], "description": words[1],
        "lastUpdated": own["lastUpdated"], "created": own["created"],
        "definitions": {
            "custom": {"id": "#custom", "type": "object", "properties": custom, "required": own["required"]},
            "base": {"id": "#base", "type": "object", "properties": rows, "required": required},
        },
        "type": "object",
        "properties": {"profile": {"allOf": [{"$ref": "#/definitions/custom"}, {"$ref": "#/definitions/base"}]}},
        "_links": links,
    }  # fmt: skip


# what a schema says of a profile --------------------------------------------------------------------------------------


def objections(name: str, value: Any, rule: Mapping[str, Any]) -> list[str]:
    """What is wrong with a value that an attribute is given."""
    kind = KINDS.get(str(rule.get("type")))
    if kind is not None and (not isinstance(value, kind) or (isinstance(value, bool) and rule["type"] != "boolean")):
        return [f"{name}: Does not match required pattern"]
    for each in value if isinstance(value, list) else [value]:
        item = (rule.get("items") or rule) if isinstance(value, list) else rule
        allowed = item.get("enum") or [one.get("const") for one in item.get("oneOf") or ()]
        if allowed and each not in allowed:
            return [f"{name}: The value is not one of the permitted ones"]
        if isinstance(each, str) and item.get("pattern") and not re.fullmatch(str(item["pattern"]), each):
            return [f"{name}: Does not match required pattern"]
    if isinstance(value, str):
        if len(value) < int(rule.get("minLength") or 0):
            return [f"{name}: The field is too short"]
        if rule.get("maxLength") and len(value) > int(rule["maxLength"]):
            return [f"{name}: The field is too long"]
    elif isinstance(value, int | float) and not isinstance(value, bool):
        low, high = rule.get("minimum"), rule.get("maximum")
        if (low is not None and value < low) or (high is not None and value > high):
            return [f"{name}: The value is out of range"]
    return []


def taken(ctx: Ctx, name: str, value: Any, user: str) -> bool:
    """Whether another user has the value of an attribute that is unique."""
    rows = ctx.store.select("user", [Filter(f"profile.{name}", "=", value)])
    return any(row["id"] != user for row in rows)
