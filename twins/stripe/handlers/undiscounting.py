"""Discounts of customers and subscriptions by their older paths: shown and taken away.

Source: https://docs.stripe.com/api/discounts/delete, /api/discounts/subscription_delete. Imports: the kit's public
names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Request, ServiceError
from twins.stripe import errors, lookup, twin

SHOWN = (
    "id", "object", "checkout_session", "customer", "customer_account", "invoice", "invoice_item", "promotion_code",
    "source", "start", "subscription", "subscription_item",
)  # fmt: skip
"""What is left of a discount that was taken away."""


def _none(kind: str, id: str) -> ServiceError:
    text = f"No active discount for {kind}: {id}"
    return errors.error(404, text, code="resource_missing")


def _subscription(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The subscription that a path names, of its customer where it names one."""
    id = request.path["subscription_exposed_id"]
    found = lookup.in_path(ctx, "subscription", id, "subscription_exposed_id")
    customer = request.path.get("customer")
    if customer and found["customer"] != customer:
        raise errors.no_such("subscription", id, "subscription_exposed_id")
    return found


def _discount(ctx: Ctx, owner: Mapping[str, Any], kind: str) -> dict[str, Any]:
    ids = owner.get("discounts") or ([owner["discount"]] if owner.get("discount") else [])
    found = ctx.store.find("discount", str(ids[-1])) if ids else None
    if found is None:
        raise _none(kind, str(owner["id"]))
    return found


@twin.handler("GetCustomersCustomerDiscount")
@lookup.modelled
def of_customer(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The discount of a customer."""
    return _discount(ctx, lookup.in_path(ctx, "customer", request.path["customer"], "customer"), "customer")


@twin.handler("DeleteCustomersCustomerDiscount")
@lookup.modelled
def undiscount_customer(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Take a customer's discount away."""
    customer = lookup.in_path(ctx, "customer", request.path["customer"], "customer")
    found = _discount(ctx, customer, "customer")
    ctx.update("customer", customer["id"], {"discount": None})
    return _deleted(ctx, found)


@twin.handler("GetCustomersCustomerSubscriptionsSubscriptionExposedIdDiscount")
@lookup.modelled
def of_subscription(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The discount of a subscription."""
    return _discount(ctx, _subscription(ctx, request), "subscription")


@twin.handler(
    "DeleteSubscriptionsSubscriptionExposedIdDiscount",
    "DeleteCustomersCustomerSubscriptionsSubscriptionExposedIdDiscount",
)
@lookup.modelled
def undiscount_subscription(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Take the newest discount of a subscription away: what is billed next is not lowered by it."""
    subscription = _subscription(ctx, request)
    found = _discount(ctx, subscription, "subscription")
    kept = [id for id in subscription["discounts"] if id != found["id"]]
    ctx.update("subscription", subscription["id"], {"discounts": kept})
    return _deleted(ctx, found)


def _deleted(ctx: Ctx, discount: Mapping[str, Any]) -> dict[str, Any]:
    ctx.delete("discount", str(discount["id"]), event="customer.discount.deleted")
    return {**{name: discount[name] for name in SHOWN}, "deleted": True}
