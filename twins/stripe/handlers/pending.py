"""Updates of a subscription that wait for their payment: applied when it succeeds, forgotten when it does not in time.

Sources: https://docs.stripe.com/billing/subscriptions/pending-updates, /pending-updates-reference; the refusal:
https://github.com/codecov/codecov-api/pull/839. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twinkit import Ctx, Filter
from twins.stripe import errors
from twins.stripe.billing import statuses
from twins.stripe.handlers import clocks, invoices, invoicing, recurring, subscribing

PENDING = "pending_update"
"""Store name of what an update would have made of a subscription and its items, by subscription."""
SUPPORTED = frozenset(
    (
        "add_invoice_items", "billing_cycle_anchor", "expand", "items", "off_session", "payment_behavior",
        "proration_behavior", "proration_date", "trial_end", "trial_from_plan",
    )
)  # fmt: skip
KEPT = frozenset(("id", "object", "created", "customer", "latest_invoice", "pending_update", "status"))
"""What applying an update leaves as it is."""
Apply = Callable[[Ctx, dict[str, Any], Mapping[str, Any]], dict[str, Any] | None]


def change(ctx: Ctx, record: dict[str, Any], params: Mapping[str, Any], apply: Apply) -> dict[str, Any]:
    """Change a subscription if the invoice of the change is paid, else note the change on it.

    `apply` makes the change and returns its invoice.
    """
    for name in params:
        if name not in SUPPORTED:
            raise errors.invalid(statuses.not_pending(name), name)
    id = str(record["id"])
    _discard(ctx, id)
    record = ctx.store.get("subscription", id)
    before = {row["id"]: row for row in recurring.items_of(ctx, id)}
    ctx.store.insert(subscribing.BIRTH, {}, id=id)
    invoice = apply(ctx, record, params)
    ctx.store.delete(subscribing.BIRTH, id)
    after = ctx.store.get("subscription", id)
    invoice = ctx.store.get("invoice", invoice["id"]) if invoice else None
    if invoice is None or invoice["status"] != "open":
        _tell(ctx, record, after)
        return after
    items = recurring.items_of(ctx, id)
    ends = [row["current_period_end"] for row in before.values()]
    expires = min([clocks.now(ctx, record["customer"]) + statuses.EXPIRES_AFTER, *ends])
    shown = {
        "billing_cycle_anchor": _new(record, after, "billing_cycle_anchor"), "discount": None, "discounts": None,
        "expires_at": expires, "metadata": None, "subscription_items": items,
        "trial_end": _new(record, after, "trial_end"), "trial_from_plan": None,
    }  # fmt: skip
    ctx.store.insert(PENDING, {"items": items, "record": after, "invoice": invoice["id"]}, id=id)
    _put_items(ctx, id, list(before.values()))
    ctx.store.update("invoice", invoice["id"], next_payment_attempt=None)
    reverted = recurring.show_items(ctx, {**record, "latest_invoice": invoice["id"], "pending_update": shown})
    ctx.store.replace("subscription", id, reverted)
    _tell(ctx, record, reverted)
    clocks.later(ctx, record["customer"], "pending_expires", {"subscription": id, "invoice": invoice["id"]}, expires)
    return reverted


def _new(before: Mapping[str, Any], after: Mapping[str, Any], name: str) -> Any:
    return after[name] if after[name] != before[name] else None


def _tell(ctx: Ctx, before: Mapping[str, Any], after: dict[str, Any], *events: str) -> None:
    previous = {name: before.get(name) for name in after if before.get(name) != after[name]}
    if previous:
        ctx.emit("customer.subscription.updated", after, previous=previous)
    for event in events:
        ctx.emit(event, after)
    subscribing.followed(ctx, after)


def _put_items(ctx: Ctx, subscription: str, rows: list[dict[str, Any]]) -> None:
    """Let a subscription have just these items."""
    kept = {row["id"] for row in rows}
    for row in ctx.store.select("subscription_item", [Filter("subscription", "=", subscription)]):
        if row["id"] not in kept:
            ctx.store.delete("subscription_item", row["id"])
    for row in rows:
        if ctx.store.find("subscription_item", row["id"]) is None:
            ctx.store.insert("subscription_item", row, created=ctx.micros)
        else:
            ctx.store.replace("subscription_item", row["id"], row)


def _discard(ctx: Ctx, id: str, *events: str) -> None:
    """Forget a pending update, and void its invoice."""
    kept = ctx.store.find(PENDING, id)
    if kept is None:
        return
    ctx.store.delete(PENDING, id)
    invoice = ctx.store.find("invoice", kept["invoice"])
    if invoice is not None and invoice["status"] == "open":
        invoices.void_invoice(ctx, invoice)
    record = ctx.store.get("subscription", id)
    after = {**record, "pending_update": None}
    ctx.store.replace("subscription", id, after)
    _tell(ctx, record, after, *events)


@clocks.work("pending_expires")
def expires(ctx: Ctx, data: dict[str, Any]) -> None:
    """Nobody paid in time."""
    kept = ctx.store.find(PENDING, data["subscription"])
    if kept is not None and kept["invoice"] == data["invoice"]:
        _discard(ctx, data["subscription"], "customer.subscription.pending_update_expired")


def _listen(ctx: Ctx, invoice: dict[str, Any], outcome: str) -> None:
    """The invoice of a pending update was paid, so it is applied; or voided, so it is forgotten."""
    id = invoicing.subscription_of(invoice)
    kept = ctx.store.find(PENDING, id) if id else None
    if id is None or kept is None or kept["invoice"] != invoice["id"]:
        return
    if outcome == "void":
        _discard(ctx, id)
    elif outcome == "paid":
        ctx.store.delete(PENDING, id)
        record = ctx.store.get("subscription", id)
        _put_items(ctx, id, kept["items"])
        changes = {name: value for name, value in kept["record"].items() if name not in KEPT}
        after = recurring.show_items(ctx, {**record, **changes, "pending_update": None})
        ctx.store.replace("subscription", id, after)
        _tell(ctx, record, after, "customer.subscription.pending_update_applied")
        subscribing.plan_renewal(ctx, after)


invoicing.LISTENERS.append(_listen)
