"""Products, prices, coupons, promotion codes: what is checked and filled in beyond keeping records.

Source: https://docs.stripe.com/api/products, /prices, /coupons, /promotion_codes. Imports: the kit's public names,
the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import errors, lookup, twin
from twins.stripe.billing import pricing
from twins.stripe.handlers import charges

# prices --------------------------------------------------------------------------------------------------------------


def decimal_text(value: Decimal) -> str:
    """A decimal without exponent or trailing zeros: `1000`, `0.05`."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def amounts(given: Mapping[str, Any]) -> tuple[int | None, str | None]:
    """(`unit_amount`, `unit_amount_decimal`) of a price or tier. Raises 400 for both, or for no number."""
    whole, exact = given.get("unit_amount"), given.get("unit_amount_decimal")
    if whole not in (None, "") and exact not in (None, ""):
        raise errors.exclusive("unit_amount", "unit_amount_decimal")
    if exact not in (None, ""):
        try:
            value = Decimal(str(exact))
        except InvalidOperation:
            raise errors.wrong_type("number", exact, "unit_amount_decimal") from None
        return (int(value) if value == value.to_integral_value() else None), decimal_text(value)
    if whole in (None, ""):
        return None, None
    if int(str(whole)) < 0:
        raise errors.too_small("unit_amount", 0)
    return int(str(whole)), str(whole)


def tiers(given: Any) -> list[dict[str, Any]]:
    """Tiers with both forms of each amount; the last one is open."""
    rows = []
    for tier in given if isinstance(given, list) else ():
        unit, unit_decimal = amounts(tier)
        flat, flat_decimal = amounts(
            {"unit_amount": tier.get("flat_amount"), "unit_amount_decimal": tier.get("flat_amount_decimal")}
        )
        rows.append(
            {
                "flat_amount": flat,
                "flat_amount_decimal": flat_decimal,
                "unit_amount": unit,
                "unit_amount_decimal": unit_decimal,
                "up_to": None if tier.get("up_to") == "inf" else tier.get("up_to"),
            }
        )
    return rows


def recurring(given: Any) -> dict[str, Any] | None:
    """`recurring` of a price; None for a one-time price."""
    if not isinstance(given, Mapping):
        return None
    return {
        "interval": given["interval"],
        "interval_count": given.get("interval_count") or 1,
        "meter": given.get("meter"),
        "trial_period_days": given.get("trial_period_days"),
        "usage_type": given.get("usage_type") or "licensed",
    }


def make_price(ctx: Ctx, params: Mapping[str, Any], product: str, *, id: str = "") -> dict[str, Any]:
    """Keep a new price of a product."""
    currency = charges.check_currency(params["currency"])
    scheme = params.get("billing_scheme") or ("tiered" if params.get("tiers") else "per_unit")
    whole, exact = amounts(params)
    custom = params.get("custom_unit_amount")
    if whole is None and exact is None and scheme == "per_unit" and not isinstance(custom, Mapping):
        text = (
            "Prices require an `unit_amount` or `unit_amount_decimal` parameter to be set when using "
            "billing_scheme=per_unit."
        )
        raise errors.invalid(text, "unit_amount", "parameter_missing")
    repeats = recurring(params.get("recurring"))
    _check_meter(ctx, repeats)
    _check_shape(ctx, params, scheme, repeats)
    record: dict[str, Any] = {
        "id": id or ctx.new_id("price"),
        "object": "price",
        "active": params.get("active", True),
        "billing_scheme": scheme,
        "created": ctx.now,
        "currency": currency,
        "custom_unit_amount": _custom(custom),
        "livemode": False,
        "lookup_key": _lookup_key(ctx, params),
        "metadata": lookup.metadata({}, params.get("metadata")),
        "nickname": params.get("nickname"),
        "product": product,
        "recurring": repeats,
        "tax_behavior": params.get("tax_behavior") or "unspecified",
        "tiers_mode": params.get("tiers_mode"),
        "transform_quantity": params.get("transform_quantity"),
        "type": "recurring" if repeats else "one_time",
        "unit_amount": whole if scheme == "per_unit" else None,
        "unit_amount_decimal": exact if scheme == "per_unit" else None,
    }
    ctx.store.insert("price", record, created=ctx.micros)
    if scheme == "tiered" or params.get("currency_options"):
        more: dict[str, Any] = {"currency_options": _options(params, record)}
        if scheme == "tiered":
            more["tiers"] = tiers(params.get("tiers"))
        ctx.store.insert(HIDDEN, more, id=record["id"])
    tell(ctx, "created", record)
    return record


