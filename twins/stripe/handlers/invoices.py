"""Invoices: create, change, finalize, pay, send, void, give up, delete, and their lines.

Source: https://docs.stripe.com/api/invoices. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, Reply, Request
from twins.stripe import errors, listing, lookup, twin
from twins.stripe.billing import statuses, totals
from twins.stripe.handlers import (
    assessing,
    charges,
    clocks,
    discounting,
    invoice_items,
    invoicing,
    manual_rates,
    payment_methods,
)

DAY = 86_400
PLAIN = ("account_tax_ids", "custom_fields", "description", "footer", "on_behalf_of", "statement_descriptor")
RENDERING: Mapping[str, Any] = {
    "amount_tax_display": None,
    "pdf": {"page_size": "auto"},
    "template": None,
    "template_version": None,
}


def _invoice(ctx: Ctx, request: Request, param: str = "id") -> dict[str, Any]:
    return lookup.in_path(ctx, "invoice", request.path["invoice"], param)


def _refuse(invoice: Mapping[str, Any], trigger: str) -> None:
    """Raise 400 when an invoice cannot do this in its status."""
    message = statuses.invoice_refusal(str(invoice["status"]), trigger)
    if message:
        raise errors.invalid(message)


def due_date(params: Mapping[str, Any], method: str, created: int, *, new: bool) -> int | None:
    """When an invoice that is sent is due. Raises 400 when it says so without being sent, or the other way round."""
    days, date = params.get("days_until_due"), params.get("due_date")
    if method == "charge_automatically":
        if days is not None or date is not None:
            raise errors.invalid(statuses.NOT_SENT)
        return None
    if days is None and date is None:
        if new:
            raise errors.invalid(statuses.NO_DUE_DATE)
        return None
    return int(date) if date is not None else created + int(str(days)) * DAY


@twin.handler("PostInvoices")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new draft, empty or with the customer's pending items."""
    params = request.body or {}
    subscription = None
    if params.get("subscription"):
        subscription = lookup.record(ctx, "subscription", params["subscription"], "subscription")
    named = params.get("customer") or (subscription or {}).get("customer")
    if not named:
        raise errors.missing("customer")
    customer = lookup.record(ctx, "customer", named, "customer")
    at = clocks.now(ctx, customer)
    method = params.get("collection_method") or "charge_automatically"
    due = due_date(params, method, at, new=True)
    currency = charges.check_currency(params.get("currency") or customer.get("currency") or "usd")
    invoice = invoicing.blank(ctx, customer, currency, at)
    invoice |= lookup.given(params, *PLAIN, "effective_at", "number")
    invoice |= {
        "auto_advance": bool(params.get("auto_advance", False)),
        "collection_method": method,
        "due_date": due,
        "metadata": lookup.metadata({}, params.get("metadata")),
        "rendering": {**RENDERING, **(params["rendering"] if isinstance(params.get("rendering"), Mapping) else {})},
        "default_tax_rates": manual_rates.usable(ctx, params.get("default_tax_rates"), "default_tax_rates"),
        "shipping_details": params.get("shipping_details"),
    }
    if isinstance(params.get("automatic_tax"), Mapping):
        invoice["automatic_tax"] |= assessing.switched(ctx, params["automatic_tax"])
    if params.get("default_payment_method"):
        invoice["default_payment_method"] = payment_methods.resolve(
            ctx, params["default_payment_method"], "default_payment_method"
        )["id"]
    if subscription:
        inner = {"metadata": subscription["metadata"], "subscription": subscription["id"]}
        invoice["parent"] = {"quote_details": None, "subscription_details": inner, "type": "subscription_details"}
    invoice["discounts"] = discounting.make(ctx, params.get("discounts"), customer, at, invoice=invoice["id"])
    include = params.get("pending_invoice_items_behavior") == "include" or subscription is not None
    lines = invoicing.sweep(ctx, customer["id"], invoice["id"]) if include else []
    if lines and not params.get("currency"):
        invoice["currency"] = lines[0]["currency"]
    return invoicing.insert(ctx, invoice, lines)


