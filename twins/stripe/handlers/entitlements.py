"""Entitlements: features, the products that have them, and what a customer may use because of a subscription.

Sources: https://docs.stripe.com/billing/entitlements, https://docs.stripe.com/api/entitlements. Imports: the kit's
public names, the twin.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import errors, listing, lookup, twin
from twins.stripe.handlers import recurring, subscribing

FEATURE = "entitlements.feature"
ACTIVE = "entitlements.active_entitlement"
ATTACHED = "product_feature"
OWNERS = "entitled"
"""Store name of whose each active entitlement is."""
PRODUCTS = "product_feature_of"
"""Store name of which product each of its features belongs to."""
ENTITLING = ("active", "past_due", "trialing")
"""Statuses of a subscription that gives what its products have."""


@twin.handler("PostEntitlementsFeatures")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new feature; an account has one of a lookup key."""
    params = request.body or {}
    key = params["lookup_key"]
    if ctx.store.list(FEATURE, [Filter("lookup_key", "=", key)], limit=1).ids:
        raise errors.invalid(
            f"A feature with lookup key `{key}` already exists.", "lookup_key", "resource_already_exists"
        )
    record = {
        "id": ctx.new_id(FEATURE),
        "object": FEATURE,
        "active": True,
        "livemode": False,
        "lookup_key": key,
        "metadata": lookup.metadata({}, params.get("metadata")),
        "name": params["name"],
    }
    ctx.store.insert(FEATURE, record, created=ctx.micros)
    return record


@twin.handler("GetEntitlementsFeatures")
@lookup.modelled
def list_features(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The features, archived ones only when they are asked for."""
    query = request.query
    where = [Filter("active", "=", not query.get("archived"))]
    if query.get("lookup_key"):
        where.append(Filter("lookup_key", "=", query["lookup_key"]))
    return listing.page(ctx, request, FEATURE, where)


@twin.handler("PostProductsProductFeatures")
@lookup.modelled
def attach(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Give a product a feature."""
    product = lookup.in_path(ctx, "product", request.path["product"], "product")
    feature = lookup.record(ctx, FEATURE, (request.body or {})["entitlement_feature"], "entitlement_feature")
    for row in _features(ctx, product["id"]):
        if row["entitlement_feature"]["id"] == feature["id"]:
            text = "This feature is already attached to the product."
            raise errors.invalid(text, "entitlement_feature", "resource_already_exists")
    record: dict[str, Any] = {
        "id": ctx.new_id(ATTACHED), "object": ATTACHED, "entitlement_feature": feature, "livemode": False,
    }  # fmt: skip
    ctx.store.insert(ATTACHED, record, created=ctx.micros)
    ctx.store.insert(PRODUCTS, {"product": product["id"]}, id=record["id"])
    return record


def _features(ctx: Ctx, product: str) -> list[dict[str, Any]]:
    """The features of a product, oldest first."""
    found = ctx.store.list(PRODUCTS, [Filter("product", "=", product)], limit=1000)
    rows = [ctx.store.find(ATTACHED, id) for id in found.ids[::-1]]
    return [row for row in rows if row is not None]


@twin.handler("GetProductsProductFeatures")
@lookup.modelled
def attached(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The features of a product."""
    product = lookup.in_path(ctx, "product", request.path["product"], "product")
    return listing.sliced(request, _features(ctx, product["id"])[::-1], ATTACHED)


@twin.handler("GetProductsProductFeaturesId")
@lookup.modelled
def retrieve(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One feature of a product."""
    return lookup.in_path(ctx, ATTACHED, request.path["id"])


@twin.handler("DeleteProductsProductFeaturesId")
@lookup.modelled
def detach(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Take a feature from a product; who has it keeps it until their subscription changes."""
    record = lookup.in_path(ctx, ATTACHED, request.path["id"])
    ctx.delete(ATTACHED, record["id"], event="")
    return {"id": record["id"], "object": ATTACHED, "deleted": True}


@twin.handler("GetEntitlementsActiveEntitlements")
@lookup.modelled
def list_active(ctx: Ctx, request: Request) -> dict[str, Any]:
    """What a customer may use."""
    customer = lookup.record(ctx, "customer", request.query["customer"], "customer")
    return listing.sliced(request, _active(ctx, customer["id"]), ACTIVE)


def _active(ctx: Ctx, customer: str) -> list[dict[str, Any]]:
    found = ctx.store.list(OWNERS, [Filter("customer", "=", customer)], limit=1000)
    return [ctx.store.get(ACTIVE, id) for id in found.ids]


@subscribing.follow
def entitle(ctx: Ctx, subscription: dict[str, Any]) -> None:
    """Let a customer have what the products of their subscriptions have, and tell of what changed."""
    if not ctx.store.count(PRODUCTS):
        return
    customer = str(subscription["customer"])
    wanted: dict[str, dict[str, Any]] = {}
    where = [Filter("customer", "=", customer), Filter("status", "in", list(ENTITLING))]
    for each in ctx.store.select("subscription", where):
        for item in recurring.items_of(ctx, each["id"]):
            for row in _features(ctx, str(item["price"]["product"])):
                wanted[row["entitlement_feature"]["id"]] = row["entitlement_feature"]
    before = {row["feature"]: row for row in _active(ctx, customer)}
    if before.keys() == wanted.keys():
        return
    for id in before.keys() - wanted.keys():
        ctx.store.delete(ACTIVE, before[id]["id"])
        ctx.store.delete(OWNERS, before[id]["id"])
    for id, feature in wanted.items():
        if id not in before:
            record = {
                "id": ctx.new_id(ACTIVE), "object": ACTIVE, "feature": id, "livemode": False,
                "lookup_key": feature["lookup_key"],
            }  # fmt: skip
            ctx.store.insert(ACTIVE, record, created=ctx.micros)
            ctx.store.insert(OWNERS, {"customer": customer}, id=record["id"])
    name = "entitlements.active_entitlement_summary"
    old = {"entitlements": {"data": list(before.values())}}
    ctx.emit(f"{name}.updated", _summary(name, customer, _active(ctx, customer)), previous=old)


def _summary(name: str, customer: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    url = f"/v1/customer/{customer}/entitlements"
    entitlements = {"object": "list", "data": rows, "has_more": False, "url": url}
    return {"object": name, "customer": customer, "entitlements": entitlements, "livemode": False}
