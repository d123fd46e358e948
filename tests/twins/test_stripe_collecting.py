"""What a buyer fills in at the Stripe twin's Checkout: by the control call and on the page."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from tests.serving import Served
from tests.twins.stripe_refusals import refusing

stripe = pytest.importorskip("stripe")
BACK = {"success_url": "https://shop.example/done"}
OSLO = {"line1": "Storgata 1", "city": "Oslo", "postal_code": "0155", "country": "NO"}
SIZE = [{"label": "Small", "value": "s"}, {"label": "Large", "value": "l"}]
FIELDS = [
    {"key": "gift", "label": {"type": "custom", "custom": "Gift text"}, "type": "text", "optional": True},
    {"key": "size", "label": {"type": "custom", "custom": "Size"}, "type": "dropdown", "dropdown": {"options": SIZE}},
    {
        "key": "member", "label": {"type": "custom", "custom": "Number"}, "type": "numeric",
        "numeric": {"minimum_length": 3, "maximum_length": 5},
    },
]  # fmt: skip


@pytest.fixture
def client(private_stripe: Served) -> Any:
    return stripe.StripeClient("sk_test_123", base_addresses={"api": private_stripe.url, "files": private_stripe.url})


def opened(client: Any, **more: Any) -> Any:
    """A session for one tea of 10.00 unless `line_items` says something else."""
    product = client.v1.products.create({"name": "Tea"})
    price = client.v1.prices.create({"product": product.id, "unit_amount": 1000, "currency": "usd"})
    item = {"price": price.id, "quantity": 1, **more.pop("item", {})}
    return client.v1.checkout.sessions.create({"mode": "payment", "line_items": [item], **BACK, **more})


def complete(server: Served, session: Any, **buyer: Any) -> None:
    server.control("POST", "do/complete_checkout", session=session.id, **buyer)


def mistaken(server: Served, session: Any, **buyer: Any) -> Any:
    """The error that a buyer who fills in something wrong is shown."""
    reply = server.client.post("/_twin/do/complete_checkout", json={"session": session.id, **buyer})
    assert reply.status_code == 400, reply.text
    return reply.json()["error"]


def test_addresses_phone_and_shipping(client: Any, private_stripe: Served) -> None:
    rates = [
        {"shipping_rate_data": {"type": "fixed_amount", "display_name": name, "fixed_amount": fixed}}
        for name, fixed in (
            ("Post", {"amount": 500, "currency": "usd"}),
            ("Courier", {"amount": 900, "currency": "usd"}),
        )
    ]
    made = opened(
        client, billing_address_collection="required", phone_number_collection={"enabled": True},
        shipping_options=rates, shipping_address_collection={"allowed_countries": ["NO", "SE"]},
        customer_creation="always",
    )  # fmt: skip
    assert (made.amount_total, made.shipping_cost.amount_total, made.consent) == (1500, 500, None)
    buyer = {"name": "Jo Berg", "phone": "+4722000000", "shipping": {"name": "Ola", "address": OSLO}}
    complete(private_stripe, made, shipping_rate=made.shipping_options[1].shipping_rate, **buyer)
    done = client.v1.checkout.sessions.retrieve(made.id, {"expand": ["payment_intent", "customer"]})
    assert (done.amount_total, done.total_details.amount_shipping) == (1900, 900)
    assert done.collected_information.shipping_details.address.city == "Oslo"
    assert (done.customer_details.address.line1, done.customer_details.phone) == (
        "354 Oyster Point Blvd",
        "+4722000000",
    )
    assert (done.payment_intent.shipping.name, done.payment_intent.shipping.address.country) == ("Ola", "NO")
    customer = done.customer
    assert (customer.name, customer.phone, customer.shipping.address.city) == ("Jo Berg", "+4722000000", "Oslo")


def test_custom_fields_are_checked(client: Any, private_stripe: Served) -> None:
    made = opened(client, custom_fields=FIELDS)

    def refused(**fields: str) -> str:
        return str(mistaken(private_stripe, made, custom_fields=fields)["param"])

    assert refused(size="l") == "custom_fields[member]"
    assert refused(size="xl", member="1234") == "custom_fields[size]"
    assert refused(size="l", member="12") == "custom_fields[member]"
    assert refused(size="l", member="12a") == "custom_fields[member]"
    complete(private_stripe, made, custom_fields={"size": "l", "member": "1234"})
    fields = client.v1.checkout.sessions.retrieve(made.id).custom_fields
    assert [row[row.type].value for row in fields] == [None, "l", "1234"]


def test_tax_ids_names_and_consent(client: Any, private_stripe: Served) -> None:
    made = opened(
        client, tax_id_collection={"enabled": True}, customer_creation="always",
        consent_collection={"terms_of_service": "required", "promotions": "auto"},
        name_collection={"individual": {"enabled": True}},
    )  # fmt: skip
    assert (made.tax_id_collection.required, made.consent_collection.terms_of_service) == ("never", "required")
    ids = [{"type": "gb_vat", "value": "GB123456789"}]
    consent = {"promotions": "opt_in"}
    complete(private_stripe, made, business_name="Tea Ltd", tax_ids=ids, consent=consent)
    done = client.v1.checkout.sessions.retrieve(made.id)
    assert (done.consent.promotions, done.consent.terms_of_service) == ("opt_in", "accepted")
    assert (done.customer_details.business_name, done.collected_information.individual_name) == (
        "Tea Ltd",
        "Jenny Rosen",
    )
    assert [row.type for row in client.v1.customers.tax_ids.list(done.customer).data] == ["gb_vat"]
    assert client.v1.customers.retrieve(done.customer).name == "Tea Ltd"
    must = opened(client, tax_id_collection={"enabled": True, "required": "if_supported"})
    assert mistaken(private_stripe, must)["param"] == "tax_ids"
    assert mistaken(private_stripe, must, tax_ids=[*ids, *ids])["param"] == "tax_ids"
    update = {"name": "auto"}
    known = opened(client, customer=done.customer, tax_id_collection={"enabled": True}, customer_update=update)
    assert 'id="taxId"' not in httpx.get(known.url).text
    abroad = opened(client, consent_collection={"promotions": "auto"})
    complete(private_stripe, abroad, address=OSLO, consent=consent)
    assert client.v1.checkout.sessions.retrieve(abroad.id).consent.promotions is None


def test_a_known_customer_is_changed_only_where_the_session_says(client: Any, private_stripe: Served) -> None:
    customer = client.v1.customers.create({"name": "Old", "email": "old@example.com"})
    asked = {"customer": customer.id, "shipping_address_collection": {"allowed_countries": ["NO"]}}
    buyer = {"name": "New", "shipping": {"name": "New", "address": OSLO}}
    complete(private_stripe, opened(client, **asked), **buyer)
    kept = client.v1.customers.retrieve(customer.id)
    assert (kept.name, kept.address, kept.shipping) == ("Old", None, None)
    update = {"name": "auto", "address": "auto", "shipping": "auto"}
    complete(private_stripe, opened(client, **asked, customer_update=update), **buyer)
    kept = client.v1.customers.retrieve(customer.id)
    assert (kept.name, kept.address.country, kept.shipping.address.city) == ("New", "US", "Oslo")


def test_quantities_and_a_code(client: Any, private_stripe: Served) -> None:
    coupon = client.v1.coupons.create({"percent_off": 50})
    client.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "HALF"})
    adjustable = {"adjustable_quantity": {"enabled": True, "minimum": 1, "maximum": 3}}
    made = opened(client, item=adjustable, allow_promotion_codes=True)
    assert "between 1 and 3" in mistaken(private_stripe, made, quantities={"0": 4})["message"]
    assert mistaken(private_stripe, made, promotion_code="NONE")["message"] == "This code is invalid."
    complete(private_stripe, made, quantities={"0": 3}, promotion_code="half")
    done = client.v1.checkout.sessions.retrieve(made.id, {"expand": ["line_items", "payment_intent"]})
    assert (done.amount_subtotal, done.amount_total, done.line_items.data[0].quantity) == (3000, 1500, 3)
    assert (done.payment_intent.amount, done.discounts[0].promotion_code[:6]) == (1500, "promo_")
    with refusing("parameter_invalid_integer", "line_items[0][adjustable_quantity][maximum]"):
        opened(client, item={"adjustable_quantity": {"enabled": True, "maximum": 1_000_000}})
    fixed = opened(client)
    assert "not adjustable" in mistaken(private_stripe, fixed, quantities={"0": 2})["message"]


def test_the_page_asks_for_what_the_session_collects(client: Any) -> None:
    coupon = client.v1.coupons.create({"percent_off": 10})
    client.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "TEN"})
    made = opened(
        client, custom_fields=FIELDS[1:2], phone_number_collection={"enabled": True}, allow_promotion_codes=True,
        shipping_address_collection={"allowed_countries": ["NO"]}, tax_id_collection={"enabled": True},
        consent_collection={"terms_of_service": "required"}, billing_address_collection="required",
    )  # fmt: skip
    names = re.findall(r'name="([^"]+)"', httpx.get(made.url).text)
    assert {
        "phone",
        "shipping[country]",
        "billing[line1]",
        "custom_fields[size]",
        "promotion_code",
        "tax_id[value]",
    } <= {*names}
    form = {
        "email": "jo@example.com", "phone": "+4722000000", "card": "4242424242424242", "custom_fields[size]": "s",
        **{f"shipping[{name}]": value for name, value in OSLO.items()},
        **{f"billing[{name}]": value for name, value in OSLO.items()},
        "promotion_code": "TEN", "tax_id[type]": "eu_vat", "tax_id[value]": "FI12345678",
    }  # fmt: skip
    refused = httpx.post(made.url, data=form)
    assert (refused.status_code, "terms of service" in refused.text) == (200, True)
    paid = httpx.post(made.url, data={**form, "consent[terms_of_service]": "accepted"})
    assert (paid.status_code, paid.headers["location"]) == (303, "https://shop.example/done")
    done = client.v1.checkout.sessions.retrieve(made.id)
    assert (done.amount_total, done.customer_details.address.city, done.custom_fields[0].dropdown.value) == (
        900,
        "Oslo",
        "s",
    )
    assert (done.customer_details.phone, done.consent.terms_of_service) == ("+4722000000", "accepted")


def test_an_expired_session_is_recovered(client: Any, private_stripe: Served) -> None:
    coupon = client.v1.coupons.create({"percent_off": 50})
    client.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "BACK"})
    recovery = {"enabled": True, "allow_promotion_codes": True}
    made = opened(client, after_expiration={"recovery": recovery}, client_reference_id="cart-7")
    old = client.v1.checkout.sessions.expire(made.id)
    found = httpx.get(old.after_expiration.recovery.url)
    again = httpx.get(old.after_expiration.recovery.url)
    assert (found.status_code, found.headers["location"]) == (303, again.headers["location"])
    session = client.v1.checkout.sessions.list({"status": "open"}).data[0]
    assert (session.recovered_from, session.client_reference_id, session.url) == (
        made.id,
        "cart-7",
        found.headers["location"],
    )
    complete(private_stripe, session, promotion_code="BACK")
    assert client.v1.checkout.sessions.retrieve(session.id).amount_total == 500
    private_stripe.control("POST", "clock/advance", days=31)
    assert "expired" in httpx.get(old.after_expiration.recovery.url).text


def test_a_session_takes_new_shipping_options(client: Any) -> None:
    made = opened(client, permissions={"update_shipping_details": "server_only"}, ui_mode="hosted_page")
    rate = {"display_name": "Post", "type": "fixed_amount", "fixed_amount": {"amount": 700, "currency": "usd"}}
    changed = client.v1.checkout.sessions.update(made.id, {"shipping_options": [{"shipping_rate_data": rate}]})
    assert (changed.amount_total, changed.shipping_cost.amount_total) == (1700, 700)
    with refusing("resource_missing", "shipping_options[0][shipping_rate]"):
        client.v1.checkout.sessions.update(made.id, {"shipping_options": [{"shipping_rate": "shr_x"}]})


def test_optional_items_are_added(client: Any, private_stripe: Served) -> None:
    product = client.v1.products.create({"name": "Honey"})
    extra = client.v1.prices.create({"product": product.id, "unit_amount": 250, "currency": "usd"})
    row = {"price": extra.id, "quantity": 1, "adjustable_quantity": {"enabled": True, "maximum": 3}}
    made = opened(client, optional_items=[row])
    assert (made.amount_total, made.optional_items[0].price) == (1000, extra.id)
    assert "Honey" in httpx.get(made.url).text
    assert mistaken(private_stripe, made, optional_items={"0": 4})["param"] == "optional_items[0]"
    assert "none of the session" in mistaken(private_stripe, made, optional_items={"price_x": 1})["message"]
    complete(private_stripe, made, optional_items={extra.id: 2})
    done = client.v1.checkout.sessions.retrieve(made.id, {"expand": ["line_items"]})
    assert (done.amount_total, [item.description for item in done.line_items.data]) == (1500, ["Tea", "Honey"])
    euro = client.v1.prices.create({"product": product.id, "unit_amount": 250, "currency": "eur"})
    with refusing(param="optional_items[0][price]", words="only supports `eur`"):
        opened(client, optional_items=[{"price": euro.id, "quantity": 1}])


def test_a_link_passes_on_what_it_collects(client: Any, private_stripe: Served) -> None:
    product = client.v1.products.create({"name": "Tea"})
    price = client.v1.prices.create({"product": product.id, "unit_amount": 1000, "currency": "usd"})
    link = client.v1.payment_links.create(
        {
            "line_items": [{"price": price.id, "quantity": 1}], "custom_fields": FIELDS[1:2],
            "phone_number_collection": {"enabled": True},
        }
    )  # fmt: skip
    item = client.v1.payment_links.line_items.list(link.id).data[0]
    changed = client.v1.payment_links.update(
        link.id,
        {
            "line_items": [{"id": item.id, "quantity": 3}], "billing_address_collection": "required",
            "restrictions": {"completed_sessions": {"limit": 1}}, "custom_text": {"submit": {"message": "Soon yours"}},
        },
    )  # fmt: skip
    assert (changed.restrictions.completed_sessions.limit, changed.custom_text.submit.message) == (1, "Soon yours")
    assert changed.phone_number_collection.enabled
    page = httpx.get(link.url + "?prefilled_email=jo@example.com", follow_redirects=True).text
    assert {"custom_fields[size]", "billing[line1]", "phone"} <= set(re.findall(r'name="([^"]+)"', page))
    session = client.v1.checkout.sessions.list({"payment_link": link.id}).data[0]
    assert (session.amount_total, session.customer_details.email) == (3000, "jo@example.com")
    complete(private_stripe, session, custom_fields={"size": "s"})
    assert "no longer active" in httpx.get(link.url).text
    with refusing("resource_missing", "line_items[0][id]"):
        client.v1.payment_links.update(link.id, {"line_items": [{"id": "li_x", "quantity": 1}]})


def test_a_shipping_rate_has_an_amount_in_each_currency(client: Any) -> None:
    """https://docs.stripe.com/payments/during-payment/charge-shipping, https://github.com/stripe/stripe-go/issues/1710."""
    rate = client.v1.shipping_rates.create(
        {"display_name": "Post", "type": "fixed_amount", "fixed_amount": {"amount": 500, "currency": "usd"}}
    )
    price = client.v1.prices.create({"currency": "eur", "unit_amount": 1000, "product_data": {"name": "Cup"}})
    asked: Any = {"mode": "payment", "success_url": "https://x.example"}
    asked |= {"line_items": [{"price": price.id, "quantity": 1}], "shipping_options": [{"shipping_rate": rate.id}]}
    with refusing(None, "shipping_options[0][shipping_rate]"):
        client.v1.checkout.sessions.create(asked)
    words = "matches the top-level currency for this shipping rate"
    with refusing(None, "fixed_amount[currency_options][usd]", words):
        client.v1.shipping_rates.update(rate.id, {"fixed_amount": {"currency_options": {"usd": {"amount": 1}}}})
    client.v1.shipping_rates.update(rate.id, {"fixed_amount": {"currency_options": {"eur": {"amount": 400}}}})
    made = client.v1.checkout.sessions.create(asked)
    assert (made.amount_total, made.shipping_options[0].shipping_amount) == (1400, 400)
    link = client.v1.payment_links.create({name: asked[name] for name in ("line_items", "shipping_options")})
    assert link.shipping_options[0].shipping_amount == 400
    client.v1.shipping_rates.update(rate.id, {"active": False})
    with refusing(None, "shipping_options[0][shipping_rate]"):
        client.v1.checkout.sessions.create(asked)
    with refusing("parameter_missing", "fixed_amount"):
        client.v1.shipping_rates.create({"display_name": "Post", "type": "fixed_amount"})
