"""Money into and out of financial accounts: transfers, payments, what others send and take.

Source: https://docs.stripe.com/api/treasury/outbound_payments, /outbound_transfers, /inbound_transfers,
/received_credits, /received_debits and their test helpers. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twinkit import Ctx, Request
from twins.stripe import errors, lookup, twin
from twins.stripe.handlers import charges, payment_methods, treasury
from twins.stripe.payments import instruments, ledger

PAYMENT, OUTBOUND, INBOUND = "treasury.outbound_payment", "treasury.outbound_transfer", "treasury.inbound_transfer"
CREDIT, DEBIT = "treasury.received_credit", "treasury.received_debit"
STATES: Mapping[tuple[str, str], str] = {
    ("processing", "post"): "posted",
    ("processing", "succeed"): "succeeded",
    ("processing", "fail"): "failed",
    ("processing", "cancel"): "canceled",
    ("posted", "return"): "returned",
    ("succeeded", "return"): "succeeded",
}
"""(status, trigger) → status of a flow."""
TOO_LITTLE = "The FinancialAccount has insufficient funds for this flow."
WRONG = "You cannot {verb} a flow with a status of `{status}`."


def _amount(params: Mapping[str, Any]) -> tuple[int, str]:
    if params["amount"] < 1:
        raise errors.too_small("amount", 1)
    return int(params["amount"]), charges.check_currency(params["currency"])


def _bank(given: Any) -> dict[str, Any]:
    """`us_bank_account` of the details of a flow."""
    told = given if isinstance(given, Mapping) else {}
    number = str(told.get("account_number") or "000123456789")
    return {
        "account_holder_type": told.get("account_holder_type") or "individual",
        "account_type": told.get("account_type") or "checking",
        "bank_name": "STRIPE TEST BANK",
        "fingerprint": instruments.fingerprint(number),
        "last4": number[-4:],
        "network": "ach",
        "routing_number": told.get("routing_number") or "110000000",
    }


def _details(ctx: Ctx, params: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The account outside that a flow goes to or comes from, and the payment method that it is."""
    data, id = params.get(f"{name}_data"), params.get(name)
    billing = instruments.billing_details(data.get("billing_details") if isinstance(data, Mapping) else None)
    shown = {part: billing[part] for part in ("address", "email", "name")}
    if isinstance(data, Mapping) and data.get("type") == "financial_account":
        inside = {"id": data.get("financial_account"), "network": "stripe"}
        return {"id": None, "details": {"billing_details": shown, "financial_account": inside, "type": data["type"]}}
    if isinstance(data, Mapping):
        bank = _bank(data.get("us_bank_account"))
    else:
        method = payment_methods.resolve(ctx, str(id), name)
        id, bank = method["id"], {**_bank(None), **_kept(method.get("us_bank_account") or {})}
    return {"id": id, "details": {"billing_details": shown, "type": "us_bank_account", "us_bank_account": bank}}


def _kept(bank: Mapping[str, Any]) -> dict[str, Any]:
    return {name: bank[name] for name in ("fingerprint", "last4", "routing_number") if name in bank}


