"""The org's CAPTCHA: on which pages it is shown, and that the one in use stays.

Source: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/CAPTCHA/.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Reply, Request
from twins.okta import errors, twin
from twins.okta.handlers.org import keep, setting

NONE: dict[str, Any] = {"captchaId": None, "enabledPages": []}
MAY = ["GET", "POST", "PUT", "DELETE"]
BLANK = (
    "captchaId: Invalid CAPTCHA ID. The value of captchaId cannot be blank when enabledPages is not empty. Please "
    "resubmit with an existing CAPTCHA ID or disable CAPTCHA support on all supported pages."
)


def shown(ctx: Ctx) -> dict[str, Any]:
    """The org-wide settings, with a link to the CAPTCHA they use."""
    held = setting(ctx, "captcha", NONE)
    at = f"{ctx.base_url}/api/v1"
    links: dict[str, Any] = {"self": {"href": f"{at}/org/captcha", "hints": {"allow": ["GET", "PUT"]}}}
    if held["captchaId"]:
        links["captcha"] = {"href": f"{at}/captchas/{held['captchaId']}", "hints": {"allow": MAY}}
    return {name: held[name] for name in NONE} | {"_links": links}


@twin.handler("getOrgCaptchaSettings")
def get(ctx: Ctx, _request: Request) -> dict[str, Any]:
    """On which pages the CAPTCHA is shown."""
    return shown(ctx)


@twin.handler("replacesOrgCaptchaSettings")
def replace(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Show a CAPTCHA on pages, or nowhere. Raises E0000001 without one that is there."""
    body = request.body if isinstance(request.body, dict) else {}
    id, pages = body.get("captchaId") or None, body.get("enabledPages") or []
    if pages and id is None:
        raise errors.validation("captchaId", BLANK)
    if id is not None and ctx.store.find("captcha_instance", str(id)) is None:
        raise errors.validation("captchaId", "captchaId: Invalid CAPTCHA ID.")
    keep(ctx, "captcha", {"captchaId": id, "enabledPages": pages})
    return shown(ctx)


@twin.handler("deleteOrgCaptchaSettings")
def delete(ctx: Ctx, _request: Request) -> Reply:
    """The CAPTCHA is shown nowhere."""
    keep(ctx, "captcha", NONE)
    return Reply(204)


def in_use(ctx: Ctx, _request: Request, record: dict[str, Any]) -> None:
    """A CAPTCHA of the org-wide settings cannot be removed."""
    if setting(ctx, "captcha", NONE)["captchaId"] == record["id"]:
        raise errors.error("E0000149")