@twin.handler("PostInvoicesInvoice")
@lookup.modelled
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change a draft; of a finalized invoice only metadata and whether it advances."""
    params, invoice = request.body or {}, _invoice(ctx, request)
    if invoice["status"] != "draft":
        for name in params:
            if name not in ("metadata", "auto_advance", "expand", "default_payment_method", "payment_settings"):
                raise errors.invalid("Finalized invoices can't be updated in this way", name)
    changes = lookup.changed(invoice, params, *PLAIN, "effective_at", "number", "default_payment_method")
    for name in ("auto_advance", "collection_method"):
        if name in params:
            changes[name] = params[name]
    if "days_until_due" in params or "due_date" in params:
        method = changes.get("collection_method", invoice["collection_method"])
        changes["due_date"] = due_date(params, method, invoice["created"], new=False)
    if "default_tax_rates" in params:
        given = params["default_tax_rates"] or ()
        changes["default_tax_rates"] = invoice_items.tax_rates(ctx, given, "default_tax_rates")
    if isinstance(params.get("automatic_tax"), Mapping):
        on = assessing.switched(ctx, params["automatic_tax"], invoice["automatic_tax"])
        changes["automatic_tax"] = {**assessing.UNTAXED, **on}
    if "discounts" in params:
        customer = ctx.store.get("customer", invoice["customer"])
        at = clocks.now(ctx, customer)
        changes["discounts"] = discounting.make(ctx, params["discounts"], customer, at, invoice=invoice["id"])
    changed = {**invoice, **changes}
    if invoice["status"] == "draft":
        changed = invoicing.recompute(ctx, changed, invoicing.lines_of(ctx, invoice["id"]))
        changed = invoicing.window(ctx, changed)
    else:
        ctx.store.replace("invoice", invoice["id"], changed)
    previous = {name: invoice[name] for name in changed if invoice.get(name) != changed[name]}
    if previous:
        ctx.emit("invoice.updated", changed, previous=previous)
    return changed


@twin.handler("DeleteInvoicesInvoice")
@lookup.modelled
def delete(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Delete a draft that belongs to no subscription."""
    invoice = _invoice(ctx, request, "invoice")
    if invoice["status"] != "draft":
        raise errors.invalid(statuses.REFUSED["delete"])
    ctx.delete("invoice", invoice["id"], event="invoice.deleted")
    return {"id": invoice["id"], "object": "invoice", "deleted": True}


@twin.handler("PostInvoicesInvoiceFinalize")
@lookup.modelled
def finalize(ctx: Ctx, request: Request) -> Reply | dict[str, Any]:
    """Number a draft and open it."""
    params, invoice = request.body or {}, _invoice(ctx, request)
    _refuse(invoice, "finalize")
    refused = invoicing.unlocated(ctx, invoice)
    if refused is not None:
        return refused
    if "auto_advance" in params:
        invoice = ctx.store.update("invoice", invoice["id"], auto_advance=params["auto_advance"])
    opened = invoicing.finalize(ctx, invoice)
    if opened["auto_advance"] and opened["status"] == "open":
        at = clocks.now(ctx, invoice["customer"]) + statuses.FINALIZES_AFTER
        clocks.later(ctx, invoice["customer"], "collect", {"invoice": invoice["id"]}, at)
        opened = ctx.store.update("invoice", invoice["id"], next_payment_attempt=at)
    return opened


@clocks.work("collect")
def collects(ctx: Ctx, data: dict[str, Any]) -> None:
    """An open invoice that advances by itself is charged."""
    invoice = ctx.store.find("invoice", data["invoice"])
    if invoice is not None and invoice["auto_advance"]:
        invoicing.attempt(ctx, invoice)


@twin.handler("PostInvoicesInvoicePay")
@lookup.modelled
def pay(ctx: Ctx, request: Request) -> Reply | dict[str, Any]:
    """Charge an invoice now, finalizing a draft first; or note that it was paid elsewhere."""
    params, invoice = request.body or {}, _invoice(ctx, request)
    _refuse(invoice, "pay")
    method = None
    if not params.get("paid_out_of_band"):
        named = params.get("payment_method") or params.get("source")
        method = payment_methods.resolve(ctx, named)["id"] if named else invoicing.method_for(ctx, invoice)
        if method is None and invoice["total"] > 0:
            raise errors.invalid(statuses.NO_METHOD_TO_PAY)
    refused = invoicing.unlocated(ctx, invoice)
    if refused is not None:
        return refused
    if invoice["status"] == "draft":
        invoice = invoicing.finalize(ctx, invoice)
        if invoice["status"] == "paid":
            return invoice
    if method is None:
        invoicing.cancel_payment(ctx, invoice["id"])
        off = {"amount_paid_off_stripe": invoice["amount_due"]}
        return invoicing.paid(ctx, invoice, off)
    off_session = bool(params.get("off_session", True))
    reply = invoicing.collect(ctx, invoice, method, off_session=off_session)
    if isinstance(reply, Reply):
        return reply
    done = ctx.store.get("invoice", invoice["id"])
    if done["status"] == "open" and reply["status"] == "requires_action":
        text = "This payment requires additional user action before it can be completed successfully."
        raise errors.declined(text, "invoice_payment_intent_requires_action")
    return done


