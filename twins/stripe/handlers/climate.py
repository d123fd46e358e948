"""Climate: what carbon removal there is to order, orders, their payment from the balance, cancellation and delivery.

Sources: https://docs.stripe.com/climate/orders/order-carbon-removal, https://docs.stripe.com/api/climate/order,
/api/climate/product, /api/climate/supplier. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Any

from twinkit import Ctx, Request
from twins.stripe import errors, listing, lookup, twin
from twins.stripe.accounts import ACCOUNT
from twins.stripe.handlers import balances, charges, invoicing, simulation

ORDER, PRODUCT, SUPPLIER = "climate.order", "climate.product", "climate.supplier"
CANCELABLE = 86_400
SINCE = 1_673_913_600
CURRENCY, PRICE, FEE = "usd", 55_000, Decimal("0.03")
"""What a metric ton costs, and the share that is added for fees."""


def _supplier(word: str, name: str, pathway: str, *place: Any) -> dict[str, Any]:
    where = dict(zip(("city", "country", "latitude", "longitude", "region"), place, strict=True))
    return {
        "id": f"climsup_{word}",
        "object": SUPPLIER,
        "info_url": f"https://frontierclimate.com/portfolio/{word.replace('_', '-')}",
        "livemode": False,
        "locations": [where],
        "name": name,
        "removal_pathway": pathway,
    }


SUPPLIERS = [
    _supplier(
        "charm_industrial", "Charm Industrial", "biomass_carbon_removal_and_storage",
        "San Francisco", "US", 37.7749, -122.4194, "CA",
    ),
    _supplier("heirloom", "Heirloom", "direct_air_capture", "Brisbane", "US", 37.6808, -122.4, "CA"),
    _supplier("lithos_carbon", "Lithos Carbon", "enhanced_weathering", "Seattle", "US", 47.6062, -122.3321, "WA"),
]  # fmt: skip
PRODUCTS = [
    {
        "id": f"climsku_frontier_offtake_portfolio_{year}",
        "object": PRODUCT,
        "created": SINCE,
        "current_prices_per_metric_ton": {
            CURRENCY: {
                "amount_fees": int(PRICE * FEE), "amount_subtotal": PRICE, "amount_total": PRICE + int(PRICE * FEE),
            }
        },
        "delivery_year": year,
        "livemode": False,
        "metric_tons_available": "18000",
        "name": f"Frontier's {year} offtake portfolio",
        "suppliers": SUPPLIERS,
    }
    for year in (2027, 2030)
]  # fmt: skip


# what there is -------------------------------------------------------------------------------------------------------


def _one(rows: list[dict[str, Any]], resource: str, id: str, param: str, *, path: bool = True) -> dict[str, Any]:
    found = next((row for row in rows if row["id"] == id), None)
    if found is None:
        raise errors.no_such(resource, id, param, path=path)
    return found


@twin.handler("GetClimateProducts")
@lookup.modelled
def products(ctx: Ctx, request: Request) -> dict[str, Any]:
    """What can be ordered."""
    return listing.sliced(request, PRODUCTS, PRODUCT)


@twin.handler("GetClimateProductsProduct")
@lookup.modelled
def product(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One product."""
    return _one(PRODUCTS, PRODUCT, request.path["product"], "product")


