"""Plans: the older face of recurring prices. What is made as one is there as the other, under the same id.

Source: https://docs.stripe.com/api/plans. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import errors, listing, lookup, twin
from twins.stripe.handlers import catalogue, recurring

TRIALS = "plan_trial"
"""Store name of `trial_period_days` of plans that were given one."""


def _shown(ctx: Ctx, price: Mapping[str, Any]) -> dict[str, Any]:
    """A price as the plan it is."""
    days = (ctx.store.find(TRIALS, str(price["id"])) or {}).get("days")
    return {**recurring.plan_of(price), "trial_period_days": days}


def _found(ctx: Ctx, request: Request) -> dict[str, Any]:
    id = str(request.path["plan"])
    price = ctx.store.find("price", id)
    if price is None or not price["recurring"]:
        raise errors.no_such("plan", id, "plan")
    return price


def _product(ctx: Ctx, given: Any) -> str:
    """The product of a new plan: one that is there, or one described with it. Raises 400."""
    if isinstance(given, Mapping):
        return str(catalogue.make_product(ctx, given)["id"])
    if not given:
        raise errors.missing("product")
    return str(lookup.record(ctx, "product", given, "product")["id"])


def _keep_trial(ctx: Ctx, plan: str, days: Any) -> None:
    if ctx.store.find(TRIALS, plan) is None:
        ctx.store.insert(TRIALS, {"days": days}, id=plan)
    else:
        ctx.store.replace(TRIALS, plan, {"days": days})


@twin.handler("PostPlans")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new plan."""
    params = request.body or {}
    id = params.get("id")
    if id and ctx.store.find("price", id) is not None:
        raise errors.invalid("Plan already exists.", "id", "resource_already_exists")
    rule = {name: params[name] for name in ("interval", "interval_count", "meter", "usage_type") if name in params}
    names = ("active", "billing_scheme", "currency", "metadata", "nickname", "tiers", "tiers_mode")
    asked = {name: params[name] for name in names if name in params}
    asked |= {"recurring": rule, "transform_quantity": params.get("transform_usage")}
    asked |= {"unit_amount": params.get("amount"), "unit_amount_decimal": params.get("amount_decimal")}
    price = catalogue.make_price(ctx, asked, _product(ctx, params.get("product")), id=id or ctx.new_id("plan"))
    if params.get("trial_period_days") is not None:
        _keep_trial(ctx, price["id"], params["trial_period_days"])
    plan = _shown(ctx, price)
    ctx.emit("plan.created", plan)
    return plan


@twin.handler("GetPlansPlan")
@lookup.modelled
def retrieve(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One plan."""
    return _shown(ctx, _found(ctx, request))


@twin.handler("GetPlans")
@lookup.modelled
def list_all(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Plans, of a product, active or not."""
    query = request.query
    where = [Filter("type", "=", "recurring"), *listing.ranges(query, "created")]
    where += [Filter(name, "=", query[name]) for name in ("active", "product") if query.get(name) is not None]
    page = listing.page(ctx, request, "price", where)
    return {**page, "data": [_shown(ctx, price) for price in lookup.rows(page)]}


@twin.handler("PostPlansPlan")
@lookup.modelled
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change what may be changed of a plan; its amount may not."""
    params, before = request.body or {}, _found(ctx, request)
    changes = lookup.changed(before, params, "active", "nickname")
    if params.get("product"):
        changes["product"] = lookup.record(ctx, "product", params["product"], "product")["id"]
    if "trial_period_days" in params:
        _keep_trial(ctx, before["id"], params["trial_period_days"] or None)
    plan = _shown(ctx, ctx.update("price", before["id"], changes, event="price.updated"))
    ctx.emit("plan.updated", plan)
    return plan


@twin.handler("DeletePlansPlan")
@lookup.modelled
def delete(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Delete a plan: nobody can be subscribed to it any more, who is stays."""
    price = _found(ctx, request)
    ctx.emit("plan.deleted", _shown(ctx, price))
    ctx.delete("price", price["id"], event="price.deleted")
    return {"id": price["id"], "object": "plan", "deleted": True}
