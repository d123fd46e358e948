"""JSON Web Tokens: written with a test key, read, checked against a JWK. `cryptography` is loaded when needed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from twins.okta.oauth import keys

HASHES = {"256": "sha256", "384": "sha384", "512": "sha512"}
CURVES = {"P-256": ("SECP256R1", 32), "P-384": ("SECP384R1", 48), "P-521": ("SECP521R1", 66)}


class BadToken(ValueError):
    """The text is no JWT, or its signature does not fit; `what` is jwt, alg, kid or signature."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


def encoded(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decoded(text: str) -> bytes:
    """The bytes of base64url. Raises BadToken."""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise BadToken("jwt") from None


def number(text: str) -> int:
    """The integer of a JWK member."""
    return int.from_bytes(decoded(text), "big")


@lru_cache(maxsize=8)
def signer(place: int) -> Any:
    """The private half of a test key, for `cryptography`."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = keys.private(place)
    part = {name: number(key[name]) for name in ("n", "e", "d", "p", "q", "dp", "dq", "qi")}
    public = rsa.RSAPublicNumbers(part["e"], part["n"])
    return rsa.RSAPrivateNumbers(
        part["p"], part["q"], part["d"], part["dp"], part["dq"], part["qi"], public
    ).private_key()


def sign(claims: Mapping[str, Any], place: int, header: Mapping[str, Any]) -> str:
    """An RS256 token of these claims, signed with the test key number `place`."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    parts = [encoded(json.dumps(part, separators=(",", ":")).encode()) for part in ({**header, "alg": "RS256"}, claims)]
    text = ".".join(parts)
    return f"{text}.{encoded(signer(place).sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def read(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """(header, claims) of a token, its signature not looked at. Raises BadToken."""
    parts = token.split(".")
    if len(parts) != 3:
        raise BadToken("jwt")
    try:
        header, claims = json.loads(decoded(parts[0])), json.loads(decoded(parts[1]))
    except (ValueError, UnicodeDecodeError):
        raise BadToken("jwt") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise BadToken("jwt")
    return header, claims


def check(token: str, jwk: Mapping[str, Any]) -> None:
    """Raises BadToken when the signature is not the JWK's."""
    header, _ = read(token)
    text, _, signature = token.rpartition(".")
    algorithm = str(header.get("alg", ""))
    raw = decoded(signature)
    if algorithm[:2] in ("RS", "PS") and jwk.get("kty") == "RSA":
        good = _rsa(text.encode(), raw, jwk, algorithm)
    elif algorithm[:2] == "ES" and jwk.get("kty") == "EC":
        good = _ec(text.encode(), raw, jwk, algorithm)
    else:
        raise BadToken("alg")
    if not good:
        raise BadToken("signature")


def _rsa(text: bytes, signature: bytes, jwk: Mapping[str, Any], algorithm: str) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    kind = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}[algorithm[2:]]
    key = rsa.RSAPublicNumbers(number(str(jwk["e"])), number(str(jwk["n"]))).public_key()
    scheme: Any = padding.PKCS1v15()
    if algorithm.startswith("PS"):
        scheme = padding.PSS(mgf=padding.MGF1(kind), salt_length=kind.digest_size)
    try:
        key.verify(signature, text, scheme, kind)
    except InvalidSignature:
        return False
    return True


def _ec(text: bytes, signature: bytes, jwk: Mapping[str, Any], algorithm: str) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, utils

    curve, size = CURVES[str(jwk.get("crv", "P-256"))]
    kind = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}[algorithm[2:]]
    if len(signature) != 2 * size:
        return False
    both = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
    try:
        key = ec.EllipticCurvePublicNumbers(
            number(str(jwk["x"])), number(str(jwk["y"])), getattr(ec, curve)()
        ).public_key()
        key.verify(utils.encode_dss_signature(*both), text, ec.ECDSA(kind))
    except (InvalidSignature, ValueError):
        return False
    return True


def check_hmac(token: str, secret: str) -> None:
    """Raises BadToken when the signature is not made with this secret."""
    header, _ = read(token)
    text, _, signature = token.rpartition(".")
    name = HASHES.get(str(header.get("alg", ""))[2:])
    if name is None or not str(header["alg"]).startswith("HS"):
        raise BadToken("alg")
    if not hmac.compare_digest(hmac.new(secret.encode(), text.encode(), name).digest(), decoded(signature)):
        raise BadToken("signature")


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """The RFC 7638 thumbprint of a JWK."""
    names = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y")}.get(str(jwk.get("kty")), ("k", "kty"))
    text = json.dumps({name: jwk.get(name) for name in names}, separators=(",", ":"), sort_keys=True)
    return encoded(hashlib.sha256(text.encode()).digest())


def half_hash(text: str) -> str:
    """`at_hash` and `c_hash`: the left half of the SHA-256, base64url."""
    return encoded(hashlib.sha256(text.encode()).digest()[:16])
