"""What intents, charges and payment methods do beyond a plain payment, through stripe-python: captures, mandates,
redirects, confirmation tokens, older cards, file links."""

from __future__ import annotations

import io
from typing import Any

import httpx
import pytest

from tests.serving import Served
from tests.twins.stripe_refusals import refusing

stripe = pytest.importorskip("stripe")
PAY = {"amount": 2000, "currency": "usd", "confirm": True, "payment_method": "pm_card_visa"}
PNG = b"\x89PNG\r\n\x1a\nxxxx"
SEPA = {"iban": "AT611904300234573201"}
OWNER = {"name": "Jenny", "email": "jenny@example.com"}


@pytest.fixture
def client(private_stripe: Served) -> Any:
    return stripe.StripeClient("sk_test_123", base_addresses={"api": private_stripe.url, "files": private_stripe.url})


def held(client: Any, *features: str) -> Any:
    """A payment that waits to be captured, with these features asked for."""
    options = {"card": {f"request_{feature}": "if_available" for feature in features}}
    return client.v1.payment_intents.create(
        {**PAY, "capture_method": "manual", "payment_method_options": options, "expand": ["latest_charge"]}
    )


def test_lists_show_ten_records_unless_told_otherwise(client: Any) -> None:
    for _ in range(12):
        client.v1.customers.create({})
    assert (len(client.v1.customers.list().data), len(client.v1.customers.list({"limit": 100}).data)) == (10, 12)


# capture -------------------------------------------------------------------------------------------------------------


def test_a_card_may_be_captured_by_hand_though_the_intent_is_not(client: Any) -> None:
    options = {"card": {"capture_method": "manual"}}
    intent = client.v1.payment_intents.create({**PAY, "payment_method_options": options})
    assert (intent.status, intent.capture_method) == ("requires_capture", "automatic_async")


def test_multicapture_takes_an_amount_in_parts(client: Any) -> None:
    intent = held(client, "multicapture")
    part = client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 700, "final_capture": False})
    assert (part.status, part.amount_received, part.amount_capturable) == ("requires_capture", 700, 1300)
    done = client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 800})
    assert (done.status, done.amount_received, done.amount_capturable) == ("succeeded", 1500, 0)
    charge = client.v1.charges.retrieve(intent.latest_charge.id)
    assert (charge.amount_captured, charge.amount_refunded) == (1500, 500)
    booked = client.v1.balance_transactions.list({"source": charge.id}).data
    assert sorted(row.amount for row in booked) == [700, 800]
    with refusing():
        client.v1.payment_intents.capture(held(client).id, {"amount_to_capture": 700, "final_capture": False})


def test_overcapture_takes_more_than_was_authorized(client: Any) -> None:
    intent = held(client, "overcapture")
    over = intent.latest_charge.payment_method_details.card.overcapture
    assert (over.status, over.maximum_amount_capturable) == ("available", 2400)
    done = client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 2400})
    assert (done.status, done.amount, done.amount_received) == ("succeeded", 2000, 2400)
    assert client.v1.refunds.create({"payment_intent": intent.id}).amount == 2400
    with refusing("amount_too_large", "amount_to_capture"):
        client.v1.payment_intents.capture(held(client).id, {"amount_to_capture": 2400})


def test_only_what_asked_for_it_can_be_incremented(client: Any) -> None:
    more = client.v1.payment_intents.increment_authorization(
        held(client, "incremental_authorization").id, {"amount": 3000}
    )
    assert (more.amount, more.amount_capturable) == (3000, 3000)
    with refusing(words="you did not request support using `request_incremental_authorization`"):
        client.v1.payment_intents.increment_authorization(held(client).id, {"amount": 3000})


def test_an_extended_authorization_lasts_thirty_days(client: Any, private_stripe: Served) -> None:
    plain, long = held(client), held(client, "extended_authorization")
    private_stripe.control("POST", "clock/advance", days=8)
    assert client.v1.payment_intents.retrieve(plain.id).status == "canceled"
    assert client.v1.payment_intents.retrieve(long.id).status == "requires_capture"
    private_stripe.control("POST", "clock/advance", days=23)
    assert client.v1.payment_intents.retrieve(long.id).status == "canceled"


# parameters ----------------------------------------------------------------------------------------------------------

