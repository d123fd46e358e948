"""Signing in to SAML 2.0 applications: metadata, requests, signed responses; and what an application's tile opens.

Source: https://developer.okta.com/docs/concepts/saml/, …/docs/guides/saml-application-setup/ and
https://developer.okta.com/docs/api/openapi/okta-management/management/tag/ApplicationSSO/.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from twinkit import Ctx, Reply, Request
from twins.okta import errors, expressions, pages, people, saml, saml_messages, syslog, twin
from twins.okta.handlers import sessions
from twins.okta.handlers.applications import of
from twins.okta.handlers.credential_keys import held, one
from twins.okta.handlers.oauth_authorize import Refused, error_fields, gate, html
from twins.okta.oauth import clients, issue, jwt, keys, servers
from twins.okta.pages import quoted
from twins.okta.times import written

BINDINGS = ("HTTP-POST", "HTTP-Redirect")
SKEW = 300
"""Seconds that a response is good for, and that clocks may differ."""
CONTEXT = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
PLAIN = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"


def entity_of(app: Mapping[str, Any]) -> str:
    """The external key of an application, the last part of its issuer."""
    return f"exk{str(app['id'])[3:]}"


def issuer_of(app: Mapping[str, Any]) -> str:
    """Who answers: `idpIssuer` of the application's settings."""
    given = settings(app).get("idpIssuer") or "http://www.okta.com/${org.externalKey}"
    return str(given).replace("${org.externalKey}", entity_of(app))


def settings(app: Mapping[str, Any]) -> dict[str, Any]:
    """The sign-on settings of an application."""
    return dict(app["settings"].get("signOn") or {})


def place_of(ctx: Ctx, app: Mapping[str, Any]) -> str:
    """Where an application sends people to sign in."""
    return f"{ctx.base_url}/app/{app['name']}/{entity_of(app)}/sso/saml"


def named(ctx: Ctx, request: Request) -> dict[str, Any] | None:
    """The active SAML application that a path names by its external key."""
    app = ctx.store.find("application", f"0oa{str(request.path['key'])[3:]}")
    live = app is not None and app["status"] == "ACTIVE" and app["signOnMode"] == "SAML_2_0"
    return app if live and request.path["key"].startswith("exk") else None


def gone() -> Reply:
    """A page that is not there."""
    return html(404, pages.problem("Page not found", "The page you requested could not be found."))


def bad() -> Reply:
    """A request that cannot be read, or is not signed as it must be."""
    return html(400, pages.problem("Bad SAML request", "Your request resulted in an error. Bad SAML request."))


# metadata ------------------------------------------------------------------------------------------------------------


@twin.handler("previewSAMLmetadataForApplication")
def preview(ctx: Ctx, request: Request) -> Reply:
    """The metadata of a SAML 2.0 application with its key `kid`. Raises E0000007, E0000019 where XML is not wanted."""
    accepted = request.headers.get("accept", "*/*")
    if "xml" not in accepted and "*/*" not in accepted:
        raise errors.error("E0000019")
    app = of(ctx, request)
    if app["signOnMode"] != "SAML_2_0":
        raise errors.missing("application", app["id"])
    key = one(ctx, app["id"], str(request.query["kid"]))
    kind = "text/xml" if "text/xml" in accepted else "application/xml"
    return Reply(200, metadata(ctx, app, str(key["x5c"][0])), {}, f"{kind};charset=ISO-8859-1")


@twin.page("GET", "/app/{key}/sso/saml/metadata")
def public_metadata(ctx: Ctx, request: Request) -> Reply:
    """The metadata that applications are given the address of."""
    app = named(ctx, request)
    if app is None:
        return gone()
    return Reply(
        200, metadata(ctx, app, str(signing_key(ctx, app)["x5c"][0])), {}, "application/xml;charset=ISO-8859-1"
    )


def metadata(ctx: Ctx, app: Mapping[str, Any], certificate: str) -> str:
    """An EntityDescriptor."""
    place = quoted(place_of(ctx, app))
    format = settings(app).get("subjectNameIdFormat") or f"{saml.FORMATS}:unspecified"
    wrapped = "\n".join(certificate[start : start + 76] for start in range(0, len(certificate), 76))
    doors = "".join(f'<md:SingleSignOnService Binding="{saml.SAML}:bindings:{each}" Location={place}/>'
                    for each in BINDINGS)  # fmt: skip
    out = quoted(f"{place_of(ctx, app).removesuffix('/sso/saml')}/slo/saml")
    exits = "".join(f'<md:SingleLogoutService Binding="{saml.SAML}:bindings:{each}" Location={out}/>'
                    for each in BINDINGS if (settings(app).get("slo") or {}).get("enabled"))  # fmt: skip
    wanted = "true" if settings(app).get("samlSignedRequestEnabled") else "false"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<md:EntityDescriptor xmlns:md="{saml.SAML}:metadata" entityID={quoted(issuer_of(app))}>'
        f'<md:IDPSSODescriptor WantAuthnRequestsSigned="{wanted}" protocolSupportEnumeration="{saml.SAML}:protocol">'
        f'<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="{saml.DSIG}"><ds:X509Data>'
        f"<ds:X509Certificate>{wrapped}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>{exits}"
        f"<md:NameIDFormat>{pages.escape(format)}</md:NameIDFormat>{doors}</md:IDPSSODescriptor></md:EntityDescriptor>"
    )


