"""Top-ups: money of the account's own bank for its balance, there after two business days or failed.

Source: https://docs.stripe.com/api/topups, https://docs.stripe.com/connect/testing (bank tokens that fail). Imports:
the kit's public names, the twin.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import accounts, errors, facts, listing, lookup, twin
from twins.stripe.handlers import balances, charges, tokens
from twins.stripe.payments import declines, ledger

NOT_PENDING = "Only pending top-ups can be canceled. This top-up has a status of `{status}`."


@twin.handler("PostTopups")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Ask the bank for money."""
    params = request.body or {}
    currency = charges.check_currency(params["currency"])
    if params["amount"] < 1:
        raise errors.too_small("amount", 1)
    failure = ""
    if str(params.get("source") or "").startswith("btok_"):
        token = tokens.use(ctx, str(params["source"]), "source")
        known = facts.load(ctx, token["id"])
        failure = known.bank.failure if known.bank else ""
    record = {
        "id": ctx.new_id("topup"),
        "object": "topup",
        "amount": params["amount"],
        "balance_transaction": None,
        "created": ctx.now,
        "currency": currency,
        "description": lookup.unset(params.get("description")),
        "expected_availability_date": ledger.available_on(ctx.now),
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": lookup.metadata({}, params.get("metadata")),
        "source": None,
        "statement_descriptor": lookup.unset(params.get("statement_descriptor")),
        "status": "pending",
        "transfer_group": lookup.unset(params.get("transfer_group")),
    }
    ctx.store.insert("topup", record, created=ctx.micros)
    ctx.emit("topup.created", record)
    ctx.schedule("topup_arrives", {"topup": record["id"], "failure": failure}, at=record["expected_availability_date"])
    return record


@accounts.timer("topup_arrives")
def arrives(ctx: Ctx, data: dict[str, Any]) -> None:
    """The bank has sent the money, or says why not."""
    topup = ctx.store.get("topup", data["topup"])
    if topup["status"] != "pending":
        return
    if data["failure"]:
        reason = declines.BANK_FAILURES[data["failure"]]
        changes = {"status": "failed", "failure_code": data["failure"], "failure_message": reason.message}
        ctx.update("topup", topup["id"], changes, event="topup.failed")
        return
    booked = balances.post(
        ctx, amount=topup["amount"], currency=topup["currency"], type="topup", source=topup["id"],
        description=topup["description"],
    )  # fmt: skip
    ctx.update("topup", topup["id"], {"status": "succeeded", "balance_transaction": booked}, event="topup.succeeded")


@twin.handler("PostTopupsTopup")
@lookup.modelled
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change its description or metadata."""
    topup = lookup.in_path(ctx, "topup", request.path["topup"], "topup")
    return ctx.update("topup", topup["id"], lookup.changed(topup, request.body or {}, "description"), event="")


@twin.handler("PostTopupsTopupCancel")
@lookup.modelled
def cancel(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Call it off while the money is on its way."""
    topup = lookup.in_path(ctx, "topup", request.path["topup"], "topup")
    if topup["status"] != "pending":
        raise errors.invalid(NOT_PENDING.format(status=topup["status"]))
    return ctx.update("topup", topup["id"], {"status": "canceled"}, event="topup.canceled")


@twin.handler("GetTopups")
@lookup.modelled
def list_all(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Top-ups, of a status, an amount, a time."""
    query = request.query
    where = [Filter("status", "=", query["status"])] if query.get("status") else []
    return listing.page(
        ctx, request, "topup", [*where, *listing.ranges(query, "amount"), *listing.ranges(query, "created")]
    )
