"""What is done with issued cards: authorizations, transactions, disputes of them.

Source: https://docs.stripe.com/api/issuing/authorizations, /issuing/transactions, /issuing/disputes,
https://docs.stripe.com/issuing/testing. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import errors, listing, lookup, twin
from twins.stripe.handlers import balances
from twins.stripe.handlers.issuing import CARD
from twins.stripe.payments import issuing

AUTHORIZATION, TRANSACTION, DISPUTE = "issuing.authorization", "issuing.transaction", "issuing.dispute"
DECIDED = "This authorization does not wait for a decision: it has been made."
NOT_PENDING = "This authorization cannot be changed in this way: its status is `{status}`."
TOO_MUCH = "The amount is greater than the amount of the {what}."
NO_REASON = "You must provide evidence with a `reason` before you submit a dispute."
WRONG_DISPUTE = "You cannot submit a dispute with a status of `{status}`."


def _post(ctx: Ctx, amount: int, currency: str, type: str, source: str, description: str) -> dict[str, Any]:
    """Book something in the issuing balance."""
    id = balances.post(
        ctx, amount=amount, currency=currency, type=type, source=source, description=description, category=type
    )
    return ctx.store.update("balance_transaction", id, balance_type="issuing")


def _funds(ctx: Ctx) -> int:
    """What the issuing balance still holds."""
    return issuing.FUNDS + balances.issuing_spent(ctx)


def _spent(ctx: Ctx, card: Mapping[str, Any]) -> list[tuple[int, int, str]]:
    """(amount, time, category) of what a card has paid and holds."""
    of_card = [Filter("card.id", "=", card["id"]), Filter("approved", "=", True)]
    held = [
        (row["amount"], row["created"], row["merchant_data"]["category"])
        for row in ctx.store.select(AUTHORIZATION, of_card)
    ]
    paid = [
        (-row["amount"], row["created"], row["merchant_data"]["category"])
        for row in ctx.store.select(TRANSACTION, [Filter("card", "=", card["id"])])
    ]
    return held + paid


# authorizations ------------------------------------------------------------------------------------------------------


@twin.handler("PostTestHelpersIssuingAuthorizations")
@lookup.modelled
def authorize(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Someone wants to pay with an issued card."""
    params = request.body or {}
    card = lookup.record(ctx, CARD, params["card"], "card")
    amount, currency = int(params.get("amount") or 0), str(params.get("currency") or card["currency"])
    place = issuing.merchant(params.get("merchant_data"))
    reason = issuing.decide(card, amount, place, _spent(ctx, card), _funds(ctx), ctx.now)
    id = ctx.new_id(AUTHORIZATION)
    held = [] if reason else [_hold(ctx, amount, currency, id)]
    record = {
        "id": id,
        "object": AUTHORIZATION,
        "amount": amount,
        "amount_details": {"atm_fee": None, "cashback_amount": None, **(params.get("amount_details") or {})},
        "approved": not reason,
        "authorization_method": params.get("authorization_method") or "online",
        "balance_transactions": held,
        "card": card,
        "cardholder": card["cardholder"]["id"],
        "created": ctx.now,
        "currency": currency,
        "fleet": params.get("fleet"),
        "fraud_challenges": None,
        "fuel": params.get("fuel"),
        "livemode": False,
        "merchant_amount": params.get("merchant_amount") or amount,
        "merchant_currency": params.get("merchant_currency") or currency,
        "merchant_data": place,
        "metadata": {},
        "network_data": None,
        "pending_request": None,
        "request_history": [issuing.decision(reason, amount, currency, ctx.now, ctx.token("digits", 6))],
        "status": "closed" if reason else "pending",
        "token": None,
        "transactions": [],
        "verification_data": issuing.verification(params.get("verification_data")),
        "verified_by_fraud_challenge": None,
        "wallet": params.get("wallet"),
    }
    ctx.store.insert(AUTHORIZATION, record, created=ctx.micros)
    ctx.emit("issuing_authorization.created", record)
    return record


def _hold(ctx: Ctx, amount: int, currency: str, id: str) -> dict[str, Any]:
    return _post(ctx, -amount, currency, "issuing_authorization_hold", id, "Hold for authorization")


def _release(ctx: Ctx, authorization: Mapping[str, Any], amount: int) -> None:
    """Give back what was held."""
    currency, id = str(authorization["currency"]), str(authorization["id"])
    _post(ctx, amount, currency, "issuing_authorization_release", id, "Release of authorization hold")


def _pending(ctx: Ctx, request: Request) -> dict[str, Any]:
    found = lookup.in_path(ctx, AUTHORIZATION, request.path["authorization"], "authorization")
    if found["status"] != "pending":
        raise errors.invalid(NOT_PENDING.format(status=found["status"]))
    return found


