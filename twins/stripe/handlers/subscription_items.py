"""Subscription items by themselves: add, change, remove, list.

Source: https://docs.stripe.com/api/subscription_items. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import errors, listing, lookup, twin
from twins.stripe.billing import statuses
from twins.stripe.handlers import changing, recurring

PASSED = ("payment_behavior", "proration_behavior", "proration_date")


def _item(ctx: Ctx, request: Request) -> dict[str, Any]:
    id = str(request.path["item"])
    found = ctx.store.find("subscription_item", id)
    if found is None:
        raise errors.error(404, f"Invalid subscription_item id: {id}")
    return found


def _change(ctx: Ctx, subscription: str, items: list[dict[str, Any]], params: dict[str, Any]) -> None:
    record = ctx.store.get("subscription", subscription)
    passed = {name: params[name] for name in PASSED if name in params}
    changing.change(ctx, record, {"items": items, **passed})


@twin.handler("PostSubscriptionItems")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Add an item to a subscription that runs."""
    params = request.body or {}
    record = lookup.record(ctx, "subscription", params["subscription"], "subscription")
    if record["status"] in statuses.ENDED:
        raise errors.no_such("subscription", record["id"], "subscription")
    before = {row["id"] for row in recurring.items_of(ctx, record["id"])}
    given = {name: value for name, value in params.items() if name not in (*PASSED, "subscription", "expand")}
    _change(ctx, record["id"], [given], params)
    return next(row for row in recurring.items_of(ctx, record["id"]) if row["id"] not in before)


@twin.handler("GetSubscriptionItems")
@lookup.modelled
def list_all(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The items of a subscription."""
    where = [Filter("subscription", "=", request.query["subscription"])]
    return listing.page(ctx, request, "subscription_item", where)


@twin.handler("GetSubscriptionItemsItem")
@lookup.modelled
def retrieve(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One item."""
    return _item(ctx, request)


@twin.handler("PostSubscriptionItemsItem")
@lookup.modelled
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change an item, with prorations."""
    item, params = _item(ctx, request), request.body or {}
    given = {name: value for name, value in params.items() if name not in (*PASSED, "expand")}
    _change(ctx, item["subscription"], [{**given, "id": item["id"]}], params)
    return ctx.store.get("subscription_item", item["id"])


@twin.handler("DeleteSubscriptionItemsItem")
@lookup.modelled
def delete(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Remove an item; a subscription keeps at least one."""
    item, params = _item(ctx, request), {**request.query, **(request.body or {})}
    if len(recurring.items_of(ctx, item["subscription"])) == 1:
        text = (
            f"A subscription must have at least one active plan. The subscription item {item['id']} cannot be deleted "
            "because it is the last item of its subscription. To remove it, cancel the subscription instead."
        )
        raise errors.invalid(text)
    _change(ctx, item["subscription"], [{"id": item["id"], "deleted": True}], params)
    return {"id": item["id"], "object": "subscription_item", "deleted": True}
