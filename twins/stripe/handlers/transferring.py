"""Money between a platform and its connected accounts: transfers, reversals, application fees, destination charges.

Sources: https://docs.stripe.com/connect/separate-charges-and-transfers, /destination-charges, /direct-charges;
https://docs.stripe.com/api/transfers, /application_fees. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import accounts, errors, listing, lookup, twin
from twins.stripe.handlers import balances
from twins.stripe.payments import instruments, ledger, money, transfers

APPLICATION = "ca_TwinkitStripeApplication00000000"


def receiver(ctx: Ctx, id: Any, param: str) -> dict[str, Any]:
    """The account money goes to. Raises 400 when there is none or it may not be sent any."""
    found = accounts.whole(ctx).find("account", str(id))
    if found is None:
        raise errors.invalid(f"No such destination: '{id}'", param, "resource_missing")
    if "capabilities" in found and not transfers.can_receive(found):
        raise errors.invalid(transfers.NOT_READY, code="insufficient_capabilities_for_transfer")
    return found


def _arrival(ctx: Ctx, transfer: Mapping[str, Any], fee: int, available: int) -> str:
    """The payment that a transfer is on the account it goes to; its id. `fee` is the platform's."""
    with accounts.acting(ctx, transfer["destination"]):
        id = ctx.new_id("py_1{alnum:23}")
        detail = ledger.fee_detail(
            fee, transfer["currency"], type="application_fee", description="Twinkit application fee"
        )
        transaction = balances.post(
            ctx, amount=transfer["amount"], currency=transfer["currency"], type="payment", source=id,
            available=available, fees=[{**detail, "application": APPLICATION}],
        )  # fmt: skip
        nothing = ("application", "application_fee", "application_fee_amount", "calculated_statement_descriptor",
            "customer", "description", "destination", "dispute", "failure_balance_transaction", "failure_code",
            "failure_message", "on_behalf_of", "order", "outcome", "payment_intent", "payment_method", "receipt_email",
            "receipt_number", "receipt_url", "review", "shipping", "source", "statement_descriptor",
            "statement_descriptor_suffix", "transfer_data", "transfer_group")  # fmt: skip
        payment = {
            "id": id,
            "object": "charge",
            **dict.fromkeys(nothing),
            "amount": transfer["amount"],
            "amount_captured": transfer["amount"],
            "amount_refunded": 0,
            "balance_transaction": transaction,
            "billing_details": instruments.billing_details(None),
            "captured": True,
            "created": ctx.now,
            "currency": transfer["currency"],
            "disputed": False,
            "fraud_details": {},
            "livemode": False,
            "metadata": {},
            "paid": True,
            "payment_method_details": {"stripe_account": {}, "type": "stripe_account"},
            "refunded": False,
            "source_transfer": transfer["id"],
            "status": "succeeded",
        }
        ctx.store.insert("charge", lookup.ordered(payment), created=ctx.micros)
        ctx.emit("payment.created", lookup.ordered(payment))
    return id


def make(ctx: Ctx, wanted: Mapping[str, Any], *, fee: int = 0, available: int | None = None) -> dict[str, Any]:
    """Move money to a connected account; `available` is when it can be paid out there, None means at once."""
    id = ctx.new_id("transfer")
    when = ctx.now if available is None else available
    record: dict[str, Any] = {
        "id": id,
        "object": "transfer",
        "amount": wanted["amount"],
        "amount_reversed": 0,
        "created": ctx.now,
        "currency": wanted["currency"],
        "description": wanted.get("description"),
        "destination": wanted["destination"],
        "livemode": False,
        "metadata": lookup.metadata({}, wanted.get("metadata")),
        "reversals": listing.counted([], f"/v1/transfers/{id}/reversals"),
        "reversed": False,
        "source_transaction": wanted.get("source_transaction"),
        "source_type": wanted.get("source_type") or "card",
        "transfer_group": wanted.get("transfer_group"),
    }
    record["balance_transaction"] = balances.post(
        ctx, amount=-record["amount"], currency=record["currency"], type="transfer", source=id, available=when,
        description=record["description"],
    )  # fmt: skip
    record["destination_payment"] = _arrival(ctx, record, fee, when)
    record = lookup.ordered(record)
    ctx.store.insert("transfer", record, created=ctx.micros)
    ctx.emit("transfer.created", record)
    return record


