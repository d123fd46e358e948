"""The Stripe twin through stripe-node, unmodified: a payment, a decline, paging, an idempotent retry, a webhook."""

from __future__ import annotations

import json

from tests import node
from tests.serving import serving

SCRIPT = """
import Stripe from "stripe";
const url = new URL(process.env.TWIN_URL);
const stripe = new Stripe("sk_test_123", {
  host: url.hostname, port: url.port, protocol: "http", maxNetworkRetries: 0, telemetry: false,
});
const out = {};
const customer = await stripe.customers.create({email: "jenny@example.com", metadata: {a: "1"}});
const intent = await stripe.paymentIntents.create({
  amount: 2000, currency: "usd", customer: customer.id, payment_method: "pm_card_visa", confirm: true,
  expand: ["latest_charge", "customer"],
});
const charge = await stripe.charges.retrieve(intent.latest_charge.id, { expand: ["balance_transaction"] });
out.payment = [intent.status, intent.customer.email, charge.balance_transaction.net];
try {
  await stripe.paymentIntents.create(
    {amount: 2000, currency: "usd", payment_method: "pm_card_visa_chargeDeclined", confirm: true});
} catch (error) {
  out.decline = [error.type, error.code, error.decline_code, error.payment_intent.status];
}
try {
  await stripe.customers.retrieve("cus_none");
} catch (error) {
  out.missing = [error.type, error.param, error.statusCode];
}
for (let number = 0; number < 12; number++) await stripe.products.create({name: `P${number}`});
out.products = (await stripe.products.list({limit: 5}).autoPagingToArray({limit: 100})).length;
const options = {idempotencyKey: "one"};
const first = await stripe.customers.create({name: "A"}, options);
const again = await stripe.customers.create({name: "A"}, options);
out.replayed = first.id === again.id;
const found = await stripe.customers.search({query: "email:'jenny@example.com'"});
out.found = found.data[0].id === customer.id;
const refund = await stripe.refunds.create({payment_intent: intent.id, amount: 500});
out.refund = refund.status;
const payload = JSON.stringify({id: "evt_1", object: "event"});
const header = stripe.webhooks.generateTestHeaderString({payload, secret: "whsec_test"});
out.event = stripe.webhooks.constructEvent(payload, header, "whsec_test").id;
console.log(JSON.stringify(out));
"""


def test_stripe_node() -> None:
    folder = node.packages("stripe@23.1.0")
    with serving("stripe", "--seed", "7") as served:
        done = node.run(folder, SCRIPT, env={"TWIN_URL": served["stripe"].url})
    assert json.loads(done.stdout) == {
        "payment": ["succeeded", "jenny@example.com", 1912],
        "decline": ["StripeCardError", "card_declined", "generic_decline", "requires_payment_method"],
        "missing": ["StripeInvalidRequestError", "id", 404],
        "products": 12,
        "replayed": True,
        "found": True,
        "refund": "succeeded",
        "event": "evt_1",
    }
