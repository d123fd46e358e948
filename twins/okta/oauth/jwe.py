"""JSON Web Encryption of ID tokens, in compact form: RSA-OAEP by a client's key, the text by AES-256 in GCM.

Source: https://www.rfc-editor.org/rfc/rfc7516 and https://www.rfc-editor.org/rfc/rfc8017#section-7.1. What is random
comes from the caller, so that runs repeat. Pure functions.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from twins.okta.oauth import jwt

HASHES = {"RSA-OAEP": "sha1", "RSA-OAEP-256": "sha256", "RSA-OAEP-384": "sha384", "RSA-OAEP-512": "sha512"}
RANDOM = 108
"""Bytes that an encryption takes: the key (32), the start of the counter (12), the seed of the padding (64 at most)."""


def encrypt(token: str, key: Mapping[str, Any], algorithm: str, random: bytes) -> str:
    """A signed token, encrypted for who holds the private half of a key."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    secret, start = random[:32], random[32:44]
    header = {"alg": algorithm, "enc": "A256GCM", "cty": "JWT"} | ({"kid": key["kid"]} if key.get("kid") else {})
    head = jwt.encoded(json.dumps(header, separators=(",", ":")).encode())
    sealed = AESGCM(secret).encrypt(start, token.encode(), head.encode())
    parts = (wrapped(secret, key, HASHES[algorithm], random[44:]), start, sealed[:-16], sealed[-16:])
    return ".".join((head, *(jwt.encoded(part) for part in parts)))


def wrapped(secret: bytes, key: Mapping[str, Any], name: str, seed: bytes) -> bytes:
    """A key under RSA-OAEP with a hash and its mask function."""
    modulus, exponent = jwt.number(str(key["n"])), jwt.number(str(key["e"]))
    size, length = (modulus.bit_length() + 7) // 8, hashlib.new(name).digest_size
    seed = seed[:length]
    block = hashlib.new(name).digest() + bytes(size - len(secret) - 2 * length - 2) + b"\1" + secret
    masked = _xor(block, _mask(seed, len(block), name))
    message = b"\0" + _xor(seed, _mask(masked, length, name)) + masked
    return pow(int.from_bytes(message, "big"), exponent, modulus).to_bytes(size, "big")


def _mask(seed: bytes, length: int, name: str) -> bytes:
    rounds = -(-length // hashlib.new(name).digest_size)
    made = b"".join(hashlib.new(name, seed + each.to_bytes(4, "big")).digest() for each in range(rounds))
    return made[:length]


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
