"""The Stripe twin's invoices through stripe-python: drafts, lines, sums, payment, refusals."""

from __future__ import annotations

from typing import Any

import pytest

from tests.serving import Served
from tests.twins.stripe_billing import DAY, events, payer, refused

stripe = pytest.importorskip("stripe")


@pytest.fixture
def client(private_stripe: Served) -> Any:
    return stripe.StripeClient("sk_test_123", base_addresses={"api": private_stripe.url, "files": private_stripe.url})


def invoice_of(client: Any, customer: Any, amount: int = 1000, **more: Any) -> Any:
    client.v1.invoice_items.create(
        {"customer": customer.id, "amount": amount, "currency": "usd", "description": "Setup fee"}
    )
    return client.v1.invoices.create({"customer": customer.id, "pending_invoice_items_behavior": "include", **more})


def test_an_invoice_from_draft_to_paid(client: Any) -> None:
    customer = payer(client)
    draft = invoice_of(client, customer)
    assert (draft.status, draft.total, draft.number, draft.auto_advance) == ("draft", 1000, None, False)
    assert (draft.lines.data[0].description, draft.lines.total_count) == ("Setup fee", 1)
    assert draft.lines.data[0].parent.invoice_item_details.proration is False
    opened = client.v1.invoices.finalize_invoice(draft.id)
    assert (opened.status, opened.attempted, opened.number) == ("open", False, f"{customer.invoice_prefix}-0001")
    assert opened.hosted_invoice_url.startswith("https://invoice.stripe.com/i/")
    paid = client.v1.invoices.pay(draft.id, {"expand": ["payments.data.payment.payment_intent"]})
    assert (paid.status, paid.amount_paid, paid.amount_remaining, paid.attempt_count) == ("paid", 1000, 0, 1)
    intent = client.v1.payment_intents.retrieve(paid.payments.data[0].payment.payment_intent.id)
    assert (intent.status, intent.description) == ("succeeded", "Payment for Invoice")
    assert intent.payment_details.order_reference == draft.id
    assert client.v1.customers.retrieve(customer.id).next_invoice_sequence == 2
    assert events(client, "invoice") == [
        "invoiceitem.created", "invoice.created", "invoice.finalized", "invoice.paid", "invoice.payment_succeeded",
        "invoice_payment.paid",
    ]  # fmt: skip


def test_pending_items_stay_out_unless_they_are_asked_for(client: Any) -> None:
    customer = payer(client)
    item = client.v1.invoice_items.create({"customer": customer.id, "amount": 700, "currency": "usd"})
    assert client.v1.invoices.create({"customer": customer.id}).total == 0
    assert [row.id for row in client.v1.invoice_items.list({"pending": True}).data] == [item.id]
    held = client.v1.invoices.create({"customer": customer.id, "pending_invoice_items_behavior": "include"})
    assert (held.total, client.v1.invoice_items.retrieve(item.id).invoice) == (700, held.id)


STATES = [
    ("draft", "void_invoice", "You can only pass in open invoices. This invoice isn't open."),
    ("draft", "mark_uncollectible", "You can only pass in open invoices. This invoice isn't open."),
    ("open", "finalize_invoice", "This invoice is already finalized, you can't re-finalize a non-draft invoice."),
    ("open", "delete", "You can only delete draft invoices."),
    ("paid", "pay", "Invoice is already paid"),
    ("paid", "void_invoice", "Invoices with `paid` payments cannot be voided."),
    ("paid", "send_invoice", "This invoice cannot be sent right now."),
    ("void", "pay", "You can only pass in open invoices. This invoice isn't open."),
    ("uncollectible", "void_invoice", "You can only pass in open invoices. This invoice isn't open."),
    ("uncollectible", "mark_uncollectible", "This invoice has already been marked uncollectible."),
]
REACH = {
    "draft": [],
    "open": ["finalize_invoice"],
    "paid": ["pay"],
    "void": ["finalize_invoice", "void_invoice"],
    "uncollectible": ["finalize_invoice", "mark_uncollectible"],
}


@pytest.mark.parametrize(("status", "verb", "text"), STATES)
def test_what_an_invoice_refuses(client: Any, status: str, verb: str, text: str) -> None:
    invoice = invoice_of(client, payer(client))
    for step in REACH[status]:
        invoice = getattr(client.v1.invoices, step)(invoice.id)
    assert invoice.status == status
    error = refused(getattr(client.v1.invoices, verb), invoice.id)
    assert (error.http_status, error.user_message.startswith(text)) == (400, True)


def test_a_finalized_invoice_changes_only_its_metadata(client: Any) -> None:
    invoice = client.v1.invoices.finalize_invoice(invoice_of(client, payer(client)).id)
    assert client.v1.invoices.update(invoice.id, {"metadata": {"a": "b"}}).metadata.to_dict() == {"a": "b"}
    error = refused(client.v1.invoices.update, invoice.id, {"description": "x"})
    assert (error.param, error.user_message) == ("description", "Finalized invoices can't be updated in this way")
    error = refused(client.v1.invoices.add_lines, invoice.id, {"lines": [{"amount": 5}]})
    assert error.code == "invoice_not_editable"


