"""The HTTP side of the shop."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Any

import stripe
from fastapi import FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field
from starlette.middleware.sessions import SessionMiddleware

from shop.login import Login
from shop.notify import Notifier
from shop.orders import PRICES, Order, Orders
from shop.payments import Payments


class NewCustomer(BaseModel):
    """What a customer tells about themselves."""

    email: str = Field(pattern=r".+@.+")
    name: str = ""


class NewOrder(BaseModel):
    """What a customer orders, and how they pay."""

    customer: str
    article: str
    quantity: int = Field(default=1, ge=1, le=100)
    payment_method: str


class NewRefund(BaseModel):
    """How much to give back; everything without an amount."""

    amount: int | None = Field(default=None, ge=1)


def create_app(
    payments: Payments | None = None, notifier: Notifier | None = None, login: Login | None = None
) -> FastAPI:
    """The application; keys and tokens come from the environment. Without `login` nobody can sign in."""
    app = FastAPI()
    orders = Orders()
    app.state.orders = orders
    team = notifier or Notifier(os.environ.get("SLACK_BOT_TOKEN", ""), os.environ.get("SLACK_CHANNEL", "#general"))
    pay = payments or Payments(os.environ["STRIPE_API_KEY"], os.environ.get("STRIPE_WEBHOOK_SECRET", ""))

    if login is not None:
        app.add_middleware(SessionMiddleware, secret_key=os.environ.get("SESSION_KEY", "only for tests"))
        app.include_router(login.router)

    def found(number: int) -> Order:
        if number not in orders.rows:
            raise HTTPException(404, "no such order")
        return orders.rows[number]

    @app.post("/customers", status_code=201)
    def new_customer(data: NewCustomer) -> dict[str, str]:
        existing = pay.find(data.email)
        return {"id": existing[0] if existing else pay.customer(data.email, data.name)}

    @app.post("/orders", status_code=201)
    def new_order(data: NewOrder) -> dict[str, Any]:
        if data.article not in PRICES:
            raise HTTPException(422, "no such article")
        order = orders.add(data.customer, data.article, data.quantity)
        try:
            pay.pay(order, data.payment_method)
        except stripe.InvalidRequestError as error:
            raise HTTPException(422, error.user_message) from None
        except stripe.StripeError:
            order.status = "unknown"
            team.tell(order, "payment unknown, Stripe does not answer")
            raise HTTPException(503, "the payment service does not answer; try again") from None
        if order.status in ("paid", "declined"):
            team.tell(order, order.status)
        return asdict(order)

    @app.post("/orders/{number}/retry")
    def retry(number: int, data: NewOrder) -> dict[str, Any]:
        order = found(number)
        pay.pay(order, data.payment_method)
        return asdict(order)

    @app.get("/orders/{number}")
    def show(number: int) -> dict[str, Any]:
        order = found(number)
        if order.status == "action":
            pay.refresh(order)
        return asdict(order)

    @app.post("/orders/{number}/refund")
    def refund(number: int, data: NewRefund) -> dict[str, Any]:
        order = found(number)
        if not order.payment:
            raise HTTPException(409, "nothing was paid")
        try:
            pay.refund(order, data.amount)
        except stripe.InvalidRequestError as error:
            raise HTTPException(409, error.user_message) from None
        team.tell(order, f"${order.refunded / 100:.2f} given back")
        return asdict(order)

    @app.post("/webhooks/stripe")
    async def webhook(request: Request) -> dict[str, bool]:
        try:
            event = pay.event(await request.body(), request.headers.get("stripe-signature", ""))
        except (stripe.SignatureVerificationError, ValueError):
            raise HTTPException(400, "not from Stripe") from None
        changed = handle(orders, event)
        if changed is not None and changed.status == "disputed":
            await run_in_threadpool(team.tell, changed, "disputed by the cardholder")
        return {"handled": changed is not None}

    return app


def handle(orders: Orders, event: stripe.Event) -> Order | None:
    """Let an event change its order, once; the order, when there is one to change."""
    if event.id in orders.seen:
        return None
    orders.seen.add(event.id)
    subject: Any = event.data.object
    payment = subject.id if event.type.startswith("payment_intent.") else getattr(subject, "payment_intent", None)
    order = orders.by_payment(payment or "")
    if order is None:
        return None
    if event.type == "payment_intent.succeeded" and order.status in ("new", "action"):
        order.status = "paid"
    elif event.type == "charge.refunded":
        order.refunded = subject.amount_refunded
        order.status = "refunded" if order.refunded == order.total else order.status
    elif event.type == "charge.dispute.created":
        order.status = "disputed"
    return order
