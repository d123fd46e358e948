"""Ephemeral keys and confirmation tokens: what client-side code works with.

Source: https://docs.stripe.com/api/confirmation_tokens. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Request
from twins.stripe import errors, lookup, twin
from twins.stripe.handlers import payment_methods

LIFE = 3600
CONFIRMATION_LIFE = 12 * 3600
CONFIRMED_METHOD = "confirmation_method"
"""Store name of the payment methods that confirmation tokens stand for."""


@twin.handler("PostEphemeralKeys")
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A key for one customer, card or verification session."""
    params = request.body or {}
    if not request.headers.get("stripe-version") and not ctx.options.get("materialise"):
        raise errors.invalid("You must pass a Stripe-Version header to create an ephemeral key.", "stripe_version")
    kinds = {
        "customer": "customer",
        "issuing_card": "issuing.card",
        "verification_session": "identity.verification_session",
    }
    objects = []
    for name, resource in kinds.items():
        if params.get(name):
            held = lookup.record(ctx, resource, params[name], name)
            objects.append({"id": held["id"], "type": resource})
    if not objects and not ctx.options.get("materialise"):
        text = "You must provide one of the following: customer, issuing_card, verification_session."
        raise errors.invalid(text, code="parameter_missing")
    record: dict[str, Any] = {
        "id": ctx.new_id("ephemeral_key"),
        "object": "ephemeral_key",
        "associated_objects": objects,
        "created": ctx.now,
        "expires": ctx.now + LIFE,
        "livemode": False,
        "secret": f"ek_test_{ctx.token('alnum', 70)}",
    }
    ctx.store.insert("ephemeral_key", record, created=ctx.micros)
    return record


@twin.handler("DeleteEphemeralKeysKey")
def delete(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Make a key useless at once."""
    record = lookup.in_path(ctx, "ephemeral_key", request.path["key"], "key")
    ctx.store.delete("ephemeral_key", record["id"])
    return {name: value for name, value in {**record, "expires": ctx.now}.items() if name != "secret"}


USED = "This ConfirmationToken has already been used to confirm {intent}. Create another one and try again."


def confirmation_of(ctx: Ctx, id: Any) -> dict[str, Any]:
    """A confirmation token that an intent is to be confirmed with. Raises 400 for one that was used or is too old."""
    token = lookup.record(ctx, "confirmation_token", id, "confirmation_token")
    used = token["payment_intent"] or token["setup_intent"]
    if used:
        raise errors.invalid(USED.format(intent=used), "confirmation_token")
    if token["expires_at"] <= ctx.now:
        raise errors.no_such("confirmation_token", token["id"], "confirmation_token", path=False)
    return token


def confirmed(ctx: Ctx, id: Any, intent: dict[str, Any]) -> dict[str, Any]:
    """The payment method of a confirmation token, which this intent uses up; what else it holds goes to the intent."""
    token = confirmation_of(ctx, id)
    for name in ("setup_future_usage", "shipping"):
        if token[name] and name in intent:
            intent[name] = token[name]
    ctx.store.update("confirmation_token", token["id"], **{str(intent["object"]): intent["id"]})
    kept = ctx.store.find(CONFIRMED_METHOD, token["id"])
    return payment_methods.resolve(ctx, kept["method"] if kept else "pm_card_visa")


@twin.handler("PostTestHelpersConfirmationTokens")
def create_confirmation(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A confirmation token as client-side code would have made it."""
    params = request.body or {}
    given = params.get("payment_method_data")
    if isinstance(given, Mapping):
        method = payment_methods.make(ctx, given, "payment_method_data")
    else:
        method = payment_methods.resolve(ctx, params.get("payment_method") or "pm_card_visa")
    shown = ("allow_redisplay", "billing_details", "customer", "customer_account", "type", method["type"])
    id = ctx.new_id("confirmation_token")
    shipping = params.get("shipping")
    record: dict[str, Any] = {
        "id": id,
        "object": "confirmation_token",
        "created": ctx.now,
        "expires_at": ctx.now + CONFIRMATION_LIFE,
        "livemode": False,
        "mandate_data": None,
        "payment_intent": None,
        "payment_method_options": None,
        "payment_method_preview": {name: method[name] for name in shown if name in method},
        "return_url": params.get("return_url"),
        "setup_future_usage": params.get("setup_future_usage"),
        "setup_intent": None,
        "shipping": {"phone": None, **shipping} if isinstance(shipping, Mapping) else None,
        "use_stripe_sdk": False,
    }
    ctx.store.insert("confirmation_token", record, created=ctx.micros)
    ctx.store.insert(CONFIRMED_METHOD, {"method": method["id"]}, id=id)
    return record