LONGEST: Mapping[str, int] = {"day": 1095, "week": 156, "month": 36, "year": 3}
"""Interval → how many of it a period may have: three years, https://docs.stripe.com/api/prices/create."""


def _check_shape(ctx: Ctx, params: Mapping[str, Any], scheme: str, repeats: Mapping[str, Any] | None) -> None:
    """Raise 400 for tiers without a mode or an end that is open, and for a period of more than three years."""
    if ctx.options.get("materialise"):
        return
    if scheme == "tiered":
        for name in ("tiers", "tiers_mode"):
            if not params.get(name):
                raise errors.missing(name)
        if params["tiers"][-1].get("up_to") != "inf":
            raise errors.invalid("The last tier must have `up_to` set to `inf`.", "tiers")
    if repeats is not None and int(repeats["interval_count"]) > LONGEST.get(str(repeats["interval"]), 1):
        raise errors.invalid("Prices recur every three years at most.", "recurring[interval_count]")


def _check_meter(ctx: Ctx, rule: Mapping[str, Any] | None) -> None:
    """Raise 400 for a metered price without a meter: https://docs.stripe.com/changelog/basil/2025-03-31."""
    if rule is None or ctx.options.get("materialise"):
        return
    if rule["usage_type"] == "metered" and not rule["meter"]:
        text = "Starting with Stripe version `2025-03-31.basil`, metered prices must be backed by meters."
        raise errors.invalid(text)
    if rule["meter"]:
        lookup.record(ctx, "billing.meter", rule["meter"], "recurring[meter]")


HIDDEN = "price_hidden"
"""Store name of what prices show only when it is expanded, where that is more than their own currency."""


def _custom(given: Any) -> dict[str, Any] | None:
    if not isinstance(given, Mapping) or not given.get("enabled"):
        return None
    return {name: given.get(name) for name in ("maximum", "minimum", "preset")}


