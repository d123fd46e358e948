"""Invoice items: what waits to be put on a customer's next invoice, or is put on a draft at once.

Source: https://docs.stripe.com/api/invoiceitems. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import errors, listing, lookup, twin
from twins.stripe.billing import pricing
from twins.stripe.handlers import assessing, catalogue, charges, clocks, discounting, invoicing, manual_rates

ITEM = "invoiceitem"


def tax_rates(ctx: Ctx, given: Any, param: str) -> list[dict[str, Any]]:
    """Whole tax rates by their ids. Raises 400 for one that is not there."""
    return [lookup.record(ctx, "tax_rate", id, f"{param}[{place}]") for place, id in enumerate(given or ())]


def priced(
    ctx: Ctx, params: Mapping[str, Any], currency: str | None, where: str = ""
) -> tuple[int, dict[str, Any], str]:
    """(amount, `pricing`, currency) of a request that names a price, describes one, or says an amount."""
    quantity = int(params.get("quantity") or 1)
    named = params.get("pricing")
    price = None
    if isinstance(named, Mapping) and named.get("price"):
        price = lookup.record(ctx, "price", named["price"], f"{where}pricing[price]")
    elif isinstance(params.get("price_data"), Mapping):
        data = params["price_data"]
        product = lookup.record(ctx, "product", data.get("product"), f"{where}price_data[product]")
        price = catalogue.make_price(ctx, data, product["id"])
    if price is None:
        price, currency = _one_off(ctx, params, currency)
        if params.get("amount") is not None:
            return int(params["amount"]), details(price), str(currency)
    elif price.get("recurring"):
        text = "The price specified is set to `type=recurring` but this field only accepts prices with `type=one_time`."
        raise errors.invalid(text, "price")
    return pricing.amount(price, quantity), details(price), price["currency"]


def details(price: Mapping[str, Any]) -> dict[str, Any]:
    """`pricing` of a line or item that a price stands behind."""
    return {
        "price_details": {"price": price["id"], "product": price["product"]},
        "type": "price_details",
        "unit_amount_decimal": price.get("unit_amount_decimal"),
    }


def _one_off(ctx: Ctx, params: Mapping[str, Any], currency: str | None) -> tuple[dict[str, Any], str]:
    """A price of its own behind an amount, inactive and told to nobody."""
    amount, exact = params.get("amount"), params.get("unit_amount_decimal")
    if amount is None and exact in (None, ""):
        raise errors.invalid("You must pass either `amount` or `pricing`.", "amount", "parameter_missing")
    known = charges.check_currency(str(params.get("currency") or currency or "usd"))
    text = catalogue.decimal_text(Decimal(str(exact if amount is None else amount)))
    record: dict[str, Any] = {
        "id": ctx.new_id("price"),
        "object": "price",
        "active": False,
        "billing_scheme": "per_unit",
        "created": ctx.now,
        "currency": known,
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": ctx.new_id("product"),
        "recurring": None,
        "tax_behavior": params.get("tax_behavior") or "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "one_time",
        "unit_amount": int(amount) if amount is not None else None,
        "unit_amount_decimal": text,
    }
    ctx.store.insert("price", record, created=ctx.micros)
    if params.get("tax_code"):
        code = lookup.record(ctx, "tax_code", params["tax_code"], "tax_code")["id"]
        ctx.store.insert(assessing.CODES, {"tax_code": code}, id=record["product"])
    return record, known


def new_record(ctx: Ctx, customer: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """An invoice item, not stored yet; `values` has amount, currency, description, pricing, quantity and more."""
    at = clocks.now(ctx, customer)
    quantity = values.get("quantity") or 1
    return lookup.ordered(
        {
            "id": ctx.new_id(ITEM),
            "object": ITEM,
            "customer": customer["id"],
            "customer_account": None,
            "date": at,
            "description": None,
            "discountable": True,
            "discounts": [],
            "frozen_fields": [],
            "invoice": None,
            "invoicing_rules": [],
            "livemode": False,
            "metadata": {},
            **({"net_amount": values["amount"]} if values.get("discountable") is False else {}),
            "parent": None,
            "period": {"end": at, "start": at},
            "proration": False,
            "quantity": quantity,
            "quantity_decimal": str(quantity),
            "tax_rates": [],
            "test_clock": customer.get("test_clock"),
            **values,
        }
    )


@twin.handler("PostInvoiceitems")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new item, pending or on a draft invoice."""
    params = request.body or {}
    invoice = lookup.record(ctx, "invoice", params["invoice"], "invoice") if params.get("invoice") else None
    named = params.get("customer") or (invoice or {}).get("customer")
    if not named:
        raise errors.missing("customer")
    customer = lookup.record(ctx, "customer", named, "customer")
    if invoice is not None and invoice["status"] != "draft":
        text = "Invalid invoice: This invoice is no longer editable"
        raise errors.invalid(text, "invoice", "invoice_not_editable")
    amount, price, currency = priced(ctx, params, (invoice or {}).get("currency"))
    if invoice is not None and currency != invoice["currency"]:
        text = (
            "You cannot combine currencies on a single invoice. This invoice has invoice items currency "
            f"{currency} that conflicts with the invoice currency {invoice['currency']}."
        )
        raise errors.invalid(text)
    values: dict[str, Any] = {
        "amount": amount,
        "currency": currency,
        "description": lookup.unset(params.get("description")),
        "discountable": params.get("discountable", amount >= 0),
        "invoice": invoice["id"] if invoice else None,
        "metadata": lookup.metadata({}, params.get("metadata")),
        "pricing": price,
        "quantity": params.get("quantity") or 1,
        "tax_rates": manual_rates.usable(ctx, params.get("tax_rates"), "tax_rates"),
    }
    if isinstance(params.get("period"), Mapping):
        values["period"] = {"end": params["period"]["end"], "start": params["period"]["start"]}
    if params.get("subscription"):
        subscription = lookup.record(ctx, "subscription", params["subscription"], "subscription")
        inner = {"subscription": subscription["id"], "subscription_item": None}
        values["parent"] = {"subscription_details": inner, "type": "subscription_details"}
    if values["description"] is None:
        product = ctx.store.find("product", str(price["price_details"]["product"]))
        values["description"] = product["name"] if product else None
    item = new_record(ctx, customer, values)
    item["discounts"] = discounting.make(ctx, params.get("discounts"), customer, item["date"], item=item["id"])
    ctx.store.insert(ITEM, item, created=ctx.micros)
    ctx.emit("invoiceitem.created", item)
    if invoice is not None:
        lines = [invoicing.item_line(ctx, invoice["id"], item), *invoicing.lines_of(ctx, invoice["id"])]
        changed = invoicing.recompute(ctx, invoice, lines)
        ctx.emit("invoice.updated", changed, previous={"amount_due": invoice["amount_due"]})
    return item


