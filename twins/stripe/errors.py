"""The error texts that handlers raise (twin.yaml words the pipeline's), and how an error looks on the wire.

An error is `{"error": {type, code?, message, param?, doc_url?, request_log_url, …}}`. Texts are the service's own
(https://docs.stripe.com/error-codes, https://docs.stripe.com/api/errors and its answers).
Imports: the kit's ServiceError only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from twinkit.errors import ServiceError

DOC_URL = "https://stripe.com/docs/error-codes/"
LOG_URL = "https://dashboard.stripe.com/acct_1TwinkitStripeAc/test/workbench/logs?object="
"""Where the service's dashboard would show the request; the request id follows."""
UNDOCUMENTED = frozenset({"property_expansion_max_depth"})
"""Codes whose errors carry no `doc_url`."""


def error(
    status: int, message: str, *, code: str | None = None, param: str | None = None, type: str = "", **extra: Any
) -> ServiceError:
    """A ServiceError in Stripe's shape; `extra` (charge, decline_code, payment_intent, …) goes beside the message."""
    kind = type or ("card_error" if status == 402 else "invalid_request_error")
    inner: dict[str, Any] = {}
    if code:
        inner["code"] = code
        if code not in UNDOCUMENTED:
            inner["doc_url"] = DOC_URL + code.replace("_", "-")
    inner["message"] = message
    if param is not None:
        inner["param"] = param
    inner.update({key: value for key, value in extra.items() if value is not None})
    inner["type"] = kind
    return ServiceError(status, {"error": dict(sorted(inner.items()))}, name=code or kind)


def invalid(message: str, param: str | None = None, code: str | None = None, **extra: Any) -> ServiceError:
    """400 invalid_request_error."""
    return error(400, message, code=code, param=param, **extra)


# --- keys ---------------------------------------------------------------------------------------------------------

NO_KEY = (
    "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth "
    "(e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details, or we "
    "can help at https://support.stripe.com/."
)
PUBLISHABLE_KEY = (
    "This API call cannot be made with a publishable API key. Please use a secret API key. You can find a list of your "
    "API keys at https://dashboard.stripe.com/account/apikeys."
)


def masked(key: str) -> str:
    """A key as the service shows it: its prefix, stars, the last four characters."""
    prefix_end = key.find("_", key.find("_") + 1) + 1 if key.count("_") >= 2 else 0
    secret = key[prefix_end:]
    return f"{key[:prefix_end]}{'*' * max(len(secret) - 4, 0)}{secret[-4:]}"


def no_key() -> ServiceError:
    """401: no Authorization at all."""
    return error(401, NO_KEY)


def bad_key(key: str) -> ServiceError:
    """401: no key of this account."""
    return error(401, f"Invalid API Key provided: {masked(key)}")


def secret_key_required() -> ServiceError:
    """403: a publishable key where a secret one is needed."""
    return error(403, PUBLISHABLE_KEY, code="secret_key_required")


def account_unknown(key: str, account: str) -> ServiceError:
    """403: Stripe-Account names an account the key cannot act for."""
    text = (
        f"The provided key '{masked(key)}' does not have access to account '{account}' (or that account does not "
        "exist). Application access may have been revoked."
    )
    return error(403, text, code="account_invalid")


def not_permitted(key: str, account: str, name: str, level: str) -> ServiceError:
    """403: a restricted key without the permission an operation needs."""
    shown, permission = f"{name.replace('_', ' ').title()} {level.title()}", f"{name.removesuffix('s')}_{level}"
    text = (
        f"Permission denied. The provided key '{masked(key)}' does not have the required permissions for this "
        f"endpoint on account '{account}'. Enabling \"{shown}\" ('{permission}') permissions on this "
        "key would allow this request to continue."
    )
    return error(403, text)


# --- routes and records -------------------------------------------------------------------------------------------


