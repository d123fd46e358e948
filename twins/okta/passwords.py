"""Passwords: what a policy asks of them, and how they are kept and compared. Pure functions.

Source: https://developer.okta.com/docs/reference/api/policy/#password-complexity-object (defaults of the default
policy) and #password-lockout-object. Imported hashes: https://developer.okta.com/docs/reference/api/users/#hashed-password-object.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any

DEFAULT_COMPLEXITY: dict[str, Any] = {
    "minLength": 8,
    "minLowerCase": 1,
    "minUpperCase": 1,
    "minNumber": 1,
    "minSymbol": 0,
    "excludeUsername": True,
    "dictionary": {"common": {"exclude": False}},
    "excludeAttributes": [],
}
DEFAULT_AGE: dict[str, Any] = {"maxAgeDays": 0, "expireWarnDays": 0, "minAgeMinutes": 0, "historyCount": 4}
DEFAULT_LOCKOUT: dict[str, Any] = {
    "maxAttempts": 10,
    "autoUnlockMinutes": 0,
    "userLockoutNotificationChannels": [],
    "showLockoutFailures": False,
}
LONGEST = 72


def requirements(complexity: Mapping[str, Any], history: int = 0) -> str:
    """The sentence that tells the requirements."""
    parts = [f"at least {complexity.get('minLength', 8)} characters"]
    words = {
        "minLowerCase": "a lowercase letter",
        "minUpperCase": "an uppercase letter",
        "minNumber": "a number",
        "minSymbol": "a symbol",
    }
    parts += [text for name, text in words.items() if complexity.get(name)]
    parts += ["no parts of your username"] if complexity.get("excludeUsername") else []
    attributes = {"firstName": "does not include your first name", "lastName": "does not include your last name"}
    parts += [attributes[name] for name in complexity.get("excludeAttributes", ()) if name in attributes]
    text = f"Password requirements were not met. Password requirements: {', '.join(parts)}."
    return f"{text} Your password cannot be any of your last {history} passwords." if history else text


def weak(password: str, complexity: Mapping[str, Any], profile: Mapping[str, Any]) -> bool:
    """Whether a password fails the policy."""
    patterns = {"minLowerCase": r"[a-z]", "minUpperCase": r"[A-Z]", "minNumber": r"\d", "minSymbol": r"[^A-Za-z0-9\s]"}
    if not int(complexity.get("minLength", 8)) <= len(password) <= LONGEST:
        return True
    if any(len(re.findall(pattern, password)) < int(complexity.get(name) or 0) for name, pattern in patterns.items()):
        return True
    folded = password.casefold()
    taboo = []
    if complexity.get("excludeUsername"):
        login = str(profile.get("login", "")).casefold()
        taboo += [part for part in re.split(r"[@.,_#\s-]", login.partition("@")[0]) if len(part) >= 4]
    taboo += [str(profile.get(name) or "").casefold() for name in complexity.get("excludeAttributes", ())]
    return any(part and part in folded for part in taboo)


def kept(password: str, salt: str) -> dict[str, Any]:
    """How a password is stored: salted, one-way; quick, because this is a twin."""
    return {"algorithm": "twin", "salt": salt, "value": _digest("sha256", password, salt, "PREFIX").hex()}


def imported(given: Mapping[str, Any]) -> dict[str, Any]:
    """How a hashed password is stored."""
    return dict(given)


def _digest(name: str, password: str, salt: str, order: str) -> bytes:
    raw = salt.encode()
    text = raw + password.encode() if order != "POSTFIX" else password.encode() + raw
    return hashlib.new(name, text).digest()


def fits(password: str, held: Mapping[str, Any]) -> bool:
    """Whether a password is the one that is held. BCRYPT cannot be checked and never fits."""
    algorithm = str(held.get("algorithm", "")).upper()
    if algorithm == "TWIN":
        return hmac.compare_digest(_digest("sha256", password, str(held["salt"]), "PREFIX").hex(), str(held["value"]))
    names = {"SHA-1": "sha1", "SHA-256": "sha256", "SHA-512": "sha512", "MD5": "md5"}
    try:
        value = base64.b64decode(str(held.get("value", "")))
        salt = base64.b64decode(str(held.get("salt") or ""))
    except ValueError:
        return False
    if algorithm == "PBKDF2":
        digest = str(held.get("digestAlgorithm", "SHA256_HMAC")).partition("_")[0].lower()
        size = int(held.get("keySize", 32))
        made = hashlib.pbkdf2_hmac(digest, password.encode(), salt, int(held.get("iterationCount", 4096)), size)
        return hmac.compare_digest(made, value)
    if algorithm not in names:
        return False
    secret = password.encode()
    text = secret + salt if held.get("saltOrder") == "POSTFIX" else salt + secret
    return hmac.compare_digest(hashlib.new(names[algorithm], text).digest(), value)
