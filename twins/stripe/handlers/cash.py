"""Cash balances: money that customers send by bank transfer, and the payments it is put to.

Source: https://docs.stripe.com/payments/customer-balance, https://docs.stripe.com/payments/bank-transfers/accept-a-payment,
https://docs.stripe.com/api/cash_balance. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import errors, listing, lookup, twin
from twins.stripe.handlers import charges, confirming
from twins.stripe.payments import transfers_in

BALANCE, ENTRY = "cash_balance", "customer_cash_balance_transaction"
TRANSFER = "display_bank_transfer_instructions"
NO_CUSTOMER = "You must provide a customer to pay from a customer's cash balance."
NOTHING = "The customer's cash balance has no funds in {currency}."


def kept(ctx: Ctx, customer: str) -> dict[str, Any]:
    """What a customer's cash balance holds, by currency, and its settings."""
    return ctx.store.find(BALANCE, customer) or dict(transfers_in.NOTHING)


def _keep(ctx: Ctx, customer: str, state: dict[str, Any]) -> None:
    if ctx.store.find(BALANCE, customer) is None:
        ctx.store.insert(BALANCE, state, id=customer)
    else:
        ctx.store.replace(BALANCE, customer, state)


def shown(ctx: Ctx, customer: str) -> dict[str, Any]:
    """A cash balance as replies show it."""
    return transfers_in.cash_balance(kept(ctx, customer), customer)


def _owner(ctx: Ctx, request: Request) -> str:
    return str(lookup.in_path(ctx, "customer", request.path["customer"], "customer")["id"])


