"""Tax calculations, the transactions made of them, and where an account is registered.

Source: https://docs.stripe.com/api/tax/calculations, /tax/transactions, /tax/registrations. Imports: the kit's public
names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import errors, listing, locating, lookup, twin
from twins.stripe.handlers import assessing, charges
from twins.stripe.payments import instruments, sales_tax

CALCULATION, TRANSACTION, REGISTRATION = "tax.calculation", "tax.transaction", locating.REGISTRATION
LINES = "tax_lines"
"""Store name of the lines of calculations and transactions, by their id."""
KEPT = 90 * 86_400
GENERAL, SHIPPING = "txcd_10000000", "txcd_92010001"
TAKEN = "A transaction with the reference {reference} already exists."
EXPIRED = "This calculation has expired. Create another one and try again."


# registrations --------------------------------------------------------------------------------------------------------


def _moment(ctx: Ctx, given: Any) -> int | None:
    return ctx.now if given == "now" else (None if given in (None, "") else int(given))


@twin.handler("PostTaxRegistrations")
@lookup.modelled
def register(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A place where the account collects tax."""
    params = request.body or {}
    start, end = _moment(ctx, params["active_from"]) or ctx.now, _moment(ctx, params.get("expires_at"))
    record = {
        "id": ctx.new_id(REGISTRATION),
        "object": REGISTRATION,
        "active_from": start,
        "country": str(params["country"]).upper(),
        "country_options": params["country_options"],
        "created": ctx.now,
        "expires_at": end,
        "livemode": False,
        "status": locating.status(ctx, start, end),
    }
    ctx.store.insert(REGISTRATION, record, created=ctx.micros)
    return record


