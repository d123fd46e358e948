"""The machines of invoices and subscriptions as tables, and the service's words for what they refuse.

Sources: https://docs.stripe.com/invoicing/overview, https://docs.stripe.com/billing/subscriptions/overview. Pure;
imports nothing of the kit.
"""

from __future__ import annotations

from collections.abc import Mapping

INVOICE: Mapping[tuple[str, str], str] = {
    ("draft", "finalize"): "open",
    ("draft", "pay"): "paid",
    ("open", "pay"): "paid",
    ("uncollectible", "pay"): "paid",
    ("open", "void"): "void",
    ("open", "mark_uncollectible"): "uncollectible",
}
"""(status, trigger) → status of an invoice; what is not here is refused."""

REFUSED: Mapping[str, str] = {
    "finalize": "This invoice is already finalized, you can't re-finalize a non-draft invoice.",
    "void": "You can only pass in open invoices. This invoice isn't open.",
    "mark_uncollectible": "You can only pass in open invoices. This invoice isn't open.",
    "pay": "You can only pass in open invoices. This invoice isn't open.",
    "delete": "You can only delete draft invoices.",
    "send": (
        "This invoice cannot be sent right now. Please contact us via https://support.stripe.com/contact with details, "
        "so we can help."
    ),
}
"""Trigger → what an invoice that cannot do it is answered with."""


def invoice_refusal(status: str, trigger: str) -> str | None:
    """The service's text when an invoice in `status` cannot do this; None when it can."""
    if (status, trigger) in INVOICE:
        return None
    if trigger == "pay" and status == "paid":
        return "Invoice is already paid"
    if trigger == "void" and status == "paid":
        return "Invoices with `paid` payments cannot be voided."
    if trigger == "mark_uncollectible" and status == "uncollectible":
        return "This invoice has already been marked uncollectible."
    return REFUSED[trigger]


SUBSCRIPTION: Mapping[tuple[str, str], str] = {
    ("incomplete", "paid"): "active",
    ("incomplete", "expire"): "incomplete_expired",
    ("incomplete", "cancel"): "canceled",
    ("trialing", "start"): "active",
    ("trialing", "pause"): "paused",
    ("trialing", "cancel"): "canceled",
    ("trialing", "failed"): "past_due",
    ("active", "failed"): "past_due",
    ("active", "cancel"): "canceled",
    ("past_due", "paid"): "active",
    ("past_due", "cancel"): "canceled",
    ("past_due", "unpaid"): "unpaid",
    ("unpaid", "paid"): "active",
    ("unpaid", "cancel"): "canceled",
    ("paused", "resume"): "active",
    ("paused", "cancel"): "canceled",
}
"""(status, trigger) → status of a subscription; canceled and incomplete_expired are final."""

ENDED = ("canceled", "incomplete_expired")
NO_METHOD = (
    "This customer has no attached payment source or default payment method. Please consider adding a default payment "
    "method. For more information, visit "
    "https://stripe.com/docs/billing/subscriptions/payment-methods-setting#payment-method-priority."
)
NO_METHOD_TO_PAY = "There is no `default_payment_method` set on this Customer or Invoice."
CANCELED_FIELDS = "A canceled subscription can only update its cancellation_details and metadata."


def scheduled(schedule: str) -> str:
    """What canceling a subscription that a schedule manages is answered with."""
    return (
        f"The subscription is managed by the subscription schedule `{schedule}`, and updating any cancelation behavior "
        "directly is not allowed. Please update the schedule instead."
    )


def not_pending(name: str) -> str:
    """What `pending_if_incomplete` with a parameter that cannot wait is answered with."""
    return (
        "When `payment_behavior` is set to `pending_if_incomplete`, you can only pass supported params. "
        f"`{name}` is not supported. See "
        "https://stripe.com/docs/billing/subscriptions/pending-updates-reference#supported-attributes for more details."
    )


PENDING_CREATE = "Setting `payment_behavior` to `pending_if_incomplete` has no effect when creating a subscription."


def too_late(natural: int) -> str:
    """What an anchor after the end of a whole first period is answered with."""
    return f"billing_cycle_anchor cannot be later than next natural billing date ({natural}) for plan"


NOT_PAUSED = "You can only resume a subscription if it is `paused`."
NO_DUE_DATE = "If invoice collection method is 'send_invoice', you must specify 'due_date' or 'days_until_due'."
NOT_SENT = "You can only specify 'due_date' or 'days_until_due' if invoice collection method is 'send_invoice'."
EXPIRES_AFTER = 23 * 3600
"""Seconds until a subscription whose first payment is incomplete expires."""
FINALIZES_AFTER = 3600
"""Seconds a draft invoice that advances by itself waits."""
RETRIES = (3 * 86_400, 5 * 86_400, 7 * 86_400)
"""Seconds after each failed attempt of an automatic payment until the next."""
TOLD_BEFORE = 7 * 86_400
"""Seconds before a renewal that `invoice.upcoming` is sent; an account of the service chooses the days."""
PREVIEWS_KEPT = 72 * 3600
"""Seconds a preview can be retrieved: https://docs.stripe.com/invoicing/preview."""
NOTHING_TO_PREVIEW = (
    "You must provide at least one of: `subscription`, `schedule`, `subscription_details.items`, "
    "`schedule_details.phases`, `invoice_items`."
)
