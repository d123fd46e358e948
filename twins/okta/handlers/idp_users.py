"""Users linked to identity providers: list, get, link, unlink, tokens of social providers, and a user's providers.

Source: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/IdentityProviderUsers/.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, Reply, Request
from twins.okta import errors, federation, listing, people, twin


def of(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The provider of a request. Raises E0000007."""
    found = ctx.store.find("identity_provider", request.path["idpId"])
    if found is None:
        raise errors.missing("identity_provider", request.path["idpId"])
    return found


def one(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The link of a request. Raises E0000007."""
    found = federation.link_of(ctx, str(of(ctx, request)["id"]), request.path["userId"])
    if found is None:
        raise errors.missing("user", request.path["userId"])
    return found


def shown(ctx: Ctx, row: Mapping[str, Any]) -> dict[str, Any]:
    """A link as replies show it."""
    idp, user = f"{ctx.base_url}/api/v1/idps/{row['idp']}", f"{ctx.base_url}/api/v1/users/{row['user']}"
    own = {"href": f"{idp}/users/{row['user']}", "hints": {"allow": ["GET", "DELETE"]}}
    return {
        "id": row["user"], "externalId": row["external"], "created": row["created"],
        "lastUpdated": row["lastUpdated"], "profile": row["profile"],
        "_links": {"self": own, "idp": {"href": idp}, "user": {"href": user}},
    }  # fmt: skip


@twin.handler("listIdentityProviderApplicationUsers")
def list_linked(ctx: Ctx, request: Request) -> Reply:
    """The users linked to a provider."""
    idp = str(of(ctx, request)["id"])
    limit, after = listing.limit_of(request, listing.Limits(20, 200)), request.query.get("after")
    rows, more = listing.find(ctx, "idp_user", (), limit=limit, parent=idp, after=f"{idp}/{after}" if after else None)
    return listing.reply(ctx, request, [shown(ctx, row) for row in rows], str(rows[-1]["user"]) if more else None)


@twin.handler("getIdentityProviderApplicationUser")
def get(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One of them."""
    return shown(ctx, one(ctx, request))


@twin.handler("linkUserToIdentityProvider")
def link(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Link a user without a sign-in. Raises E0000001 without an external id."""
    idp, user = str(of(ctx, request)["id"]), people.get(ctx, request.path["userId"])
    external = str((request.body or {}).get("externalId") or "")
    if not external:
        raise errors.validation("externalId", "externalId: The field cannot be left blank")
    return shown(ctx, federation.link(ctx, idp, user["id"], external, (request.body or {}).get("profile") or {}))


@twin.handler("unlinkUserFromIdentityProvider")
def unlink(ctx: Ctx, request: Request) -> Reply:
    """A link goes; the user stays."""
    ctx.store.delete("idp_user", one(ctx, request)["id"])
    return Reply(204)


@twin.handler("listSocialAuthTokens")
def tokens(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The tokens that a provider gave at the last sign-in of a user."""
    return list(one(ctx, request).get("tokens") or ())


@twin.handler("listUserIdentityProviders")
def of_user(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The providers that a user is linked to."""
    user = people.get(ctx, request.path["id"])
    rows = ctx.store.select("idp_user", [Filter("user", "=", user["id"])], order="oldest")
    held = [ctx.store.find("identity_provider", row["idp"]) for row in rows]
    return [ctx.show("identity_provider", each) for each in held if each is not None]
