"""Discovery documents and key sets. Source: https://developer.okta.com/docs/reference/api/oidc/#well-known-openid-configuration."""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Reply, Request
from twins.okta import authz, twin
from twins.okta.oauth import servers
from twins.okta.oauth.clients import DPOP_ALGORITHMS

GRANTS = [
    "authorization_code",
    "implicit",
    "refresh_token",
    "password",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:openid:params:grant-type:ciba",
]
METHODS = ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"]
TYPES = ["code", "id_token", "code id_token", "code token", "id_token token", "code id_token token"]
CLAIMS = ["iss", "ver", "sub", "aud", "iat", "exp", "jti", "auth_time", "amr", "idp", "nonce", "name", "nickname",
          "preferred_username", "given_name", "middle_name", "family_name", "email", "email_verified", "profile",
          "zoneinfo", "locale", "address", "phone_number", "picture", "website", "gender", "birthdate", "updated_at",
          "at_hash", "c_hash"]  # fmt: skip
ASYMMETRIC = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"]
SIGNING = ["HS256", "HS384", "HS512", *ASYMMETRIC]


def metadata(ctx: Ctx, server: servers.Server) -> dict[str, Any]:
    """What an authorization server says of itself."""
    at = f"{server.base}/v1"
    if server.id == servers.ORG:
        scopes = [*authz.SYSTEM_SCOPES, "groups"]
    else:
        rows = authz.scopes(ctx, server.id)
        scopes = [name for name, row in rows.items() if row.get("metadataPublish") == "ALL_CLIENTS"]
    return {
        "issuer": server.issuer,
        "authorization_endpoint": f"{at}/authorize",
        "token_endpoint": f"{at}/token",
        "userinfo_endpoint": f"{at}/userinfo",
        "registration_endpoint": f"{ctx.base_url}/oauth2/v1/clients",
        "jwks_uri": f"{at}/keys",
        "response_types_supported": TYPES,
        "response_modes_supported": ["query", "fragment", "form_post", "okta_post_message"],
        "grant_types_supported": GRANTS,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": scopes,
        "token_endpoint_auth_methods_supported": METHODS,
        "claims_supported": CLAIMS,
        "code_challenge_methods_supported": ["S256"],
        "introspection_endpoint": f"{at}/introspect",
        "introspection_endpoint_auth_methods_supported": METHODS,
        "revocation_endpoint": f"{at}/revoke",
        "revocation_endpoint_auth_methods_supported": METHODS,
        "end_session_endpoint": f"{at}/logout",
        "request_parameter_supported": True,
        "request_object_signing_alg_values_supported": SIGNING,
        "device_authorization_endpoint": f"{at}/device/authorize",
        "pushed_authorization_request_endpoint": f"{at}/par",
        "backchannel_token_delivery_modes_supported": ["poll"],
        "backchannel_authentication_request_signing_alg_values_supported": SIGNING,
        "backchannel_authentication_endpoint": f"{at}/bc/authorize",
        "dpop_signing_alg_values_supported": list(DPOP_ALGORITHMS),
    }


@twin.handler("getWellKnownOpenIDConfiguration", "getWellKnownOpenIDConfigurationCustomAS")
def openid(ctx: Ctx, request: Request) -> Reply:
    """The OpenID Connect discovery document."""
    return Reply(200, metadata(ctx, servers.server_of(ctx, request)), {"cache-control": "max-age=86400"})


@twin.page("GET", "/.well-known/oauth-authorization-server")
def org_oauth(ctx: Ctx, _request: Request) -> dict[str, Any]:
    """The OAuth metadata of the org's own server."""
    return metadata(ctx, servers.by_key(ctx, servers.ORG))


@twin.handler("getWellKnownOAuthConfigurationCustomAS")
def oauth(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The OAuth metadata of a custom server."""
    return metadata(ctx, servers.server_of(ctx, request))


@twin.handler("oauthKeys", "oauthKeysCustomAS")
def keys(ctx: Ctx, request: Request) -> Reply:
    """The keys that verify a server's tokens."""
    found = {"keys": servers.jwks(ctx, servers.server_of(ctx, request))}
    return Reply(200, found, {"cache-control": "max-age=5184000"})


@twin.handler("tokenOptions", "tokenOptionsCustomAS", "parOptions", "parOptionsCustomAS")
def preflight(_ctx: Ctx, request: Request) -> Reply:
    """CORS: any origin may ask, as a trusted one may."""
    headers = {
        "access-control-allow-origin": request.header("origin", "*"), "access-control-allow-methods": "POST, OPTIONS",
        "access-control-allow-headers": request.header("access-control-request-headers", "*"),
        "access-control-allow-credentials": "true",
    }  # fmt: skip
    return Reply(request.binding.status if request.binding else 204, None, headers)