@twin.handler("GetClimateSuppliers")
@lookup.modelled
def suppliers(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Who removes carbon."""
    return listing.sliced(request, SUPPLIERS, SUPPLIER)


@twin.handler("GetClimateSuppliersSupplier")
@lookup.modelled
def supplier(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One supplier."""
    return _one(SUPPLIERS, SUPPLIER, request.path["supplier"], "supplier")


# orders --------------------------------------------------------------------------------------------------------------


def _amounts(params: Mapping[str, Any]) -> tuple[str, int, int]:
    """(metric tons, subtotal, fees) of an order by tons or by what it costs in all. Raises 400."""
    tons, amount = params.get("metric_tons"), params.get("amount")
    if tons is not None and amount is not None:
        raise errors.exclusive("amount", "metric_tons")
    if tons is not None:
        if Decimal(str(tons)) <= 0:
            raise errors.invalid("`metric_tons` must be greater than 0.", "metric_tons")
        subtotal = int((Decimal(str(tons)) * PRICE).quantize(Decimal(1), ROUND_CEILING))
        return str(tons), subtotal, _fees(subtotal)
    if amount is None:
        raise errors.missing("metric_tons")
    if int(amount) <= 0:
        raise errors.invalid("`amount` must be greater than 0.", "amount")
    subtotal = int((Decimal(int(amount)) / (1 + FEE)).quantize(Decimal(1), ROUND_HALF_UP))
    exact = (Decimal(subtotal) / PRICE).quantize(Decimal("0.000001")).normalize()
    return f"{exact:f}", subtotal, int(amount) - subtotal


def _fees(subtotal: int) -> int:
    return int((subtotal * FEE).quantize(Decimal(1), ROUND_HALF_UP))


@twin.handler("PostClimateOrders")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Order carbon removal: it is paid from the balance and confirmed at once."""
    params = request.body or {}
    chosen = _one(PRODUCTS, PRODUCT, params["product"], "product", path=False)
    currency = charges.check_currency(params.get("currency") or CURRENCY)
    if currency not in chosen["current_prices_per_metric_ton"]:
        raise errors.invalid(f"This product has no price in {currency}.", "currency")
    tons, subtotal, fees = _amounts(params)
    public = (params.get("beneficiary") or {}).get("public_name") or invoicing.ACCOUNT_NAME
    record = {
        "id": ctx.new_id(ORDER),
        "object": ORDER,
        "amount_fees": fees,
        "amount_subtotal": subtotal,
        "amount_total": subtotal + fees,
        "beneficiary": {"public_name": public},
        **dict.fromkeys(("canceled_at", "cancellation_reason", "certificate", "delayed_at", "delivered_at")),
        "confirmed_at": ctx.now,
        "created": ctx.now,
        "currency": currency,
        "delivery_details": [],
        "expected_delivery_year": chosen["delivery_year"],
        "livemode": False,
        "metadata": lookup.metadata({}, params.get("metadata")),
        "metric_tons": tons,
        "product": chosen["id"],
        "product_substituted_at": None,
        "status": "confirmed",
    }
    if ctx.store.find(PRODUCT, chosen["id"]) is None:
        ctx.store.insert(PRODUCT, dict(chosen), created=ctx.micros)
    record = lookup.ordered(record)
    ctx.store.insert(ORDER, record, created=ctx.micros)
    balances.post(
        ctx, amount=-record["amount_total"], currency=currency, type="climate_order_purchase", source=record["id"]
    )
    ctx.emit("climate.order.created", record)
    return record


@twin.handler("PostClimateOrdersOrder")
@lookup.modelled
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Say who benefits, and metadata."""
    params, record = request.body or {}, lookup.in_path(ctx, ORDER, request.path["order"], "order")
    changes = lookup.changed(record, params)
    if "beneficiary" in params:
        given = (params["beneficiary"] or {}).get("public_name") if params["beneficiary"] else None
        changes["beneficiary"] = {"public_name": given or invoicing.ACCOUNT_NAME}
    return ctx.update(ORDER, record["id"], changes, event="")


@twin.handler("PostClimateOrdersOrderCancel")
@lookup.modelled
def cancel(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Cancel an order within a day: the subtotal comes back, the fees do not."""
    record = lookup.in_path(ctx, ORDER, request.path["order"], "order")
    if record["status"] in ("canceled", "delivered"):
        raise errors.invalid(f"This order is {record['status']} and cannot be canceled.")
    if ctx.now > record["created"] + CANCELABLE:
        raise errors.invalid("Orders can only be canceled within 24 hours of their creation.")
    balances.post(
        ctx, amount=record["amount_subtotal"], currency=record["currency"], type="climate_order_refund",
        source=record["id"],
    )  # fmt: skip
    changes = {"canceled_at": ctx.now, "cancellation_reason": "requested", "status": "canceled"}
    return ctx.update(ORDER, record["id"], changes, event="climate.order.canceled")


@twin.control("deliver_climate_order")
def deliver_climate_order(ctx: Ctx, payload: Any) -> dict[str, Any]:
    """The carbon of an order has been removed: `{"order": "climorder_…"}`. Answers the order."""
    id = simulation.wanted(ctx, payload, "order")
    record = lookup.in_path(ctx, ORDER, id, "order")
    if record["status"] != "confirmed":
        raise errors.invalid(f"This order is {record['status']} and cannot be delivered.")
    supplier = SUPPLIERS[0]
    delivery = {
        "delivered_at": ctx.now,
        "location": supplier["locations"][0],
        "metric_tons": record["metric_tons"],
        "registry_url": None,
        "supplier": supplier,
    }
    changes = {
        "certificate": f"https://climate.stripe.com/orders/{ACCOUNT}/{record['id']}",
        "delivered_at": ctx.now,
        "delivery_details": [delivery],
        "status": "delivered",
    }
    return ctx.update(ORDER, record["id"], changes, event="climate.order.delivered")
