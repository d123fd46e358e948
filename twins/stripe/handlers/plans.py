"""Plans: the older view of recurring prices. A plan and the price of the same id are one record.

Sources: https://docs.stripe.com/api/plans, https://docs.stripe.com/billing/migration/migrating-prices. Imports: the
kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import errors, listing, lookup, twin
from twins.stripe.billing import pricing
from twins.stripe.handlers import catalogue


def _price(ctx: Ctx, id: str) -> dict[str, Any]:
    """The recurring price that a plan's id in the path names. Raises 404."""
    found = ctx.store.find("price", id)
    if found is None or not found.get("recurring"):
        raise errors.no_such("plan", id, "plan")
    return found


def _product(ctx: Ctx, given: Any) -> str:
    if isinstance(given, Mapping):
        return str(catalogue.make_product(ctx, given)["id"])
    if not given:
        raise errors.missing("product")
    return str(lookup.record(ctx, "product", given, "product")["id"])


@twin.handler("PostPlans")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new plan, which is a recurring price from the start."""
    params = request.body or {}
    id = params.get("id")
    if id and ctx.store.find("price", str(id)) is not None:
        raise errors.invalid("Plan already exists.", "id", "resource_already_exists")
    product = _product(ctx, params.get("product"))
    asked = {
        "active": params.get("active", True),
        "billing_scheme": params.get("billing_scheme"),
        "currency": params["currency"],
        "metadata": params.get("metadata"),
        "nickname": params.get("nickname"),
        "recurring": {
            name: params.get(name)
            for name in ("interval", "interval_count", "meter", "trial_period_days", "usage_type")
        },
        "tiers": params.get("tiers"),
        "tiers_mode": params.get("tiers_mode"),
        "transform_quantity": params.get("transform_usage"),
        "unit_amount": params.get("amount"),
        "unit_amount_decimal": params.get("amount_decimal"),
    }
    return pricing.plan_of(catalogue.make_price(ctx, asked, product, id=id or ctx.new_id("plan")))


@twin.handler("GetPlans")
@lookup.modelled
def list_all(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Recurring prices as plans."""
    query = request.query
    where = [Filter("type", "=", "recurring"), *listing.ranges(query, "created")]
    where += [Filter(name, "=", query[name]) for name in ("active", "product") if name in query]
    page = listing.page(ctx, request, "price", where)
    return {**page, "data": [pricing.plan_of(row) for row in lookup.rows(page)]}


@twin.handler("GetPlansPlan")
@lookup.modelled
def retrieve(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A recurring price as a plan."""
    return pricing.plan_of(_price(ctx, request.path["plan"]))


@twin.handler("PostPlansPlan")
@lookup.modelled
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change what may be changed of a plan; its amount may not."""
    params = request.body or {}
    price = _price(ctx, request.path["plan"])
    changes = lookup.changed(price, params, "active", "nickname")
    if params.get("product"):
        changes["product"] = lookup.record(ctx, "product", params["product"], "product")["id"]
    if "trial_period_days" in params:
        changes["recurring"] = {**price["recurring"], "trial_period_days": params["trial_period_days"] or None}
    return pricing.plan_of(catalogue.change(ctx, price, changes))


@twin.handler("DeletePlansPlan")
@lookup.modelled
def delete(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Delete a plan, and the price that it is; subscriptions to it go on."""
    price = _price(ctx, request.path["plan"])
    ctx.store.delete("price", price["id"])
    catalogue.tell(ctx, "deleted", price)
    return {"id": price["id"], "object": "plan", "deleted": True}
