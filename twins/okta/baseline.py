"""The first records of an org: people, groups, user type, an OAuth app of each kind, the `default` server, policies.

Source: https://developer.okta.com/docs/concepts/okta-organizations/ (what a new org has). Imports: the twin, facts.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx
from twins.okta import apps, authz, defaults, facts, people, twin
from twins.okta.times import iso


@twin.baseline
def baseline(ctx: Ctx) -> None:
    """Lay down what is there without set-up."""
    now = iso(ctx)
    put(ctx, "user_type", facts.USER_TYPE, {
        "displayName": "User", "name": "user",
        "description": "Okta user profile template with default permission settings",
        "createdBy": "sprTwinkit", "lastUpdatedBy": "sprTwinkit", "created": now, "lastUpdated": now, "default": True,
    })  # fmt: skip
    put(
        ctx, "group", facts.EVERYONE, people.group_record(ctx, "Everyone", "All users in your organization", "BUILT_IN")
    )
    for id, first, last, login in facts.USERS:
        people.add(ctx, id, first, last, login, facts.PASSWORD)
    for id, name, text, members in facts.GROUPS:
        put(ctx, "group", id, people.group_record(ctx, name, text))
        for member in members:
            people.join(ctx, id, member)
    authz.default_server(ctx)
    apps.baseline(ctx)
    defaults.policies(ctx)
    defaults.org(ctx)
    from twins.okta.handlers import brands

    brands.baseline(ctx)


def put(ctx: Ctx, resource: str, id: str, record: dict[str, Any]) -> None:
    """Store a first record under a fixed id."""
    ctx.store.insert(resource, {**record, "id": id}, id=id, created=ctx.micros)
