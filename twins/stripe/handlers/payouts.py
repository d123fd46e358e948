"""Payouts: from the available balance to a bank account or card, paid or failed on the clock.

Source: https://docs.stripe.com/api/payouts, https://docs.stripe.com/connect/testing (accounts that fail). Imports: the
kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Request
from twins.stripe import accounts, errors, facts, lookup, twin
from twins.stripe.handlers import balances, charges, payees
from twins.stripe.payments import ledger

FAILURES: Mapping[str, tuple[str, str]] = {
    "000111111116": (
        "no_account",
        "The bank account details on file are probably incorrect. No bank account could be found with those details.",
    ),
    "000111111113": ("account_closed", "The bank account has been closed."),
    "000222222227": ("insufficient_funds", "Your Stripe account has insufficient funds to cover the payout."),
    "000333333335": ("debit_not_authorized", "Debit transactions are not approved on your bank account."),
    "000444444440": ("invalid_currency", "The bank was unable to process this payout because of its currency."),
}
"""Account number → (failure code, message)."""
DEFAULT_DESTINATION = "ba_1TwinkitStripeDefault0000"
INSUFFICIENT = (
    "You have insufficient funds in your Stripe account for this transfer. Your {kind} balance is too low.  You can "
    "use the /v1/balance endpoint to view your Stripe balance (for more details, see stripe.com/docs/api#balance)."
)


def _destination(ctx: Ctx, currency: str) -> str:
    """Where an account is paid out to unless it says otherwise."""
    account = accounts.current(ctx)
    with accounts.acting(ctx, None):
        mine = payees.of_account(ctx, account) if account else []
    chosen = [each["id"] for each in mine if each["currency"] == currency and each["default_for_currency"]]
    return str(chosen[0]) if chosen else DEFAULT_DESTINATION


def _check_destination(ctx: Ctx, id: str) -> None:
    """Raise 400 for a bank account or card that nobody knows."""
    if id == DEFAULT_DESTINATION or ctx.options.get("materialise"):
        return
    with accounts.acting(ctx, None):
        known = ctx.store.find(payees.RESOURCE, id)
    if known is None and ctx.store.find(facts.FACTS, id) is None:
        text = f"No such external account: '{id}'"
        raise errors.invalid(text, "destination", "resource_missing")


def _payee(ctx: Ctx, destination: str) -> facts.Facts:
    """What is known of the bank account or card that a payout goes to."""
    if ctx.store.find(facts.FACTS, destination) is not None:
        return facts.load(ctx, destination)
    with accounts.acting(ctx, None):
        return facts.load(ctx, destination)


@twin.handler("PostPayouts")
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Send available funds; refused when there are not enough."""
    return make(ctx, request.body or {})


def make(ctx: Ctx, params: Mapping[str, Any], *, automatic: bool = False) -> dict[str, Any]:
    """A new payout, asked for or made by the account's schedule. Raises 400."""
    currency = charges.check_currency(params["currency"])
    amount = params["amount"]
    if amount < 1:
        raise errors.too_small("amount", 1)
    kind = params.get("source_type") or "card"
    if amount > balances.available(ctx, currency, params.get("source_type")) and not ctx.options.get("materialise"):
        raise errors.invalid(INSUFFICIENT.format(kind=kind), code="balance_insufficient")
    method = params.get("method") or "standard"
    arrival = ctx.now if method == "instant" else ledger.available_on(ctx.now)
    id = ctx.new_id("payout")
    destination = params.get("destination") or _destination(ctx, currency)
    _check_destination(ctx, str(destination))
    record: dict[str, Any] = {
        "id": id,
        "object": "payout",
        "amount": amount,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": arrival,
        "automatic": automatic,
        "balance_transaction": None,
        "created": ctx.now,
        "currency": currency,
        "description": params.get("description"),
        "destination": destination,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": lookup.metadata({}, params.get("metadata")),
        "method": method,
        "original_payout": None,
        "payout_method": params.get("payout_method"),
        "reconciliation_status": "not_applicable",
        "reversed_by": None,
        "source_type": kind,
        "statement_descriptor": params.get("statement_descriptor"),
        "status": "pending",
        "trace_id": {"status": "pending", "value": None},
        "type": "card" if str(destination).startswith("card_") else "bank_account",
    }
    record["balance_transaction"] = balances.post(
        ctx, amount=-amount, currency=currency, type="payout", source=id, available=arrival, description="STRIPE PAYOUT"
    )
    ctx.store.insert("payout", record, created=ctx.micros)
    ctx.emit("payout.created", record)
    ctx.schedule("payout_arrives", {"payout": id}, at=arrival)
    return record


