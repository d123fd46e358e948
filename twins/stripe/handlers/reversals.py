"""Reversals: received credits that are sent back, received debits that are fetched back.

Sources: https://docs.stripe.com/api/treasury/credit_reversals, /api/treasury/debit_reversals,
/financial-accounts/moving-money/into/received-credits. The words of what is refused are the twin's. Imports: the kit's
public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import accounts, errors, lookup, twin
from twins.stripe.handlers import money_flows, treasury
from twins.stripe.payments import ledger

CREDIT, DEBIT = "treasury.credit_reversal", "treasury.debit_reversal"


def _check(ctx: Ctx, flow: Mapping[str, Any], param: str, resource: str) -> None:
    """Raise 400 for a flow that cannot be reversed: it failed, was reversed before, or its time is over."""
    details = flow["reversal_details"] or {}
    reason = details.get("restricted_reason")
    if reason is None and details.get("deadline") is not None and details["deadline"] < ctx.now:
        reason = "deadline_passed"
    if flow["status"] != "succeeded":
        raise errors.invalid(f"This flow has a status of `{flow['status']}` and cannot be reversed.", param)
    if ctx.store.list(resource, [Filter(param, "=", flow["id"])], limit=1).ids:
        reason = "already_reversed"
    if reason is not None:
        raise errors.invalid(f"This flow cannot be reversed: {reason}.", param)


def _reverse(ctx: Ctx, flow: Mapping[str, Any], resource: str, param: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Keep a reversal; money that goes back leaves at once, money that comes back comes when it has settled."""
    back = resource == CREDIT
    record: dict[str, Any] = {
        "id": ctx.new_id(resource),
        "object": resource,
        "amount": flow["amount"],
        "created": ctx.now,
        "currency": flow["currency"],
        "financial_account": flow["financial_account"],
        "hosted_regulatory_receipt_url": None,
        "livemode": False,
        "metadata": lookup.metadata({}, params.get("metadata")),
        "network": flow["network"],
        param: flow["id"],
        "status": "processing",
        "status_transitions": {"posted_at": None} if back else {"completed_at": None},
    }
    if not back:
        record["linked_flows"] = None
    amount = -flow["amount"] if back else flow["amount"]
    pending = {"cash": -flow["amount"], "outbound_pending": flow["amount"]} if back else {"inbound_pending": amount}
    record["transaction"] = treasury.post(ctx, record, amount, pending, "open")
    record = lookup.ordered(record)
    ctx.store.insert(resource, record, created=ctx.micros)
    links = {**flow["linked_flows"], "credit_reversal" if back else "debit_reversal": record["id"]}
    details = {**(flow["reversal_details"] or {"deadline": None}), "restricted_reason": "already_reversed"}
    ctx.update(str(flow["object"]), str(flow["id"]), {"linked_flows": links, "reversal_details": details}, event="")
    ctx.emit(f"{resource}.created", record)
    due = ledger.available_on(ctx.now, days=1)
    ctx.schedule("reversal_settles", {"resource": resource, "id": record["id"]}, at=due)
    return record


@accounts.timer("reversal_settles")
def settles(ctx: Ctx, data: dict[str, Any]) -> None:
    """A reversal has arrived at the bank, or its money here."""
    record = ctx.store.get(data["resource"], data["id"])
    if record["status"] != "processing":
        return
    if data["resource"] == CREDIT:
        treasury.move(ctx, record["transaction"], {"cash": -record["amount"]}, "posted")
        changes, event = {"status": "posted", "status_transitions": {"posted_at": ctx.now}}, "posted"
    else:
        treasury.move(ctx, record["transaction"], {"cash": record["amount"]}, "posted")
        changes, event = {"status": "succeeded", "status_transitions": {"completed_at": ctx.now}}, "completed"
    ctx.update(data["resource"], record["id"], changes, event=f"{data['resource']}.{event}")


@twin.handler("PostTreasuryCreditReversals")
@lookup.modelled
def send_back(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Send a received credit back, where there is enough and time."""
    params = request.body or {}
    flow = lookup.record(ctx, money_flows.CREDIT, params["received_credit"], "received_credit")
    _check(ctx, flow, "received_credit", CREDIT)
    if flow["amount"] > treasury.cash(ctx, flow["financial_account"], flow["currency"]):
        raise errors.invalid(money_flows.TOO_LITTLE, "received_credit", "balance_insufficient")
    return _reverse(ctx, flow, CREDIT, "received_credit", params)


@twin.handler("PostTreasuryDebitReversals")
@lookup.modelled
def fetch_back(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Fetch a received debit back while there is time."""
    params = request.body or {}
    flow = lookup.record(ctx, money_flows.DEBIT, params["received_debit"], "received_debit")
    _check(ctx, flow, "received_debit", DEBIT)
    return _reverse(ctx, flow, DEBIT, "received_debit", params)


@twin.handler("GetTreasuryCreditReversals")
@lookup.modelled
def list_credits(ctx: Ctx, request: Request) -> dict[str, Any]:
    """What an account has sent back."""
    return treasury.listed(ctx, request, CREDIT, "received_credit")


@twin.handler("GetTreasuryDebitReversals")
@lookup.modelled
def list_debits(ctx: Ctx, request: Request) -> dict[str, Any]:
    """What an account has fetched back."""
    return treasury.listed(ctx, request, DEBIT, "received_debit")


@twin.handler("PostTestHelpersTreasuryOutboundPaymentsId", "PostTestHelpersTreasuryOutboundTransfersOutboundTransfer")
@lookup.modelled
def tracked(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The network's numbers of money on its way become known."""
    params = request.body or {}
    resource = money_flows.PAYMENT if "outbound_payments" in request.url_path else money_flows.OUTBOUND
    flow = lookup.in_path(ctx, resource, str(next(iter(request.path.values()))))
    asked = params["tracking_details"]
    if not isinstance(asked.get(asked["type"]), Mapping):
        raise errors.missing(f"tracking_details[{asked['type']}]")
    details = {"ach": None, "us_domestic_wire": None, "type": asked["type"], asked["type"]: asked[asked["type"]]}
    event = f"{resource}.tracking_details_updated"
    return ctx.update(resource, flow["id"], {"tracking_details": details}, event=event)