@twin.handler("PostIssuingAuthorizationsAuthorizationApprove", "PostIssuingAuthorizationsAuthorizationDecline")
@lookup.modelled
def decide(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Decide an authorization by the older calls: only one that waits to be decided. Raises 400."""
    found = lookup.in_path(ctx, AUTHORIZATION, request.path["authorization"], "authorization")
    if found["pending_request"] is None:
        raise errors.invalid(DECIDED)
    approved = request.url_path.endswith("approve")
    changes = {"approved": approved, "pending_request": None, "status": "pending" if approved else "closed"}
    return ctx.update(AUTHORIZATION, found["id"], changes, event="issuing_authorization.updated")


@twin.handler("PostTestHelpersIssuingAuthorizationsAuthorizationCapture")
@lookup.modelled
def capture(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The merchant takes the money, all or part of it."""
    params, found = request.body or {}, _pending(ctx, request)
    amount = int(params.get("capture_amount") or found["amount"])
    closes = params.get("close_authorization", True)
    made = _transact(ctx, found["card"], -amount, found, purchase=params.get("purchase_details"))
    left = 0 if closes else max(found["amount"] - amount, 0)
    _release(ctx, found, found["amount"] - left)
    changes = {
        "amount": left,
        "status": "closed" if closes or left == 0 else "pending",
        "transactions": [*found["transactions"], made],
    }
    return ctx.update(AUTHORIZATION, found["id"], changes)


@twin.handler("PostTestHelpersIssuingAuthorizationsAuthorizationReverse")
@lookup.modelled
def reverse(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The merchant gives the hold back, all or part of it."""
    found = _pending(ctx, request)
    amount = int((request.body or {}).get("reverse_amount") or found["amount"])
    if amount > found["amount"]:
        raise errors.invalid(TOO_MUCH.format(what="authorization"), "reverse_amount")
    _release(ctx, found, amount)
    left = found["amount"] - amount
    return ctx.update(AUTHORIZATION, found["id"], {"amount": left, "status": "pending" if left else "reversed"})


@twin.handler("PostTestHelpersIssuingAuthorizationsAuthorizationExpire")
@lookup.modelled
def expire(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Nobody took the money in time."""
    found = _pending(ctx, request)
    _release(ctx, found, found["amount"])
    return ctx.update(AUTHORIZATION, found["id"], {"amount": 0, "status": "expired"})


@twin.handler("PostTestHelpersIssuingAuthorizationsAuthorizationIncrement")
@lookup.modelled
def increment(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The merchant wants to hold more."""
    found = _pending(ctx, request)
    more = int((request.body or {})["increment_amount"])
    card = ctx.store.get(CARD, found["card"]["id"])
    reason = issuing.decide(card, more, found["merchant_data"], _spent(ctx, card), _funds(ctx), ctx.now)
    row = issuing.decision(reason, more, found["currency"], ctx.now, ctx.token("digits", 6))
    changes: dict[str, Any] = {"request_history": [*found["request_history"], row]}
    if not reason:
        held = _hold(ctx, more, found["currency"], found["id"])
        changes |= {"amount": found["amount"] + more, "merchant_amount": found["merchant_amount"] + more}
        changes["balance_transactions"] = [*found["balance_transactions"], held]
    return ctx.update(AUTHORIZATION, found["id"], changes)


@twin.handler("PostTestHelpersIssuingAuthorizationsAuthorizationFinalizeAmount")
@lookup.modelled
def finalize(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The pump says what was filled in."""
    params, found = request.body or {}, _pending(ctx, request)
    final = int(params["final_amount"])
    _release(ctx, found, found["amount"] - final)
    changes = {"amount": final, "fuel": params.get("fuel") or found["fuel"], "fleet": params.get("fleet")}
    return ctx.update(AUTHORIZATION, found["id"], changes)


@twin.handler("GetIssuingAuthorizations")
@lookup.modelled
def list_authorizations(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Authorizations, of a card, a cardholder, a status."""
    query = request.query
    where = [Filter(name, "=", query[name]) for name in ("cardholder", "status") if query.get(name)]
    if query.get("card"):
        where.append(Filter("card.id", "=", query["card"]))
    return listing.page(ctx, request, AUTHORIZATION, [*where, *listing.ranges(query, "created")])


# transactions --------------------------------------------------------------------------------------------------------


def _transact(
    ctx: Ctx,
    card: Mapping[str, Any],
    amount: int,
    authorization: Mapping[str, Any] | None,
    *,
    merchant: Mapping[str, Any] | None = None,
    purchase: Any = None,
) -> dict[str, Any]:
    """A purchase (negative) or a refund on an issued card."""
    id, currency = ctx.new_id(TRANSACTION), str(authorization["currency"] if authorization else card["currency"])
    kind = "capture" if amount < 0 else "refund"
    words = "Issuing transaction" if kind == "capture" else "Issuing refund"
    booked = _post(ctx, amount, currency, "issuing_transaction", id, words)
    record = {
        "id": id,
        "object": TRANSACTION,
        "amount": amount,
        "amount_details": {"atm_fee": None, "cashback_amount": None},
        "authorization": authorization["id"] if authorization else None,
        "balance_transaction": booked["id"],
        "card": card["id"],
        "cardholder": card["cardholder"]["id"],
        "created": ctx.now,
        "currency": currency,
        "dispute": None,
        "livemode": False,
        "merchant_amount": amount,
        "merchant_currency": currency,
        "merchant_data": authorization["merchant_data"] if authorization else merchant or issuing.merchant(None),
        "metadata": {},
        "network_data": None,
        "token": None,
        "type": kind,
        "wallet": authorization["wallet"] if authorization else None,
    }
    if purchase:
        record["purchase_details"] = purchase
    ctx.store.insert(TRANSACTION, record, created=ctx.micros)
    ctx.emit("issuing_transaction.created", record)
    return record


@twin.handler("PostTestHelpersIssuingTransactionsCreateForceCapture")
@lookup.modelled
def force_capture(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A merchant takes money that nobody authorized."""
    params = request.body or {}
    card = lookup.record(ctx, CARD, params["card"], "card")
    place = issuing.merchant(params.get("merchant_data"))
    return _transact(ctx, card, -params["amount"], None, merchant=place, purchase=params.get("purchase_details"))


@twin.handler("PostTestHelpersIssuingTransactionsCreateUnlinkedRefund")
@lookup.modelled
def unlinked_refund(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A merchant gives money that belongs to no purchase."""
    params = request.body or {}
    card = lookup.record(ctx, CARD, params["card"], "card")
    place = issuing.merchant(params.get("merchant_data"))
    return _transact(ctx, card, params["amount"], None, merchant=place, purchase=params.get("purchase_details"))


@twin.handler("PostTestHelpersIssuingTransactionsTransactionRefund")
@lookup.modelled
def refund(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A merchant gives the money of a purchase back."""
    bought = lookup.in_path(ctx, TRANSACTION, request.path["transaction"], "transaction")
    amount = int((request.body or {}).get("refund_amount") or -bought["amount"])
    if amount > -bought["amount"]:
        raise errors.invalid(TOO_MUCH.format(what="transaction"), "refund_amount")
    card = ctx.store.get(CARD, bought["card"])
    made = _transact(ctx, card, amount, None, merchant=bought["merchant_data"])
    return ctx.store.update(TRANSACTION, made["id"], authorization=bought["authorization"])


# disputes ------------------------------------------------------------------------------------------------------------


@twin.handler("PostIssuingDisputes")
@lookup.modelled
def dispute(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A purchase that a cardholder does not agree with; nothing is sent in yet."""
    params = request.body or {}
    bought = lookup.record(ctx, TRANSACTION, params.get("transaction"), "transaction")
    record = {
        "id": ctx.new_id(DISPUTE),
        "object": DISPUTE,
        "amount": params.get("amount") or -bought["amount"],
        "balance_transactions": [],
        "created": ctx.now,
        "currency": bought["currency"],
        "evidence": _evidence(None, params.get("evidence")),
        "livemode": False,
        "metadata": lookup.metadata({}, params.get("metadata")),
        "status": "unsubmitted",
        "transaction": bought["id"],
    }
    ctx.store.insert(DISPUTE, record, created=ctx.micros)
    ctx.store.update(TRANSACTION, bought["id"], dispute=record["id"])
    ctx.emit("issuing_dispute.created", record)
    return record


def _evidence(current: Mapping[str, Any] | None, given: Any) -> dict[str, Any]:
    told = given if isinstance(given, Mapping) else {}
    merged = {**(current or {}), **told}
    return {**merged, "reason": merged.get("reason") or "other"} if merged else {"reason": "other"}


@twin.handler("PostIssuingDisputesDispute")
@lookup.modelled
def update_dispute(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change its amount, evidence or metadata."""
    params = request.body or {}
    found = lookup.in_path(ctx, DISPUTE, request.path["dispute"], "dispute")
    changes = lookup.changed(found, params, "amount")
    if "evidence" in params:
        changes["evidence"] = _evidence(found["evidence"], params["evidence"])
    return ctx.update(DISPUTE, found["id"], changes)


@twin.handler("PostIssuingDisputesDisputeSubmit")
@lookup.modelled
def submit(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Send a dispute in to the card network."""
    params = request.body or {}
    found = lookup.in_path(ctx, DISPUTE, request.path["dispute"], "dispute")
    target = issuing.DISPUTES.get((found["status"], "submit"))
    if target is None:
        raise errors.invalid(WRONG_DISPUTE.format(status=found["status"]))
    if len(found["evidence"]) < 2:
        raise errors.invalid(NO_REASON, "evidence")
    changes = {**lookup.changed(found, params), "status": target}
    return ctx.update(DISPUTE, found["id"], changes, event="issuing_dispute.submitted")