def trailing_slash(method: str, path: str) -> str:
    """What an address with nothing after its last slash is answered with."""
    return (
        f"Unrecognized request URL ({method}: {path}). If you are trying to list objects, remove the trailing slash. "
        "If you are trying to retrieve an object, make sure you passed a valid (non-empty) identifier in your code. "
        "Please see https://stripe.com/docs or we can help at https://support.stripe.com/."
    )


NAMES: Mapping[str, str] = {
    "billing.meter": "meter",
    "payment_method": "PaymentMethod",
    "setup_intent": "setupintent",
    "test_helpers.test_clock": "test_clock",
    "promotion_code": "promotion code",
    "webhook_endpoint": "webhook endpoint",
    "balance_transaction": "balance transaction",
    "file_link": "file link",
    "tax_rate": "taxrate",
    "subscription_item": "subscription_item",
    "subscription_schedule": "subscription schedule",
    "radar.early_fraud_warning": "early fraud warning",
}
"""Resource → what it is called in "No such …" where that is not its own name."""
CONNECTED = frozenset({"payment_method"})


def missing_text(resource: str, id: str) -> str:
    """`No such customer: 'cus_x'`; payment methods add a hint about connected accounts."""
    text = f"No such {NAMES.get(resource, resource)}: '{id}'"
    if resource in CONNECTED:
        text += (
            "; It's possible this PaymentMethod exists on one of your connected accounts, in which case you should "
            "retry this request on that connected account. Learn more at https://stripe.com/docs/connect/authentication"
        )
    return text


def no_such(resource: str, id: str, param: str = "id", *, path: bool = True) -> ServiceError:
    """404 for an id in the path, 400 for one in a parameter."""
    return error(404 if path else 400, missing_text(resource, id), code="resource_missing", param=param)


# --- parameters ---------------------------------------------------------------------------------------------------


def dotted(path: Iterable[str | int]) -> str:
    """A parameter's name on the wire: ("items", 0, "price") → `items[0][price]`."""
    first, *rest = [str(part) for part in path] or [""]
    return first + "".join(f"[{part}]" for part in rest)


def missing(param: str) -> ServiceError:
    """400: a required parameter is not there."""
    return invalid(f"Missing required param: {param}.", param, "parameter_missing")


def unknown(params: list[str]) -> ServiceError:
    """400: parameters the operation does not have."""
    if len(params) > 1:
        return invalid(f"Received unknown parameters: {', '.join(params)}", params[0], "parameter_unknown")
    return invalid(f"Received unknown parameter: {params[0]}", params[0], "parameter_unknown")


def keys_not_sequential(key: str, expected: int, param: str) -> ServiceError:
    """400: a list with explicit keys that leave a gap."""
    text = (
        "If passing an array with explicit keys (e.g. foo[0]=a&foo[1]=b) instead of as an array (e.g. "
        f"foo[]=a&foo[]=b), the keys must be numeric and sequential starting from 0. You passed the keys "
        f"`{key}`, we expected to have a key with the value `{expected}`."
    )
    return invalid(text, param)


def empty(param: str) -> ServiceError:
    """400: an empty string for what cannot be unset."""
    text = (
        f"You passed an empty string for '{param}'. We assume empty values are an attempt to unset a parameter; "
        f"however '{param}' cannot be unset. You should remove '{param}' from your request or supply a non-empty value."
    )
    return invalid(text, param, "parameter_invalid_empty")


def wrong_type(expected: str, value: Any, param: str) -> ServiceError:
    """400: `Invalid integer: abc`, `Invalid boolean: …`, `Invalid array`, `Invalid object`."""
    if expected == "integer":
        return invalid(f"Invalid integer: {value}", param, "parameter_invalid_integer")
    if expected in ("array", "object"):
        return invalid(f"Invalid {expected}", param)
    if expected == "string":
        return invalid(f"Invalid string: {_shown(value)}", param)
    return invalid(f"Invalid {'decimal' if expected == 'number' else expected}: {value}", param)


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f'"{key}"=>{_shown(item)}' for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_shown(item) for item in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def not_in(param: str, choices: Iterable[Any]) -> ServiceError:
    """400: a value outside an enum."""
    names = [str(choice) for choice in choices if choice not in ("", None)]
    if len(names) == 1:
        listed = names[0]
    elif len(names) == 2:
        listed = f"one of {names[0]} or {names[1]}"
    else:
        listed = f"one of {', '.join(names[:-1])}, or {names[-1]}"
    return invalid(f"Invalid {param}: must be {listed}", param)


