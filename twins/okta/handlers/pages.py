"""A brand's sign-in, error and sign-out pages: the usual one, a changed one, and one that is only looked at.

Source: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/CustomPages/; defaults as seen in
recordings of the service, the pages' text is the twin's own.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Reply, Request
from twins.okta import errors, twin
from twins.okta.families import merged
from twins.okta.handlers.brands import link, of

WORDS = {
    "signInLabel": "Sign In", "usernameLabel": "Username", "usernameInfoTip": "", "passwordLabel": "Password",
    "passwordInfoTip": "", "showPasswordVisibilityToggle": True, "showUserIdentifier": True,
    "forgotPasswordLabel": "Forgot password?", "forgotPasswordUrl": "", "unlockAccountLabel": "Unlock account?",
    "unlockAccountUrl": "", "helpLabel": "Help", "helpUrl": "", "customLink1Label": "", "customLink1Url": "",
    "customLink2Label": "", "customLink2Url": "", "authenticatorPageCustomLinkLabel": "",
    "authenticatorPageCustomLinkUrl": "", "classicRecoveryFlowEmailOrUsernameLabel": "Email or Username",
    "widgetGeneration": "G2",
}  # fmt: skip
"""What the sign-in page of nobody's making says."""
UNSAID = {name: None if isinstance(value, str) else value for name, value in WORDS.items()} | {"widgetGeneration": "G2"}
STRICT = {"mode": "enforced"}
PAGE = "<!DOCTYPE html>\n<html>\n<head><title>{{%s}}</title></head>\n<body>%s</body>\n</html>\n"
USUAL: dict[str, dict[str, Any]] = {
    "sign-in": {
        "pageContent": PAGE % ("pageTitle", '<div id="okta-login-container"></div>{{{SignInWidgetResources}}}'),
        "contentSecurityPolicySetting": STRICT, "widgetVersion": "^7", "widgetCustomizations": WORDS,
    },
    "error": {
        "pageContent": PAGE % ("errorSummary", "<h2>{{errorSummary}}</h2><p>{{{errorDescription}}}</p>"),
        "contentSecurityPolicySetting": STRICT,
    },
}  # fmt: skip
NAMES = {"sign-in": "SignInPage", "error": "ErrorPage"}
KEPT = {
    "error": ("pageContent", "contentSecurityPolicySetting"),
    "sign-in": ("pageContent", "contentSecurityPolicySetting", "widgetVersion", "widgetCustomizations"),
}


def place(ctx: Ctx, request: Request) -> tuple[str, str, str, str]:
    """(brand, kind, variant, key under which it is kept) of a request. Raises E0000007 for an unknown brand."""
    brand = of(ctx, request)["id"]
    kind, _, variant = request.url_path.partition("/pages/")[2].partition("/")
    return brand, kind, variant, f"{brand}/{kind}/{variant}"


def kept(ctx: Ctx, key: str) -> dict[str, Any] | None:
    """A changed page."""
    return ctx.store.find("brand_page", key)


@twin.handler("getSignInPage", "getErrorPage")
def root(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Where the variants of a page are; with `expand` also what they are."""
    brand, kind, *_ = place(ctx, request)
    at = f"{ctx.base_url}/api/v1/brands/{brand}/pages/{kind}"
    links = {"self": link(at, "GET"), "default": link(f"{at}/default", "GET"),
             "customized": link(f"{at}/customized", "GET", "PUT", "DELETE"),
             "preview": link(f"{at}/preview", "GET", "PUT", "DELETE")}  # fmt: skip
    wanted = request.query.get("expand") or []
    names = wanted if isinstance(wanted, list) else str(wanted).split(",")
    embedded: dict[str, Any] = {}
    for name in names:
        if name in ("default", "customized", "preview"):
            embedded[name] = USUAL[kind] if name == "default" else kept(ctx, f"{brand}/{kind}/{name}")
        elif name in ("customizedUrl", "previewUrl"):
            embedded[name] = f"{ctx.base_url}/login/{name.removesuffix('Url')}"
    return {"_links": links, **({"_embedded": embedded} if embedded else {})}


@twin.handler("getDefaultSignInPage", "getDefaultErrorPage")
def usual(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The page that nobody has changed."""
    return USUAL[place(ctx, request)[1]]


@twin.handler("getCustomizedSignInPage", "getPreviewSignInPage", "getCustomizedErrorPage", "getPreviewErrorPage")
def get(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A changed page. Raises E0000007 where there is none."""
    brand, kind, _, key = place(ctx, request)
    found = kept(ctx, key)
    if found is None:
        raise errors.error("E0000007", f"Resource not found: {brand} ({NAMES[kind]})")
    return found


@twin.handler(
    "replaceCustomizedSignInPage", "replacePreviewSignInPage", "replaceCustomizedErrorPage", "replacePreviewErrorPage"
)
def replace(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change a page; what its words leave out is null."""
    _, kind, _, key = place(ctx, request)
    body = request.body or {}
    if not body.get("pageContent"):
        raise errors.validation("pageContent", "pageContent: The field cannot be left blank")
    page = {name: body[name] for name in KEPT[kind] if name in body}
    if kind == "sign-in":
        page["widgetVersion"] = page.get("widgetVersion") or "^7"
        page["widgetCustomizations"] = merged(UNSAID, page.get("widgetCustomizations") or {})
    remove(ctx, key)
    ctx.store.insert("brand_page", page, id=key, created=ctx.micros)
    return page


def remove(ctx: Ctx, key: str) -> None:
    """A changed page goes, if there is one."""
    if kept(ctx, key) is not None:
        ctx.store.delete("brand_page", key)


@twin.handler(
    "deleteCustomizedSignInPage", "deletePreviewSignInPage", "deleteCustomizedErrorPage", "deletePreviewErrorPage"
)
def delete(ctx: Ctx, request: Request) -> Reply:
    """The usual page is shown again."""
    remove(ctx, place(ctx, request)[3])
    return Reply(204)


VERSIONS = (
    *(f"5.{minor}" for minor in range(11, 17)), "^5", *(f"6.{minor}" for minor in range(10)), "^6",
    *(f"7.{minor}" for minor in range(39)), "^7", "*",
)  # fmt: skip


@twin.handler("listAllSignInWidgetVersions")
def versions(ctx: Ctx, request: Request) -> list[str]:
    """The versions of the widget that a page may ask for."""
    of(ctx, request)
    return list(VERSIONS)


@twin.handler("getSignOutPageSettings", "replaceSignOutPageSettings")
def sign_out(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Where people go after signing out: the usual page, or an address of one's own."""
    *_, key = place(ctx, request)
    if request.method == "PUT":
        body = request.body or {}
        own = body.get("type") == "EXTERNALLY_HOSTED"
        if own and not body.get("url"):
            raise errors.validation("url", "url: The field cannot be left blank")
        page = {"type": "EXTERNALLY_HOSTED", "url": body["url"]} if own else {"type": "OKTA_DEFAULT"}
        remove(ctx, key)
        ctx.store.insert("brand_page", page, id=key, created=ctx.micros)
    return kept(ctx, key) or {"type": "OKTA_DEFAULT"}