@twin.handler("PostTransfers")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Send available funds, or those of one charge, to a connected account."""
    params = request.body or {}
    currency = str(params["currency"]).lower()
    if currency not in money.CURRENCIES:
        raise errors.bad_currency(params["currency"], money.CURRENCIES)
    source = params.get("source_transaction")
    charge = lookup.record(ctx, "charge", source, "source_transaction") if source else None
    if params.get("amount") is None and charge is None:
        raise errors.missing("amount")
    amount = int(params["amount"]) if params.get("amount") is not None else charge["amount"] if charge else 0
    if amount < 1:
        raise errors.too_small("amount", 1)
    receiver(ctx, params["destination"], "destination")
    group = params.get("transfer_group")
    available = None
    if charge is None:
        if amount > balances.available(ctx, currency):
            raise errors.invalid(transfers.TOO_POOR, code="balance_insufficient")
    else:
        group = group or charge.get("transfer_group") or f"group_{charge['payment_intent'] or charge['id']}"
        transaction = ctx.store.find("balance_transaction", str(charge["balance_transaction"]))
        available = transaction["available_on"] if transaction else None
        if not charge.get("transfer_group"):
            ctx.update("charge", charge["id"], {"transfer_group": group}, event="")
    return make(ctx, {**params, "amount": amount, "currency": currency, "transfer_group": group}, available=available)


# of a charge ----------------------------------------------------------------------------------------------------------


def check(ctx: Ctx, params: Mapping[str, Any]) -> None:
    """Raise 400 for a payment that cannot be shared as it asks to be."""
    given = params.get("transfer_data")
    if isinstance(given, Mapping) and given.get("destination") and not ctx.options.get("materialise"):
        receiver(ctx, given["destination"], "transfer_data[destination]")
    elif params.get("application_fee_amount") and accounts.current(ctx) is None and not ctx.options.get("materialise"):
        raise errors.invalid(transfers.FEE_ALONE, "application_fee_amount")


def grouped(ctx: Ctx, intent: dict[str, Any]) -> dict[str, Any]:
    """An intent about to be charged: a destination charge and its transfer belong to a group."""
    if not intent.get("transfer_data") or intent.get("transfer_group"):
        return intent
    return ctx.update("payment_intent", intent["id"], {"transfer_group": f"group_{intent['id']}"}, event="")


def fee_of(charge: Mapping[str, Any]) -> int:
    """The application fee of a charge."""
    return int(charge.get("application_fee_amount") or 0)


def own_fee(ctx: Ctx, charge: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The platform's fee of a direct charge, as the account's balance transaction shows it."""
    if accounts.current(ctx) is None or not fee_of(charge):
        return []
    detail = ledger.fee_detail(
        fee_of(charge), charge["currency"], type="application_fee", description="Twinkit application fee"
    )
    return [{**detail, "application": APPLICATION}]


def _earn(ctx: Ctx, charge: Mapping[str, Any], account: str, paid: str) -> str:
    """The platform earns its fee of the payment `paid` of an account; the fee's id."""
    with accounts.acting(ctx, None):
        id = ctx.new_id("application_fee")
        transaction = ledger_entry(ctx, charge, id)
        record = {
            "id": id,
            "object": "application_fee",
            "account": account,
            "amount": fee_of(charge),
            "amount_refunded": 0,
            "application": APPLICATION,
            "balance_transaction": transaction,
            "charge": paid,
            "created": ctx.now,
            "currency": charge["currency"],
            "fee_source": {"charge": paid, "type": "charge"},
            "livemode": False,
            "originating_transaction": None if paid == charge["id"] else charge["id"],
            "refunded": False,
            "refunds": listing.counted([], f"/v1/application_fees/{id}/refunds"),
        }
        ctx.store.insert("application_fee", record, created=ctx.micros)
        ctx.emit("application_fee.created", record)
    return id