def too_long(param: str, value: str, length: int) -> ServiceError:
    """400: a string longer than the contract admits."""
    shown = value if len(value) <= 30 else f"{value[:15]}…{value[-15:]}"
    return invalid(f"Invalid string: {shown}; must be at most {length} characters", param)


def too_small(param: str, least: Any) -> ServiceError:
    """400: a number below its minimum."""
    return invalid(f"This value must be greater than or equal to {least}.", param, "parameter_invalid_integer")


def too_large(param: str, most: Any) -> ServiceError:
    """400: a number above its maximum."""
    return invalid(f"This value must be less than or equal to {most}.", param, "parameter_invalid_integer")


def too_many_keys(count: int, most: int) -> ServiceError:
    """400: more keys of metadata than a record can have."""
    text = (
        f"Metadata can have up to {most} keys, but you've set {count}. "
        "Email us at support+metadata@stripe.com for more information."
    )
    return invalid(text, "metadata")


def metadata_too_long(part: str, value: str, most: int) -> ServiceError:
    """400: a key or value (`part`) of metadata that is too long."""
    text = (
        f"Metadata {part}s can have up to {most} characters, but you passed in a {part} that is {len(value)} "
        f"characters. Invalid {part}: {value}"
    )
    return invalid(text, "metadata")


def exclusive(*params: str) -> ServiceError:
    """400: parameters that exclude each other."""
    text = f"You may only specify one of these parameters: {', '.join(params)}."
    return invalid(text, params[0], "parameters_exclusive")


def bad_currency(value: str, currencies: Iterable[str]) -> ServiceError:
    """400: no currency of the service."""
    text = f"Invalid currency: {value}. Stripe currently supports these currencies: {', '.join(currencies)}"
    return invalid(text, "currency")


# --- versions ---------------------------------------------------------------------------------


def bad_version(version: str) -> ServiceError:
    """400: Stripe-Version is no version."""
    text = (
        f"Invalid Stripe API version: {version}. You can find the list of valid versions at "
        "https://stripe.com/docs/upgrades#api-versions"
    )
    return error(400, text)


# --- expansion and search -----------------------------------------------------------------------------------------


def cannot_expand(segment: str, suggestion: str = "") -> ServiceError:
    """400: a property that is no reference; the error names no parameter and uses no idempotency key up."""
    hint = f" You may want to try expanding '{suggestion}' instead." if suggestion else ""
    error = invalid(f"This property cannot be expanded ({segment}).{hint}")
    error.name = "invalid"
    return error


def too_deep(path: str) -> ServiceError:
    """400: more than four levels."""
    text = f"You cannot expand more than 4 levels of a property. Property: {path}"
    error = invalid(text, code="property_expansion_max_depth")
    error.name = "invalid"
    return error


# --- cards --------------------------------------------------------------------------------------------------------


def declined(message: str, code: str, *, param: str | None = None, **extra: Any) -> ServiceError:
    """402 card_error; `extra` carries decline_code, charge, payment_intent, payment_method, advice_code."""
    return error(402, message, code=code, param=param, type="card_error", **extra)


def wrong_state(intent: dict[str, Any], message: str, param: str | None = None) -> ServiceError:
    """400 `payment_intent_unexpected_state` or `setup_intent_unexpected_state`, the intent embedded."""
    name = str(intent["object"])
    embedded: dict[str, Any] = {name: intent}
    return invalid(message, param, f"{name}_unexpected_state", **embedded)
