"""Issuing: cardholders and cards, and what happens to a physical card on its way.

Source: https://docs.stripe.com/api/issuing/cardholders, /issuing/cards, /issuing/cards/test_mode_ship_card. Imports:
the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import errors, listing, lookup, twin
from twins.stripe.handlers import tokens
from twins.stripe.payments import instruments, issuing

HOLDER, CARD = "issuing.cardholder", "issuing.card"
SECRET = "issuing_secret"
"""Store name of the numbers of cards, by card: shown only where they are asked for."""
CANCELED = "Canceled cards cannot be reactivated or changed."
NOT_SHIPPED = "The card's shipping status cannot change from `{status}` in this way."
YEARS = 3


# cardholders ---------------------------------------------------------------------------------------------------------


def _holder(params: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    """What a request says of a cardholder."""
    changes = lookup.changed(current, params, "email", "phone_number", "status")
    if isinstance(params.get("billing"), Mapping):
        changes["billing"] = {"address": instruments.address(params["billing"].get("address"))}
    if isinstance(params.get("company"), Mapping):
        changes["company"] = {"tax_id_provided": bool(params["company"].get("tax_id"))}
    if isinstance(params.get("individual"), Mapping):
        empty = {"card_issuing": None, "dob": None, "first_name": None, "last_name": None, "verification": None}
        changes["individual"] = {**empty, **(current.get("individual") or {}), **params["individual"]}
    if "spending_controls" in params:
        changes["spending_controls"] = issuing.controls(params["spending_controls"], card=False)
    if params.get("preferred_locales"):
        changes["preferred_locales"] = list(params["preferred_locales"])
    return changes


@twin.handler("PostIssuingCardholders")
@lookup.modelled
def create_holder(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Someone who may hold cards."""
    params = request.body or {}
    record = {
        "id": ctx.new_id(HOLDER),
        "object": HOLDER,
        "billing": {"address": instruments.address(None)},
        "company": None,
        "created": ctx.now,
        "email": None,
        "individual": None,
        "livemode": False,
        "metadata": {},
        "name": params["name"],
        "phone_number": None,
        "preferred_locales": [],
        "requirements": {"disabled_reason": None, "past_due": []},
        "spending_controls": issuing.controls(None, card=False),
        "status": "active",
        "type": params.get("type") or "individual",
    }
    record.update(_holder(params, record))
    ctx.store.insert(HOLDER, record, created=ctx.micros)
    ctx.emit("issuing_cardholder.created", record)
    return record