@twin.handler("GetCustomersCustomerCashBalance")
@lookup.modelled
def retrieve(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A customer's cash balance."""
    return shown(ctx, _owner(ctx, request))


@twin.handler("PostCustomersCustomerCashBalance")
@lookup.modelled
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Say whether funds are put to payments by themselves."""
    customer = _owner(ctx, request)
    mode = ((request.body or {}).get("settings") or {}).get("reconciliation_mode")
    if mode:
        _keep(ctx, customer, {**kept(ctx, customer), "mode": None if mode == "merchant_default" else mode})
    return shown(ctx, customer)


def _enter(
    ctx: Ctx, customer: str, amount: int, currency: str, type: str, details: Mapping[str, Any]
) -> dict[str, Any]:
    """Move money into (positive) or out of a cash balance; the entry that says so."""
    state = kept(ctx, customer)
    ending = state["funds"].get(currency, 0) + amount
    _keep(ctx, customer, {**state, "funds": {**state["funds"], currency: ending}})
    record = {
        "id": ctx.new_id(ENTRY),
        "object": ENTRY,
        "created": ctx.now,
        "currency": currency,
        "customer": customer,
        "customer_account": None,
        "ending_balance": ending,
        "livemode": False,
        "net_amount": amount,
        "type": type,
        **details,
    }
    record = lookup.ordered(record)
    ctx.store.insert(ENTRY, record, created=ctx.micros)
    ctx.emit(f"{ENTRY}.created", record)
    return record


@twin.handler("PostTestHelpersCustomersCustomerFundCashBalance")
@lookup.modelled
def fund(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The customer sends money; what it is enough for is paid with it."""
    params, customer = request.body or {}, _owner(ctx, request)
    currency = charges.check_currency(params["currency"])
    if params["amount"] < 1:
        raise errors.too_small("amount", 1)
    sent = transfers_in.funded(currency, lookup.unset(params.get("reference")))
    entry = _enter(ctx, customer, params["amount"], currency, "funded", {"funded": {"bank_transfer": sent}})
    if kept(ctx, customer)["mode"] != "manual":
        _reconcile(ctx, customer, currency)
    left = kept(ctx, customer)["funds"].get(currency, 0)
    if left:
        ctx.emit("cash_balance.funds_available", shown(ctx, customer))
    return entry


def _waiting(ctx: Ctx, customer: str, currency: str) -> list[dict[str, Any]]:
    """The payments of a customer that wait for a bank transfer, oldest first."""
    where = [Filter("customer", "=", customer), Filter("status", "=", "requires_action")]
    found = ctx.store.select("payment_intent", where, order="oldest")
    return [i for i in found if i["currency"] == currency and (i["next_action"] or {}).get("type") == TRANSFER]


def _reconcile(ctx: Ctx, customer: str, currency: str) -> None:
    """Put funds to the payments that wait for them; too little is put to the oldest in part."""
    for intent in _waiting(ctx, customer, currency):
        left = kept(ctx, customer)["funds"].get(currency, 0)
        if left <= 0:
            return
        apply(ctx, intent, left)


def apply(ctx: Ctx, intent: dict[str, Any], most: int) -> dict[str, Any]:
    """Put up to `most` of a customer's funds to a payment that waits for them."""
    action = intent["next_action"][TRANSFER]
    amount = min(most, int(action["amount_remaining"]))
    details = {"applied_to_payment": {"payment_intent": intent["id"]}}
    _enter(ctx, intent["customer"], -amount, intent["currency"], "applied_to_payment", details)
    left = int(action["amount_remaining"]) - amount
    if left:
        told = {TRANSFER: {**action, "amount_remaining": left}, "type": TRANSFER}
        return ctx.update(
            "payment_intent", intent["id"], {"next_action": told}, event="payment_intent.partially_funded"
        )
    return confirming.finish(ctx, intent)


@confirming.acts("customer_balance")
def ask(ctx: Ctx, intent: Mapping[str, Any], _params: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a payment from a cash balance tells its customer; None when the funds are there already."""
    customer = intent.get("customer")
    if not customer:
        raise errors.invalid(NO_CUSTOMER, "customer")
    have = kept(ctx, customer)["funds"].get(intent["currency"], 0)
    if have >= intent["amount"]:
        details = {"applied_to_payment": {"payment_intent": intent["id"]}}
        _enter(ctx, customer, -intent["amount"], intent["currency"], "applied_to_payment", details)
        return None
    options = ((intent.get("payment_method_options") or {}).get("customer_balance") or {}).get("bank_transfer") or {}
    type = options.get("type") or transfers_in.kind(intent["currency"])
    told = {
        "amount_remaining": intent["amount"],
        "currency": intent["currency"],
        "financial_addresses": transfers_in.addresses(type, _number(ctx, customer)),
        "hosted_instructions_url": f"https://payments.stripe.com/bank_transfers/instructions/{intent['id']}",
        "reference": ctx.token("upper", 12),
        "type": type,
    }
    return {TRANSFER: told, "type": TRANSFER}


def _number(ctx: Ctx, customer: str) -> str:
    """The account number that a customer always gets."""
    state = kept(ctx, customer)
    if not state.get("number"):
        state = {**state, "number": ctx.token("digits", 12)}
        _keep(ctx, customer, state)
    return str(state["number"])


@twin.handler("PostCustomersCustomerFundingInstructions")
@lookup.modelled
def instructions(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Where a customer sends money to."""
    params, customer = request.body or {}, _owner(ctx, request)
    currency = charges.check_currency(params["currency"])
    asked = params.get("bank_transfer") or {}
    type = str(asked.get("type") or transfers_in.kind(currency))
    return {
        "object": "funding_instructions",
        "bank_transfer": {
            "country": transfers_in.country(type),
            "financial_addresses": transfers_in.addresses(type, _number(ctx, customer)),
            "type": type,
        },
        "currency": currency,
        "funding_type": "bank_transfer",
        "livemode": False,
    }


@twin.handler("GetCustomersCustomerCashBalanceTransactions")
@lookup.modelled
def entries(ctx: Ctx, request: Request) -> dict[str, Any]:
    """What moved into and out of a cash balance."""
    return listing.page(ctx, request, ENTRY, [Filter("customer", "=", _owner(ctx, request))])


@twin.handler("PostPaymentIntentsIntentApplyCustomerBalance")
@lookup.modelled
def apply_by_hand(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Put a customer's funds to a payment that waits for them. Raises 400 when there are none."""
    intent = lookup.in_path(ctx, "payment_intent", request.path["intent"], "intent")
    if (intent["next_action"] or {}).get("type") != TRANSFER:
        return intent
    have = kept(ctx, intent["customer"])["funds"].get(intent["currency"], 0)
    most = min(have, int((request.body or {}).get("amount") or have))
    if most <= 0:
        raise errors.invalid(NOTHING.format(currency=intent["currency"]), "amount")
    return apply(ctx, intent, most)