def _options(params: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    options = pricing.own_currency(record)
    given = params.get("currency_options")
    for currency, values in given.items() if isinstance(given, Mapping) else ():
        whole, exact = amounts(values)
        options[str(currency)] = {
            "custom_unit_amount": _custom(values.get("custom_unit_amount")),
            "tax_behavior": values.get("tax_behavior") or "unspecified",
            "unit_amount": whole,
            "unit_amount_decimal": exact,
        }
    return options


def _lookup_key(ctx: Ctx, params: Mapping[str, Any]) -> str | None:
    key = params.get("lookup_key")
    if not key:
        return None
    taken = next(ctx.store.select("price", [Filter("lookup_key", "=", key)]), None)
    if taken is not None:
        if not params.get("transfer_lookup_key"):
            text = f"A price (`{taken['id']}`) already uses that lookup key."
            raise errors.invalid(text, "lookup_key")
        change(ctx, taken, {"lookup_key": None})
    return str(key)


@twin.handler("PostPrices")
def create_price(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new price, of a product that exists or one described with it."""
    params = request.body or {}
    given = params.get("product_data")
    if params.get("product") and isinstance(given, Mapping):
        raise errors.exclusive("product", "product_data")
    if isinstance(given, Mapping):
        product = make_product(ctx, given)["id"]
    elif params.get("product"):
        product = lookup.record(ctx, "product", params["product"], "product")["id"]
    else:
        raise errors.missing("product")
    return make_price(ctx, params, product)


@twin.handler("PostPricesPrice")
def update_price(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change what may be changed of a price; its amount may not."""
    params = request.body or {}
    price = lookup.in_path(ctx, "price", request.path["price"], "price")
    changes = lookup.changed(price, params, "active", "nickname", "tax_behavior")
    if "lookup_key" in params and params["lookup_key"] != price.get("lookup_key"):
        changes["lookup_key"] = _lookup_key(ctx, params)
    return change(ctx, price, changes)


def change(ctx: Ctx, price: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Change a price, and tell of the plan that a recurring one is as well."""
    if price.get("recurring"):
        plan = pricing.plan_of(price)
        after = pricing.plan_of({**price, **changes})
        previous = {name: plan[name] for name in plan if plan[name] != after[name]}
        if previous:
            ctx.emit("plan.updated", after, previous=previous)
    return ctx.update("price", price["id"], changes, event="price.updated")


def tell(ctx: Ctx, what: str, price: dict[str, Any]) -> None:
    """Tell that a price was created or deleted: of a recurring one, first that its plan was."""
    if price.get("recurring"):
        ctx.emit(f"plan.{what}", pricing.plan_of(price))
    ctx.emit(f"price.{what}", price)


# products ------------------------------------------------------------------------------------------------------------


def make_product(ctx: Ctx, params: Mapping[str, Any]) -> dict[str, Any]:
    """Keep a new product."""
    id = params.get("id") or ctx.new_id("product")
    if ctx.store.find("product", id) is not None:
        raise errors.invalid("Product already exists.", "id", "resource_already_exists")
    record: dict[str, Any] = {
        "id": id,
        "object": "product",
        "active": params.get("active", True),
        "created": ctx.now,
        "default_price": None,
        "description": lookup.unset(params.get("description")),
        "images": list(params.get("images") or ()),
        "livemode": False,
        "marketing_features": list(params.get("marketing_features") or ()),
        "metadata": lookup.metadata({}, params.get("metadata")),
        "name": params["name"],
        "package_dimensions": lookup.unset(params.get("package_dimensions")),
        "shippable": params.get("shippable"),
        "statement_descriptor": params.get("statement_descriptor"),
        "tax_code": params.get("tax_code"),
        "unit_label": params.get("unit_label"),
        "updated": ctx.now,
        "url": params.get("url"),
    }
    ctx.store.insert("product", record, created=ctx.micros)
    ctx.emit("product.created", record)
    return record


@twin.handler("PostProducts")
def create_product(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new product, with its default price where one is described."""
    params = request.body or {}
    record = make_product(ctx, params)
    given = params.get("default_price_data")
    if isinstance(given, Mapping):
        price = make_price(ctx, given, record["id"])
        record = ctx.store.update("product", record["id"], default_price=price["id"])
    return record


@twin.handler("PostProductsId")
def update_product(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change a product."""
    params = request.body or {}
    product = lookup.in_path(ctx, "product", request.path["id"])
    names = (
        "active", "description", "images", "marketing_features", "name", "package_dimensions", "shippable",
        "statement_descriptor", "tax_code", "unit_label", "url",
    )  # fmt: skip
    changes = lookup.changed(product, params, *names)
    for name in ("images", "marketing_features"):
        if name in changes and changes[name] is None:
            changes[name] = []
    if params.get("default_price"):
        price = lookup.record(ctx, "price", params["default_price"], "default_price")
        if price.get("product") != product["id"] and not ctx.options.get("materialise"):
            text = f"The price specified by `default_price` must belong to the product: {product['id']}"
            raise errors.invalid(text, "default_price")
        changes["default_price"] = price["id"]
    return ctx.update("product", product["id"], changes)


@twin.handler("DeleteProductsId")
def delete_product(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Delete a product that has no prices."""
    product = lookup.in_path(ctx, "product", request.path["id"])
    if ctx.store.list("price", [Filter("product", "=", product["id"])], limit=1).ids:
        text = "This product cannot be deleted because it has one or more user-created prices."
        raise errors.invalid(text)
    ctx.delete("product", product["id"])
    return {"id": product["id"], "object": "product", "deleted": True}


# coupons and promotion codes -----------------------------------------------------------------------------------------


@twin.handler("PostCoupons")
def create_coupon(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new coupon: an amount or a percentage off."""
    params = request.body or {}
    percent, amount = params.get("percent_off"), params.get("amount_off")
    if percent is not None and amount is not None:
        raise errors.exclusive("percent_off", "amount_off")
    if percent is None and amount is None:
        raise errors.invalid("Must provide percent_off or amount_off.", "percent_off", "parameter_missing")
    if percent is not None and not 0 < float(percent) <= 100:
        raise errors.invalid("Invalid percent_off: must be greater than 0 and at most 100.", "percent_off")
    if amount is not None and not params.get("currency"):
        raise errors.invalid("You must pass currency when passing amount_off", "currency", "parameter_missing")
    duration = params.get("duration") or "once"
    if duration == "repeating" and not params.get("duration_in_months"):
        text = "You must pass duration_in_months when passing duration=repeating"
        raise errors.invalid(text, "duration_in_months", "parameter_missing")
    id = params.get("id") or ctx.new_id("coupon")
    if ctx.store.find("coupon", id) is not None:
        raise errors.invalid("Coupon already exists.", "id", "resource_already_exists")
    record: dict[str, Any] = {
        "id": id,
        "object": "coupon",
        "amount_off": amount,
        "created": ctx.now,
        "currency": charges.check_currency(params["currency"]) if params.get("currency") else None,
        "duration": duration,
        "duration_in_months": params.get("duration_in_months"),
        "livemode": False,
        "max_redemptions": params.get("max_redemptions"),
        "metadata": lookup.metadata({}, params.get("metadata")),
        "name": params.get("name"),
        "percent_off": float(percent) if percent is not None else None,
        "redeem_by": params.get("redeem_by"),
        "times_redeemed": 0,
        "valid": True,
    }
    if isinstance(params.get("applies_to"), Mapping):
        record["applies_to"] = {"products": list(params["applies_to"].get("products") or ())}
    ctx.store.insert("coupon", record, created=ctx.micros)
    ctx.emit("coupon.created", record)
    return record


@twin.handler("PostCouponsCoupon")
def update_coupon(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change a coupon's name or metadata."""
    params = request.body or {}
    coupon = lookup.in_path(ctx, "coupon", request.path["coupon"], "coupon")
    changes = lookup.changed(coupon, params, "name")
    return ctx.update("coupon", coupon["id"], changes)


@twin.handler("PostPromotionCodes")
def create_promotion_code(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new code that customers can redeem for a coupon."""
    params = request.body or {}
    promotion = params["promotion"]
    coupon = lookup.record(ctx, "coupon", promotion.get("coupon"), "promotion[coupon]")
    if params.get("customer"):
        lookup.record(ctx, "customer", params["customer"], "customer")
    code = params.get("code") or ctx.token("upper", 8)
    taken = [Filter("code", "=", code), Filter("active", "=", True)]
    if ctx.store.list("promotion_code", taken, limit=1).ids:
        text = "An active promotion code with `code: " + code + "` already exists."
        raise errors.invalid(text, "code", "resource_already_exists")
    given = params.get("restrictions")
    limits: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    record: dict[str, Any] = {
        "id": ctx.new_id("promotion_code"),
        "object": "promotion_code",
        "active": params.get("active", True),
        "code": code,
        "created": ctx.now,
        "customer": params.get("customer"),
        "customer_account": None,
        "expires_at": params.get("expires_at"),
        "livemode": False,
        "max_redemptions": params.get("max_redemptions"),
        "metadata": lookup.metadata({}, params.get("metadata")),
        "promotion": {"coupon": coupon["id"], "type": promotion.get("type") or "coupon"},
        "restrictions": {
            "first_time_transaction": limits.get("first_time_transaction", False),
            "minimum_amount": limits.get("minimum_amount"),
            "minimum_amount_currency": limits.get("minimum_amount_currency"),
        },
        "times_redeemed": 0,
    }
    ctx.store.insert("promotion_code", record, created=ctx.micros)
    ctx.emit("promotion_code.created", record)
    return record


@twin.handler("PostPromotionCodesPromotionCode")
def update_promotion_code(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Activate or deactivate a code, change its metadata."""
    params = request.body or {}
    code = lookup.in_path(ctx, "promotion_code", request.path["promotion_code"], "promotion_code")
    changes = lookup.changed(code, params, "active")
    return ctx.update("promotion_code", code["id"], changes, event="promotion_code.updated")
