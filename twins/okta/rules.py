"""Group rules: who joins and leaves when a rule or a profile changes.

Source: https://developer.okta.com/docs/reference/api/groups/#group-rule-operations. Imports: the kit's public names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter
from twins.okta import people
from twins.okta.expressions import ExpressionError
from twins.okta.expressions import evaluate as value_of


def active(ctx: Ctx) -> list[dict[str, Any]]:
    """The rules in force."""
    return list(ctx.store.select("group_rule", [Filter("status", "=", "ACTIVE")]))


def targets(rule: Mapping[str, Any]) -> list[str]:
    """The groups a rule puts people into."""
    assign = (rule.get("actions") or {}).get("assignUserToGroups") or {}
    return list(assign.get("groupIds") or ())


def holds(ctx: Ctx, rule: Mapping[str, Any], user: Mapping[str, Any]) -> bool:
    """Whether a rule speaks of a user."""
    conditions = rule.get("conditions") or {}
    excluded = ((conditions.get("people") or {}).get("users") or {}).get("exclude") or []
    if user["id"] in excluded:
        return False
    text = str((conditions.get("expression") or {}).get("value") or "")
    names = {"user": {**user["profile"], "id": user["id"], "status": user["status"]}}
    try:
        return bool(text) and bool(value_of(text, names, people.groups_of(ctx, user["id"])))
    except ExpressionError:
        return False


def evaluate(ctx: Ctx, user: Mapping[str, Any]) -> None:
    """Apply every active rule to one user."""
    for rule in active(ctx):
        apply(ctx, rule, user)


def apply(ctx: Ctx, rule: Mapping[str, Any], user: Mapping[str, Any]) -> None:
    """Join or leave, as one rule says."""
    wanted = user["status"] != "DEPROVISIONED" and holds(ctx, rule, user)
    for group in targets(rule):
        if ctx.store.find("group", group) is None:
            continue
        if wanted:
            people.join(ctx, group, user["id"], str(rule["id"]))
        else:
            row = ctx.store.find("group_membership", f"{group}/{user['id']}")
            if row is not None and row.get("rule") == rule["id"]:
                people.leave(ctx, group, user["id"])


def apply_all(ctx: Ctx, rule: Mapping[str, Any]) -> None:
    """Apply one rule to everybody."""
    for user in list(ctx.store.select("user")):
        apply(ctx, rule, user)


def withdraw(ctx: Ctx, rule: Mapping[str, Any]) -> None:
    """End the memberships that a rule has made."""
    for row in list(ctx.store.select("group_membership", [Filter("rule", "=", rule["id"])])):
        people.leave(ctx, row["group"], row["user"])
