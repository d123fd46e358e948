"""Credit notes: what is taken off a finalized invoice, before it is paid or after.

Sources: https://docs.stripe.com/api/credit_notes, https://docs.stripe.com/invoicing/integration/programmatic-credit-notes.
Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import errors, listing, lookup, twin
from twins.stripe.accounts import ACCOUNT
from twins.stripe.billing import credits, totals
from twins.stripe.handlers import balancing, clocks, invoicing, refunds

NOTE, LINE = "credit_note", "credit_note_line_item"
LINES = "credit_note_lines"
"""Store name of a note's whole lines, by its id; the note shows the first ten."""


# lines ---------------------------------------------------------------------------------------------------------------


def _rates(ctx: Ctx, given: Mapping[str, Any], where: str) -> list[dict[str, Any]] | None:
    """The tax rates that a line names, None when it names none."""
    if not given.get("tax_rates"):
        return None
    named = enumerate(given["tax_rates"])
    return [lookup.record(ctx, "tax_rate", id, f"{where}[tax_rates][{place}]") for place, id in named]


def _line(ctx: Ctx, invoice: Mapping[str, Any], given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """One line of a note, not stored yet. Raises 400 for one that does not fit the invoice."""
    billed = None
    if given["type"] == "invoice_line_item":
        if not given.get("invoice_line_item"):
            raise errors.missing(f"{where}[invoice_line_item]")
        id = str(given["invoice_line_item"])
        billed = next((row for row in invoicing.lines_of(ctx, str(invoice["id"])) if row["id"] == id), None)
        if billed is None:
            raise errors.no_such("line_item", id, f"{where}[invoice_line_item]", path=False)
    values, problem = credits.line(given, billed)
    if problem:
        raise errors.invalid(problem, where)
    rates = _rates(ctx, given, where)
    record = {
        "id": ctx.new_id(LINE),
        "object": LINE,
        "livemode": False,
        "metadata": lookup.metadata({}, given.get("metadata")),
        "tax_rates": rates or [],
        "type": given["type"],
        **values,
    }
    if rates is not None:
        totals.tax_lines([record], {rate["id"]: rate for rate in rates}, [rate["id"] for rate in rates])
    if billed is not None:
        record["invoice_line_item"] = billed["id"]
        _check_left(ctx, invoice, billed, record, where)
    return lookup.ordered(record)


def _notes(ctx: Ctx, invoice: str) -> list[dict[str, Any]]:
    """All notes of an invoice, void ones too."""
    return list(ctx.store.select(NOTE, [Filter("invoice", "=", invoice)]))


def _check_left(
    ctx: Ctx, invoice: Mapping[str, Any], billed: Mapping[str, Any], record: Mapping[str, Any], where: str
) -> None:
    """Raise 400 when a line is credited with more than is left of it."""
    earlier = [
        row["amount"]
        for note in _notes(ctx, str(invoice["id"]))
        if note["status"] == "issued"
        for row in lines_of(ctx, note["id"])
        if row.get("invoice_line_item") == billed["id"]
    ]
    left = billed["amount"] - sum(earlier)
    if abs(record["amount"]) > abs(left):
        raise errors.invalid(credits.too_much_of_line(record["amount"], left), f"{where}[amount]")


def lines_of(ctx: Ctx, note: str) -> list[dict[str, Any]]:
    """All lines of a note."""
    kept = ctx.store.find(LINES, note)
    return list(kept["lines"]) if kept else []


def _listed(rows: list[dict[str, Any]], url: str) -> dict[str, Any]:
    return {"object": "list", "data": rows[: listing.DEFAULT], "has_more": len(rows) > listing.DEFAULT, "url": url}


# issuing -------------------------------------------------------------------------------------------------------------


def _sums(params: Mapping[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What a note comes to: by its lines, else by its amount."""
    if rows:
        return totals.settled(rows)
    amount = int(params["amount"])
    whole = ("subtotal", "subtotal_excluding_tax", "total", "total_excluding_tax")
    none = ("total_discount_amounts", "total_pretax_credit_amounts", "total_taxes")
    return {**dict.fromkeys(whole, amount), **{name: [] for name in none}}


def _split(invoice: Mapping[str, Any], params: Mapping[str, Any], total: int) -> tuple[int, int]:
    """(what is taken off before payment, what is given back after). Raises 400 when the parts do not add up."""
    if params.get("amount") is not None and int(params["amount"]) != total:
        raise errors.invalid(credits.AMOUNT_AND_LINES, "amount")
    pre = min(total, int(invoice["amount_remaining"])) if invoice["status"] == "open" else 0
    post = total - pre
    linked = sum(int(each.get("amount_refunded") or 0) for each in params.get("refunds") or ())
    parts = linked + sum(int(params.get(name) or 0) for name in credits.PARTS)
    problem = credits.refusal(total, post, parts, int(invoice["amount_paid"]), _given_back(invoice))
    if problem:
        raise errors.invalid(problem[0], problem[1])
    return pre, post


def _given_back(invoice: Mapping[str, Any]) -> int:
    return int(invoice["post_payment_credit_notes_amount"])


def _refunded(ctx: Ctx, invoice: Mapping[str, Any], params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`refunds` of a note: those it links and the one it makes."""
    found = []
    for place, each in enumerate(params.get("refunds") or ()):
        refund = lookup.record(ctx, "refund", each.get("refund"), f"refunds[{place}][refund]")
        found.append((refund["id"], int(each.get("amount_refunded") or refund["amount"])))
    if params.get("refund_amount"):
        intent = invoicing.intent_of(ctx, str(invoice["id"]))
        charge = ctx.store.find("charge", str((intent or {}).get("latest_charge")))
        if charge is None or charge["status"] != "succeeded":
            raise errors.invalid(credits.NO_CHARGE, "refund_amount")
        made = refunds.make(ctx, charge, {"amount": int(params["refund_amount"])})
        found.append((made["id"], made["amount"]))
    return [
        {"amount_refunded": amount, "payment_record_refund": None, "refund": id, "type": "refund"}
        for id, amount in found
    ]


def _record(
    ctx: Ctx,
    invoice: Mapping[str, Any],
    params: Mapping[str, Any],
    rows: list[dict[str, Any]],
    split: tuple[int, int],
    at: int,
) -> dict[str, Any]:
    """A note, not stored yet, before anything is given back."""
    id, found, (pre, post) = ctx.new_id(NOTE), _sums(params, rows), split
    count = len(_notes(ctx, str(invoice["id"]))) + 1
    discounts = found["total_discount_amounts"]
    record: dict[str, Any] = {
        "id": id,
        "object": NOTE,
        "amount": found["total"],
        "amount_shipping": 0,
        "created": at,
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "customer_account": None,
        "customer_balance_transaction": None,
        "discount_amount": sum(row["amount"] for row in discounts),
        "discount_amounts": discounts,
        "effective_at": params.get("effective_at") or at,
        "invoice": invoice["id"],
        "lines": _listed(rows, f"/v1/credit_notes/{id}/lines"),
        "livemode": False,
        "memo": params.get("memo"),
        "metadata": lookup.metadata({}, params.get("metadata")),
        "number": f"{invoice['number']}-CN-{count:02d}",
        "out_of_band_amount": params.get("out_of_band_amount"),
        "pdf": f"https://pay.stripe.com/credit_notes/{ACCOUNT}/test_{ctx.token('alnum', 60)}/pdf?s=ap",
        "post_payment_amount": post,
        "pre_payment_amount": pre,
        "pretax_credit_amounts": found["total_pretax_credit_amounts"],
        "reason": params.get("reason"),
        "refunds": [],
        "shipping_cost": None,
        "status": "issued",
        "subtotal": found["subtotal"],
        "subtotal_excluding_tax": found["subtotal_excluding_tax"],
        "total": found["total"],
        "total_excluding_tax": found["total_excluding_tax"],
        "total_taxes": found["total_taxes"],
        "type": credits.kind(pre, post),
        "voided_at": None,
    }
    return lookup.ordered(record)


def issue(ctx: Ctx, params: Mapping[str, Any]) -> dict[str, Any]:
    """A new note with everything that follows from it. Raises 400 where the invoice does not admit it."""
    invoice = lookup.record(ctx, "invoice", params["invoice"], "invoice")
    if invoice["status"] not in ("open", "paid"):
        raise errors.invalid(credits.not_creditable(invoice["status"]), "invoice")
    given = params.get("lines") or ()
    if params.get("amount") is None and not given:
        raise errors.invalid(credits.NOTHING)
    rows = [_line(ctx, invoice, each, f"lines[{place}]") for place, each in enumerate(given)]
    split = _split(invoice, params, int(_sums(params, rows)["total"]))
    at = clocks.now(ctx, invoice["customer"])
    record = _record(ctx, invoice, params, rows, split, at)
    record["refunds"] = _refunded(ctx, invoice, params)
    if params.get("credit_amount"):
        customer = ctx.store.get("customer", str(invoice["customer"]))
        change = balancing.move(
            ctx, customer, -int(params["credit_amount"]), "credit_note", invoice, at, credit_note=record["id"]
        )
        record["customer_balance_transaction"] = change["id"]
    ctx.store.insert(NOTE, record, created=ctx.micros)
    ctx.store.insert(LINES, {"lines": rows}, id=record["id"])
    ctx.emit("credit_note.created", record)
    _adjust(ctx, invoice, *split)
    return record


def _adjust(ctx: Ctx, invoice: dict[str, Any], pre: int, post: int) -> None:
    """Take amounts off an invoice (negative ones: put them back); an open one with nothing left is paid."""
    due, left = invoice["amount_due"] - pre, invoice["amount_remaining"] - pre
    changes = {
        "amount_due": due,
        "amount_remaining": left,
        "post_payment_credit_notes_amount": _given_back(invoice) + post,
        "pre_payment_credit_notes_amount": invoice["pre_payment_credit_notes_amount"] + pre,
    }
    changed = ctx.update("invoice", invoice["id"], changes, event="invoice.updated")
    if not pre:
        return
    if left <= 0:
        invoicing.cancel_payment(ctx, invoice["id"])
        invoicing.paid(ctx, changed, {})
        return
    intent, payment = invoicing.intent_of(ctx, invoice["id"]), invoicing.payment_of(ctx, invoice["id"])
    if intent is not None and payment is not None:
        ctx.store.update("payment_intent", intent["id"], amount=left)
        ctx.store.update("invoice_payment", payment["id"], amount_requested=left)


# the API -------------------------------------------------------------------------------------------------------------


@twin.handler("PostCreditNotes")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Issue a note."""
    return issue(ctx, request.body or {})


def _foreseen(ctx: Ctx, request: Request) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """(the note, its lines) that issuing it would make."""
    with ctx.trial() as trial:
        record = issue(trial, request.query)
        return record, lines_of(trial, record["id"])


@twin.handler("GetCreditNotesPreview")
@lookup.modelled
def preview(ctx: Ctx, request: Request) -> dict[str, Any]:
    """What a note would be, without issuing it."""
    record, rows = _foreseen(ctx, request)
    return {**record, "lines": _listed(rows, f"/v1/credit_notes/preview/lines?invoice={record['invoice']}")}


@twin.handler("GetCreditNotesPreviewLines")
@lookup.modelled
def preview_lines(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The lines of a note that is not issued."""
    return listing.sliced(request, _foreseen(ctx, request)[1], LINE)


@twin.handler("GetCreditNotesCreditNoteLines")
@lookup.modelled
def list_lines(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The lines of a note."""
    note = lookup.in_path(ctx, NOTE, request.path["credit_note"], "credit_note")
    return listing.sliced(request, lines_of(ctx, note["id"]), LINE)


@twin.handler("PostCreditNotesIdVoid")
@lookup.modelled
def void(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Void a note of an open invoice: what it took off is owed again."""
    note = lookup.in_path(ctx, NOTE, request.path["id"])
    invoice = ctx.store.get("invoice", note["invoice"])
    problem = credits.void_refusal(note["status"], invoice["status"])
    if problem:
        raise errors.invalid(problem)
    at = clocks.now(ctx, note["customer"])
    changed = ctx.update(NOTE, note["id"], {"status": "void", "voided_at": at}, event="credit_note.voided")
    _adjust(ctx, invoice, -note["pre_payment_amount"], -note["post_payment_amount"])
    return changed
