"""The Stripe twin's Terminal through stripe-python: locations, simulated readers, cards that are presented, forms."""

from __future__ import annotations

from typing import Any

import pytest

from tests.serving import Served
from tests.twins.stripe_refusals import refusing

stripe = pytest.importorskip("stripe")
ADDRESS = {"line1": "1 Main Street", "country": "US", "state": "CA", "postal_code": "94103", "city": "San Francisco"}


@pytest.fixture
def client(private_stripe: Served) -> Any:
    return stripe.StripeClient("sk_test_123", base_addresses={"api": private_stripe.url, "files": private_stripe.url})


@pytest.fixture
def reader(client: Any) -> Any:
    place = client.v1.terminal.locations.create({"display_name": "HQ", "address": ADDRESS})
    return client.v1.terminal.readers.create({"registration_code": "simulated-wpe", "location": place.id})


def present(client: Any, reader: Any, number: str = "") -> Any:
    """The action of a reader once a card was presented."""
    card = {"type": "card_present", "card_present": {"number": number}} if number else {}
    return client.v1.test_helpers.terminal.readers.present_payment_method(reader.id, card).action


def payment(client: Any, **more: Any) -> Any:
    wanted = {"amount": 2000, "currency": "usd", "payment_method_types": ["card_present"], "capture_method": "manual"}
    return client.v1.payment_intents.create({**wanted, **more})


def told(client: Any) -> list[str]:
    return [event.type for event in client.v1.events.list({"limit": 100}).data if event.type.startswith("terminal.")]


def test_readers_are_registered_and_found(client: Any, reader: Any) -> None:
    assert (reader.device_type, reader.status, reader.action) == ("simulated_wisepos_e", "online", None)
    assert client.v1.terminal.readers.list({"location": reader.location}).data[0].id == reader.id
    assert client.v1.terminal.readers.list({"device_type": "stripe_s700"}).data == []
    with refusing(param="registration_code"):
        client.v1.terminal.readers.create({"registration_code": "none"})
    with refusing("resource_missing", "location"):
        client.v1.terminal.readers.create({"registration_code": "simulated-s700", "location": "tml_none"})
    token = client.v1.terminal.connection_tokens.create({"location": reader.location})
    assert (token.secret[:9], token.location) == ("pst_test_", reader.location)
    assert client.v1.terminal.locations.retrieve(reader.location).address.line2 is None


def test_a_presented_card_pays(client: Any, reader: Any) -> None:
    intent = payment(client)
    action = client.v1.terminal.readers.process_payment_intent(reader.id, {"payment_intent": intent.id}).action
    assert (action.status, action.process_payment_intent.payment_intent) == ("in_progress", intent.id)
    with refusing("terminal_reader_busy"):
        client.v1.terminal.readers.process_payment_intent(reader.id, {"payment_intent": payment(client).id})
    assert present(client, reader).status == "succeeded"
    held = client.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
    assert (held.status, held.latest_charge.payment_method_details.card_present.last4) == ("requires_capture", "4242")
    assert client.v1.payment_intents.capture(intent.id).status == "succeeded"
    assert told(client) == ["terminal.reader.action_succeeded"]
    with refusing(words="has no action that waits for a card"):
        present(client, reader)


def test_a_presented_card_is_declined(client: Any, reader: Any) -> None:
    intent = payment(client)
    client.v1.terminal.readers.process_payment_intent(reader.id, {"payment_intent": intent.id})
    action = present(client, reader, "4000000000000002")
    assert (action.status, action.failure_code, action.failure_message) == (
        "failed",
        "card_declined",
        "Your card was declined.",
    )
    assert client.v1.payment_intents.retrieve(intent.id).last_payment_error.decline_code == "generic_decline"
    assert told(client) == ["terminal.reader.action_failed"]


def test_what_a_reader_was_told_is_called_off(client: Any, reader: Any) -> None:
    client.v1.terminal.readers.process_payment_intent(reader.id, {"payment_intent": payment(client).id})
    assert client.v1.terminal.readers.cancel_action(reader.id).action is None
    online = client.v1.payment_intents.create({"amount": 2000, "currency": "usd", "payment_method_types": ["card"]})
    with refusing(param="payment_intent"):
        client.v1.terminal.readers.process_payment_intent(reader.id, {"payment_intent": online.id})


def test_a_card_is_collected_before_it_pays_and_refunded(client: Any, reader: Any) -> None:
    intent = payment(client, capture_method="automatic")
    client.v1.terminal.readers.collect_payment_method(reader.id, {"payment_intent": intent.id})
    assert present(client, reader, "5555555555554444").collect_payment_method.payment_method.card_present.brand == (
        "mastercard"
    )
    action = client.v1.terminal.readers.confirm_payment_intent(reader.id, {"payment_intent": intent.id}).action
    assert (action.type, action.status) == ("confirm_payment_intent", "succeeded")
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"
    client.v1.terminal.readers.refund_payment(reader.id, {"payment_intent": intent.id, "amount": 500})
    refund = client.v1.refunds.retrieve(present(client, reader).refund_payment.refund)
    assert (refund.amount, refund.status) == (500, "succeeded")


def test_a_presented_card_is_saved_for_the_web(client: Any, reader: Any) -> None:
    customer = client.v1.customers.create({}).id
    intent = client.v1.setup_intents.create({"payment_method_types": ["card_present"], "customer": customer})
    client.v1.terminal.readers.process_setup_intent(reader.id, {"setup_intent": intent.id, "allow_redisplay": "always"})
    assert present(client, reader).status == "succeeded"
    done = client.v1.setup_intents.retrieve(intent.id, {"expand": ["latest_attempt"]})
    card = done.latest_attempt.payment_method_details.card_present.generated_card
    assert (done.status, client.v1.payment_methods.retrieve(card).customer) == ("succeeded", customer)


def test_carts_and_forms(client: Any, reader: Any) -> None:
    cart = {"currency": "usd", "total": 500, "line_items": [{"description": "Tea", "amount": 500, "quantity": 1}]}
    shown = client.v1.terminal.readers.set_reader_display(reader.id, {"type": "cart", "cart": cart}).action
    assert (shown.status, shown.set_reader_display.cart.total) == ("succeeded", 500)
    name = {"type": "text", "custom_text": {"title": "Name"}, "required": True}
    phone = {"type": "phone", "custom_text": {"title": "Phone"}}
    form = {"inputs": [name, phone]}
    assert client.v1.terminal.readers.collect_inputs(reader.id, form).action.status == "in_progress"
    filled = client.v1.test_helpers.terminal.readers.succeed_input_collection(
        reader.id, {"skip_non_required_inputs": "all"}
    ).action
    first, second = filled.collect_inputs.inputs
    assert (filled.status, bool(first.text.value), second.skipped) == ("succeeded", True, True)
    client.v1.terminal.readers.collect_inputs(reader.id, form)
    assert client.v1.test_helpers.terminal.readers.timeout_input_collection(reader.id).action.status == "failed"
