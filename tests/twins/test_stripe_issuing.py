"""The Stripe twin's Issuing, Identity and reports through stripe-python."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.serving import Served
from tests.twins.stripe_refusals import refusing

stripe = pytest.importorskip("stripe")
ADDRESS = {"line1": "1 Main Street", "city": "San Francisco", "state": "CA", "postal_code": "94111", "country": "US"}


@pytest.fixture
def client(private_stripe: Served) -> Any:
    return stripe.StripeClient("sk_test_123", base_addresses={"api": private_stripe.url, "files": private_stripe.url})


def card(client: Any, **more: Any) -> Any:
    holder = client.v1.issuing.cardholders.create({"name": "Jenny Rosen", "billing": {"address": ADDRESS}})
    wanted = {"cardholder": holder.id, "currency": "usd", "type": "virtual", "status": "active", **more}
    return client.v1.issuing.cards.create(wanted)


def authorize(client: Any, on: Any, amount: int = 1000, **more: Any) -> Any:
    return client.v1.test_helpers.issuing.authorizations.create({"card": on.id, "amount": amount, **more})


def told(client: Any, prefix: str) -> list[str]:
    found = [event.type for event in client.v1.events.list({"limit": 100}).data][::-1]
    return [type for type in found if type.startswith(prefix)]


# issuing -------------------------------------------------------------------------------------------------------------


def test_a_card_shows_its_number_to_who_asks(client: Any) -> None:
    made = card(client, status="inactive")
    assert (made.brand, made.status, made.cardholder.name) == ("Visa", "inactive", "Jenny Rosen")
    assert "number" not in made.to_dict()
    shown = client.v1.issuing.cards.retrieve(made.id, {"expand": ["number", "cvc"]})
    assert (shown.number[-4:], len(shown.number), len(shown.cvc)) == (made.last4, 16, 3)
    assert client.v1.issuing.cards.update(made.id, {"status": "active"}).status == "active"
    gone = client.v1.issuing.cards.update(made.id, {"status": "canceled", "cancellation_reason": "lost"})
    assert (gone.status, gone.cancellation_reason) == ("canceled", "lost")
    with refusing(param="status"):
        client.v1.issuing.cards.update(made.id, {"status": "active"})
    assert [each.id for each in client.v1.issuing.cards.list({"cardholder": made.cardholder.id}).data] == [made.id]


def test_a_physical_card_travels(client: Any) -> None:
    made = card(client, type="physical", shipping={"name": "Jenny", "address": ADDRESS})
    helper = client.v1.test_helpers.issuing.cards
    steps = [made, helper.submit_card(made.id), helper.ship_card(made.id), helper.deliver_card(made.id)]
    assert [step.shipping.status for step in steps] == ["pending", "submitted", "shipped", "delivered"]
    with refusing():
        helper.ship_card(made.id)
    with refusing("parameter_missing", "shipping"):
        card(client, type="physical")


def test_a_purchase_is_held_and_captured(client: Any) -> None:
    made = card(client)
    held = authorize(client, made, merchant_data={"name": "Rocket Rides", "category": "taxicabs_limousines"})
    assert (held.approved, held.status, held.amount, held.merchant_data.category_code) == (
        True,
        "pending",
        1000,
        "4121",
    )
    assert (held.request_history[0].reason, held.balance_transactions[0].type) == (
        "card_active",
        "issuing_authorization_hold",
    )
    helper = client.v1.test_helpers.issuing.authorizations
    assert helper.increment(held.id, {"increment_amount": 500}).amount == 1500
    part = helper.capture(held.id, {"capture_amount": 400, "close_authorization": False})
    assert (part.status, part.amount) == ("pending", 1100)
    done = helper.capture(held.id)
    assert (done.status, done.amount) == ("closed", 0)
    paid = client.v1.issuing.transactions.list({"card": made.id}).data
    assert [(each.type, each.amount, each.authorization) for each in paid] == [
        ("capture", -1100, held.id),
        ("capture", -400, held.id),
    ]
    with refusing():
        helper.reverse(held.id)
    assert client.v1.balance.retrieve().available[0].amount == 0
    back = client.v1.test_helpers.issuing.transactions.refund(paid[0].id)
    assert (back.type, back.amount) == ("refund", 1100)


@pytest.mark.parametrize(("verb", "status"), [("reverse", "reversed"), ("expire", "expired")])
def test_a_hold_is_given_back(client: Any, verb: str, status: str) -> None:
    held = authorize(client, card(client))
    done = getattr(client.v1.test_helpers.issuing.authorizations, verb)(held.id)
    assert (done.status, done.amount) == (status, 0)


TAXIS = {"category": "taxicabs_limousines"}
REFUSED = [
    ({"status": "inactive"}, {}, "card_inactive"),
    ({"spending_controls": {"blocked_categories": ["taxicabs_limousines"]}}, TAXIS, "spending_controls"),
    ({"spending_controls": {"allowed_categories": ["bakeries"]}}, TAXIS, "spending_controls"),
    (
        {"spending_controls": {"spending_limits": [{"amount": 500, "interval": "per_authorization"}]}},
        {},
        "spending_controls",
    ),
]


@pytest.mark.parametrize(("rules", "merchant", "reason"), REFUSED)
def test_purchases_that_are_refused(client: Any, rules: Any, merchant: Any, reason: str) -> None:
    refused = authorize(client, card(client, **rules), merchant_data=merchant)
    assert (refused.approved, refused.status, refused.request_history[0].reason) == (False, "closed", reason)


def test_a_daily_limit_and_the_balance_run_out(client: Any, private_stripe: Served) -> None:
    limits = {"spending_limits": [{"amount": 1500, "interval": "daily"}]}
    made = card(client, spending_controls=limits)
    assert [authorize(client, made).approved for _ in range(2)] == [True, False]
    private_stripe.control("POST", "clock/advance", hours=25)
    assert authorize(client, made).approved is True
    poor = authorize(client, card(client), amount=99_999_999)
    assert poor.request_history[0].reason == "insufficient_funds"
    client.v1.issuing.cardholders.update(made.cardholder.id, {"status": "inactive"})
    assert authorize(client, made).request_history[0].reason == "cardholder_inactive"


def test_a_purchase_is_disputed(client: Any) -> None:
    bought = client.v1.test_helpers.issuing.transactions.create_force_capture({"card": card(client).id, "amount": 700})
    dispute = client.v1.issuing.disputes.create({"transaction": bought.id})
    assert (dispute.status, dispute.amount) == ("unsubmitted", 700)
    with refusing(param="evidence"):
        client.v1.issuing.disputes.submit(dispute.id)
    evidence = {"reason": "fraudulent", "fraudulent": {"explanation": "Not me."}}
    client.v1.issuing.disputes.update(dispute.id, {"evidence": evidence})
    assert client.v1.issuing.disputes.submit(dispute.id).status == "submitted"
    assert told(client, "issuing_dispute.") == [
        "issuing_dispute.created",
        "issuing_dispute.updated",
        "issuing_dispute.submitted",
    ]


# identity ------------------------------------------------------------------------------------------------------------


def test_a_person_is_verified(client: Any, private_stripe: Served) -> None:
    session = client.v1.identity.verification_sessions.create({"type": "document"})
    assert (session.status, session.client_secret.startswith(f"{session.id}_secret_")) == ("requires_input", True)
    assert httpx.get(session.url).status_code == 200
    private_stripe.control("POST", "do/verify_identity", session=session.id, error="document_expired")
    session = client.v1.identity.verification_sessions.retrieve(session.id)
    assert (session.status, session.last_error.code) == ("requires_input", "document_expired")
    assert httpx.post(session.url).status_code == 200
    wanted = ["last_verification_report", "verified_outputs"]
    session = client.v1.identity.verification_sessions.retrieve(session.id, {"expand": wanted})
    assert (session.status, session.url, session.verified_outputs.first_name) == ("verified", None, "Jenny")
    assert session.last_verification_report.document.status == "verified"
    with refusing():
        client.v1.identity.verification_sessions.cancel(session.id)
    client.v1.identity.verification_sessions.redact(session.id)
    private_stripe.control("POST", "clock/advance", minutes=5)
    assert client.v1.identity.verification_sessions.retrieve(session.id).redaction.status == "redacted"
    kinds = [type.rpartition(".")[2] for type in told(client, "identity.")]
    assert kinds == ["created", "processing", "requires_input", "processing", "verified", "redacted"]


def test_a_session_is_canceled(client: Any) -> None:
    with refusing("parameter_missing", "type"):
        client.v1.identity.verification_sessions.create({})
    session = client.v1.identity.verification_sessions.create({"type": "id_number"})
    gone = client.v1.identity.verification_sessions.cancel(session.id)
    assert (gone.status, gone.url, gone.client_secret) == ("canceled", None, None)


# reports, reference data ---------------------------------------------------------------------------------------------


def test_a_report_is_run(client: Any, private_stripe: Served) -> None:
    pay = {"amount": 2000, "currency": "usd", "confirm": True, "payment_method": "pm_card_visa"}
    start = client.v1.payment_intents.create(pay).created
    name = "balance_change_from_activity.itemized.3"
    wanted = {"interval_start": start - 10, "interval_end": start + 10}
    run = client.v1.reporting.report_runs.create({"report_type": name, "parameters": wanted})
    assert (run.status, run.result) == ("pending", None)
    private_stripe.control("POST", "clock/advance", minutes=1)
    run = client.v1.reporting.report_runs.retrieve(run.id)
    assert (run.status, run.result.purpose, run.result.type) == ("succeeded", "finance_report_run", "csv")
    text = httpx.get(run.result.url, headers={"authorization": "Bearer sk_test_123"}).text
    assert text.startswith("balance_transaction_id,") and ",20.00,0.88,19.12,charge," in text
    assert told(client, "reporting.") == ["reporting.report_run.succeeded"]
    with refusing("parameter_missing", "parameters[interval_start]"):
        client.v1.reporting.report_runs.create({"report_type": name})
    with refusing("resource_missing", "report_type"):
        client.v1.reporting.report_runs.create({"report_type": "none.1"})


def test_countries_and_rates(client: Any) -> None:
    assert client.v1.country_specs.retrieve("DE").default_currency == "eur"
    assert len(client.v1.country_specs.list({"limit": 100}).data) > 30
    with refusing("resource_missing"):
        client.v1.country_specs.retrieve("XX")
    assert client.v1.exchange_rates.retrieve("eur").rates.to_dict()["usd"] > 1