def signing_key(ctx: Ctx, app: Mapping[str, Any]) -> dict[str, Any]:
    """The key that an application is told to trust: `credentials.signing.kid`."""
    rows = held(ctx, str(app["id"]))
    kid = (app["credentials"].get("signing") or {}).get("kid")
    return next((row for row in rows if row["kid"] == kid), rows[-1])


# signing in ----------------------------------------------------------------------------------------------------------


@twin.page("GET", "/app/{name}/{key}/sso/saml")
@twin.page("POST", "/app/{name}/{key}/sso/saml")
def sign_in(ctx: Ctx, request: Request) -> Reply:
    """An authentication request of an application, or a visit without one."""
    app = named(ctx, request)
    if app is None:
        return gone()
    fields = clients.form(request)
    asked = saml.Asked()
    if fields.get("SAMLRequest"):
        try:
            asked = saml.asked(fields["SAMLRequest"], request.method == "GET")
            if settings(app).get("samlSignedRequestEnabled"):
                from twins.okta.handlers import saml_logout

                text = saml_messages.unpacked(fields["SAMLRequest"], request.method == "GET")
                saml_logout.check(request, app, text)
        except ValueError:
            return bad()
    transaction = {"saml": app["id"], "path": servers.ORG, "relay": fields.get("RelayState", ""), "request": asked.id,
                   "acs": acs_of(app, asked), "sessionToken": fields.get("sessionToken", ""),
                   "prompt": "login" if asked.force and settings(app).get("honorForceAuthn") else ""}  # fmt: skip
    return onward(ctx, request, app, transaction, None)


def acs_of(app: Mapping[str, Any], asked: saml.Asked) -> str:
    """Where the response goes: the application's address, or one of its others that is asked for."""
    sso = settings(app)
    usual = str(sso.get("ssoAcsUrlOverride") or sso.get("ssoAcsUrl") or "")
    for each in sso.get("acsEndpoints") or () if sso.get("allowMultipleAcsEndpoints") else ():
        if asked.acs == each.get("url") or (asked.acs_index and asked.acs_index == str(each.get("index"))):
            return str(each["url"])
    return usual


def onward(
    ctx: Ctx, request: Request, app: Mapping[str, Any], transaction: dict[str, Any], session: dict[str, Any] | None
) -> Reply:
    """The page that comes first, or the response."""
    fresh = session
    try:
        passed = gate(ctx, request, app, transaction, session)
    except Refused as refused:
        return html(403, pages.problem("Access denied", error_fields(refused.name, (), {})["error_description"]))
    if isinstance(passed, Reply):
        return passed
    session, user = passed
    target = syslog.target(str(app["id"]), "AppInstance", str(app["label"]))
    syslog.write(ctx, "user.authentication.sso", "User single sign on to app", target, actor=syslog.person(user))
    fields = {"SAMLResponse": base64.b64encode(answer(ctx, app, transaction, user, session).encode()).decode()}
    relay = transaction["relay"] or str(settings(app).get("defaultRelayState") or "")
    reply = html(200, pages.posted(transaction["acs"], fields | ({"RelayState": relay} if relay else {})))
    if fresh or transaction.get("sessionToken"):
        reply.headers |= sessions.cookie(session)
    return reply


def answer(
    ctx: Ctx, app: Mapping[str, Any], transaction: Mapping[str, Any], user: dict[str, Any], session: Mapping[str, Any]
) -> str:
    """The signed response for a person."""
    sso, signed = settings(app), seal(ctx, app)

    def unsigned(_element: str, _id: str) -> str:
        return ""

    told = told_of(ctx, app, transaction, user, session)
    inner = saml.assertion(told, unsigned if sso.get("assertionSigned") is False else signed)
    return saml.response(told, inner, unsigned if sso.get("responseSigned") is False else signed)


def seal(ctx: Ctx, app: Mapping[str, Any]) -> Callable[[str, str], str]:
    """Gives the signature of an element with an id, by an application's key and in its way."""
    sso, key = settings(app), signing_key(ctx, app)
    method, digest = str(sso.get("signatureAlgorithm") or "RSA_SHA256"), str(sso.get("digestAlgorithm") or "SHA256")
    return lambda element, id: saml.signature(
        element, id, method, digest, str(key["x5c"][0]), signer(key, method)
    )  # fmt: skip


