"""Who calls the token endpoint: client authentication by secret, by JWT, or none; DPoP proofs.

Source: https://developer.okta.com/docs/reference/api/oidc/#client-authentication-methods and
https://developer.okta.com/docs/guides/dpop/. Imports: the kit's public names, the twin's records.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from twinkit import Ctx, Request, ServiceError
from twins.okta import apps
from twins.okta.oauth import client_keys, jwt
from twins.okta.oauth.problems import fail

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
DPOP_ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512")
FIVE_MINUTES = 300


def form(request: Request) -> dict[str, str]:
    """The fields of the body (of the query for GET). Raises invalid_request for a name given twice."""
    text = request.raw if request.method == "POST" else request.raw_query
    pairs = parse_qsl(text.decode("utf-8", "replace"), keep_blank_values=True)
    if len({name for name, _ in pairs}) != len(pairs):
        raise fail("duplicate_oauth_params")
    return {name: value for name, value in pairs if value != ""}


def _basic(request: Request) -> tuple[str, str] | None:
    word, _, rest = request.headers.get("authorization", "").partition(" ")
    if word.lower() != "basic":
        return None
    try:
        user, _, secret = base64.b64decode(rest, validate=True).decode().partition(":")
    except ValueError:
        raise fail("invalid_basic_auth_creds") from None
    if not user:
        raise fail("invalid_basic_auth_creds")
    return unquote_plus(user), unquote_plus(secret)


def authenticate(ctx: Ctx, request: Request, fields: Mapping[str, str], *, public: bool = True) -> dict[str, Any]:
    """The application that calls, by the method it is registered with. Raises invalid_client and its kin."""
    basic = _basic(request)
    if b"client_secret=" in request.raw_query:
        raise fail("client_credentials_in_query")
    ways = [basic is not None, "client_secret" in fields, "client_assertion" in fields]
    if sum(ways) > 1:
        raise fail("multiple_client_credentials")
    if "client_assertion" in fields:
        return _asserted(ctx, request, fields)
    if basic is not None and not basic[1] and _is_public(ctx, basic[0]):
        return known(ctx, basic[0])
    if basic is not None:
        return _secret(ctx, basic[0], basic[1], "client_secret_basic")
    if "client_secret" in fields:
        return _secret(ctx, fields.get("client_id", ""), fields["client_secret"], "client_secret_post")
    if not fields.get("client_id"):
        raise fail("missing_client_credentials")
    app = known(ctx, fields["client_id"])
    if oauth(app)["token_endpoint_auth_method"] != "none" or not public:
        raise fail("missing_client_credentials" if not public else "invalid_token_endpoint_auth_method")
    return app


def _is_public(ctx: Ctx, client_id: str) -> bool:
    """Whether a client has no secret: `@okta/okta-auth-js` names it in a Basic header when it revokes a token."""
    app = apps.client(ctx, client_id)
    return app is not None and oauth(app)["token_endpoint_auth_method"] == "none"


def known(ctx: Ctx, client_id: str) -> dict[str, Any]:
    """The active application with this client id. Raises invalid_client."""
    app = apps.client(ctx, client_id)
    if app is None or app["status"] != "ACTIVE":
        raise fail("invalid_client_id")
    return app


def oauth(app: Mapping[str, Any]) -> dict[str, Any]:
    """The credentials of an OAuth client."""
    return dict(app["credentials"]["oauthClient"])


def settings(app: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of an OAuth client."""
    return dict(app["settings"]["oauthClient"])


def redirects(app: Mapping[str, Any], uri: str) -> bool:
    """Whether a redirect URI is a client's; with `wildcard_redirect: SUBDOMAIN` a `*` stands for part of a label."""
    registered = settings(app).get("redirect_uris") or []
    if not uri or uri in registered:
        return bool(uri)
    if settings(app).get("wildcard_redirect") != "SUBDOMAIN" or "*" in uri:
        return False
    return any(re.fullmatch(re.escape(each).replace("\\*", "[A-Za-z0-9-]+"), uri)
               for each in registered if each.partition("://")[2].partition("/")[0].count("*") == 1)  # fmt: skip


def request_object(ctx: Ctx, app: Mapping[str, Any], text: str, issuer: str) -> dict[str, Any]:
    """The claims of a request object that the client has signed. Raises invalid_request for any other."""
    try:
        header, claims = jwt.read(text)
        if str(header.get("alg", "")).startswith("HS"):
            jwt.check_hmac(text, str(oauth(app).get("client_secret", "")))
        else:
            _any(text, client_keys.of(ctx, app, header.get("kid")) or [{}])
    except jwt.BadToken:
        raise fail("invalid_request") from None
    audience = claims.get("aud")
    named = issuer in (audience if isinstance(audience, list) else [audience])
    if claims.get("iss") != oauth(app)["client_id"] or not named or claims.get("exp", ctx.now + 1) <= ctx.now:
        raise fail("invalid_request")
    return claims


def _secret(ctx: Ctx, client_id: str, secret: str, method: str) -> dict[str, Any]:
    app = apps.client(ctx, client_id)
    if app is None or app["status"] != "ACTIVE":
        raise fail("invalid_client")
    own = oauth(app)
    registered = str(own["token_endpoint_auth_method"])
    if not registered.startswith("client_secret_") or registered.endswith("jwt"):
        raise fail("invalid_token_endpoint_auth_method")
    held = [own.get("client_secret", "")]
    held += [row["client_secret"] for row in ctx.store.select("client_secret", parent=app["id"])
             if row["status"] == "ACTIVE"]  # fmt: skip
    if not any(hmac.compare_digest(str(each).encode(), secret.encode()) for each in held if each):
        raise fail("invalid_client_secret")
    return app