def test_lines_of_a_draft(client: Any) -> None:
    invoice = invoice_of(client, payer(client))
    added = client.v1.invoices.add_lines(invoice.id, {"lines": [{"amount": 500, "description": "More"}]})
    assert (added.total, [row.description for row in added.lines.data]) == (1500, ["More", "Setup fee"])
    line = client.v1.invoices.line_items.update(invoice.id, added.lines.data[0].id, {"amount": 600})
    assert (line.object, line.amount, client.v1.invoices.retrieve(invoice.id).total) == ("line_item", 600, 1600)
    rows = client.v1.invoices.line_items.list(invoice.id, {"limit": 1})
    assert (len(rows.data), rows.has_more) == (1, True)
    removed = client.v1.invoices.remove_lines(invoice.id, {"lines": [{"id": line.id, "behavior": "delete"}]})
    assert removed.total == 1000


def test_discounts_and_taxes(client: Any) -> None:
    customer = payer(client)
    coupon = client.v1.coupons.create({"percent_off": 25, "duration": "once"})
    added = client.v1.tax_rates.create({"display_name": "VAT", "percentage": 10, "inclusive": False})
    held = client.v1.tax_rates.create({"display_name": "GST", "percentage": 25, "inclusive": True})
    invoice = invoice_of(client, customer, 2000, discounts=[{"coupon": coupon.id}], default_tax_rates=[added.id])
    assert (invoice.subtotal, invoice.total, invoice.total_excluding_tax) == (2000, 1650, 1500)
    assert (invoice.total_discount_amounts[0].amount, invoice.total_taxes[0].amount) == (500, 150)
    assert invoice.total_taxes[0].tax_rate_details.tax_rate == added.id
    inside = invoice_of(client, customer, 1000, default_tax_rates=[held.id])
    assert (inside.total, inside.total_excluding_tax, inside.total_taxes[0].amount) == (1000, 800, 200)
    assert client.v1.coupons.retrieve(coupon.id).times_redeemed == 1


def test_a_credit_of_the_customer_lowers_what_is_due(client: Any) -> None:
    customer = payer(client)
    client.v1.customers.balance_transactions.create(customer.id, {"amount": -600, "currency": "usd"})
    invoice = client.v1.invoices.finalize_invoice(invoice_of(client, customer).id)
    assert (invoice.starting_balance, invoice.ending_balance, invoice.amount_due) == (-600, 0, 400)
    used = client.v1.customers.balance_transactions.list(customer.id).data[0]
    assert (used.type, used.amount, used.invoice) == ("applied_to_invoice", 600, invoice.id)


def test_a_small_amount_waits_on_the_balance(client: Any) -> None:
    customer = payer(client)
    invoice = client.v1.invoices.finalize_invoice(invoice_of(client, customer, 30).id)
    assert (invoice.status, invoice.amount_due, invoice.attempt_count, invoice.attempted) == ("paid", 0, 0, True)
    assert client.v1.customers.retrieve(customer.id).balance == 30


def test_invoices_that_are_sent(client: Any, private_stripe: Served) -> None:
    customer = payer(client)
    error = refused(client.v1.invoices.create, {"customer": customer.id, "collection_method": "send_invoice"})
    assert "you must specify 'due_date' or 'days_until_due'" in error.user_message
    error = refused(client.v1.invoices.create, {"customer": customer.id, "days_until_due": 3})
    assert error.user_message.startswith("You can only specify 'due_date' or 'days_until_due' if")
    invoice = invoice_of(client, customer, collection_method="send_invoice", days_until_due=7, auto_advance=True)
    assert (invoice.due_date - invoice.created, invoice.next_payment_attempt) == (7 * DAY, None)
    assert invoice.automatically_finalizes_at == invoice.created + 3601
    private_stripe.control("POST", "clock/advance", hours=1)
    assert client.v1.invoices.retrieve(invoice.id).status == "open"
    assert events(client, "invoice.sent") == ["invoice.sent"]
    paid = client.v1.invoices.pay(invoice.id, {"paid_out_of_band": True})
    assert (paid.status, paid.attempted, paid.amount_paid_off_stripe) == ("paid", False, 1000)


def test_a_declined_invoice_stays_open(client: Any) -> None:
    customer = payer(client, "chargeCustomerFail")
    invoice = invoice_of(client, customer)
    error = refused(client.v1.invoices.pay, invoice.id)
    assert (error.http_status, error.code) == (402, "card_declined")
    kept = client.v1.invoices.retrieve(invoice.id)
    assert (kept.status, kept.attempt_count, kept.attempted) == ("open", 1, True)
    bare = client.v1.customers.create({})
    error = refused(client.v1.invoices.pay, invoice_of(client, bare).id)
    assert error.user_message == "There is no `default_payment_method` set on this Customer or Invoice."