def signer(key: Mapping[str, Any], method: str) -> saml.Sign:
    """Signs with the private half of a key."""
    place = next(number for number in range(keys.CLIENT_KEY) if keys.public(number)["n"] == key["n"])

    def sign(data: bytes) -> bytes:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        algorithm = hashes.SHA1() if method == "RSA_SHA1" else hashes.SHA256()
        return bytes(jwt.signer(place).sign(data, padding.PKCS1v15(), algorithm))

    return sign


def told_of(
    ctx: Ctx, app: Mapping[str, Any], transaction: Mapping[str, Any], user: dict[str, Any], session: Mapping[str, Any]
) -> saml.Told:
    """What is said of a person."""
    sso, acs, names = settings(app), str(transaction["acs"]), names_of(ctx, app, user)
    times = {"now": 0, "before": -SKEW, "after": SKEW, "authenticated": int(session["authTime"]) - ctx.now}
    return saml.Told(
        issuer_of(app), str(sso.get("destinationOverride") or acs), str(sso.get("recipientOverride") or acs),
        str(sso.get("audienceOverride") or sso.get("audience") or ""),
        filled(str(sso.get("subjectNameIdTemplate") or "${user.userName}"), names),
        str(sso.get("subjectNameIdFormat") or f"{saml.FORMATS}:unspecified"),
        str(sso.get("authnContextClassRef") or CONTEXT), f"id{ctx.token('digits', 19)}.{ctx.draw('saml', 10**9)}",
        (f"id{ctx.token('digits', 20)}", f"id{ctx.token('digits', 20)}"),
        {name: written((ctx.now + each) * 1_000_000) for name, each in times.items()},
        attributes(ctx, sso, names, user), str(transaction["request"]),
    )  # fmt: skip


def names_of(ctx: Ctx, app: Mapping[str, Any], user: Mapping[str, Any]) -> dict[str, Any]:
    """What templates and expressions may speak of."""
    held_by = ctx.store.find("app_user", f"{app['id']}/{user['id']}") or {}
    login = str(user["profile"]["login"])
    name = str((held_by.get("credentials") or {}).get("userName") or login)
    own = {**user["profile"], "userName": name, "id": user["id"], "profile": user["profile"]}
    return {"user": own, "source": user["profile"], "appuser": {**(held_by.get("profile") or {}), "userName": name}}


def filled(template: str, names: Mapping[str, Any]) -> str:
    """A template with the values of its `${…}`; what cannot be read is empty."""
    found, rest = "", template
    while "${" in rest:
        before, _, rest = rest.partition("${")
        inner, _, rest = rest.partition("}")
        found += before + str(value_of(inner, names) or "")
    return found + rest


def value_of(text: str, names: Mapping[str, Any]) -> Any:
    """The value of an expression; None for one that cannot be read."""
    try:
        return expressions.evaluate(text, names)
    except expressions.ExpressionError:
        return None


def attributes(
    ctx: Ctx, sso: Mapping[str, Any], names: Mapping[str, Any], user: Mapping[str, Any]
) -> list[tuple[str, str, list[str]]]:
    """The attribute statements of an application, those that have a value."""
    found = []
    for each in sso.get("attributeStatements") or ():
        if each.get("type") == "GROUP":
            groups = [str(group["profile"]["name"]) for group in people.groups_of(ctx, str(user["id"]))]
            rule = {"group_filter_type": each.get("filterType"), "value": each.get("filterValue")}
            values = issue.filtered(groups, rule)
        else:
            read = [value_of(str(text), names) for text in each.get("values") or ()]
            values = [str(part) for value in read for part in (value if isinstance(value, list) else [value])
                      if part is not None]  # fmt: skip
        if values:
            found.append((str(each.get("name")), str(each.get("namespace") or PLAIN), values))
    return found


# what a tile opens ---------------------------------------------------------------------------------------------------


@twin.page("GET", "/home/{name}/{app}/{place}")
def tile(ctx: Ctx, request: Request) -> Reply:
    """Open an application from the dashboard: a bookmark's address, a SAML sign-in, a client's own start of one."""
    app = ctx.store.find("application", request.path["app"])
    if app is None or app["status"] != "ACTIVE" or app["name"] != request.path["name"]:
        return gone()
    if app["signOnMode"] == "SAML_2_0":
        transaction = {"saml": app["id"], "path": servers.ORG, "relay": "", "request": "",
                       "acs": acs_of(app, saml.Asked()), "prompt": ""}  # fmt: skip
        return onward(ctx, request, app, transaction, None)
    if app["signOnMode"] == "OPENID_CONNECT":
        start = str(clients.settings(app).get("initiate_login_uri") or "")
        mark = "&" if "?" in start else "?"
        target = f"{start}{mark}{urlencode({'iss': ctx.base_url})}" if start else ""
    else:
        target = str((app["settings"].get("app") or {}).get("url") or "")
    return Reply(302, None, {"location": target}) if target else gone()
