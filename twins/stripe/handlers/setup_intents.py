"""SetupIntents: save a payment method for later, with authentication where its bank wants it.

Source: https://docs.stripe.com/api/setup_intents. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Reply, Request
from twins.stripe import errors, facts, lookup, twin, wire
from twins.stripe.facts import Facts
from twins.stripe.handlers import charges, confirming, payment_intents, payment_methods, tokens
from twins.stripe.payments import intents, outcomes
from twins.stripe.payments.intents import Attempt


def new_record(ctx: Ctx, params: Mapping[str, Any]) -> dict[str, Any]:
    """A SetupIntent with nothing tried yet."""
    id = ctx.new_id("setup_intent")
    auto, types = payment_intents.automatic(params)
    return {
        "id": id,
        "object": "setup_intent",
        "allowed_payment_method_types": None,
        "application": None,
        "automatic_payment_methods": auto,
        "cancellation_reason": None,
        "client_secret": f"{id}_secret_{ctx.token('alnum', 31)}",
        "created": ctx.now,
        "customer": params.get("customer") or None,
        "customer_account": None,
        "description": params.get("description"),
        "excluded_payment_method_types": params.get("excluded_payment_method_types") or None,
        "flow_directions": params.get("flow_directions"),
        "last_setup_error": None,
        "latest_attempt": None,
        "livemode": False,
        "managed_payments": {"enabled": False},
        "mandate": None,
        "metadata": lookup.metadata({}, params.get("metadata")),
        "next_action": None,
        "on_behalf_of": params.get("on_behalf_of"),
        "payment_method": None,
        "payment_method_configuration_details": {"id": wire.CONFIGURATION, "parent": None} if auto else None,
        "payment_method_options": payment_intents.method_options(
            types, params.get("payment_method_options"), setup=True
        ),
        "payment_method_types": types,
        "single_use_mandate": None,
        "status": "requires_payment_method",
        "usage": params.get("usage") or "off_session",
    }


@twin.handler("PostSetupIntents")
def create(ctx: Ctx, request: Request) -> Reply | dict[str, Any]:
    """A new intent, confirmed at once with `confirm`."""
    params = request.body or {}
    if params.get("customer"):
        lookup.record(ctx, "customer", params["customer"], "customer")
    payment_intents.check_types(ctx, params, None, "setup_intent")
    intent = new_record(ctx, params)
    method = payment_intents.chosen_method(ctx, params, intent)
    if method is not None:
        payment_intents.put_method(intent, method, "SetupIntent")
    ctx.store.insert("setup_intent", intent, created=ctx.micros)
    confirming.note_redirects(ctx, intent, params)
    ctx.emit("setup_intent.created", intent)
    if params.get("confirm"):
        return confirming.confirm(ctx, intent, params)
    return intent


@twin.handler("GetSetupIntentsIntent")
def retrieve(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One intent; with a publishable key only by its client secret."""
    intent = lookup.in_path(ctx, "setup_intent", request.path["intent"], "intent")
    payment_intents.check_secret(request, intent)
    return intent


@twin.handler("PostSetupIntentsIntent")
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change an intent before it is confirmed."""
    params = request.body or {}
    intent = lookup.in_path(ctx, "setup_intent", request.path["intent"], "intent")
    for name in ("payment_method", "payment_method_data", "customer"):
        if name == "customer" and intent["status"] == "succeeded":
            continue
        if name in params and intent["status"] == "succeeded":
            raise errors.wrong_state(intent, "You cannot update this SetupIntent because it has already succeeded.")
        if name in params and intent["status"] not in intents.UPDATABLE:
            message = intents.not_updatable("SetupIntent", name, intent["status"])
            raise errors.wrong_state(intent, message, name)
    if params.get("customer"):
        lookup.record(ctx, "customer", params["customer"], "customer")
    changed = {**intent, **lookup.changed(intent, params, "customer", "description")}
    if params.get("payment_method_types"):
        changed["payment_method_types"] = list(params["payment_method_types"])
        changed["automatic_payment_methods"] = None
    method = payment_intents.chosen_method(ctx, params, changed)
    if method is not None:
        payment_intents.put_method(changed, method, "SetupIntent")
    ctx.store.replace("setup_intent", intent["id"], changed)
    return changed


@twin.handler("PostSetupIntentsIntentConfirm")
def confirm(ctx: Ctx, request: Request) -> Reply | dict[str, Any]:
    """Try to save the payment method."""
    params = request.body or {}
    intent = lookup.in_path(ctx, "setup_intent", request.path["intent"], "intent")
    payment_intents.check_secret(request, intent)
    method = payment_intents.chosen_method(ctx, params, intent)
    if method is not None or intent.get("payment_method"):
        payment_intents.unexpected(intent, "confirm", "SetupIntent")
    if method is not None:
        payment_intents.put_method(intent, method, "SetupIntent")
        ctx.store.replace("setup_intent", intent["id"], intent)
    return confirming.confirm(ctx, intent, params)


@twin.handler("PostSetupIntentsIntentCancel")
def cancel(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Cancel an intent that has not succeeded."""
    params = request.body or {}
    intent = lookup.in_path(ctx, "setup_intent", request.path["intent"], "intent")
    payment_intents.unexpected(intent, "cancel", "SetupIntent")
    changes = {"status": "canceled", "cancellation_reason": params.get("cancellation_reason"), "next_action": None}
    canceled = ctx.update("setup_intent", intent["id"], changes, event="")
    ctx.emit("setup_intent.canceled", canceled)
    return canceled