def ledger_entry(ctx: Ctx, charge: Mapping[str, Any], fee: str) -> str:
    """The balance transaction of an application fee; its id."""
    return balances.post(
        ctx, amount=fee_of(charge), currency=charge["currency"], type="application_fee", source=fee,
        description="Application fee from application", category="platform_earning",
    )  # fmt: skip


def after_settling(ctx: Ctx, charge: dict[str, Any], available: int) -> dict[str, Any]:
    """What else a captured charge moves: the transfer of a destination charge, the platform's fee. What changes."""
    account = accounts.current(ctx)
    if account is not None:
        return {"application_fee": _earn(ctx, charge, account, charge["id"])} if fee_of(charge) else {}
    given = charge.get("transfer_data")
    if not isinstance(given, Mapping) or not given.get("destination"):
        return {}
    if accounts.whole(ctx).find("account", str(given["destination"])) is None:
        return {}
    amount = given.get("amount")
    wanted = {
        "amount": charge["amount_captured"] if amount is None else amount,
        "currency": charge["currency"],
        "destination": given["destination"],
        "source_transaction": charge["id"],
        "transfer_group": charge.get("transfer_group"),
    }
    transfer = make(ctx, wanted, fee=fee_of(charge), available=available)
    changes: dict[str, Any] = {"transfer": transfer["id"]}
    if fee_of(charge):
        payment = transfer["destination_payment"]
        changes["application_fee"] = _earn(ctx, charge, str(given["destination"]), payment)
        with accounts.acting(ctx, str(given["destination"])):
            fee = {"application_fee": changes["application_fee"], "application_fee_amount": fee_of(charge)}
            ctx.update("charge", payment, fee, event="")
    return changes


# back again -----------------------------------------------------------------------------------------------------------


def reverse(
    ctx: Ctx, transfer: dict[str, Any], amount: int | None, metadata: Any = None, refund: str | None = None
) -> dict[str, Any]:
    """Take money back from a connected account. Raises 400 for more than there is."""
    left = transfer["amount"] - transfer["amount_reversed"]
    amount = left if amount is None else amount
    problem = transfers.excess("transfer", amount, left)
    if problem:
        raise errors.invalid(problem, "amount")
    id = ctx.new_id("transfer_reversal")
    with accounts.acting(ctx, transfer["destination"]):
        back = ctx.new_id("pyr_1{alnum:23}")
        balances.post(ctx, amount=-amount, currency=transfer["currency"], type="payment_refund", source=back)
        payment = ctx.store.find("charge", transfer["destination_payment"])
        if payment:
            done = payment["amount_refunded"] + amount
            changes = {"amount_refunded": done, "refunded": done >= payment["amount"]}
            ctx.update("charge", payment["id"], changes, event="")
    transaction = balances.post(
        ctx, amount=amount, currency=transfer["currency"], type="transfer_refund", source=id,
        description="TRANSFER REVERSAL",
    )  # fmt: skip
    record = {
        "id": id,
        "object": "transfer_reversal",
        "amount": amount,
        "balance_transaction": transaction,
        "created": ctx.now,
        "currency": transfer["currency"],
        "destination_payment_refund": back,
        "metadata": lookup.metadata({}, metadata),
        "source_refund": refund,
        "transfer": transfer["id"],
    }
    ctx.store.insert("transfer_reversal", record, created=ctx.micros)
    shown = listing.embedded(
        ctx, "transfer_reversal", [Filter("transfer", "=", transfer["id"])], transfer["reversals"]["url"]
    )
    gone = transfer["amount_reversed"] + amount
    changes = {"amount_reversed": gone, "reversals": shown, "reversed": gone >= transfer["amount"]}
    ctx.update("transfer", transfer["id"], changes, event="transfer.reversed")
    return record