def _asserted(ctx: Ctx, request: Request, fields: Mapping[str, str]) -> dict[str, Any]:
    if fields.get("client_assertion_type") != ASSERTION:
        raise fail("assertion_type")
    token = fields["client_assertion"]
    try:
        header, claims = jwt.read(token)
    except jwt.BadToken:
        raise fail("assertion_jwt") from None
    app = apps.client(ctx, str(claims.get("iss", "")))
    if app is None or app["status"] != "ACTIVE":
        raise fail("assertion_issuer")
    if claims.get("sub") != claims.get("iss") or fields.get("client_id", claims["iss"]) != claims["iss"]:
        raise fail("assertion_subject")
    _signed(ctx, token, header, app)
    _timely(ctx, request, claims)
    jti = claims.get("jti")
    if jti:
        _once(ctx, f"{claims['iss']}/{jti}", "assertion_used")
    return app


def _signed(ctx: Ctx, token: str, header: Mapping[str, Any], app: Mapping[str, Any]) -> None:
    method = oauth(app)["token_endpoint_auth_method"]
    try:
        if method == "client_secret_jwt":
            jwt.check_hmac(token, str(oauth(app).get("client_secret", "")))
            return
        if method != "private_key_jwt":
            raise fail("invalid_token_endpoint_auth_method")
        own = settings(app)
        if not ((own.get("jwks") or {}).get("keys") or own.get("jwks_uri")):
            raise fail("assertion_no_jwks")
        usable = client_keys.of(ctx, app, header.get("kid"))
        if not usable:
            raise fail("assertion_kid")
        _any(token, usable)
    except jwt.BadToken:
        raise fail("assertion_signature") from None


def _any(token: str, usable: list[dict[str, Any]]) -> None:
    for place, key in enumerate(usable):
        try:
            return jwt.check(token, key)
        except jwt.BadToken:
            if place == len(usable) - 1:
                raise


def _timely(ctx: Ctx, request: Request, claims: Mapping[str, Any]) -> None:
    audience = claims.get("aud")
    given = audience if isinstance(audience, list) else [audience]
    endpoint = f"{ctx.base_url}{request.url_path}"
    issuer = endpoint.rpartition("/v1/")[0]
    if not {endpoint, f"{issuer}/v1/token", issuer} & {str(each).rstrip("/") for each in given}:
        raise fail("assertion_audience")
    expires = claims.get("exp")
    if not isinstance(expires, int | float) or isinstance(expires, bool):
        raise fail("assertion_exp")
    if expires <= ctx.now:
        raise fail("assertion_expired")
    if expires > ctx.now + 3600 + FIVE_MINUTES:
        raise fail("assertion_too_long")
    if isinstance(claims.get("iat"), int | float) and claims["iat"] > ctx.now + FIVE_MINUTES:
        raise fail("assertion_future")


def _once(ctx: Ctx, key: str, error: str) -> None:
    if ctx.store.find("used_jti", key) is not None:
        raise fail(error)
    ctx.store.insert("used_jti", {"at": ctx.now}, id=key)


# DPoP --------------------------------------------------------------------------------------------------------------


def nonce(ctx: Ctx) -> str:
    """The nonce that proofs must carry today."""
    text = f"{ctx.seed}/dpop/{ctx.now // 86_400}"
    return jwt.encoded(hashlib.sha256(text.encode()).digest()[:24])


def proof(ctx: Ctx, request: Request, *, token: str = "", nonced: bool = True) -> str | None:
    """The thumbprint of the key of a request's DPoP proof; None without one. Raises invalid_dpop_proof and its kin."""
    text = request.headers.get("dpop", "")
    if not text:
        return None
    try:
        header, claims = jwt.read(text)
    except jwt.BadToken:
        raise fail("dpop_jwt") from None
    if header.get("typ") != "dpop+jwt":
        raise fail("dpop_typ")
    if header.get("alg") not in DPOP_ALGORITHMS or not isinstance(header.get("jwk"), Mapping):
        raise fail("dpop_alg")
    try:
        jwt.check(text, header["jwk"])
    except (jwt.BadToken, KeyError):
        raise fail("dpop_signature") from None
    _claims(ctx, request, claims, nonced)
    if token and claims.get("ath") != jwt.encoded(hashlib.sha256(token.encode()).digest()):
        raise fail("dpop_ath")
    return jwt.thumbprint(header["jwk"])


def _claims(ctx: Ctx, request: Request, claims: Mapping[str, Any], nonced: bool) -> None:
    if claims.get("htm") != request.method:
        raise fail("dpop_htm")
    if str(claims.get("htu", "")).partition("?")[0] != f"{ctx.base_url}{request.url_path}":
        raise fail("dpop_htu")
    issued = claims.get("iat")
    if not isinstance(issued, int | float):
        raise fail("dpop_iat")
    if issued > ctx.now + 60:
        raise fail("dpop_future")
    if issued < ctx.now - FIVE_MINUTES:
        raise fail("dpop_old")
    if not claims.get("jti"):
        raise fail("dpop_jti")
    if nonced and claims.get("nonce") != nonce(ctx):
        raise with_nonce(ctx)
    _once(ctx, f"dpop/{claims['jti']}", "dpop_used")


def with_nonce(ctx: Ctx) -> ServiceError:
    """use_dpop_nonce, with the nonce to use."""
    error = fail("use_dpop_nonce")
    error.headers = {"dpop-nonce": nonce(ctx)}
    return error