@twin.handler("PostTaxRegistrationsId")
@lookup.modelled
def reregister(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Say when a registration begins or ends."""
    params = request.body or {}
    found = lookup.in_path(ctx, REGISTRATION, request.path["id"])
    start = _moment(ctx, params["active_from"]) if "active_from" in params else found["active_from"]
    end = _moment(ctx, params["expires_at"]) if "expires_at" in params else found["expires_at"]
    changes = {"active_from": start, "expires_at": end, "status": locating.status(ctx, int(start or ctx.now), end)}
    return ctx.update(REGISTRATION, found["id"], changes, event="")


# calculations ---------------------------------------------------------------------------------------------------------


def _customer(ctx: Ctx, params: Mapping[str, Any]) -> dict[str, Any]:
    """`customer_details` of a calculation. Raises 400 for someone who lives nowhere."""
    given: Mapping[str, Any] = params.get("customer_details") or {}
    address, source, ids = given.get("address"), given.get("address_source"), given.get("tax_ids") or ()
    if params.get("customer"):
        known = lookup.record(ctx, "customer", params["customer"], "customer")
        shipping = (known.get("shipping") or {}).get("address")
        address, source = shipping or known.get("address"), "shipping" if shipping else "billing"
        ids = locating.tax_ids(ctx, known["id"])
    if not isinstance(address, Mapping) or not sales_tax.precise(address):
        raise errors.invalid(locating.NO_PLACE, "customer_details[address]", locating.UNLOCATED)
    return {
        "address": instruments.address(address),
        "address_source": source,
        "ip_address": given.get("ip_address"),
        "tax_ids": [{"type": each["type"], "value": each["value"]} for each in ids],
        "taxability_override": given.get("taxability_override") or "none",
    }


def _line(ctx: Ctx, given: Mapping[str, Any], number: int, who: Mapping[str, Any], found: assessing.Found) -> Any:
    breakdown = sales_tax.line_breakdown(
        who["address"], found.percentage, found.kind, found.reason, found.tax, found.base
    )
    return {
        "id": ctx.new_id("tax.calculation_line_item"),
        "object": "tax.calculation_line_item",
        "amount": given["amount"],
        "amount_tax": found.tax,
        "livemode": False,
        "metadata": given.get("metadata") or {},
        "product": given.get("product"),
        "quantity": given.get("quantity") or 1,
        "reference": given.get("reference") or f"L{number}",
        "tax_behavior": given.get("tax_behavior") or "exclusive",
        "tax_breakdown": [breakdown],
        "tax_code": given.get("tax_code") or GENERAL,
    }


Part = tuple[assessing.Found, bool]


def _summed(parts: list[Part], address: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`tax_breakdown` of a calculation: one row for each rate."""
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for found, inclusive in parts:
        key = (found.percentage, found.reason, inclusive)
        row = rows.setdefault(
            key,
            {
                "amount": 0,
                "inclusive": inclusive,
                "tax_rate_details": sales_tax.details(address, found.percentage, found.kind),
                "taxability_reason": found.reason,
                "taxable_amount": 0,
            },
        )
        row["amount"] += found.tax
        row["taxable_amount"] += found.base if found.kind else 0
    return list(rows.values())


@twin.handler("PostTaxCalculations")
@lookup.modelled
def calculate(ctx: Ctx, request: Request) -> dict[str, Any]:
    """What tax a sale comes to, at the standard rates of where the account is registered."""
    params = request.body or {}
    currency, who = charges.check_currency(params["currency"]), _customer(ctx, params)
    buyer = assessing.Buyer(who["address"], who["tax_ids"], who["taxability_override"])
    registered, seller = locating.registered(ctx), assessing.seller(ctx)

    def taxed(amount: int, given: Mapping[str, Any], code: str, inside: bool) -> assessing.Found:
        wanted = str(given.get("tax_code") or code)
        return assessing.taxed(buyer, registered, seller, amount, inside=inside, code=wanted)

    lines: list[dict[str, Any]] = []
    parts: list[Part] = []
    total = 0
    for number, given in enumerate(params["line_items"], 1):
        inclusive = given.get("tax_behavior") == "inclusive"
        sold = ctx.store.find("product", str(given.get("product"))) or {}
        found = taxed(int(given["amount"]), given, sold.get("tax_code") or GENERAL, inclusive)
        lines.append(_line(ctx, given, number, who, found))
        parts.append((found, inclusive))
        total += int(given["amount"])
    shipping = params.get("shipping_cost")
    shown = None
    if isinstance(shipping, Mapping):
        inclusive = shipping.get("tax_behavior") == "inclusive"
        value = int(shipping.get("amount") or 0)
        found = taxed(value, shipping, SHIPPING, inclusive)
        parts.append((found, inclusive))
        total += value
        shown = {"amount": value, "amount_tax": found.tax, "tax_behavior": "inclusive" if inclusive else "exclusive"}
        shown |= {"tax_code": shipping.get("tax_code") or SHIPPING}
    exclusive = sum(found.tax for found, inside in parts if not inside)
    record = {
        "id": ctx.new_id(CALCULATION),
        "object": CALCULATION,
        "amount_total": total + exclusive,
        "currency": currency,
        "customer": params.get("customer"),
        "customer_details": who,
        "expires_at": ctx.now + KEPT,
        "line_items": None,
        "livemode": False,
        "ship_from_details": params.get("ship_from_details"),
        "shipping_cost": shown,
        "tax_amount_exclusive": exclusive,
        "tax_amount_inclusive": sum(found.tax for found, inside in parts if inside),
        "tax_breakdown": _summed(parts, who["address"]),
        "tax_date": params.get("tax_date") or ctx.now,
    }
    ctx.store.insert(CALCULATION, record, created=ctx.micros)
    ctx.store.insert(LINES, {"lines": lines}, id=str(record["id"]))
    return record


def _lines(ctx: Ctx, id: str) -> list[dict[str, Any]]:
    return list((ctx.store.find(LINES, id) or {"lines": []})["lines"])


@twin.handler("GetTaxCalculationsCalculationLineItems")
@lookup.modelled
def calculated(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The lines of a calculation."""
    found = lookup.in_path(ctx, CALCULATION, request.path["calculation"], "calculation")
    return listing.sliced(request, _lines(ctx, found["id"]), "tax.calculation_line_item")


# transactions ---------------------------------------------------------------------------------------------------------


def _transaction(ctx: Ctx, values: Mapping[str, Any], lines: list[dict[str, Any]], params: Any) -> dict[str, Any]:
    """Keep a transaction. Raises 400 for a reference that was used."""
    reference = params["reference"]
    if ctx.store.list(TRANSACTION, [Filter("reference", "=", reference)], limit=1).ids:
        raise errors.invalid(TAKEN.format(reference=reference), "reference", "resource_already_exists")
    record = {
        "id": ctx.new_id(TRANSACTION),
        "object": TRANSACTION,
        "created": ctx.now,
        "line_items": None,
        "livemode": False,
        "metadata": lookup.metadata({}, params.get("metadata")),
        "posted_at": params.get("posted_at") or ctx.now,
        "reference": reference,
        **values,
    }
    ctx.store.insert(TRANSACTION, lookup.ordered(record), created=ctx.micros)
    ctx.store.insert(LINES, {"lines": lines}, id=str(record["id"]))
    return lookup.ordered(record)


def _entry(ctx: Ctx, line: Mapping[str, Any], type: str, **more: Any) -> dict[str, Any]:
    """The line of a transaction that another line becomes."""
    shown = {name: value for name, value in line.items() if name != "tax_breakdown"}
    own = {"id": ctx.new_id("tax.transaction_line_item"), "object": "tax.transaction_line_item"}
    return {**shown, **own, "reversal": None, "type": type, **more}


KEPT_FIELDS = ("currency", "customer", "customer_details", "ship_from_details", "shipping_cost", "tax_date")


@twin.handler("PostTaxTransactionsCreateFromCalculation")
@lookup.modelled
def record_sale(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The sale that was calculated has been made."""
    params = request.body or {}
    found = lookup.record(ctx, CALCULATION, params["calculation"], "calculation")
    if found["expires_at"] <= ctx.now:
        raise errors.invalid(EXPIRED, "calculation")
    return sell(ctx, found, params)


def sell(ctx: Ctx, calculation: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """Record the sale of a calculation, whoever asks. Raises 400 for a reference that was used."""
    values = {name: calculation[name] for name in KEPT_FIELDS} | {"reversal": None, "type": "transaction"}
    lines = [_entry(ctx, line, "transaction") for line in _lines(ctx, str(calculation["id"]))]
    return _transaction(ctx, values, lines, params)


def take_back(ctx: Ctx, sold: Mapping[str, Any], amount: int, whole: int, reference: str) -> dict[str, Any]:
    """Take a share of a sale back: what `amount` is of `whole`."""
    share = Fraction(amount, whole)
    values = {name: sold[name] for name in KEPT_FIELDS}
    if sold["shipping_cost"]:
        part = {name: -round(sold["shipping_cost"][name] * share) for name in ("amount", "amount_tax")}
        values["shipping_cost"] = {**sold["shipping_cost"], **part}
    lines = [
        _reversed(ctx, line, -round(line["amount"] * share), -round(line["amount_tax"] * share))
        for line in _lines(ctx, str(sold["id"]))
    ]
    reversal = {"reversal": {"original_transaction": sold["id"]}, "type": "reversal"}
    return _transaction(ctx, {**values, **reversal}, lines, {"reference": reference})


@twin.handler("PostTaxTransactionsCreateReversal")
@lookup.modelled
def reverse(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A sale is taken back, all of it or what the request names."""
    params = request.body or {}
    found = lookup.record(ctx, TRANSACTION, params["original_transaction"], "original_transaction")
    sold = {line["id"]: line for line in _lines(ctx, found["id"])}
    values = {name: found[name] for name in KEPT_FIELDS}
    if params["mode"] == "full":
        lines = [_reversed(ctx, line, -line["amount"], -line["amount_tax"]) for line in sold.values()]
        if found["shipping_cost"]:
            back = {name: -found["shipping_cost"][name] for name in ("amount", "amount_tax")}
            values["shipping_cost"] = {**found["shipping_cost"], **back}
    else:
        values["shipping_cost"], lines = None, []
        for number, given in enumerate(params.get("line_items") or ()):
            original = sold.get(given["original_line_item"])
            if original is None:
                param = f"line_items[{number}][original_line_item]"
                raise errors.no_such("tax.transaction_line_item", given["original_line_item"], param, path=False)
            lines.append(_reversed(ctx, original, given["amount"], given["amount_tax"], given.get("reference")))
    reversal = {"reversal": {"original_transaction": found["id"]}, "type": "reversal"}
    return _transaction(ctx, {**values, **reversal}, lines, params)


def _reversed(ctx: Ctx, line: Mapping[str, Any], amount: int, tax: int, reference: str | None = None) -> dict[str, Any]:
    of = {"reversal": {"original_line_item": line["id"]}}
    named = {"reference": reference or line["reference"]}
    return _entry(ctx, line, "reversal", **of, **named, amount=amount, amount_tax=tax)


@twin.handler("GetTaxTransactionsTransactionLineItems")
@lookup.modelled
def recorded(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The lines of a transaction."""
    found = lookup.in_path(ctx, TRANSACTION, request.path["transaction"], "transaction")
    return listing.sliced(request, _lines(ctx, found["id"]), "tax.transaction_line_item")
