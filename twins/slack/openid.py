"""Sign in with Slack: what is told of somebody, signed with a key that the twin publishes. Imports: the twin.

Source: https://docs.slack.dev/authentication/sign-in-with-slack. The signature is RS256 (RFC 8017, section 8.2).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from twinkit import Ctx, Reply, Request
from twins.slack import twin

ISSUER = "https://slack.com"
SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")
"""What stands before a SHA-256 digest that is signed: RFC 8017, section 9.2."""


@lru_cache(maxsize=1)
def _key() -> tuple[str, int, int, int]:
    """The id of the key, its modulus, public and private exponents."""
    found = orjson.loads(Path(__file__).with_name("openid_key.json").read_bytes())
    return found["kid"], int(found["n"], 16), int(found["e"]), int(found["d"], 16)


def _coded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _whole(number: int) -> str:
    return _coded(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def signed(claims: Mapping[str, Any]) -> str:
    """A JSON Web Token."""
    kid, modulus, _, private = _key()
    head = {"alg": "RS256", "typ": "JWT", "kid": kid}
    text = f"{_coded(orjson.dumps(head))}.{_coded(orjson.dumps(claims))}"
    size = (modulus.bit_length() + 7) // 8
    tail = SHA256 + sha256(text.encode()).digest()
    block = b"\x00\x01" + b"\xff" * (size - len(tail) - 3) + b"\x00" + tail
    proof = pow(int.from_bytes(block, "big"), private, modulus).to_bytes(size, "big")
    return f"{text}.{_coded(proof)}"


def claims(ctx: Ctx, user: str) -> dict[str, Any]:
    """What `openid.connect.userInfo` tells of somebody."""
    owner = ctx.store.get("user", user)
    team = ctx.store.get("team", owner["team_id"])
    profile = owner["profile"]
    pictures = {f"https://slack.com/user_image_{size}": profile[f"image_{size}"] for size in (24, 32, 48, 72, 192, 512)}
    icons = {f"https://slack.com/team_{name}": value for name, value in team["icon"].items()}
    return {
        "sub": user, "https://slack.com/user_id": user, "https://slack.com/team_id": team["id"],
        "email": profile.get("email", ""), "email_verified": True, "date_email_verified": team["created"],
        "name": owner["real_name"], "picture": profile["image_512"], "given_name": profile["first_name"],
        "family_name": profile["last_name"], "locale": owner["locale"],
        "https://slack.com/team_name": team["name"], "https://slack.com/team_domain": team["domain"], **pictures,
        **icons,
    }  # fmt: skip


def id_token(ctx: Ctx, user: str, audience: str, access_token: str, nonce: str) -> str:
    """Who signed in, for whom, signed; it lives five minutes."""
    half = sha256(access_token.encode()).digest()[:16]
    told = {
        "iss": ISSUER, "aud": audience, "iat": ctx.now, "exp": ctx.now + 300, "auth_time": ctx.now,
        "at_hash": _coded(half), **({"nonce": nonce} if nonce else {}),
    }  # fmt: skip
    return signed({**told, **claims(ctx, user)})


@twin.page("GET", "/.well-known/openid-configuration")
def configuration(ctx: Ctx, request: Request) -> Reply:
    """Where everything is."""
    base = ctx.base_url
    return Reply(200, {
        "issuer": ISSUER, "authorization_endpoint": f"{base}/openid/connect/authorize",
        "token_endpoint": f"{base}/api/openid.connect.token", "jwks_uri": f"{base}/openid/connect/keys",
        "userinfo_endpoint": f"{base}/api/openid.connect.userInfo",
        "scopes_supported": ["openid", "profile", "email"], "response_types_supported": ["code"],
        "response_modes_supported": ["form_post"], "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": ["sub", "auth_time", "iss"], "claims_parameter_supported": False,
        "request_parameter_supported": False, "request_uri_parameter_supported": True,
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
    })  # fmt: skip


@twin.page("GET", "/openid/connect/keys")
def keys(ctx: Ctx, request: Request) -> Reply:
    """The key that signatures are checked with."""
    kid, modulus, public, _ = _key()
    key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": _whole(modulus), "e": _whole(public)}
    return Reply(200, {"keys": [key]})