REFUSED = [
    ({"statement_descriptor": "ABC DEF"}, None, "statement_descriptor", "please pass in `statement_descriptor_suffix`"),
    ({"receipt_email": "nobody"}, "email_invalid", "receipt_email", "Invalid email address: nobody"),
    ({"payment_method_types": ["cash"]}, "payment_intent_invalid_parameter", "payment_method_types", 'type "cash" is'),
    ({"payment_method_types": ["ideal"]}, "payment_intent_invalid_parameter", "currency", "`ideal` only supports"),
]


@pytest.mark.parametrize(("given", "code", "param", "words"), REFUSED)
def test_parameters_that_are_refused(client: Any, given: Any, code: str | None, param: str, words: str) -> None:
    with refusing(code, param, words):
        client.v1.payment_intents.create({"amount": 2000, "currency": "usd", **given})


def test_a_payment_method_is_described_by_a_token_or_by_its_card(client: Any) -> None:
    for card in ({"token": "tok_visa"}, {"number": "4242424242424242", "exp_month": 1, "exp_year": 2034, "cvc": "123"}):
        given = {"payment_method_data": {"type": "card", "card": card}}
        assert client.v1.payment_intents.create(
            {"amount": 2000, "currency": "usd", "confirm": True, **given}
        ).status == ("succeeded")


# debits and redirects ------------------------------------------------------------------------------------------------


def test_a_debit_is_taken_under_a_mandate_that_its_bank_may_revoke(client: Any, private_stripe: Served) -> None:
    method = client.v1.payment_methods.create({"type": "sepa_debit", "sepa_debit": SEPA, "billing_details": OWNER}).id
    agreed = {"customer_acceptance": {"type": "online", "online": {"ip_address": "1.1.1.1", "user_agent": "x"}}}
    pay = {**PAY, "currency": "eur", "payment_method": method, "payment_method_types": ["sepa_debit"]}
    intent = client.v1.payment_intents.create({**pay, "mandate_data": agreed, "expand": ["latest_charge"]})
    mandate = client.v1.mandates.retrieve(intent.latest_charge.payment_method_details.sepa_debit.mandate)
    assert (mandate.status, mandate.type, mandate.payment_method) == ("active", "multi_use", method)
    assert mandate.customer_acceptance.online.ip_address == "1.1.1.1"
    with refusing(param="mandate_data", words="value of off_session, `mandate_data` is required."):
        other = client.v1.payment_methods.create({"type": "sepa_debit", "sepa_debit": SEPA, "billing_details": OWNER})
        client.v1.payment_intents.create({**pay, "payment_method": other.id, "setup_future_usage": "off_session"})
    debit = {
        **PAY,
        "payment_method": "pm_usBankAccount_debitNotAuthorized",
        "payment_method_types": ["us_bank_account"],
    }
    intent = client.v1.payment_intents.create({**debit, "expand": ["latest_charge"]})
    private_stripe.control("POST", "clock/advance", minutes=5)
    revoked = intent.latest_charge.payment_method_details.us_bank_account.mandate
    assert client.v1.mandates.retrieve(revoked).status == "inactive"


def test_an_account_needs_its_owner_and_a_right_number(client: Any) -> None:
    with refusing("parameter_missing", "billing_details[email]"):
        client.v1.payment_methods.create({"type": "sepa_debit", "sepa_debit": SEPA})
    with refusing("invalid_bank_account_iban", "sepa_debit[iban]"):
        wrong = {"iban": "AT611904300234573202"}
        client.v1.payment_methods.create({"type": "sepa_debit", "sepa_debit": wrong, "billing_details": OWNER})


@pytest.mark.parametrize(("result", "status"), [("complete_3ds", "succeeded"), ("fail_3ds", "requires_payment_method")])
def test_a_redirect_waits_for_the_customer(client: Any, private_stripe: Served, result: str, status: str) -> None:
    intent = client.v1.payment_intents.create(
        {
            "amount": 2000,
            "currency": "eur",
            "confirm": True,
            "payment_method_types": ["ideal"],
            "payment_method_data": {"type": "ideal"},
            "return_url": "https://example.com/back",
        }
    )
    assert (intent.status, intent.next_action.type) == ("requires_action", "redirect_to_url")
    assert private_stripe.client.get(intent.next_action.redirect_to_url.url).status_code == 200
    private_stripe.control("POST", f"do/{result}", intent=intent.id)
    assert client.v1.payment_intents.retrieve(intent.id).status == status