@accounts.timer("payout_arrives")
def arrives(ctx: Ctx, data: dict[str, Any]) -> None:
    """The payout reached its bank, which takes or returns it."""
    payout = ctx.store.get("payout", data["payout"])
    if payout["status"] not in ("pending", "in_transit"):
        return
    known = _payee(ctx, str(payout["destination"]))
    failure = FAILURES.get(known.bank.number) if known.bank else None
    if known.card and known.card.payout == "could_not_process":
        failure = ("could_not_process", "The bank could not process this payout.")
    if failure is not None:
        fail(ctx, payout, *failure)
        return
    trace = {"status": "supported", "value": "FED12345"}
    paid = ctx.update("payout", payout["id"], {"status": "paid", "trace_id": trace}, event="")
    ctx.emit("payout.paid", paid, previous={"status": payout["status"]})


def fail(ctx: Ctx, payout: dict[str, Any], code: str, message: str) -> dict[str, Any]:
    """The bank returned the payout: the funds come back."""
    back = balances.post(
        ctx, amount=payout["amount"], currency=payout["currency"], type="payout_failure", source=payout["id"],
        description="PAYOUT FAILURE",
    )  # fmt: skip
    changes = {
        "status": "failed", "failure_code": code, "failure_message": message, "failure_balance_transaction": back,
    }  # fmt: skip
    failed = ctx.update("payout", payout["id"], changes, event="")
    ctx.emit("payout.failed", failed, previous={"status": payout["status"]})
    return failed


@twin.handler("PostPayoutsPayout")
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change a payout's metadata."""
    params = request.body or {}
    payout = lookup.in_path(ctx, "payout", request.path["payout"], "payout")
    changes = lookup.changed(payout, params)
    return ctx.update("payout", payout["id"], changes, event="payout.updated")


@twin.handler("PostPayoutsPayoutCancel")
def cancel(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Cancel a payout that has not left yet."""
    payout = lookup.in_path(ctx, "payout", request.path["payout"], "payout")
    if payout["status"] != "pending" and not ctx.options.get("materialise"):
        raise errors.invalid(
            f"Payout {payout['id']} cannot be canceled because it is not pending.", code="payout_not_allowed"
        )
    back = balances.post(
        ctx, amount=payout["amount"], currency=payout["currency"], type="payout_cancel", source=payout["id"],
        description="PAYOUT CANCELATION",
    )  # fmt: skip
    changes = {"status": "canceled", "failure_balance_transaction": back}
    canceled = ctx.update("payout", payout["id"], changes, event="")
    ctx.emit("payout.canceled", canceled, previous={"status": payout["status"]})
    return canceled


@twin.handler("PostPayoutsPayoutReverse")
def reverse(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Bring a paid payout back: a new payout with the opposite amount."""
    payout = lookup.in_path(ctx, "payout", request.path["payout"], "payout")
    if payout.get("reversed_by") or (payout["status"] != "paid" and not ctx.options.get("materialise")):
        raise errors.invalid(f"Payout {payout['id']} cannot be reversed.", code="payout_not_allowed")
    id = ctx.new_id("payout")
    back = balances.post(
        ctx,
        amount=payout["amount"],
        currency=payout["currency"],
        type="payout",
        source=id,
        description="PAYOUT REVERSAL",
    )
    record = {
        **payout,
        "id": id,
        "amount": -payout["amount"],
        "balance_transaction": back,
        "created": ctx.now,
        "metadata": lookup.metadata({}, (request.body or {}).get("metadata")),
        "original_payout": payout["id"],
        "status": "pending",
    }
    ctx.store.insert("payout", record, created=ctx.micros)
    ctx.update("payout", payout["id"], {"reversed_by": id}, event="")
    ctx.emit("payout.created", record)
    return record
