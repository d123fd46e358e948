"""Credit notes through stripe-python: open and paid invoices, lines, refunds, balances, previews, refusals."""

from __future__ import annotations

from typing import Any

import pytest

from tests.serving import Served
from tests.twins.stripe_billing import events, payer, refused

stripe = pytest.importorskip("stripe")


@pytest.fixture
def client(private_stripe: Served) -> Any:
    return stripe.StripeClient("sk_test_123", base_addresses={"api": private_stripe.url, "files": private_stripe.url})


def opened(client: Any, amount: int = 10_000, quantity: int = 4, **more: Any) -> Any:
    """An open invoice of one line of `quantity` units."""
    customer = payer(client)
    product = client.v1.products.create({"name": "Chair"})
    price = client.v1.prices.create({"product": product.id, "currency": "usd", "unit_amount": amount // quantity})
    client.v1.invoice_items.create({"customer": customer.id, "pricing": {"price": price.id}, "quantity": quantity})
    made = client.v1.invoices.create(
        {"customer": customer.id, "auto_advance": False, "pending_invoice_items_behavior": "include", **more}
    )
    return client.v1.invoices.finalize_invoice(made.id)


def paid(client: Any, **more: Any) -> Any:
    return client.v1.invoices.pay(opened(client, **more).id)


def test_a_note_on_an_open_invoice(client: Any) -> None:
    invoice = opened(client)
    line = invoice.lines.data[0]
    asked = {"type": "invoice_line_item", "invoice_line_item": line.id, "quantity": 1}
    note = client.v1.credit_notes.create({"invoice": invoice.id, "lines": [asked], "reason": "duplicate"})
    assert (note.status, note.type, note.total, note.amount) == ("issued", "pre_payment", 2500, 2500)
    assert (note.pre_payment_amount, note.post_payment_amount) == (2500, 0)
    assert note.number == f"{invoice.number}-CN-01"
    (row,) = note.lines.data
    assert (row.amount, row.quantity, row.unit_amount, row.description) == (2500, 1, 2500, "Chair")
    assert row.invoice_line_item == line.id
    assert client.v1.credit_notes.line_items.list(note.id).data == [row]
    now = client.v1.invoices.retrieve(invoice.id)
    assert (now.amount_due, now.amount_remaining, now.total) == (7500, 7500, 10_000)
    assert (now.pre_payment_credit_notes_amount, now.status) == (2500, "open")
    done = client.v1.invoices.pay(invoice.id)
    assert (done.status, done.amount_paid) == ("paid", 7500)
    assert client.v1.charges.list({"customer": invoice.customer}).data[0].amount == 7500
    assert events(client, "credit_note") == ["credit_note.created"]


def test_a_note_on_all_of_an_open_invoice_pays_it(client: Any) -> None:
    invoice = opened(client)
    second = {"type": "custom_line_item", "description": "Courtesy", "quantity": 2, "unit_amount": 1000}
    client.v1.credit_notes.create({"invoice": invoice.id, "lines": [second]})
    note = client.v1.credit_notes.create({"invoice": invoice.id, "amount": 8000})
    assert note.number.endswith("-CN-02")
    done = client.v1.invoices.retrieve(invoice.id)
    assert (done.status, done.amount_due, done.amount_paid) == ("paid", 0, 0)
    assert client.v1.charges.list({"customer": invoice.customer}).data == []
    assert len(client.v1.credit_notes.list({"invoice": invoice.id}).data) == 2


def test_a_voided_note_is_owed_again(client: Any) -> None:
    invoice = opened(client)
    note = client.v1.credit_notes.create({"invoice": invoice.id, "amount": 4000})
    void = client.v1.credit_notes.void_credit_note(note.id)
    assert (void.status, void.voided_at is not None) == ("void", True)
    now = client.v1.invoices.retrieve(invoice.id)
    assert (now.amount_due, now.amount_remaining, now.pre_payment_credit_notes_amount) == (10_000, 10_000, 0)
    assert client.v1.invoices.pay(invoice.id).amount_paid == 10_000
    assert events(client, "credit_note") == ["credit_note.created", "credit_note.voided"]
    assert refused(client.v1.credit_notes.void_credit_note, note.id).http_status == 400


def test_a_note_on_a_paid_invoice_gives_back_in_three_ways(client: Any) -> None:
    invoice = paid(client)
    parts = {"refund_amount": 3000, "credit_amount": 2000, "out_of_band_amount": 1000}
    note = client.v1.credit_notes.create(
        {"invoice": invoice.id, "amount": 6000, **parts, "expand": ["customer_balance_transaction"]}
    )
    assert (note.type, note.post_payment_amount, note.out_of_band_amount) == ("post_payment", 6000, 1000)
    (refunded,) = note.refunds
    refund = client.v1.refunds.retrieve(refunded.refund)
    assert (refund.amount, refunded.amount_refunded, refund.status) == (3000, 3000, "succeeded")
    change = note.customer_balance_transaction
    assert (change.type, change.amount, change.credit_note) == ("credit_note", -2000, note.id)
    assert client.v1.customers.retrieve(invoice.customer).balance == -2000
    now = client.v1.invoices.retrieve(invoice.id)
    assert (now.amount_due, now.amount_paid, now.post_payment_credit_notes_amount) == (10_000, 10_000, 6000)
    assert refused(client.v1.credit_notes.void_credit_note, note.id).http_status == 400
    linked = client.v1.refunds.create({"charge": refund.charge, "amount": 1500})
    asked = {"invoice": invoice.id, "amount": 1500, "refunds": [{"refund": linked.id, "amount_refunded": 1500}]}
    assert client.v1.credit_notes.create(asked).refunds[0].refund == linked.id


def test_discounts_and_taxes_are_credited_in_proportion(client: Any) -> None:
    rate = client.v1.tax_rates.create({"display_name": "VAT", "inclusive": False, "percentage": 20})
    coupon = client.v1.coupons.create({"percent_off": 10, "duration": "once"})
    invoice = opened(client, default_tax_rates=[rate.id], discounts=[{"coupon": coupon.id}])
    assert invoice.total == 10_800
    asked = {"type": "invoice_line_item", "invoice_line_item": invoice.lines.data[0].id, "amount": 5000}
    note = client.v1.credit_notes.create({"invoice": invoice.id, "lines": [asked]})
    assert (note.subtotal, note.discount_amount, note.total_excluding_tax, note.total) == (5000, 500, 4500, 5400)
    assert [(tax.amount, tax.taxable_amount) for tax in note.total_taxes] == [(900, 4500)]
    own = {"type": "custom_line_item", "description": "x", "unit_amount": 100, "quantity": 1, "tax_rates": [rate.id]}
    assert client.v1.credit_notes.create({"invoice": invoice.id, "lines": [own]}).total == 120


def test_a_preview_is_what_is_then_issued(client: Any) -> None:
    invoice = paid(client)
    line = invoice.lines.data[0].id
    asked = {
        "invoice": invoice.id,
        "lines": [{"type": "invoice_line_item", "invoice_line_item": line, "quantity": 2}],
        "refund_amount": 5000,
    }
    preview = client.v1.credit_notes.preview(asked)
    assert client.v1.credit_notes.list({"invoice": invoice.id}).data == []
    assert client.v1.refunds.list().data == []
    assert client.v1.credit_notes.preview_lines.list(asked).data[0].amount == 5000
    note = client.v1.credit_notes.create(asked)
    same = ("total", "type", "number", "subtotal", "post_payment_amount")
    assert {name: preview[name] for name in same} == {name: note[name] for name in same}
    assert client.v1.invoices.retrieve(invoice.id).post_payment_credit_notes_amount == 5000


@pytest.mark.parametrize(
    ("state", "asked", "param"),
    [
        ("draft", {"amount": 100}, "invoice"),
        ("void", {"amount": 100}, "invoice"),
        ("open", {}, None),
        ("open", {"amount": 20_000, "credit_amount": 10_000}, "amount"),
        ("open", {"amount": 100, "credit_amount": 100}, None),
        ("paid", {"amount": 100}, None),
        ("paid", {"amount": 100, "credit_amount": 50}, None),
        ("paid", {"amount": 10_001, "credit_amount": 10_001}, "amount"),
        ("open", {"lines": [{"type": "invoice_line_item", "invoice_line_item": "il_none", "amount": 1}]},
         "lines[0][invoice_line_item]"),
        ("open", {"amount": 5, "lines": [{"type": "custom_line_item", "unit_amount": 9, "quantity": 1}]}, "amount"),
    ],
)  # fmt: skip
def test_what_is_refused(client: Any, state: str, asked: dict[str, Any], param: str | None) -> None:
    if state == "draft":
        invoice = client.v1.invoices.create({"customer": payer(client).id})
    else:
        invoice = paid(client) if state == "paid" else opened(client)
    if state == "void":
        client.v1.invoices.void_invoice(invoice.id)
    error = refused(client.v1.credit_notes.create, {"invoice": invoice.id, **asked})
    assert (error.http_status, error.param) == (400, param)
    assert client.v1.credit_notes.list({"invoice": invoice.id}).data == []
    assert client.v1.customers.retrieve(invoice.customer).balance == 0


def test_a_line_is_not_credited_twice(client: Any) -> None:
    invoice = opened(client)
    asked = {"type": "invoice_line_item", "invoice_line_item": invoice.lines.data[0].id, "quantity": 3}
    first = client.v1.credit_notes.create({"invoice": invoice.id, "lines": [asked]})
    error = refused(client.v1.credit_notes.create, {"invoice": invoice.id, "lines": [asked]})
    assert (error.http_status, error.param) == (400, "lines[0][amount]")
    client.v1.credit_notes.void_credit_note(first.id)
    assert client.v1.credit_notes.create({"invoice": invoice.id, "lines": [asked]}).total == 7500


def test_changing_a_note(client: Any) -> None:
    note = client.v1.credit_notes.create({"invoice": opened(client).id, "amount": 100})
    changed = client.v1.credit_notes.update(note.id, {"memo": "Sorry", "metadata": {"a": "1"}})
    assert (changed.memo, changed.metadata.to_dict(), changed.total) == ("Sorry", {"a": "1"}, 100)
    assert events(client, "credit_note") == ["credit_note.created", "credit_note.updated"]
