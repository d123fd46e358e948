"""The Stripe twin through stripe-node, unmodified: payments and what surrounds them, errors, paging, webhooks."""

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


FLOWS = """
import Stripe from "stripe";
const url = new URL(process.env.TWIN_URL);
const stripe = new Stripe("sk_test_123", {
  host: url.hostname, port: url.port, protocol: "http", maxNetworkRetries: 0, telemetry: false,
});
const control = (path, body) => fetch(`${process.env.TWIN_URL}/_twin/${path}`, {
  method: "POST", headers: {"content-type": "application/json"}, body: JSON.stringify(body),
}).then(reply => reply.json());
const out = {};
const refused = async call => { try { await call(); } catch (error) { return [error.type, error.code, error.param]; } };

const held = await stripe.paymentIntents.create({
  amount: 2000, currency: "usd", payment_method: "pm_card_visa", confirm: true, capture_method: "manual",
  payment_method_options: {card: {request_multicapture: "if_available"}},
});
const part = await stripe.paymentIntents.capture(held.id, {amount_to_capture: 700, final_capture: false});
const whole = await stripe.paymentIntents.capture(held.id, {amount_to_capture: 800});
out.captured = [part.status, part.amount_received, whole.status, whole.amount_received];
const challenge = await stripe.paymentIntents.create({
  amount: 2000, currency: "usd", payment_method: "pm_card_threeDSecure2Required", confirm: true,
  return_url: "https://example.com/back",
});
await control("do/complete_3ds", {intent: challenge.id});
out.challenge = [challenge.next_action.type, (await stripe.paymentIntents.retrieve(challenge.id)).status];
out.again = await refused(() => stripe.paymentIntents.confirm(challenge.id));
out.typed = await refused(() => stripe.paymentIntents.create({amount: "x", currency: "usd"}));

const customer = await stripe.customers.create({});
const setup = await stripe.setupIntents.create({
  customer: customer.id, payment_method: "pm_card_visa", confirm: true, payment_method_types: ["card"],
});
const later = await stripe.paymentIntents.create({
  amount: 900, currency: "usd", customer: customer.id, payment_method: setup.payment_method, off_session: true,
  confirm: true,
});
out.later = [setup.status, later.status, (await stripe.customers.listPaymentMethods(customer.id)).data.length];

await stripe.paymentIntents.create(
  {amount: 2000, currency: "usd", payment_method: "pm_card_createDispute", confirm: true});
const dispute = (await stripe.disputes.list({limit: 1})).data[0];
out.dispute = [dispute.reason, (await stripe.disputes.close(dispute.id)).status];

const account = await stripe.accounts.create({
  type: "custom", country: "US", business_type: "company", capabilities: {transfers: {requested: true}},
});
const person = await stripe.accounts.createPerson(account.id, {
  first_name: "Jenny", last_name: "Rosen", email: "jenny@example.com", id_number: "000000000",
  dob: {day: 1, month: 1, year: 1901}, relationship: {representative: true, title: "CEO"},
});
const bank = await stripe.accounts.createExternalAccount(account.id, {external_account: "btok_us_verified"});
const capability = await stripe.accounts.retrieveCapability(account.id, "transfers");
out.account = [person.verification.status, bank.default_for_currency, capability.status];
await control("do/onboard_account", {account: account.id});
await control("do/add_funds", {amount: 10000});
const transfer = await stripe.transfers.create({amount: 1000, currency: "usd", destination: account.id});
const reversal = await stripe.transfers.createReversal(transfer.id, {amount: 400});
const balance = await stripe.balance.retrieve({}, {stripeAccount: account.id});
out.transfer = [reversal.amount, balance.available[0].amount];

const place = await stripe.terminal.locations.create({
  display_name: "HQ", address: {line1: "1 Main Street", city: "San Francisco", state: "CA", postal_code: "94111",
  country: "US"},
});
const reader = await stripe.terminal.readers.create({registration_code: "simulated-wpe", location: place.id});
const present = await stripe.paymentIntents.create(
  {amount: 2000, currency: "usd", payment_method_types: ["card_present"], capture_method: "manual"});
await stripe.terminal.readers.processPaymentIntent(reader.id, {payment_intent: present.id});
const presented = await stripe.testHelpers.terminal.readers.presentPaymentMethod(reader.id);
out.terminal = [presented.action.status, (await stripe.paymentIntents.capture(present.id)).status];

const holder = await stripe.issuing.cardholders.create({name: "Jenny Rosen", billing: {address: place.address}});
const card = await stripe.issuing.cards.create(
  {cardholder: holder.id, currency: "usd", type: "virtual", status: "active"});
const bought = await stripe.testHelpers.issuing.authorizations.create({card: card.id, amount: 1000});
out.issuing = [bought.approved, (await stripe.testHelpers.issuing.authorizations.capture(bought.id)).status];

const file = await stripe.files.create({
  purpose: "dispute_evidence", file: {data: Buffer.from("hello"), name: "a.txt", type: "text/plain"},
});
const link = await stripe.fileLinks.create({file: file.id});
out.file = [file.size, await (await fetch(link.url)).text()];
const list = await stripe.radar.valueLists.create({alias: "people", name: "People", item_type: "email"});
await stripe.radar.valueListItems.create({value_list: list.id, value: "jenny@example.com"});
out.list = (await stripe.radar.valueLists.retrieve(list.id)).list_items.data[0].value;
const session = await stripe.identity.verificationSessions.create({type: "document"});
await control("do/verify_identity", {session: session.id});
out.identity = (await stripe.identity.verificationSessions.retrieve(session.id)).status;
const checkout = await stripe.checkout.sessions.create({
  mode: "payment", success_url: "https://example.com/thanks",
  line_items: [{price_data: {currency: "usd", unit_amount: 500, product_data: {name: "Tea"}}, quantity: 2}],
});
await control("do/complete_checkout", {session: checkout.id});
const done = await stripe.checkout.sessions.retrieve(checkout.id, {expand: ["payment_intent", "line_items"]});
out.checkout = [done.payment_status, done.payment_intent.amount_received, done.line_items.data[0].amount_total];
let pages = 0;
for await (const event of stripe.events.list({limit: 10})) pages++;
out.events = pages > 30;
console.log(JSON.stringify(out));
"""


def test_the_flows_of_payments_and_their_surroundings() -> None:
    folder = node.packages("stripe@23.1.0")
    with serving("stripe", "--seed", "7") as served:
        done = node.run(folder, FLOWS, env={"TWIN_URL": served["stripe"].url})
    assert json.loads(done.stdout) == {
        "captured": ["requires_capture", 700, "succeeded", 1500],
        "challenge": ["redirect_to_url", "succeeded"],
        "again": ["StripeInvalidRequestError", "payment_intent_unexpected_state", None],
        "typed": ["StripeInvalidRequestError", "parameter_invalid_integer", "amount"],
        "later": ["succeeded", "succeeded", 1],
        "dispute": ["fraudulent", "lost"],
        "account": ["verified", True, "inactive"],
        "transfer": [400, 600],
        "terminal": ["succeeded", "succeeded"],
        "issuing": [True, "closed"],
        "file": [5, "hello"],
        "list": "jenny@example.com",
        "identity": "verified",
        "checkout": ["paid", 1000, 1000],
        "events": True,
    }