def _flow(ctx: Ctx, resource: str, params: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """A new flow, not stored yet."""
    amount, currency = _amount(params)
    return {
        "id": ctx.new_id(resource),
        "object": resource,
        "amount": amount,
        "created": ctx.now,
        "currency": currency,
        "description": params.get("description"),
        "financial_account": params["financial_account"],
        "hosted_regulatory_receipt_url": None,
        "livemode": False,
        **values,
    }


def _keep(ctx: Ctx, record: dict[str, Any], event: str) -> dict[str, Any]:
    record = lookup.ordered(record)
    ctx.store.insert(record["object"], record, created=ctx.micros)
    ctx.emit(f"{record['object']}.{event}", record)
    return record


# out ------------------------------------------------------------------------------------------------------------------


@twin.handler("PostTreasuryOutboundPayments", "PostTreasuryOutboundTransfers")
@lookup.modelled
def send(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Send money to someone else, or to an own account outside. Raises 400 when there is too little."""
    params, resource = request.body or {}, PAYMENT if request.url_path.endswith("payments") else OUTBOUND
    account = treasury.account_of(ctx, params)
    amount, currency = _amount(params)
    if amount > treasury.cash(ctx, account["id"], currency):
        raise errors.invalid(TOO_LITTLE, "amount", "balance_insufficient")
    to = _details(ctx, params, "destination_payment_method")
    values: dict[str, Any] = {
        "cancelable": True,
        "destination_payment_method": to["id"],
        "destination_payment_method_details": to["details"],
        "expected_arrival_date": ledger.available_on(ctx.now),
        "metadata": lookup.metadata({}, params.get("metadata")),
        "returned_details": None,
        "statement_descriptor": params.get("statement_descriptor")
        or ("payment" if resource == PAYMENT else "transfer"),
        "status": "processing",
        "status_transitions": dict.fromkeys(("canceled_at", "failed_at", "posted_at", "returned_at")),
        "tracking_details": None,
    }
    if resource == PAYMENT:
        values |= {"customer": params.get("customer"), "end_user_details": params.get("end_user_details")}
    record = _flow(ctx, resource, params, values)
    record["transaction"] = treasury.post(ctx, record, -amount, {"cash": -amount, "outbound_pending": amount}, "open")
    return _keep(ctx, record, "created")


def _found(ctx: Ctx, request: Request, resource: str, trigger: str) -> tuple[dict[str, Any], str]:
    """A flow and the status that a trigger leads to. Raises 400 where it leads nowhere."""
    id = next(iter(request.path.values()))
    flow = lookup.in_path(ctx, resource, str(id))
    target = STATES.get((flow["status"], trigger))
    if target is None:
        raise errors.invalid(WRONG.format(verb=trigger, status=flow["status"]))
    return flow, target


def _moved(ctx: Ctx, flow: Mapping[str, Any], target: str, event: str, **more: Any) -> dict[str, Any]:
    at = {**flow["status_transitions"], f"{target}_at": ctx.now}
    changes = {"cancelable": False, "status": target, "status_transitions": at, **more}
    return ctx.update(str(flow["object"]), str(flow["id"]), changes, event=f"{flow['object']}.{event}")


def _out(ctx: Ctx, request: Request, trigger: str) -> dict[str, Any]:
    resource = PAYMENT if "outbound_payments" in request.url_path else OUTBOUND
    flow, target = _found(ctx, request, resource, trigger)
    if trigger == "return":
        back = treasury.post(ctx, flow, flow["amount"], {"cash": flow["amount"]}, "posted")
        told = (request.body or {}).get("returned_details") or {}
        details = {"code": told.get("code") or "declined", "transaction": back}
        return _moved(ctx, flow, target, target, returned_details=details)
    posted = trigger == "post"
    impact = {"cash": -flow["amount"]} if posted else {}
    treasury.move(ctx, flow["transaction"], impact, "posted" if posted else "void")
    return _moved(ctx, flow, target, target)


@twin.handler(
    "PostTestHelpersTreasuryOutboundPaymentsIdPost", "PostTestHelpersTreasuryOutboundTransfersOutboundTransferPost"
)
@lookup.modelled
def posted(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The money has arrived."""
    return _out(ctx, request, "post")


@twin.handler(
    "PostTestHelpersTreasuryOutboundPaymentsIdFail", "PostTestHelpersTreasuryOutboundTransfersOutboundTransferFail"
)
@lookup.modelled
def failed(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The money could not be sent."""
    return _out(ctx, request, "fail")


@twin.handler(
    "PostTestHelpersTreasuryOutboundPaymentsIdReturn", "PostTestHelpersTreasuryOutboundTransfersOutboundTransferReturn"
)
@lookup.modelled
def returned(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The bank sent the money back."""
    return _out(ctx, request, "return")


@twin.handler("PostTreasuryOutboundPaymentsIdCancel", "PostTreasuryOutboundTransfersOutboundTransferCancel")
@lookup.modelled
def cancel_out(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Call it off before it is on its way."""
    return _out(ctx, request, "cancel")


# in -------------------------------------------------------------------------------------------------------------------


@twin.handler("PostTreasuryInboundTransfers")
@lookup.modelled
def pull(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Fetch money from an own account outside."""
    params = request.body or {}
    treasury.account_of(ctx, params)
    origin = _details(ctx, params, "origin_payment_method")
    values = {
        "cancelable": True,
        "failure_details": None,
        "linked_flows": {"received_debit": None},
        "metadata": lookup.metadata({}, params.get("metadata")),
        "origin_payment_method": origin["id"],
        "origin_payment_method_details": origin["details"],
        "returned": False,
        "statement_descriptor": params.get("statement_descriptor") or "transfer",
        "status": "processing",
        "status_transitions": dict.fromkeys(("canceled_at", "failed_at", "succeeded_at")),
    }
    record = _flow(ctx, INBOUND, params, values)
    pending = {"inbound_pending": record["amount"]}
    record["transaction"] = treasury.post(ctx, record, record["amount"], pending, "open")
    return _keep(ctx, record, "created")


def _in(ctx: Ctx, request: Request, trigger: str) -> dict[str, Any]:
    flow, target = _found(ctx, request, INBOUND, trigger)
    if trigger == "return":
        treasury.post(ctx, flow, -flow["amount"], {"cash": -flow["amount"]}, "posted")
        return ctx.update(INBOUND, flow["id"], {"returned": True}, event="")
    came = trigger == "succeed"
    treasury.move(ctx, flow["transaction"], {"cash": flow["amount"]} if came else {}, "posted" if came else "void")
    told = (request.body or {}).get("failure_details") or {}
    more = {"failure_details": {"code": told.get("code") or "could_not_process"}} if trigger == "fail" else {}
    return _moved(ctx, flow, target, target, **more)


@twin.handler("PostTestHelpersTreasuryInboundTransfersIdSucceed")
@lookup.modelled
def came(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The money has come."""
    return _in(ctx, request, "succeed")


@twin.handler("PostTestHelpersTreasuryInboundTransfersIdFail")
@lookup.modelled
def never_came(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The bank did not send it."""
    return _in(ctx, request, "fail")


@twin.handler("PostTestHelpersTreasuryInboundTransfersIdReturn")
@lookup.modelled
def taken_back(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The bank took it back."""
    return _in(ctx, request, "return")


@twin.handler("PostTreasuryInboundTransfersInboundTransferCancel")
@lookup.modelled
def cancel_in(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Call it off."""
    return _in(ctx, request, "cancel")


def _reversible(ctx: Ctx, network: str) -> dict[str, Any]:
    """Until when what was received can be reversed: two banking days, over ACH alone."""
    if network != "ach":
        return {"deadline": None, "restricted_reason": "network_restricted"}
    return {"deadline": ledger.available_on(ctx.now), "restricted_reason": None}


def _received(ctx: Ctx, resource: str, params: Mapping[str, Any], failure: str | None) -> dict[str, Any]:
    """What somebody outside has sent or taken."""
    given = params.get("initiating_payment_method_details") or {}
    bank = {name: _bank(given.get("us_bank_account"))[name] for name in ("bank_name", "last4", "routing_number")}
    billing = {"address": instruments.address(None), "email": None, "name": "Jane Austen"}
    flows = ("issuing_authorization", "issuing_transaction", "received_credit_capture", "debit_reversal", "payout")
    if resource == CREDIT:
        flows = ("credit_reversal", "issuing_authorization", "issuing_transaction", "source_flow", "source_flow_type")
    values = {
        "failure_code": failure,
        "initiating_payment_method_details": {
            "billing_details": billing,
            "type": "us_bank_account",
            "us_bank_account": bank,
        },
        "linked_flows": dict.fromkeys(flows) | ({"source_flow_details": None} if resource == CREDIT else {}),
        "network": params["network"],
        "reversal_details": None if failure else _reversible(ctx, params["network"]),
        "status": "failed" if failure else "succeeded",
        "transaction": None,
    }
    record = _flow(ctx, resource, params, values)
    record["description"] = params.get("description") or "Stripe Test"
    amount = record["amount"] if resource == CREDIT else -record["amount"]
    if not failure:
        record["transaction"] = treasury.post(ctx, record, amount, {"cash": amount}, "posted")
    return _keep(ctx, record, "created")


@twin.handler("PostTestHelpersTreasuryReceivedCredits")
@lookup.modelled
def receive(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Somebody sends money."""
    params = request.body or {}
    account = lookup.record(ctx, treasury.ACCOUNT, params["financial_account"], "financial_account")
    record = _received(ctx, CREDIT, params, "account_closed" if account["status"] == "closed" else None)
    ctx.emit(f"{CREDIT}.{record['status']}", record)
    return record


@twin.handler("PostTestHelpersTreasuryReceivedDebits")
@lookup.modelled
def take(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Somebody takes money, where there is enough."""
    params = request.body or {}
    account = lookup.record(ctx, treasury.ACCOUNT, params["financial_account"], "financial_account")
    amount, currency = _amount(params)
    failure = "account_closed" if account["status"] == "closed" else None
    if failure is None and amount > treasury.cash(ctx, account["id"], currency):
        failure = "insufficient_funds"
    return _received(ctx, DEBIT, params, failure)


# lists ----------------------------------------------------------------------------------------------------------------

LISTS: Mapping[str, tuple[str, ...]] = {
    "GetTreasuryOutboundPayments": (PAYMENT, "customer"),
    "GetTreasuryOutboundTransfers": (OUTBOUND,),
    "GetTreasuryInboundTransfers": (INBOUND,),
    "GetTreasuryReceivedCredits": (CREDIT,),
    "GetTreasuryReceivedDebits": (DEBIT,),
}
"""Operation → the flows that it lists, and what it filters by besides what all of them do."""


def _lists(resource: str, *names: str) -> Callable[[Ctx, Request], dict[str, Any]]:
    def handler(ctx: Ctx, request: Request) -> dict[str, Any]:
        return treasury.listed(ctx, request, resource, *names)

    return lookup.modelled(handler)


for _operation, _filtered in LISTS.items():
    twin.handler(_operation)(_lists(*_filtered))
