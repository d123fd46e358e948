"""Brands, their themes and email templates. Source: https://developer.okta.com/docs/reference/api/brands/."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Reply, Request
from twins.okta import errors, listing, twin
from twins.okta.handlers.org import keep as org_keep
from twins.okta.handlers.org import setting
from twins.okta.listing import Limits
from twins.okta.times import iso

DEFAULT = "bndTwinkitDefault001"
TEMPLATES = (
    "UserActivation", "UserBootstrappedActivation", "ForgotPassword", "ForgotPasswordDenied", "PasswordResetByAdmin",
    "PasswordResetBySupportUser", "ADUserActivation", "ADForgotPasswordDenied", "ADForgotPassword",
    "LDAPUserActivation", "LDAPForgotPassword", "LDAPForgotPasswordDenied", "SelfServiceUnlock", "ADSelfServiceUnlock",
    "LDAPSelfServiceUnlock", "SelfServiceUnlockOnUnlockedAccount", "AccountLockout", "ChangeEmailConfirmation",
    "EmailChangeConfirmation", "PendingEmailChange", "EmailChallenge", "EmailFactorVerification",
    "AuthenticatorEnrolled", "AuthenticatorReset", "NewSignOnNotification", "OktaVerifyActivation", "PasswordChanged",
    "RegistrationActivation", "RegistrationEmailVerification", "MyAccountChangeConfirmation",
)  # fmt: skip
LOGO = "/assets/img/logos/okta-logo.47066819ac7db5c13f4c431b2687cef6.png"
OLD_TEMPLATES = frozenset({"welcome", "forgotPassword", "forgotPasswordDenied", "tempPassword", "ad.welcome",
                           "ad.forgotPassword", "ldap.welcome", "ldap.forgotPassword"})  # fmt: skip
"""What the first version of these operations called them; still taken, no longer listed."""
THEME = {
    "primaryColorHex": "#1662dd", "primaryColorContrastHex": "#000000", "secondaryColorHex": "#ebebed",
    "secondaryColorContrastHex": "#000000", "signInPageTouchPointVariant": "OKTA_DEFAULT",
    "endUserDashboardTouchPointVariant": "OKTA_DEFAULT", "errorPageTouchPointVariant": "OKTA_DEFAULT",
    "emailTemplateTouchPointVariant": "OKTA_DEFAULT",
}  # fmt: skip


def link(href: str, *may: str) -> dict[str, Any]:
    """A link with what may be done there."""
    return {"href": href, "hints": {"allow": list(may)}}


def baseline(ctx: Ctx) -> None:
    """The brand of a new org."""
    keep(ctx, {"name": "Twinkit"}, DEFAULT)


def keep(ctx: Ctx, body: dict[str, Any], id: str = "") -> dict[str, Any]:
    """Store a new brand with its theme."""
    id = id or ctx.new_id("bnd{alnum:17}")
    row = {
        "id": id, "name": body["name"], "removePoweredByOkta": bool(body.get("removePoweredByOkta")),
        "customPrivacyPolicyUrl": body.get("customPrivacyPolicyUrl"),
        "agreeToCustomPrivacyPolicy": bool(body.get("agreeToCustomPrivacyPolicy")), "isDefault": id == DEFAULT,
        **({"locale": body["locale"]} if "locale" in body else {}),
        "defaultApp": {"appInstanceId": None, "appLinkName": None, "classicApplicationUri": None},
    }  # fmt: skip
    ctx.store.insert("brand", row, id=id, created=ctx.micros)
    theme = {"id": f"the{id[3:]}", "logo": f"{ctx.base_url}{LOGO}",
             "favicon": f"{ctx.base_url}/favicon.ico", "backgroundImage": None, **THEME}  # fmt: skip
    ctx.store.insert("theme", theme, id=str(theme["id"]), parent=id, created=ctx.micros)
    return row


def of(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The brand of a request. Raises E0000007."""
    found = ctx.store.find("brand", request.path["brandId"])
    if found is None:
        raise errors.missing("brand", request.path["brandId"])
    return found