@twin.handler("PostIssuingCardholdersCardholder")
@lookup.modelled
def update_holder(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change a cardholder, also as their cards show them."""
    holder = lookup.in_path(ctx, HOLDER, request.path["cardholder"], "cardholder")
    changed = ctx.update(HOLDER, holder["id"], _holder(request.body or {}, holder))
    for card in list(ctx.store.select(CARD, [Filter("cardholder.id", "=", holder["id"])])):
        ctx.store.update(CARD, card["id"], cardholder=changed)
    return changed


# cards ---------------------------------------------------------------------------------------------------------------


def _number(ctx: Ctx) -> str:
    """A card number whose last digit is right."""
    head = "400000999" + ctx.token("digits", 6)
    total = 0
    for place, digit in enumerate(reversed(head)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return f"{head}{-total % 10}"


def _shipping(ctx: Ctx, given: Any) -> dict[str, Any] | None:
    if not isinstance(given, Mapping):
        return None
    return {
        "address": instruments.address(given.get("address")),
        "address_validation": None,
        "carrier": "usps",
        "customs": given.get("customs"),
        "eta": ctx.now + 7 * issuing.DAY,
        "name": given.get("name"),
        "phone_number": given.get("phone_number"),
        "require_signature": given.get("require_signature"),
        "service": given.get("service") or "standard",
        "status": "pending",
        "tracking_number": None,
        "tracking_url": None,
        "type": given.get("type") or "individual",
    }


@twin.handler("PostIssuingCards")
@lookup.modelled
def create_card(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A card, inactive unless it is asked to be active; its number is shown to who asks for it."""
    params = request.body or {}
    replaced = params.get("replacement_for")
    old = lookup.record(ctx, CARD, replaced, "replacement_for") if replaced else None
    owner = params.get("cardholder") or (old["cardholder"]["id"] if old else None)
    if not owner:
        raise errors.missing("cardholder")
    if params["type"] == "physical" and not params.get("shipping"):
        raise errors.missing("shipping")
    number, (year, month) = _number(ctx), tokens.month_of(ctx)
    record = {
        "id": ctx.new_id(CARD),
        "object": CARD,
        "brand": "Visa",
        "cancellation_reason": None,
        "cardholder": lookup.record(ctx, HOLDER, owner, "cardholder"),
        "created": ctx.now,
        "currency": str(params["currency"]).lower(),
        "exp_month": params.get("exp_month") or month,
        "exp_year": params.get("exp_year") or year + YEARS,
        "financial_account": params.get("financial_account"),
        "last4": number[-4:],
        "latest_fraud_warning": None,
        "livemode": False,
        "metadata": lookup.metadata({}, params.get("metadata")),
        "personalization_design": params.get("personalization_design"),
        "replaced_by": None,
        "replacement_for": replaced,
        "replacement_reason": params.get("replacement_reason"),
        "second_line": lookup.unset(params.get("second_line")),
        "shipping": _shipping(ctx, params.get("shipping")),
        "spending_controls": issuing.controls(params.get("spending_controls"), card=True),
        "status": params.get("status") or "inactive",
        "type": params["type"],
        "wallets": {
            "apple_pay": {"eligible": True, "ineligible_reason": None},
            "google_pay": {"eligible": True, "ineligible_reason": None},
            "primary_account_identifier": None,
        },
    }
    ctx.store.insert(CARD, record, created=ctx.micros)
    ctx.store.insert(SECRET, {"number": number, "cvc": ctx.token("digits", 3)}, id=str(record["id"]))
    if old is not None:
        ctx.store.update(CARD, old["id"], replaced_by=record["id"])
    ctx.emit("issuing_card.created", record)
    return record


@twin.handler("PostIssuingCardsCard")
@lookup.modelled
def update_card(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Activate, pause or cancel a card, change what it may pay for."""
    params = request.body or {}
    card = lookup.in_path(ctx, CARD, request.path["card"], "card")
    if card["status"] == "canceled" and params.get("status") not in (None, "canceled"):
        raise errors.invalid(CANCELED, "status")
    changes = lookup.changed(card, params, "cancellation_reason", "personalization_design", "status")
    if "spending_controls" in params:
        changes["spending_controls"] = issuing.controls(params["spending_controls"], card=True)
    if isinstance(params.get("shipping"), Mapping):
        changes["shipping"] = {**(card["shipping"] or {}), **(_shipping(ctx, params["shipping"]) or {})}
    return ctx.update(CARD, card["id"], changes)


@twin.handler("GetIssuingCards")
@lookup.modelled
def list_cards(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Cards, of a cardholder, a status, a type, a number's end."""
    query = request.query
    names = ("exp_month", "exp_year", "last4", "personalization_design", "status", "type")
    where = [Filter(name, "=", query[name]) for name in names if query.get(name)]
    if query.get("cardholder"):
        where.append(Filter("cardholder.id", "=", query["cardholder"]))
    return listing.page(ctx, request, CARD, [*where, *listing.ranges(query, "created")])


def _move(ctx: Ctx, request: Request, trigger: str) -> dict[str, Any]:
    """Move a physical card on its way. Raises 400 for a virtual one and a way that leads nowhere."""
    card = lookup.in_path(ctx, CARD, request.path["card"], "card")
    shipping = card["shipping"]
    target = issuing.SHIPPING.get((shipping["status"], trigger)) if shipping else None
    if target is None:
        raise errors.invalid(NOT_SHIPPED.format(status=shipping["status"] if shipping else None))
    if target == "shipped":
        shipping = {**shipping, "tracking_number": ctx.token("digits", 12)}
    return ctx.update(CARD, card["id"], {"shipping": {**shipping, "status": target}})


@twin.handler("PostTestHelpersIssuingCardsCardShippingSubmit")
@lookup.modelled
def submit(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The card is being made."""
    return _move(ctx, request, "submit")


@twin.handler("PostTestHelpersIssuingCardsCardShippingShip")
@lookup.modelled
def ship(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The card is on its way."""
    return _move(ctx, request, "ship")


@twin.handler("PostTestHelpersIssuingCardsCardShippingDeliver")
@lookup.modelled
def deliver(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The card has arrived."""
    return _move(ctx, request, "deliver")


@twin.handler("PostTestHelpersIssuingCardsCardShippingReturn")
@lookup.modelled
def returned(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The card came back."""
    return _move(ctx, request, "return")


@twin.handler("PostTestHelpersIssuingCardsCardShippingFail")
@lookup.modelled
def fail(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The card was lost on its way."""
    return _move(ctx, request, "fail")