def give_back(ctx: Ctx, fee: dict[str, Any], amount: int | None, metadata: Any = None) -> dict[str, Any]:
    """Refund an application fee to the account it was taken from. Raises 400 for more than there is."""
    with accounts.acting(ctx, None):
        left = fee["amount"] - fee["amount_refunded"]
        amount = left if amount is None else amount
        problem = transfers.excess("fee", amount, left)
        if problem:
            raise errors.invalid(problem, "amount")
        id = ctx.new_id("fee_refund")
        currency = fee["currency"]
        transaction = balances.post(
            ctx, amount=-amount, currency=currency, type="application_fee_refund", source=id,
            description="Refund of application fee", category="platform_earning_refund",
        )  # fmt: skip
        record = {
            "id": id,
            "object": "fee_refund",
            "amount": amount,
            "balance_transaction": transaction,
            "created": ctx.now,
            "currency": currency,
            "fee": fee["id"],
            "metadata": lookup.metadata({}, metadata),
        }
        ctx.store.insert("fee_refund", record, created=ctx.micros)
        shown = listing.embedded(ctx, "fee_refund", [Filter("fee", "=", fee["id"])], fee["refunds"]["url"])
        gone = fee["amount_refunded"] + amount
        changes = {"amount_refunded": gone, "refunded": gone >= fee["amount"], "refunds": shown}
        ctx.update("application_fee", fee["id"], changes, event="application_fee.refunded")
    with accounts.acting(ctx, fee["account"]):
        balances.post(ctx, amount=amount, currency=fee["currency"], type="application_fee_refund", source=id)
    return record


def undo(ctx: Ctx, charge: Mapping[str, Any], refund: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """Take the transfer and the fee back with a refund that asks to, by its share; what the refund then shows."""
    changes: dict[str, Any] = {}
    if params.get("reverse_transfer") and charge.get("transfer"):
        transfer = ctx.store.get("transfer", charge["transfer"])
        part = transfers.share(transfer["amount"], refund["amount"], charge["amount"])
        changes["transfer_reversal"] = reverse(ctx, transfer, part, refund=refund["id"])["id"]
    if params.get("refund_application_fee") and charge.get("application_fee"):
        fee = accounts.whole(ctx).get("application_fee", charge["application_fee"])
        give_back(ctx, fee, transfers.share(fee["amount"], refund["amount"], charge["amount"]))
    return changes


def _positive(params: Mapping[str, Any]) -> int | None:
    amount = params.get("amount")
    if amount is not None and amount < 1:
        raise errors.too_small("amount", 1)
    return amount


@twin.handler("PostTransfersIdReversals")
@lookup.modelled
def create_reversal(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Reverse a transfer, whole or in part."""
    params = request.body or {}
    transfer = lookup.in_path(ctx, "transfer", request.path["id"])
    record = reverse(ctx, transfer, _positive(params), params.get("metadata"))
    if params.get("refund_application_fee"):
        payment = accounts.AccountStore(accounts.whole(ctx), transfer["destination"]).find(
            "charge", transfer["destination_payment"]
        )
        fee = ctx.store.find("application_fee", str((payment or {}).get("application_fee")))
        if fee:
            give_back(ctx, fee, transfers.share(fee["amount"], record["amount"], transfer["amount"]))
    return record


@twin.handler("GetTransfersIdReversals")
@lookup.modelled
def list_reversals(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The reversals of a transfer."""
    transfer = lookup.in_path(ctx, "transfer", request.path["id"])
    return listing.page(ctx, request, "transfer_reversal", [Filter("transfer", "=", transfer["id"])])


@twin.handler("GetTransfersTransferReversalsId")
@lookup.modelled
def retrieve_reversal(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One reversal."""
    lookup.in_path(ctx, "transfer", request.path["transfer"], "transfer")
    return lookup.in_path(ctx, "transfer_reversal", request.path["id"])


@twin.handler("PostApplicationFeesIdRefunds", "PostApplicationFeesIdRefund")
@lookup.modelled
def refund_fee(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Refund an application fee; the older path answers the fee."""
    params = request.body or {}
    fee = lookup.in_path(ctx, "application_fee", request.path["id"])
    record = give_back(ctx, fee, _positive(params), params.get("metadata"))
    assert request.operation is not None
    return record if request.operation.id.endswith("Refunds") else ctx.store.get("application_fee", fee["id"])


@twin.handler("GetApplicationFeesIdRefunds")
@lookup.modelled
def list_fee_refunds(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The refunds of an application fee."""
    fee = lookup.in_path(ctx, "application_fee", request.path["id"])
    return listing.page(ctx, request, "fee_refund", [Filter("fee", "=", fee["id"])])