@twin.handler("PostInvoicesInvoiceVoid")
@lookup.modelled
def void(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Void an open invoice: nobody owes it any more."""
    invoice = _invoice(ctx, request)
    _refuse(invoice, "void")
    return void_invoice(ctx, invoice)


def void_invoice(ctx: Ctx, invoice: dict[str, Any]) -> dict[str, Any]:
    """Void an invoice, whoever asks."""
    at = clocks.now(ctx, invoice["customer"])
    changes = {
        "auto_advance": False,
        "next_payment_attempt": None,
        "status": "void",
        "status_transitions": {**invoice["status_transitions"], "voided_at": at},
    }
    invoicing.cancel_payment(ctx, invoice["id"])
    changed = ctx.update("invoice", invoice["id"], changes, event="invoice.voided")
    for listener in invoicing.LISTENERS:
        listener(ctx, changed, "void")
    return changed


@twin.handler("PostInvoicesInvoiceMarkUncollectible")
@lookup.modelled
def mark_uncollectible(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Give an open invoice up; it can still be paid."""
    invoice = _invoice(ctx, request)
    _refuse(invoice, "mark_uncollectible")
    at = clocks.now(ctx, invoice["customer"])
    changes = {
        "auto_advance": False,
        "next_payment_attempt": None,
        "status": "uncollectible",
        "status_transitions": {**invoice["status_transitions"], "marked_uncollectible_at": at},
    }
    return ctx.update("invoice", invoice["id"], changes, event="invoice.marked_uncollectible")


@twin.handler("PostInvoicesInvoiceSend")
@lookup.modelled
def send(ctx: Ctx, request: Request) -> Reply | dict[str, Any]:
    """Send an invoice to the customer, finalizing a draft first."""
    invoice = _invoice(ctx, request, "invoice")
    if invoice["status"] not in ("draft", "open"):
        raise errors.invalid(statuses.REFUSED["send"])
    refused = invoicing.unlocated(ctx, invoice)
    if refused is not None:
        return refused
    if invoice["status"] == "draft":
        invoice = invoicing.finalize(ctx, invoice)
    if invoice["status"] == "open":
        ctx.emit("invoice.sent", invoice)
    return invoice


@twin.handler("GetInvoicePayments")
@lookup.modelled
def list_payments(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Invoice payments, of an invoice, of a payment, of one status."""
    query = request.query
    where = [Filter(name, "=", query[name]) for name in ("invoice", "status") if query.get(name)]
    payment = query.get("payment")
    if isinstance(payment, Mapping):
        names = ("payment_intent", "payment_record", "type")
        where += [Filter(f"payment.{name}", "=", payment[name]) for name in names if payment.get(name)]
    return listing.page(ctx, request, "invoice_payment", where + listing.ranges(query, "created"))


# lines ---------------------------------------------------------------------------------------------------------------


@twin.handler("GetInvoicesInvoiceLines")
@lookup.modelled
def list_lines(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The lines of an invoice."""
    id = request.path["invoice"]
    invoice = invoicing.preview(ctx, id) or _invoice(ctx, request, "invoice")
    rows = invoicing.shown(invoicing.lines_of(ctx, invoice["id"]))
    return listing.sliced(request, rows, "line_item")


def _editable(ctx: Ctx, request: Request, param: str = "id") -> tuple[dict[str, Any], list[dict[str, Any]]]:
    invoice = _invoice(ctx, request, param)
    if invoice["status"] != "draft":
        text = "Invalid invoice: This invoice is no longer editable"
        raise errors.invalid(text, "invoice", "invoice_not_editable")
    return invoice, invoicing.lines_of(ctx, invoice["id"])


@twin.handler("PostInvoicesInvoiceAddLines")
@lookup.modelled
def add_lines(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Put new lines on a draft; each gets an invoice item behind it."""
    invoice, lines = _editable(ctx, request, "invoice")
    customer = ctx.store.get("customer", invoice["customer"])
    for place, given in enumerate((request.body or {})["lines"]):
        if given.get("amount") is not None and given.get("quantity") is not None:
            error = errors.exclusive("amount", "quantity")
            error.body["error"]["param"] = f"lines[{place}][amount]"
            raise error
        if given.get("invoice_item"):
            item = lookup.record(ctx, "invoiceitem", given["invoice_item"], f"lines[{place}][invoice_item]")
            item = ctx.store.update("invoiceitem", item["id"], invoice=invoice["id"])
        else:
            amount, price, currency = invoice_items.priced(ctx, given, invoice["currency"], f"lines[{place}]")
            values = {
                "amount": amount,
                "currency": currency,
                "description": lookup.unset(given.get("description")),
                "discountable": given.get("discountable", True),
                "invoice": invoice["id"],
                "metadata": lookup.metadata({}, given.get("metadata")),
                "pricing": price,
                "quantity": given.get("quantity") or 1,
                "tax_rates": invoice_items.tax_rates(ctx, given.get("tax_rates"), f"lines[{place}][tax_rates]"),
            }
            item = invoice_items.new_record(ctx, customer, values)
            ctx.store.insert("invoiceitem", item, created=ctx.micros)
            ctx.emit("invoiceitem.created", item)
        lines.insert(0, invoicing.item_line(ctx, invoice["id"], item))
    return invoicing.recompute(ctx, invoice, lines)


@twin.handler("PostInvoicesInvoiceRemoveLines")
@lookup.modelled
def remove_lines(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Take lines off a draft; their items are deleted or wait again."""
    invoice, lines = _editable(ctx, request)
    for place, given in enumerate((request.body or {})["lines"]):
        row = _line(lines, str(given["id"]), f"lines[{place}][id]")
        lines.remove(row)
        item = (row["parent"]["invoice_item_details"] or {}).get("invoice_item")
        if item and given["behavior"] == "unassign":
            ctx.store.update("invoiceitem", item, invoice=None)
        elif item:
            ctx.delete("invoiceitem", item, event="invoiceitem.deleted")
    return invoicing.recompute(ctx, invoice, lines)


def _line(lines: list[dict[str, Any]], id: str, param: str) -> dict[str, Any]:
    found = next((row for row in lines if row["id"] == id), None)
    if found is None:
        raise errors.no_such("line_item", id, param, path=False)
    return found


def _change(ctx: Ctx, invoice: Mapping[str, Any], row: dict[str, Any], given: Mapping[str, Any]) -> None:
    """Change one line as asked."""
    row |= lookup.given(given, "description", "discountable")
    if "metadata" in given:
        row["metadata"] = lookup.metadata(row["metadata"], given["metadata"])
    if isinstance(given.get("period"), Mapping):
        row["period"] = dict(given["period"])
    if "tax_rates" in given:
        row[totals.RATES] = list(given["tax_rates"] or ())
    if given.get("amount") is not None or given.get("quantity") is not None or given.get("pricing"):
        quantity = given.get("quantity") or row["quantity"]
        asked = {"pricing": row["pricing"]["price_details"], **given, "quantity": quantity}
        if given.get("amount") is not None:
            asked.pop("pricing", None)
        amount, price, _ = invoice_items.priced(ctx, asked, str(invoice["currency"]))
        row |= {"amount": amount, "subtotal": amount, "pricing": price}
        row |= {"quantity": quantity, "quantity_decimal": str(quantity)}


@twin.handler("PostInvoicesInvoiceUpdateLines")
@lookup.modelled
def update_lines(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change several lines of a draft; answers the invoice."""
    invoice, lines = _editable(ctx, request)
    for place, given in enumerate((request.body or {})["lines"]):
        _change(ctx, invoice, _line(lines, str(given["id"]), f"lines[{place}][id]"), given)
    return invoicing.recompute(ctx, invoice, lines)


@twin.handler("PostInvoicesInvoiceLinesLineItemId")
@lookup.modelled
def update_line(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change one line of a draft; answers the line."""
    invoice, lines = _editable(ctx, request)
    row = _line(lines, request.path["line_item_id"], "line_item_id")
    _change(ctx, invoice, row, request.body or {})
    invoicing.recompute(ctx, invoice, lines)
    return invoicing.shown([row])[0]