ACTIONS = [
    ("oxxo", "mxn", "oxxo_display_details"),
    ("konbini", "jpy", "konbini_display_details"),
    ("cashapp", "usd", "cashapp_handle_redirect_or_display_qr_code"),
    ("pix", "brl", "pix_display_qr_code"),
]


@pytest.mark.parametrize(("type", "currency", "action"), ACTIONS)
def test_vouchers_and_codes_are_shown(
    client: Any, private_stripe: Served, type: str, currency: str, action: str
) -> None:
    method = {"payment_method_types": [type], "payment_method_data": {"type": type, "billing_details": OWNER}}
    wanted = {"amount": 20_000, "currency": currency, "confirm": True}
    intent = client.v1.payment_intents.create({**wanted, **method})
    assert (intent.status, intent.next_action.type) == ("requires_action", action)
    private_stripe.control("POST", "do/complete_3ds", intent=intent.id)
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


# confirmation tokens, older cards ------------------------------------------------------------------------------------


def test_a_confirmation_token_confirms_one_intent(client: Any) -> None:
    token = client.v1.test_helpers.confirmation_tokens.create(
        {"payment_method": "pm_card_mastercard", "setup_future_usage": "off_session"}
    )
    confirmed = {"amount": 2000, "currency": "usd", "confirm": True, "confirmation_token": token.id}
    intent = client.v1.payment_intents.create({**confirmed, "expand": ["payment_method"]})
    assert (intent.status, intent.setup_future_usage) == ("succeeded", "off_session")
    assert intent.payment_method.card.brand == "mastercard"
    assert client.v1.confirmation_tokens.retrieve(token.id).payment_intent == intent.id
    with refusing(param="confirmation_token"):
        client.v1.payment_intents.create(confirmed)


def test_a_charge_of_the_older_api_shows_its_card_and_expires(client: Any, private_stripe: Served) -> None:
    charge = client.v1.charges.create({"amount": 2000, "currency": "usd", "source": "tok_visa", "capture": False})
    assert (charge.source.object, charge.source.last4, charge.payment_method) == ("card", "4242", charge.source.id)
    private_stripe.control("POST", "clock/advance", days=8)
    assert client.v1.charges.retrieve(charge.id).refunded is True
    with refusing("charge_expired_for_capture"):
        client.v1.charges.capture(charge.id)


def test_documented_bank_tokens(client: Any) -> None:
    customer = client.v1.customers.create({}).id
    saved = client.v1.customers.payment_sources.create(customer, {"source": "btok_us_verified"})
    assert (saved.object, saved.status, saved.last4) == ("bank_account", "verified", "6789")


# files, events, endpoints --------------------------------------------------------------------------------------------


def test_a_link_shows_a_file_until_it_ends(client: Any, private_stripe: Served) -> None:
    file = client.v1.files.create({"purpose": "dispute_evidence", "file": io.BytesIO(PNG)})
    link = client.v1.file_links.create({"file": file.id, "expires_at": file.created + 3600})
    assert httpx.get(link.url).content == PNG
    assert client.v1.files.retrieve(file.id).links.data[0].id == link.id
    private_stripe.control("POST", "clock/advance", hours=2)
    assert client.v1.file_links.retrieve(link.id).expired is True
    assert httpx.get(link.url).status_code == 404
    with refusing(param="expires_at"):
        client.v1.file_links.create({"file": file.id, "expires_at": file.created})


def test_events_are_kept_for_thirty_days(client: Any, private_stripe: Served) -> None:
    client.v1.customers.create({})
    event = client.v1.events.list({"types": ["customer.created", "customer.deleted"]}).data[0]
    with refusing("parameters_exclusive"):
        client.v1.events.list({"type": "customer.created", "types": ["customer.created"]})
    private_stripe.control("POST", "clock/advance", days=31)
    assert client.v1.events.list().data == []
    with refusing("resource_missing"):
        client.v1.events.retrieve(event.id)


def test_an_account_has_at_most_sixteen_endpoints(client: Any) -> None:
    for number in range(16):
        client.v1.webhook_endpoints.create({"url": f"https://example.com/{number}", "enabled_events": ["*"]})
    with refusing(words="You have reached the maximum of 16 test webhook endpoints."):
        client.v1.webhook_endpoints.create({"url": "https://example.com/16", "enabled_events": ["*"]})