@twin.handler("PostSetupIntentsIntentVerifyMicrodeposits")
def verify_microdeposits(ctx: Ctx, request: Request) -> Reply | dict[str, Any]:
    """Verify the account with what was sent to it."""
    intent = lookup.in_path(ctx, "setup_intent", request.path["intent"], "intent")
    return confirming.verify(ctx, intent, request.body or {})


def _attempt_record(
    ctx: Ctx,
    intent: Mapping[str, Any],
    method: Mapping[str, Any],
    status: str,
    error: dict[str, Any] | None,
    generated: str | None = None,
) -> dict[str, Any]:
    type = str(method["type"])
    inner: dict[str, Any] = {"generated_card": generated, "offline": None} if type == "card_present" else {}
    if type == "card":
        inner = {
            "brand": method["card"]["brand"],
            "checks": method["card"]["checks"],
            "country": method["card"]["country"],
            "exp_month": method["card"]["exp_month"],
            "exp_year": method["card"]["exp_year"],
            "fingerprint": method["card"]["fingerprint"],
            "funding": method["card"]["funding"],
            "last4": method["card"]["last4"],
            "network": method["card"]["brand"],
            "three_d_secure": None,
            "wallet": None,
        }
    record = {
        "id": ctx.new_id("setup_attempt"),
        "object": "setup_attempt",
        "application": None,
        "created": ctx.now,
        "customer": intent["customer"],
        "customer_account": None,
        "flow_directions": None,
        "livemode": False,
        "on_behalf_of": None,
        "payment_method": method["id"],
        "payment_method_details": {type: inner, "type": type},
        "setup_error": error,
        "setup_intent": intent["id"],
        "status": status,
        "usage": intent["usage"],
    }
    ctx.store.insert("setup_attempt", record, created=ctx.micros)
    return record


def _generated(ctx: Ctx, intent: Mapping[str, Any], known: Facts) -> str:
    """The card that can be charged online after one was presented.

    Source: https://docs.stripe.com/terminal/features/saving-payment-details.
    """
    assert known.card is not None
    card = payment_methods.from_card(ctx, known.card, tokens.expiry(ctx), {})
    if intent["customer"]:
        card = payment_methods.attach_to(ctx, card, intent["customer"], check=False)
        ctx.emit("payment_method.attached", card)
    return str(card["id"])


def apply(ctx: Ctx, intent: dict[str, Any], method: dict[str, Any], result: Attempt) -> Reply | dict[str, Any]:
    """Write what an attempt leads to."""
    known = facts.load(ctx, method["id"])
    if result.trigger == "decline":
        reason = charges.decline_of(known, result)
        assert reason is not None
        error = outcomes.payment_error(reason, charge=None, payment_method=method)
        tried = _attempt_record(ctx, intent, method, "failed", error)
        changes = {
            "last_setup_error": error,
            "latest_attempt": tried["id"],
            "next_action": None,
            "payment_method": None,
            "status": intents.SETUP[intent["status"], "decline"],
        }
        changed = ctx.update("setup_intent", intent["id"], changes, event="")
        ctx.emit("setup_intent.setup_failed", changed)
        return Reply(402, {"error": {**error, "setup_intent": changed}})
    known.set_up = True
    facts.save(ctx, method["id"], known)
    generated = _generated(ctx, intent, known) if known.present and known.card else None
    if intent["customer"] and not method.get("customer") and generated is None:
        method = payment_methods.attach_to(ctx, method, intent["customer"], check=False)
        ctx.emit("payment_method.attached", method)
    tried = _attempt_record(ctx, intent, method, "succeeded", None, generated)
    done = {
        "last_setup_error": None,
        "latest_attempt": tried["id"],
        "mandate": known.mandate or None,
        "next_action": None,
        "status": intents.SETUP[intent["status"], "succeed"],
    }
    changed = ctx.update("setup_intent", intent["id"], done, event="")
    ctx.emit("setup_intent.succeeded", changed)
    return changed
