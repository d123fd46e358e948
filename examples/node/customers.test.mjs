// The official SDK, with nothing set but a test key: `twin run --intercept` leads api.stripe.com to the twin.
// STRIPE_API_BASE is the twin's own address; below /_twin is its control plane.
import Stripe from 'stripe';
import { beforeEach, expect, test } from 'vitest';

const stripe = new Stripe('sk_test_node', { maxNetworkRetries: 0 });
const control = (path, data) =>
  fetch(`${process.env.STRIPE_API_BASE}/_twin/${path}`, { method: 'POST', body: JSON.stringify(data ?? {}) });

beforeEach(() => control('reset'));

test('a customer is kept', async () => {
  const made = await stripe.customers.create({ email: 'ada@example.com' });
  expect((await stripe.customers.retrieve(made.id)).email).toBe('ada@example.com');
});

test('each test starts afresh', async () => {
  expect((await stripe.customers.list()).data).toEqual([]);
});

test('a declined card', async () => {
  const intent = { amount: 1000, currency: 'usd', confirm: true, payment_method: 'pm_card_visa_chargeDeclined' };
  const paying = stripe.paymentIntents.create({ ...intent, payment_method_types: ['card'] });
  await expect(paying).rejects.toMatchObject({ code: 'card_declined', decline_code: 'generic_decline' });
});

test('a rate limit', async () => {
  await control('faults', { profile: 'limit', rules: [{ when: { calls: [1] }, then: { error: 'rate_limit' } }] });
  await expect(stripe.customers.list()).rejects.toMatchObject({ statusCode: 429 });
});
