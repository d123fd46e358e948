"""Applications: their life, secrets, keys and granted scopes. Source: https://developer.okta.com/docs/reference/api/apps/."""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Filter, Reply, Request
from twins.okta import apps, errors, listing, syslog, twin
from twins.okta.times import iso

APPS = listing.Limits(20, 200)
FILTERABLE = frozenset({"id", "status", "user.id", "group.id", "credentials.signing.kid", "name", "profile"})


@twin.render("application")
def render(ctx: Ctx, app: dict[str, Any]) -> dict[str, Any]:
    """An application with its links."""
    return apps.shown(ctx, app)


def of(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The application of a request. Raises E0000007."""
    found = ctx.store.find("application", request.path["appId"])
    if found is None:
        raise errors.missing("application", request.path["appId"])
    return found


def noted(ctx: Ctx, app: dict[str, Any], verb: str) -> None:
    """Note what became of an application."""
    target = syslog.target(app["id"], "AppInstance", app["label"], app["label"])
    syslog.write(ctx, f"application.lifecycle.{verb}", f"{verb.capitalize()} application", target)


@twin.handler("createApplication")
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new application; inactive with `activate=false`."""
    app = apps.record(ctx, request.body or {})
    if app["signOnMode"] != "OPENID_CONNECT" and apps.label_taken(ctx, app["label"]):
        raise errors.error("E0000040")
    if request.query.get("activate", True) is False:
        app["status"] = "INACTIVE"
    apps.store(ctx, app)
    noted(ctx, app, "create")
    return apps.shown(ctx, app)


@twin.handler("listApplications")
def list_apps(ctx: Ctx, request: Request) -> Reply:
    """Applications by `q` (beginning of name or label) or `filter`."""
    query = request.query
    shown_with = expanded(ctx, str(query.get("expand") or ""))
    word = str(query.get("q") or "").casefold()
    checks: list[Any] = []
    if word:
        checks.append(lambda app: any(str(app.get(name, "")).casefold().startswith(word) for name in ("name", "label")))
    if query.get("filter"):
        _, test = listing.filtered(str(query["filter"]), FILTERABLE)
        checks.append(lambda app: test(seen(ctx, app)))
    check = (lambda app: all(test(app) for test in checks)) if checks else None
    return listing.page(ctx, request, "application", limits=APPS, check=check, show=shown_with)


def expanded(ctx: Ctx, text: str) -> Any:
    """How applications are shown: `expand=user/{id}` embeds the assignment of a user. Raises E0000001 for others."""
    if not text:
        return None
    kind, _, id = text.partition("/")
    if kind != "user" or not id or not id.startswith("00u"):
        raise errors.validation("RequestParams", "Expand query is malformed.")

    def show(app: dict[str, Any]) -> dict[str, Any]:
        row = ctx.store.find("app_user", f"{app['id']}/{id}")
        own = {name: value for name, value in (row or {}).items() if not name.startswith("~")}
        return {**apps.shown(ctx, app), **({"_embedded": {"user": own}} if row is not None else {})}

    return show


def seen(ctx: Ctx, app: dict[str, Any]) -> dict[str, Any]:
    """An application as filters see it: with the ids of its users and groups."""
    users = [row["id"] for row in ctx.store.select("app_user", parent=app["id"])]
    groups = [row["id"] for row in ctx.store.select("application_group_assignment", parent=app["id"])]
    return {**app, "user": [{"id": id} for id in users], "group": [{"id": id} for id in groups]}


@twin.handler("getApplication")
def get(ctx: Ctx, request: Request) -> dict[str, Any]:
    """An application."""
    app, show = of(ctx, request), expanded(ctx, str(request.query.get("expand") or ""))
    return dict(show(app)) if show else apps.shown(ctx, app)


@twin.handler("uploadApplicationLogo")
def upload_logo(ctx: Ctx, request: Request) -> Reply:
    """The picture of an application that is there."""
    of(ctx, request)
    return ctx.generic(request)


@twin.handler("replaceApplication")
def replace(ctx: Ctx, request: Request) -> dict[str, Any]:
    """An application's new properties."""
    app, body = of(ctx, request), request.body or {}
    if not body.get("label"):
        raise errors.validation("label", "label: The field cannot be left blank")
    if body.get("signOnMode", app["signOnMode"]) != app["signOnMode"]:
        raise errors.error("E0000078", "signOnMode")
    for name in ("label", "profile"):
        if name in body:
            app[name] = body[name]
    for name in ("accessibility", "visibility", "settings", "credentials"):
        if isinstance(body.get(name), dict):
            app[name] = {**app[name], **body[name]}
    if app["signOnMode"] == "OPENID_CONNECT":
        held = ctx.store.get("application", app["id"])["credentials"]["oauthClient"]
        app["credentials"]["oauthClient"] = {**held, **(app["credentials"].get("oauthClient") or {})}
        app["credentials"], app["settings"] = apps.oauth_parts(ctx, app["id"], app["credentials"], app["settings"])
    app["lastUpdated"] = iso(ctx)
    ctx.store.replace("application", app["id"], app)
    noted(ctx, app, "update")
    return apps.shown(ctx, app)


@twin.handler("deleteApplication")
def delete(ctx: Ctx, request: Request) -> Reply:
    """An inactive application goes."""
    app = of(ctx, request)
    if app["status"] == "ACTIVE":
        raise errors.error("E0000056", causes=("The application must be deactivated before deletion.",))
    apps.remove(ctx, app)
    noted(ctx, app, "delete")
    return Reply(204)


@twin.handler("activateApplication", "deactivateApplication")
def turn(ctx: Ctx, request: Request) -> dict[str, Any]:
    """An application can be used, or it cannot."""
    verb = request.url_path.rpartition("/")[2]
    status = "ACTIVE" if verb == "activate" else "INACTIVE"
    app = ctx.store.update("application", of(ctx, request)["id"], status=status, lastUpdated=iso(ctx))
    noted(ctx, app, verb)
    return {}


# granted scopes ------------------------------------------------------------------------------------------------------


def grant_shown(ctx: Ctx, row: dict[str, Any]) -> dict[str, Any]:
    """A grant as replies show it."""
    visible = {name: value for name, value in row.items() if not name.startswith("~")}
    title = str(ctx.store.get("application", row["~app"])["label"])
    base = f"{ctx.base_url}/api/v1/apps/{row['~app']}"
    links = {
        "app": {"href": base, "title": title},
        "self": {"href": f"{base}/grants/{row['id']}", "hints": {"allow": ["GET", "DELETE"]}},
        "client": {"href": f"{ctx.base_url}/oauth2/v1/clients/{row['clientId']}", "title": title},
    }
    return {**visible, "issuer": row["issuer"] or ctx.base_url, "_links": links}


@twin.handler("listScopeConsentGrants")
def list_grants(ctx: Ctx, request: Request) -> Reply:
    """The scopes granted to an application."""
    return listing.page(ctx, request, "app_grant", parent=of(ctx, request)["id"],
                        show=lambda row: grant_shown(ctx, row))  # fmt: skip


@twin.handler("grantConsentToScope")
def grant(ctx: Ctx, request: Request) -> Reply:
    """Grant a scope."""
    app = of(ctx, request)
    scope = (request.body or {}).get("scopeId")
    if not scope:
        raise errors.validation("scopeId", "scopeId: The field cannot be left blank")
    if ctx.store.list("app_grant", [Filter("scopeId", "=", scope)], parent=app["id"], limit=1).ids:
        raise errors.taken("scopeId")
    made = grant_shown(ctx, apps.grant(ctx, app["id"], scope))
    return Reply(201, {**made, "_embedded": {"scope": {"id": scope}}})


def grant_of(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The grant of a request. Raises E0000007."""
    app = of(ctx, request)
    found = ctx.store.find("app_grant", request.path["grantId"])
    if found is None or found["~app"] != app["id"]:
        raise errors.missing("o_auth_2_scope_consent_grant", request.path["grantId"])
    return found


@twin.handler("getScopeConsentGrant")
def get_grant(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One of them."""
    return grant_shown(ctx, grant_of(ctx, request))


@twin.handler("revokeScopeConsentGrant")
def revoke_grant(ctx: Ctx, request: Request) -> Reply:
    """It is withdrawn."""
    ctx.store.delete("app_grant", grant_of(ctx, request)["id"])
    return Reply(204)