def shown(ctx: Ctx, row: dict[str, Any]) -> dict[str, Any]:
    """A brand with its links."""
    at = f"{ctx.base_url}/api/v1/brands/{row['id']}"
    return {**row, "_links": {"themes": link(f"{at}/themes", "GET"), "self": link(at, "GET", "PUT", "DELETE")}}


def embedded(ctx: Ctx, request: Request, row: dict[str, Any]) -> dict[str, Any]:
    """A brand with the added domains that it is shown on, where `expand=domains` asks for them."""
    found = shown(ctx, row)
    wanted = request.query.get("expand") or ()
    if "domains" in (wanted if isinstance(wanted, list) else str(wanted).split(",")):
        rows = [each for each in ctx.store.select("domain", order="oldest") if each.get("brandId") == row["id"]]
        found["_embedded"] = {"domains": [{"domain": each["domain"], "id": each["id"]} for each in rows]}
    return found


@twin.handler("listBrands")
def list_brands(ctx: Ctx, request: Request) -> Reply:
    """The brands; `q` looks into their names."""
    word = str(request.query.get("q") or "").casefold()
    return listing.page(ctx, request, "brand", limits=Limits(20, 200), show=lambda row: embedded(ctx, request, row),
                        check=(lambda row: word in str(row["name"]).casefold()) if word else None)  # fmt: skip


def named(ctx: Ctx, body: dict[str, Any], id: str = "") -> None:
    """Raises E0000001 for a missing name, E0000202 for one that is used."""
    if not body.get("name"):
        raise errors.validation("name", "name: The field cannot be left blank")
    if any(row["name"] == body["name"] and row["id"] != id for row in ctx.store.select("brand")):
        raise errors.error("E0000202")


@twin.handler("createBrand")
def create(ctx: Ctx, request: Request) -> Reply:
    """A new brand."""
    named(ctx, request.body or {})
    return Reply(201, shown(ctx, keep(ctx, request.body or {})))


