"""Applications as records: what a new one gets by its sign-on mode, OAuth clients, and those of the baseline.

Source: https://developer.okta.com/docs/reference/api/apps/. Imports: the kit's public names, facts.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter
from twins.okta import errors, facts
from twins.okta.times import iso

MODES = {
    "OPENID_CONNECT": "oidc_client",
    "BOOKMARK": "bookmark",
    "BASIC_AUTH": "template_basic_auth",
    "BROWSER_PLUGIN": "template_swa",
    "SECURE_PASSWORD_STORE": "template_sps",
    "WS_FEDERATION": "template_wsfed",
    "AUTO_LOGIN": "custom_swa",
    "SAML_2_0": "custom_saml",
    "SAML_1_1": "custom_saml",
}
LINKS = {
    "OPENID_CONNECT": "oidc_client_link",
    "BASIC_AUTH": "login",
    "BROWSER_PLUGIN": "login",
}
"""Sign-on mode → name of the link that opens an application."""
NAMED = {name: mode for mode, name in MODES.items() if mode != "SAML_1_1"} | {"template_swa3field": "BROWSER_PLUGIN"}
"""Name of a template → its sign-on mode, where a new application does not say it."""
SCHEMED = frozenset({"BASIC_AUTH", "BROWSER_PLUGIN", "SECURE_PASSWORD_STORE", "AUTO_LOGIN"})
"""Modes whose users have a password at the application."""
SIGNED = frozenset({"OPENID_CONNECT", "SAML_2_0", "SAML_1_1", "WS_FEDERATION"})
"""Modes that sign with a key of the application."""
PLACES = {"oidc_client": "aln177a159h7Zf52X0g8", "template_swa": "2357", "template_swa3field": "3287",
          "template_sps": "2355", "template_basic_auth": "2873"}  # fmt: skip
"""Name of a template → the last part of the address that opens an application."""
PICTURES = {"bookmark": "bookmark-app.b81c03e2607468e5b5f9c9351c99313e.png"}
PICTURE = "default.6770228fb0dab49a1695ef440a5279bb.png"
GRANTS = {
    "web": ["authorization_code"],
    "browser": ["authorization_code"],
    "native": ["authorization_code"],
    "service": ["client_credentials"],
}
LOGOUT = {"status": "DISABLED", "supportType": "FULL", "identityStack": "NOT_SHARED",
          "protocol": "GLOBAL_TOKEN_REVOCATION"}  # fmt: skip
LOGGED_OUT = frozenset({"OPENID_CONNECT", "SAML_2_0"})
SAML: dict[str, Any] = {
    "defaultRelayState": None, "idpIssuer": "http://www.okta.com/${org.externalKey}", "spIssuer": None,
    "requestCompressed": False, "attributeStatements": [], "inlineHooks": [], "assertionEncryption": {"enabled": False},
    "allowMultipleAcsEndpoints": False, "acsEndpoints": [], "samlSignedRequestEnabled": False,
    "slo": {"enabled": False},
}  # fmt: skip
"""What a SAML application leaves out; empty overrides are not kept."""
METHODS = {"browser": "none", "native": "none"}


def record(ctx: Ctx, body: Mapping[str, Any], *, id: str = "") -> dict[str, Any]:
    """A new application from what was sent. Raises E0000001."""
    mode = str(body.get("signOnMode") or NAMED.get(str(body.get("name")), ""))
    if mode not in MODES:
        blank = "The field cannot be left blank" if not mode else "Does not match required pattern"
        raise errors.validation("signOnMode", f"signOnMode: {blank}")
    if not body.get("label"):
        raise errors.validation("label", "label: The field cannot be left blank")
    id = id or ctx.new_id("application")
    now, name = iso(ctx), str(body.get("name") or own_name(ctx, mode, str(body["label"])))
    link = LINKS.get(mode, "login") if name == MODES[mode] or body.get("name") else f"{name}_link"
    app: dict[str, Any] = {
        "id": id,
        "orn": f"orn:okta:idp:{facts.ORG_ID}:apps:{name}:{id}",
        "name": name,
        "label": body["label"],
        "status": "ACTIVE",
        "lastUpdated": now,
        "created": now,
        "accessibility": {"selfService": False, "errorRedirectUrl": None, "loginRedirectUrl": None},
        "visibility": {
            "autoLaunch": False, "autoSubmitToolbar": False,
            "hide": dict.fromkeys(("iOS", "web"), mode == "OPENID_CONNECT"),
            "appLinks": {link: True},
        },
        "features": [],
        "signOnMode": mode,
        "credentials": {
            **({"scheme": "EDIT_USERNAME_AND_PASSWORD", "revealPassword": False} if mode in SCHEMED else {}),
            "userNameTemplate": {"template": "${source.login}", "type": "BUILT_IN"},
            "signing": {"kid": first_kid(id)} if mode in SIGNED else {},
        },
        "universalLogout": {**LOGOUT} if mode in LOGGED_OUT else {"status": "UNSUPPORTED"},
        "settings": {
            "app": {}, "manualProvisioning": False, "implicitAssignment": False, "emOptInStatus": "NONE",
            "notifications": {"vpn": {"network": {"connection": "DISABLED"}, "message": None, "helpUrl": None}},
            "notes": {"admin": None, "enduser": None},
        },
    }  # fmt: skip
    for name in ("accessibility", "visibility", "settings", "credentials", "profile", "licensing"):
        if isinstance(body.get(name), Mapping):
            app[name] = {**(app.get(name) or {}), **body[name]}
    if mode == "OPENID_CONNECT":
        app["credentials"], app["settings"] = oauth_parts(ctx, id, app["credentials"], app["settings"])
    if mode == "SAML_2_0":
        given = {name: value for name, value in (app["settings"].get("signOn") or {}).items() if value != ""}
        app["settings"]["signOn"] = {**SAML, **given}
    return app


def own_name(ctx: Ctx, mode: str, label: str) -> str:
    """The name of an application that is of no template: the org's, the label's letters and digits, a number."""
    if mode not in ("SAML_2_0", "SAML_1_1", "AUTO_LOGIN"):
        return MODES[mode]
    stem = f"twinkit_{''.join(each for each in label.lower() if each.isalnum())}"
    names = {app["name"] for app in ctx.store.select("application")}
    return next(f"{stem}_{number}" for number in range(1, len(names) + 2) if f"{stem}_{number}" not in names)


def oauth_parts(
    ctx: Ctx, id: str, credentials: Mapping[str, Any], settings: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """credentials and settings of an OAuth client with their defaults. Raises E0000001."""
    settings_client: dict[str, Any] = dict(settings.get("oauthClient") or {})
    kind = settings_client.setdefault("application_type", "web")
    grants = settings_client.setdefault("grant_types", list(GRANTS.get(kind, GRANTS["web"])))
    redirected = bool({"authorization_code", "implicit"} & set(grants))
    settings_client.setdefault("response_types", ["code"] if "authorization_code" in grants else ["token"])
    settings_client = {"client_uri": None, "logo_uri": None, "wildcard_redirect": "DISABLED", **settings_client}
    settings_client.setdefault("consent_method", "TRUSTED")
    settings_client.setdefault("issuer_mode", "DYNAMIC")
    settings_client.setdefault("idp_initiated_login", {"mode": "DISABLED", "default_scope": []})
    settings_client.setdefault("dpop_bound_access_tokens", False)
    if "refresh_token" in grants:
        turns = {"rotation_type": "ROTATE", "leeway": 0} if kind == "browser" else {"rotation_type": "STATIC"}
        settings_client.setdefault("refresh_token", turns)
    if redirected and not settings_client.get("redirect_uris"):
        name = "settings.oauthClient.redirect_uris"
        raise errors.validation(name, f"{name}: The field cannot be left blank")
    client: dict[str, Any] = {"autoKeyRotation": True, **(credentials.get("oauthClient") or {})}
    method = client.setdefault("token_endpoint_auth_method", METHODS.get(kind, "client_secret_basic"))
    client.setdefault("client_id", id)
    client.setdefault("pkce_required", kind in ("browser", "native"))
    if method.startswith("client_secret") and not client.get("client_secret"):
        client["client_secret"] = ctx.token("alnum", 64)
    taken = ctx.store.find("oauth_client_id", client["client_id"])
    if taken is not None and taken["app"] != id:
        raise errors.taken("client_id")
    return {**credentials, "oauthClient": client}, {**settings, "oauthClient": settings_client}


def store(ctx: Ctx, app: dict[str, Any]) -> dict[str, Any]:
    """Store a new application, and its client id where it is looked up."""
    ctx.store.insert("application", app, id=app["id"], created=ctx.micros)
    client = (app["credentials"].get("oauthClient") or {}).get("client_id")
    if client:
        ctx.store.insert("oauth_client_id", {"app": app["id"]}, id=client)
    return app


def remove(ctx: Ctx, app: Mapping[str, Any]) -> None:
    """An application goes, with its assignments."""
    for resource in ("app_user", "application_group_assignment"):
        for row in list(ctx.store.select(resource, parent=app["id"])):
            ctx.store.delete(resource, row["~key"])
    client = (app["credentials"].get("oauthClient") or {}).get("client_id")
    if client and ctx.store.find("oauth_client_id", client) is not None:
        ctx.store.delete("oauth_client_id", client)
    ctx.store.delete("application", app["id"])


def client(ctx: Ctx, client_id: str) -> dict[str, Any] | None:
    """The application with this OAuth client id."""
    held = ctx.store.find("oauth_client_id", client_id) if client_id else None
    return ctx.store.find("application", held["app"]) if held else None


def shown(ctx: Ctx, app: Mapping[str, Any]) -> dict[str, Any]:
    """An application with its links; secrets are shown to whoever may read it, as the service does."""
    base = f"{ctx.base_url}/api/v1/apps/{app['id']}"
    step = "deactivate" if app["status"] == "ACTIVE" else "activate"
    name = next((each for each in app["visibility"].get("appLinks") or ()), "login")
    policies = {row["type"]: row["id"] for row in ctx.store.select("policy") if row["system"]}
    picture = PICTURES.get(app["name"], PICTURE)
    policies |= app.get("~policies") or {}
    links: dict[str, Any] = {
        "uploadLogo": {"href": f"{base}/logo", "hints": {"allow": ["POST"]}},
        "appLinks": [{"name": name, "href": f"{ctx.base_url}{opened(app)}", "type": "text/html"}],
        "profileEnrollment": {"href": f"{ctx.base_url}/api/v1/policies/{policies.get('PROFILE_ENROLLMENT')}"},
        "policies": {"href": f"{base}/policies", "hints": {"allow": ["PUT"]}},
        "groups": {"href": f"{base}/groups"},
        "logo": [{"name": "medium", "href": f"{ctx.base_url}/assets/img/logos/{picture}", "type": "image/png"}],
        "accessPolicy": {"href": f"{ctx.base_url}/api/v1/policies/{policies.get('ACCESS_POLICY')}"},
        "users": {"href": f"{base}/users"},
        step: {"href": f"{base}/lifecycle/{step}"},
    }  # fmt: skip
    if app["signOnMode"] == "OPENID_CONNECT":
        links["clientCredentials"] = [{"name": "secrets", "href": f"{base}/credentials/secrets"}]
    if app["signOnMode"] == "SAML_2_0":
        place = f"/app/{app['name']}/{app['id']}/setup/help/SAML_2_0/instructions"
        links["help"] = {"href": f"{ctx.base_url}{place}", "type": "text/html"}
        links["metadata"] = {"href": f"{base}/sso/saml/metadata", "type": "application/xml"}
    return {**{name: value for name, value in app.items() if not name.startswith("~")}, "_links": links}


def first_kid(app: str) -> str:
    """The id of the key that an application signs with until it gets another."""
    return base64.urlsafe_b64encode(hashlib.sha256(app.encode()).digest()).decode().rstrip("=")


def opened(app: Mapping[str, Any]) -> str:
    """The path that opens an application."""
    usual = "2557" if app["name"] in NAMED else f"aln{app['id'][3:]}"
    return f"/home/{app['name']}/{app['id']}/{PLACES.get(app['name'], usual)}"


def assigned(ctx: Ctx, app: str, user: str) -> bool:
    """Whether a user is assigned to an application, directly or by a group."""
    return ctx.store.find("app_user", f"{app}/{user}") is not None or assigned_by_group(ctx, app, user)


def assigned_by_group(ctx: Ctx, app: str, user: str) -> bool:
    """Whether a group of a user is assigned to an application."""
    from twins.okta import people

    groups = people.group_ids(ctx, user)
    return any(ctx.store.find("application_group_assignment", f"{app}/{group}") is not None for group in groups)


def label_taken(ctx: Ctx, label: str, id: str = "") -> bool:
    """Whether another application has this label."""
    return any(app["id"] != id for app in ctx.store.select("application", [Filter("label", "=", label)]))


# the baseline --------------------------------------------------------------------------------------------------------

CODE = ["authorization_code", "interaction_code", "refresh_token"]
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
CIBA = "urn:openid:params:grant-type:ciba"


def baseline(ctx: Ctx) -> None:
    """An OAuth app of each kind, everybody assigned, and a bookmark."""
    web = {"application_type": "web", "grant_types": [*CODE, "implicit", "password", CIBA], "response_types": ["code"]}
    make(ctx, facts.WEB_CLIENT[0], "Web app", web, "client_secret_basic", facts.WEB_CLIENT[1])
    spa = {"application_type": "browser", "grant_types": [*CODE, "implicit"], "response_types": ["code"]}
    make(ctx, facts.SPA_CLIENT, "Single-page app", spa, "none")
    native = {"application_type": "native", "grant_types": [*CODE, "password", DEVICE, EXCHANGE]}
    make(ctx, facts.NATIVE_CLIENT, "Native app", native, "none")
    service = {"application_type": "service", "grant_types": ["client_credentials", EXCHANGE],
               "response_types": ["token"]}  # fmt: skip
    make(ctx, facts.SERVICE_CLIENT[0], "Service app", service, "client_secret_basic", facts.SERVICE_CLIENT[1])
    make(ctx, facts.JWT_CLIENT, "Service app with a key", {**service, "jwks": {"keys": [test_key()]}},
         "private_key_jwt")  # fmt: skip
    grants = ("okta.users.read", "okta.users.manage", "okta.groups.read", "okta.groups.manage", "okta.apps.read",
              "okta.apps.manage", "okta.logs.read")  # fmt: skip
    for scope in grants:
        grant(ctx, facts.JWT_CLIENT, scope)


def test_key() -> dict[str, Any]:
    """The public half of the key that the client with a key signs with (the private half is in docs/okta.md)."""
    from twins.okta.oauth import keys

    return {**keys.public(keys.CLIENT_KEY), "kid": "twinkit-client-key", "use": "sig", "status": "ACTIVE"}


def make(ctx: Ctx, id: str, label: str, settings: dict[str, Any], method: str, secret: str = "") -> None:
    """Store an OAuth app of the baseline, assigned to everybody."""
    service = settings["application_type"] == "service"
    uris = {} if service else {"redirect_uris": list(facts.REDIRECTS), "post_logout_redirect_uris": list(facts.LOGOUTS)}
    oauth: dict[str, Any] = {"client_id": id, "token_endpoint_auth_method": method, "pkce_required": method == "none"}
    if secret:
        oauth["client_secret"] = secret
    body = {
        "label": label, "signOnMode": "OPENID_CONNECT", "credentials": {"oauthClient": oauth},
        "settings": {"oauthClient": {**settings, **uris}},
    }  # fmt: skip
    store(ctx, record(ctx, body, id=id))
    if not service:
        assign_group(ctx, id, facts.EVERYONE)


def assign_group(ctx: Ctx, app: str, group: str, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Assign a group to an application, or change the assignment."""
    key = f"{app}/{group}"
    row = {
        "id": group, "lastUpdated": iso(ctx), "priority": (given or {}).get("priority", 0),
        "profile": (given or {}).get("profile") or {}, "~application": app, "~key": key,
    }  # fmt: skip
    if ctx.store.find("application_group_assignment", key) is None:
        ctx.store.insert("application_group_assignment", row, id=key, parent=app, created=ctx.micros)
    else:
        ctx.store.replace("application_group_assignment", key, row)
    return row


def grant(ctx: Ctx, app: str, scope: str) -> dict[str, Any]:
    """Grant a scope of the org's own authorization server to a client."""
    now = iso(ctx)
    row: dict[str, Any] = {
        "id": ctx.new_id("oag{alnum:17}"), "issuer": ctx.base_url, "scopeId": scope, "clientId": app, "source": "ADMIN",
        "status": "ACTIVE", "created": now, "lastUpdated": now,
        "createdBy": {"id": facts.ADMIN, "type": "User"}, "~app": app,
    }  # fmt: skip
    ctx.store.insert("app_grant", row, id=row["id"], parent=app, created=ctx.micros)
    return row