@twin.handler("GetInvoiceitems")
@lookup.modelled
def list_all(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Invoice items, of a customer, of an invoice, or those that wait."""
    query = request.query
    where = [Filter(name, "=", query[name]) for name in ("customer", "invoice") if query.get(name)]
    if "pending" in query:
        where.append(Filter("invoice", "exists", not query["pending"]))
    where += [Filter("date", each.op, each.value) for each in listing.ranges(query, "created")]
    return listing.page(ctx, request, ITEM, where)


@twin.handler("PostInvoiceitemsInvoiceitem")
@lookup.modelled
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change an item that is not on a finalized invoice."""
    params, item = request.body or {}, lookup.in_path(ctx, ITEM, request.path["invoiceitem"], "invoiceitem")
    invoice = ctx.store.find("invoice", str(item["invoice"]))
    if invoice is not None and invoice["status"] != "draft":
        raise errors.invalid("This invoice item is attached to an invoice that is no longer editable.")
    changes = lookup.changed(item, params, "description", "discountable")
    if "tax_rates" in params:
        changes["tax_rates"] = tax_rates(ctx, params["tax_rates"] or (), "tax_rates")
    if "discounts" in params:
        customer = ctx.store.get("customer", item["customer"])
        at = clocks.now(ctx, customer)
        changes["discounts"] = discounting.make(ctx, params["discounts"], customer, at, item=item["id"])
    if any(name in params for name in ("amount", "quantity", "pricing", "price_data", "unit_amount_decimal")):
        amount, price, _ = priced(ctx, {"quantity": item["quantity"], **params}, item["currency"])
        quantity = params.get("quantity") or item["quantity"]
        changes |= {"amount": amount, "pricing": price}
        changes |= {"quantity": quantity, "quantity_decimal": str(quantity)}
    changed = ctx.update(ITEM, item["id"], changes, event="")
    if invoice is not None:
        kept = invoicing.lines_of(ctx, invoice["id"])
        invoicing.recompute(ctx, invoice, [_replaced(ctx, row, changed) for row in kept])
    return changed


def _replaced(ctx: Ctx, row: dict[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
    parent = row["parent"]["invoice_item_details"] or row["parent"]["subscription_item_details"] or {}
    if parent.get("invoice_item") != item["id"]:
        return row
    return {**invoicing.item_line(ctx, row["invoice"], item), "id": row["id"]}


@twin.handler("DeleteInvoiceitemsInvoiceitem")
@lookup.modelled
def delete(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Delete an item that is pending or on a draft."""
    item = lookup.in_path(ctx, ITEM, request.path["invoiceitem"], "invoiceitem")
    invoice = ctx.store.find("invoice", str(item["invoice"]))
    if invoice is not None and invoice["status"] != "draft":
        raise errors.invalid("This invoice item is attached to an invoice that is no longer editable.")
    ctx.delete(ITEM, item["id"], event="invoiceitem.deleted")
    if invoice is not None:
        rows = [
            row
            for row in invoicing.lines_of(ctx, invoice["id"])
            if (row["parent"]["invoice_item_details"] or {}).get("invoice_item") != item["id"]
        ]
        invoicing.recompute(ctx, invoice, rows)
    return {"id": item["id"], "object": ITEM, "deleted": True}
