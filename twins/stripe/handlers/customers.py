"""Customers: create, update, delete, their balance and their payment methods.

Source: https://docs.stripe.com/api/customers. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, RawJSON, RecordNotFound, Request
from twins.stripe import errors, listing, locating, lookup, twin, wire
from twins.stripe.handlers import charges, payment_methods, sources, tax_ids
from twins.stripe.payments import instruments, ledger

PLAIN = (
    "business_name", "description", "email", "individual_name", "invoice_prefix", "name", "next_invoice_sequence",
    "phone", "preferred_locales", "tax_exempt", "test_clock",
)  # fmt: skip
"""Parameters that become properties of the same name as they are."""


def _values(ctx: Ctx, params: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    """What a create or update request sets."""
    changes = lookup.changed(current, params, *PLAIN)
    wire.check_email(changes, "email")
    for name in ("business_name", "individual_name"):
        if changes.get(name) is None:
            changes.pop(name, None)
    if "address" in params:
        changes["address"] = instruments.address(params["address"]) if params["address"] else None
    if "shipping" in params:
        changes["shipping"] = _shipping(params["shipping"])
    if "balance" in params:
        changes["balance"] = params["balance"]
        if params["balance"] and current.get("currency") is None:
            changes["currency"] = ledger.HOME_CURRENCY
    if isinstance(params.get("invoice_settings"), dict):
        changes["invoice_settings"] = _settings(ctx, params["invoice_settings"], current)
    if changes.get("tax_exempt", "none") is None:
        changes["tax_exempt"] = "none"
    return changes


def _shipping(given: Any) -> dict[str, Any] | None:
    if not isinstance(given, Mapping):
        return None
    return {
        "address": instruments.address(given.get("address")),
        "name": given.get("name"),
        "phone": lookup.unset(given.get("phone")),
    }


def _settings(ctx: Ctx, given: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    settings = {**(current.get("invoice_settings") or {}), **{k: lookup.unset(v) for k, v in given.items()}}
    method = given.get("default_payment_method")
    if method:
        found = ctx.store.find("payment_method", method)
        if found is None and not ctx.options.get("materialise"):
            raise errors.no_such("payment_method", method, "invoice_settings[default_payment_method]", path=False)
        if found is not None and found.get("customer") != current.get("id"):
            text = (
                f"The customer does not have a payment method with the ID {method}. The payment method must be "
                "attached to the customer."
            )
            raise errors.invalid(text, "invoice_settings[default_payment_method]", "resource_missing")
    return settings


def new_record(ctx: Ctx, params: Mapping[str, Any]) -> dict[str, Any]:
    """A customer's record, not stored yet."""
    record: dict[str, Any] = {
        "id": ctx.new_id("customer"),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": ctx.now,
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": ctx.token("upper", 8),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }
    record.update(_values(ctx, params, record))
    return record


@twin.handler("PostCustomers")
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new customer, with a source or payment method where one is given."""
    params = request.body or {}
    if params.get("test_clock"):
        lookup.record(ctx, "test_helpers.test_clock", params["test_clock"], "test_clock")
    settings = params.get("invoice_settings")
    record = new_record(ctx, {name: value for name, value in params.items() if name != "invoice_settings"})
    attached = None
    if params.get("payment_method"):
        method = payment_methods.resolve(ctx, params["payment_method"])
        attached = payment_methods.attach_to(ctx, method, record["id"])
        if isinstance(settings, dict) and settings.get("default_payment_method") == params["payment_method"]:
            settings = {**settings, "default_payment_method": attached["id"]}
    if isinstance(settings, dict):
        record["invoice_settings"] = _settings(ctx, settings, record)
    ctx.store.insert("customer", record, created=ctx.micros)
    if record["balance"]:
        noted(ctx, {**record, "balance": 0}, record["balance"], record["currency"], {}, "initial")
    if params.get("source"):
        held = sources.add(ctx, record, params["source"])
        record = ctx.store.update("customer", record["id"], default_source=held["id"])
    ctx.emit("customer.created", record)
    if attached is not None:
        ctx.emit("payment_method.attached", attached)
    for given in params.get("tax_id_data") or ():
        tax_ids.make(ctx, given, record["id"], {"customer": record["id"], "type": "customer"})
    if "tax" in params:
        locating.validate(ctx, record, params["tax"], new=True)
    return record


def deleted_stub(id: str) -> dict[str, Any]:
    """What is left of a deleted customer."""
    return {"id": id, "object": "customer", "deleted": True}


@twin.handler("GetCustomersCustomer")
def retrieve(ctx: Ctx, request: Request) -> RawJSON | dict[str, Any]:
    """A customer, as stored; a stub when it was deleted."""
    id = request.path["customer"]
    try:
        return ctx.stored("customer", id)
    except RecordNotFound:
        return deleted_stub(id) if ctx.store.was_deleted("customer", id) else lookup.in_path(ctx, "customer", id)


@twin.handler("PostCustomersCustomer")
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change a customer."""
    params = request.body or {}
    customer = lookup.in_path(ctx, "customer", request.path["customer"])
    changes = _values(ctx, params, customer)
    given = params.get("source") or params.get("card") or params.get("bank_account")
    if given:
        changes["default_source"] = sources.add(ctx, customer, given)["id"]
    default = params.get("default_source") or params.get("default_card") or params.get("default_bank_account")
    if default:
        held = ctx.store.find(sources.SAVED, default)
        if (held is None or held.get("customer") != customer["id"]) and not ctx.options.get("materialise"):
            raise errors.no_such("source", default, "default_source", path=False)
        changes["default_source"] = default
    if {"address", "shipping", "tax"} & params.keys():
        locating.validate(ctx, {**customer, **changes}, params.get("tax"), new=False)
    moved = int(changes.get("balance") or 0) - int(customer["balance"]) if "balance" in changes else 0
    if moved:
        noted(ctx, customer, moved, str(changes.get("currency") or customer["currency"]), {})
    return ctx.update("customer", customer["id"], changes)


@twin.handler("DeleteCustomersCustomer")
def delete(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Delete a customer: what was attached to it goes with it."""
    customer = lookup.in_path(ctx, "customer", request.path["customer"])
    mine = [Filter("customer", "=", customer["id"])]
    for method in list(ctx.store.select("payment_method", mine)):
        ctx.update("payment_method", method["id"], {"customer": None}, event="")
    for held in list(ctx.store.select(sources.SAVED, mine)):
        ctx.store.delete(sources.SAVED, held["id"])
    for subscription in list(ctx.store.select("subscription", mine)):
        if subscription.get("status") not in ("canceled", "incomplete_expired"):
            ended = {"status": "canceled", "canceled_at": ctx.now, "ended_at": ctx.now}
            ctx.update("subscription", subscription["id"], ended, event="customer.subscription.deleted")
    ctx.delete("customer", customer["id"])
    return deleted_stub(customer["id"])


# balance -------------------------------------------------------------------------------------------------------------


def noted(
    ctx: Ctx,
    customer: Mapping[str, Any],
    amount: int,
    currency: str,
    params: Mapping[str, Any],
    kind: str = "adjustment",
) -> dict[str, Any]:
    """Keep a change of a customer's balance by an amount; the customer is not changed yet."""
    record = {
        "id": ctx.new_id("customer_balance_transaction"),
        "object": "customer_balance_transaction",
        "amount": amount,
        "checkout_session": None,
        "created": ctx.now,
        "credit_note": None,
        "currency": currency,
        "customer": customer["id"],
        "customer_account": None,
        "description": params.get("description"),
        "ending_balance": customer["balance"] + amount,
        "invoice": None,
        "livemode": False,
        "metadata": lookup.metadata({}, params.get("metadata")),
        "type": kind,
    }
    ctx.store.insert("customer_balance_transaction", record, created=ctx.micros)
    return record


@twin.handler("PostCustomersCustomerBalanceTransactions")
def adjust(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Credit (negative) or debit a customer's balance."""
    params = request.body or {}
    customer = lookup.in_path(ctx, "customer", request.path["customer"], "customer")
    currency = charges.check_currency(params["currency"])
    if customer.get("currency") not in (None, currency):
        text = (
            "You cannot combine currencies on a single customer. This customer has had a balance in "
            f"{customer['currency']}."
        )
        raise errors.invalid(text, "currency")
    record = noted(ctx, customer, params["amount"], currency, params)
    ctx.update("customer", customer["id"], {"balance": record["ending_balance"], "currency": currency})
    return record


def _adjustment(ctx: Ctx, request: Request) -> dict[str, Any]:
    id = request.path["transaction"]
    found = ctx.store.find("customer_balance_transaction", id)
    if found is not None and found["customer"] == request.path["customer"]:
        return found
    if ctx.options.get("materialise"):
        return lookup.in_path(ctx, "customer_balance_transaction", id, "transaction")
    raise errors.no_such("customer_balance_transaction", id, "transaction")


@twin.handler("GetCustomersCustomerBalanceTransactionsTransaction")
def adjustment(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One change of a customer's balance."""
    return _adjustment(ctx, request)


@twin.handler("PostCustomersCustomerBalanceTransactionsTransaction")
def update_adjustment(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change its description or metadata."""
    params, found = request.body or {}, _adjustment(ctx, request)
    changes = lookup.changed(found, params, "description")
    return ctx.update("customer_balance_transaction", found["id"], changes, event="")


@twin.handler("GetCustomersCustomerBalanceTransactions")
def adjustments(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The changes of a customer's balance."""
    customer = lookup.in_path(ctx, "customer", request.path["customer"], "customer")
    where = [Filter("customer", "=", customer["id"])]
    return listing.page(ctx, request, "customer_balance_transaction", where)


# payment methods -----------------------------------------------------------------------------------------------------


@twin.handler("GetCustomersCustomerPaymentMethods", "GetPaymentMethods")
def methods(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The payment methods of a customer, of one type where it is given."""
    if "customer" in request.path:
        owner = lookup.in_path(ctx, "customer", request.path["customer"], "customer")["id"]
    else:
        owner = request.query.get("customer")
        if owner:
            lookup.record(ctx, "customer", owner, "customer")
    if not owner and not ctx.options.get("materialise"):
        return listing.empty(request.url_path)
    where = [Filter("customer", "=", owner)] if owner else []
    if request.query.get("type"):
        where.append(Filter("type", "=", request.query["type"]))
    if request.query.get("allow_redisplay"):
        where.append(Filter("allow_redisplay", "=", request.query["allow_redisplay"]))
    return listing.page(ctx, request, "payment_method", where)


@twin.handler("GetCustomersCustomerPaymentMethodsPaymentMethod")
def method(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One payment method of a customer."""
    id, owner = request.path["payment_method"], request.path["customer"]
    found = ctx.store.find("payment_method", id) or payment_methods.of_source(ctx, id)
    if found is not None:
        found.pop("source", None)
    if found is None or found.get("customer") != owner:
        if ctx.options.get("materialise"):
            return lookup.in_path(ctx, "payment_method", id, "payment_method")
        lookup.in_path(ctx, "customer", owner, "customer")
        raise errors.no_such("payment_method", id, "payment_method")
    return found
