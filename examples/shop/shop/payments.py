"""Everything that talks to Stripe."""

from __future__ import annotations

import stripe

from shop.orders import Order


class Payments:
    """The official SDK, with retries; each order has one idempotency key, so no order is charged twice."""

    def __init__(self, key: str, webhook_secret: str) -> None:
        self.client = stripe.StripeClient(key, max_network_retries=2)
        self.webhook_secret = webhook_secret

    def customer(self, email: str, name: str) -> str:
        """A new customer's id."""
        return self.client.v1.customers.create({"email": email, "name": name}).id

    def find(self, email: str) -> list[str]:
        """Ids of the customers with an address."""
        return [each.id for each in self.client.v1.customers.list({"email": email}).data]

    def pay(self, order: Order, method: str) -> None:
        """Charge an order; sets its status."""
        try:
            intent = self.client.v1.payment_intents.create(
                {
                    "amount": order.total,
                    "currency": "usd",
                    "customer": order.customer,
                    "payment_method": method,
                    "confirm": True,
                    "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
                    "metadata": {"order": str(order.id)},
                },
                {"idempotency_key": f"order-{order.id}"},
            )
        except stripe.CardError as error:
            details = error.error
            order.status = "declined"
            order.reason = (details.decline_code if details else None) or error.code or "declined"
            return
        order.payment = intent.id
        order.status = {"succeeded": "paid", "requires_action": "action"}.get(intent.status, intent.status)

    def refresh(self, order: Order) -> None:
        """Ask how a payment went on, after 3D Secure for example."""
        intent = self.client.v1.payment_intents.retrieve(order.payment)
        if intent.status == "succeeded":
            order.status = "paid"
        elif intent.status == "requires_payment_method":
            order.status = "declined"

    def refund(self, order: Order, amount: int | None) -> None:
        """Give money back, all of it without an amount. Raises stripe.InvalidRequestError for more than there is."""
        asked: stripe.params.RefundCreateParams = {"payment_intent": order.payment}
        if amount is not None:
            asked["amount"] = amount
        refund = self.client.v1.refunds.create(asked)
        order.refunded += refund.amount
        if order.refunded == order.total:
            order.status = "refunded"

    def event(self, body: bytes, signature: str) -> stripe.Event:
        """The event of a webhook request. Raises stripe.SignatureVerificationError, ValueError."""
        return self.client.construct_event(body, signature, self.webhook_secret)
