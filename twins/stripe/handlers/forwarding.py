"""Requests that forward card details: what would be sent, redacted, and what the endpoint answers.

Nothing is sent anywhere: an endpoint answers what the control call `answer_forwarding` has said, else 200 and `{}`.
Sources: https://docs.stripe.com/payments/vault-and-forward, https://docs.stripe.com/api/forwarding/request. Imports:
the kit's public names, the twin.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import orjson

from twinkit import Ctx, Request, UsageError
from twins.stripe import accounts, errors, lookup, twin
from twins.stripe.handlers import payment_methods

FORWARDED = "forwarding.request"
ANSWERS = "forwarding_answer"
"""Store name of what endpoints answer, by URL."""
KEPT = 30 * 86_400
NAMES: Mapping[str, str] = {
    "card_number": r"(card|cc)?_?(number|pan)",
    "card_cvc": r"(card|cc)?_?(cvc|cvv|cvn|cid|security_?code|verification_?value)",
    "cardholder_name": r"(card_?)?holder_?name|name_?on_?card",
}
"""Kind of replacement → names that fields of a body have for it, in any case."""
MONTH, YEAR = r"exp(iry|iration)?_?month", r"exp(iry|iration)?_?year"
ADDRESS, DURATION = "203.0.113.80", 234


def _matches(pattern: str, name: str) -> bool:
    return re.fullmatch(pattern, name, re.IGNORECASE) is not None


def _redacted(card: Mapping[str, Any], name: Any, kinds: Sequence[str], field: str) -> str | None:
    """What a record shows of the card detail that a field of the body is filled with."""
    if "card_number" in kinds and _matches(NAMES["card_number"], field):
        return f"{card['bin']}******{card['last4']}"
    if "card_cvc" in kinds and _matches(NAMES["card_cvc"], field):
        return "***"
    if "cardholder_name" in kinds and _matches(NAMES["cardholder_name"], field):
        return str(name or "")
    if "card_expiry" in kinds and _matches(MONTH, field):
        return f"{int(card['exp_month']):02d}"
    if "card_expiry" in kinds and _matches(YEAR, field):
        return str(card["exp_year"])
    return None


def _filled(value: Any, method: Mapping[str, Any], kinds: Sequence[str]) -> Any:
    """A body with its empty fields filled in, as the record shows it."""
    if isinstance(value, list):
        return [_filled(each, method, kinds) for each in value]
    if not isinstance(value, dict):
        return value
    found = {}
    for name, inner in value.items():
        put = _redacted(method["card"], method["billing_details"]["name"], kinds, name) if inner == "" else None
        found[name] = _filled(inner, method, kinds) if put is None else put
    return found


@twin.handler("PostForwardingRequests")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Forward card details to an endpoint. Raises 400 for an address that is none, or a method without a card."""
    params = request.body or {}
    url, asked = str(params["url"]), params.get("request") or {}
    if urlsplit(url).scheme != "https":
        raise errors.invalid("Not a valid URL", "url", "url_invalid")
    method = payment_methods.resolve(ctx, params["payment_method"], "payment_method")
    if not method.get("card"):
        raise errors.invalid(f"{method['id']} is not a card and cannot be forwarded.", "payment_method")
    method = {**method, "card": {**method["card"], "bin": _bin(method["card"])}}
    try:
        body = orjson.loads(asked.get("body") or "{}")
    except orjson.JSONDecodeError:
        raise errors.invalid("The body of the request is no JSON.", "request[body]") from None
    headers = [*(asked.get("headers") or ()), {"name": "Content-Type", "value": "application/json"}]
    answer = ctx.store.find(ANSWERS, url) or {"body": "{}", "headers": [], "status": 200}
    record = {
        "id": ctx.new_id(FORWARDED),
        "object": FORWARDED,
        "created": ctx.now,
        "livemode": False,
        "metadata": lookup.metadata({}, params.get("metadata")),
        "payment_method": method["id"],
        "replacements": list(params["replacements"]),
        "request_context": {"destination_duration": DURATION, "destination_ip_address": ADDRESS},
        "request_details": {
            "body": orjson.dumps(_filled(body, method, params["replacements"])).decode(),
            "headers": headers,
            "http_method": "POST",
        },
        "response_details": answer,
        "url": url,
    }
    ctx.store.insert(FORWARDED, record, created=ctx.micros)
    ctx.schedule("forwarding_forgotten", {"request": record["id"]}, after=KEPT)
    return record


def _bin(card: Mapping[str, Any]) -> str:
    """The first six digits that a card of its brand has in tests."""
    return {"amex": "378282", "mastercard": "555555", "discover": "601111"}.get(str(card["brand"]), "424242")


@accounts.timer("forwarding_forgotten")
def forgotten(ctx: Ctx, data: dict[str, Any]) -> None:
    """A request is kept for 30 days."""
    if ctx.store.find(FORWARDED, data["request"]) is not None:
        ctx.store.delete(FORWARDED, data["request"])


@twin.control("answer_forwarding")
def answer_forwarding(ctx: Ctx, payload: Any) -> dict[str, Any]:
    """What an endpoint answers from now on: `{"url": "https://…", "status": 200, "body": "{}", "headers": {}}`."""
    if not isinstance(payload, Mapping) or not payload.get("url"):
        raise UsageError("say which endpoint, such as {'url': 'https://…'}")
    accounts.enter(ctx, payload.get("account"))
    headers = [{"name": name, "value": str(value)} for name, value in (payload.get("headers") or {}).items()]
    answer = {"body": str(payload.get("body") or ""), "headers": headers, "status": int(payload.get("status") or 200)}
    if ctx.store.find(ANSWERS, payload["url"]) is None:
        ctx.store.insert(ANSWERS, answer, id=payload["url"])
    else:
        ctx.store.replace(ANSWERS, payload["url"], answer)
    return answer