@twin.handler("getBrand")
def get(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A brand."""
    return embedded(ctx, request, of(ctx, request))


@twin.handler("replaceBrand")
def replace(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A brand's new properties."""
    row, body = of(ctx, request), request.body or {}
    named(ctx, body, row["id"])
    names = (
        "name",
        "removePoweredByOkta",
        "customPrivacyPolicyUrl",
        "agreeToCustomPrivacyPolicy",
        "locale",
        "defaultApp",
    )
    changes = {name: body[name] for name in names if name in body}
    agreed(row, body)
    return shown(ctx, ctx.store.update("brand", row["id"], **changes))


def agreed(row: dict[str, Any], body: dict[str, Any]) -> None:
    """A privacy policy of one's own is an address, and agreed to. Raises E0000001."""
    given = body.get("customPrivacyPolicyUrl")
    if not given or given == row["customPrivacyPolicyUrl"]:
        return
    if not re.match(r"https?://[^/\s]+", str(given)):
        text = "customPrivacyPolicyUrl: Is not a valid URL. Valid example: http://www.okta.com"
        raise errors.validation("customPrivacyPolicyUrl", text)
    if not body.get("agreeToCustomPrivacyPolicy"):
        text = "agreeToCustomPrivacyPolicy: Please provide your consent for updating the custom privacy policy URL."
        raise errors.validation("agreeToCustomPrivacyPolicy", text)


@twin.handler("deleteBrand")
def delete(ctx: Ctx, request: Request) -> Reply:
    """A brand goes; not the default one (E0000200), nor one that a domain shows (E0000201)."""
    row = of(ctx, request)
    if row["isDefault"]:
        raise errors.error("E0000200")
    for resource in ("domain", "email_domain"):
        if any(each.get("brandId") == row["id"] for each in ctx.store.select(resource)):
            raise errors.error("E0000201")
    for theme in list(ctx.store.select("theme", parent=row["id"])):
        ctx.store.delete("theme", theme["id"])
    ctx.store.delete("brand", row["id"])
    return Reply(204)


# themes --------------------------------------------------------------------------------------------------------------


def theme_of(ctx: Ctx, request: Request) -> tuple[str, dict[str, Any]]:
    """Brand id and theme of a request. Raises E0000007."""
    brand = of(ctx, request)["id"]
    found = ctx.store.find("theme", request.path["themeId"])
    if found is None or found["id"] != f"the{brand[3:]}":
        raise errors.error("E0000007", f"Resource not found: {request.path['themeId']} (Theme)")
    return brand, found


def theme_shown(ctx: Ctx, brand: str, row: dict[str, Any]) -> dict[str, Any]:
    """A theme with its links."""
    at = f"{ctx.base_url}/api/v1/brands/{brand}/themes/{row['id']}"
    links = {name: link(f"{at}/{name}", "POST", "DELETE") for name in ("favicon", "logo", "background-image")}
    return {**row, "_links": {**links, "self": link(at, "GET", "PUT")}}


@twin.handler("listBrandThemes")
def themes(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The theme of a brand."""
    brand = of(ctx, request)["id"]
    return [theme_shown(ctx, brand, row) for row in ctx.store.select("theme", parent=brand)]


@twin.handler("getBrandTheme")
def get_theme(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A theme."""
    return theme_shown(ctx, *theme_of(ctx, request))


@twin.handler("replaceBrandTheme")
def replace_theme(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A theme's new colours."""
    brand, row = theme_of(ctx, request)
    changes = {name: value for name, value in (request.body or {}).items() if name in THEME}
    causes = [f"{name}: Invalid color hex: {value}." for name, value in changes.items()
              if name.endswith("Hex") and value and not re.fullmatch(r"#[0-9a-fA-F]{6}", str(value))]  # fmt: skip
    if causes:
        raise errors.validation(causes[0].partition(":")[0], *causes)
    return theme_shown(ctx, brand, ctx.store.update("theme", row["id"], **changes))


PICTURES = {"favicon": "favicon", "logo": "logo", "background-image": "backgroundImage"}


@twin.handler("uploadBrandThemeBackgroundImage", "uploadBrandThemeFavicon", "uploadBrandThemeLogo")
def upload(ctx: Ctx, request: Request) -> Reply:
    """A picture of a theme; where it is."""
    _, row = theme_of(ctx, request)
    kind = request.url_path.rpartition("/")[2]
    url = f"{ctx.base_url}/fs/bco/1/{ctx.new_id('fs0{alnum:17}')}"
    ctx.store.update("theme", row["id"], **{PICTURES[kind]: url})
    return Reply(201, {"url": url})


@twin.handler("deleteBrandThemeBackgroundImage", "deleteBrandThemeFavicon", "deleteBrandThemeLogo")
def remove(ctx: Ctx, request: Request) -> Reply:
    """The picture of a theme is the usual one again."""
    _, row = theme_of(ctx, request)
    kind = request.url_path.rpartition("/")[2]
    usual = {"favicon": f"{ctx.base_url}/favicon.ico", "logo": f"{ctx.base_url}{LOGO}"}
    ctx.store.update("theme", row["id"], **{PICTURES[kind]: usual.get(kind)})
    return Reply(204)


# email templates -----------------------------------------------------------------------------------------------------


def template(ctx: Ctx, request: Request) -> tuple[str, str]:
    """(brand id, template name) of a request. Raises E0000007."""
    brand, name = of(ctx, request)["id"], str(request.path["templateName"])
    if name not in TEMPLATES and name not in OLD_TEMPLATES:
        raise errors.error("E0000007", f"Resource not found: {name} (EmailTemplate)")
    return brand, name


def template_shown(ctx: Ctx, brand: str, name: str) -> dict[str, Any]:
    """A template with its links."""
    at = f"{ctx.base_url}/api/v1/brands/{brand}/templates/email/{name}"
    return {"name": name, "_links": {
        "self": link(at, "GET"), "settings": link(f"{at}/settings", "GET", "PUT"),
        "defaultContent": link(f"{at}/default-content", "GET"),
        "customizations": link(f"{at}/customizations", "GET", "POST", "DELETE"), "test": link(f"{at}/test", "POST"),
    }}  # fmt: skip


@twin.handler("listEmailTemplates")
def templates(ctx: Ctx, request: Request) -> Reply:
    """The emails of a brand, twenty a page."""
    brand = of(ctx, request)["id"]
    return listing.part(ctx, request, TEMPLATES, Limits(20, 200), lambda name: template_with(ctx, request, brand, name))


def template_with(ctx: Ctx, request: Request, brand: str, name: str) -> dict[str, Any]:
    """A template with what `expand` asks for: its settings, the number of its changed texts."""
    wanted = request.query.get("expand") or ()
    names = wanted if isinstance(wanted, list) else str(wanted).split(",")
    embedded: dict[str, Any] = {}
    if "settings" in names:
        embedded["settings"] = settings_shown(ctx, brand, name)
    if "customizationCount" in names:
        rows = ctx.store.select("email_customization", parent=f"{brand}/{name}")
        embedded["customizationCount"] = sum(1 for _ in rows)
    return template_shown(ctx, brand, name) | ({"_embedded": embedded} if embedded else {})


def settings_shown(ctx: Ctx, brand: str, name: str) -> dict[str, Any]:
    """Who gets an email."""
    at = f"{ctx.base_url}/api/v1/brands/{brand}/templates/email/{name}"
    links = {"self": link(f"{at}/settings", "GET", "PUT"), "template": link(at, "GET")}
    return {**setting(ctx, f"email/{brand}/{name}", {"recipients": "ALL_USERS"}), "_links": links}


@twin.handler("getEmailSettings", "replaceEmailSettings")
def email_settings(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Who gets an email; PUT changes it."""
    brand, name = template(ctx, request)
    if request.method == "PUT":
        org_keep(ctx, f"email/{brand}/{name}", {"recipients": (request.body or {})["recipients"]})
    return settings_shown(ctx, brand, name)


@twin.handler("getEmailTemplate")
def get_template(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One of them."""
    return template_with(ctx, request, *template(ctx, request))


def content(
    ctx: Ctx,
    request: Request,
    text: dict[str, Any],
    path: str,
    *,
    preview: bool = False,
    may: tuple[str, ...] = ("GET",),
) -> dict[str, Any]:
    """Subject and body of an email at its place, with its links; a preview of it is at a place below."""
    brand, name = template(ctx, request)
    at = f"{ctx.base_url}/api/v1/brands/{brand}/templates/email/{name}"
    seen = link(f"{at}/{path}/preview", "GET")
    links = {"template": link(at, "GET"), "test": link(f"{at}/test", "POST")}
    places = {"self": seen} if preview else {"preview": seen, "self": link(f"{at}/{path}", *may)}
    return {**text, "_links": places | links}


def usual(name: str) -> dict[str, str]:
    """The text of an email that nobody has changed."""
    return {"subject": f"Twinkit: {name}", "body": f"<html><body>{name} for ${{user.profile.login}}</body></html>"}


@twin.handler("getEmailDefaultContent", "getEmailDefaultPreview")
def default_content(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The text of an email that nobody has changed, also as a person sees it."""
    preview = request.url_path.endswith("/preview")
    return content(ctx, request, usual(template(ctx, request)[1]), "default-content", preview=preview)


def customizations(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The changed texts of an email."""
    brand, name = template(ctx, request)
    return list(ctx.store.select("email_customization", parent=f"{brand}/{name}", order="oldest"))


def custom_shown(ctx: Ctx, request: Request, row: dict[str, Any]) -> dict[str, Any]:
    """A changed text with its links."""
    return content(ctx, request, row, f"customizations/{row['id']}", may=("GET", "PUT", "DELETE"))


@twin.handler("listEmailCustomizations")
def list_custom(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The changed texts of an email, one for each language."""
    return [custom_shown(ctx, request, row) for row in customizations(ctx, request)]


@twin.handler("createEmailCustomization")
def create_custom(ctx: Ctx, request: Request) -> Reply:
    """A text in another language. Raises E0000182, E0000183."""
    brand, name = template(ctx, request)
    body, rows = request.body or {}, customizations(ctx, request)
    if any(row["language"] == body.get("language") for row in rows):
        raise errors.error("E0000183")
    first = not rows
    if body.get("isDefault") and any(row["isDefault"] for row in rows):
        raise errors.error("E0000182")
    now = iso(ctx)
    row = {"language": body.get("language"), "isDefault": bool(body.get("isDefault")) or first,
           "subject": body.get("subject"), "body": body.get("body"), "id": ctx.new_id("oel{alnum:17}"),
           "created": now, "lastUpdated": now}  # fmt: skip
    ctx.store.insert("email_customization", row, id=str(row["id"]), parent=f"{brand}/{name}", created=ctx.micros)
    return Reply(201, custom_shown(ctx, request, row))


def custom(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The changed text of a request. Raises E0000007."""
    wanted = request.path["customizationId"]
    found = next((row for row in customizations(ctx, request) if row["id"] == wanted), None)
    if found is None:
        raise errors.error("E0000007", f"Resource not found: {wanted} (EmailTemplateCustomization)")
    return found


def filled(text: str, words: Mapping[str, str]) -> str:
    """A text with what stands for something replaced."""
    for name, word in words.items():
        text = text.replace(name, word)
    return text


@twin.handler("getEmailCustomization", "getCustomizationPreview")
def get_custom(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A changed text, also as a person sees it."""
    row = custom(ctx, request)
    if request.url_path.endswith("/preview"):
        words = {"${org.name}": str(setting(ctx, "org", {"companyName": "Twinkit"})["companyName"])}
        text = {name: filled(str(row[name]), words) for name in ("subject", "body")}
        return content(ctx, request, text, f"customizations/{row['id']}", preview=True)
    return custom_shown(ctx, request, row)


@twin.handler("replaceEmailCustomization")
def replace_custom(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new text. Raises E0000185 where the default one would be none."""
    row, body = custom(ctx, request), request.body or {}
    if row["isDefault"] and body.get("isDefault") is False:
        raise errors.error("E0000185")
    changes = {name: body[name] for name in ("subject", "body", "language", "isDefault") if name in body}
    row = ctx.store.update("email_customization", row["id"], **changes, lastUpdated=iso(ctx))
    return custom_shown(ctx, request, row)


@twin.handler("deleteEmailCustomization")
def delete_custom(ctx: Ctx, request: Request) -> Reply:
    """A changed text goes; not the default one (E0000184) while there are others."""
    row = custom(ctx, request)
    if row["isDefault"] and len(customizations(ctx, request)) > 1:
        raise errors.error("E0000184")
    ctx.store.delete("email_customization", row["id"])
    return Reply(204)


@twin.handler("deleteAllCustomizations")
def delete_all(ctx: Ctx, request: Request) -> Reply:
    """Every changed text of an email goes."""
    for row in customizations(ctx, request):
        ctx.store.delete("email_customization", row["id"])
    return Reply(204)


@twin.handler("sendTestEmail")
def send_test(ctx: Ctx, request: Request) -> Reply:
    """An email to whoever asks."""
    template(ctx, request)
    return Reply(204)
