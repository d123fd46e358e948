"""Orders, kept in memory."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

PRICES = {"book": 1500, "lamp": 4900, "chair": 12000}
"""Article → price in cents."""


@dataclass
class Order:
    """What a customer wants, and how far it got: new, paid, action, declined, refunded, disputed."""

    id: int
    customer: str
    article: str
    quantity: int
    status: str = "new"
    payment: str = ""
    reason: str = ""
    refunded: int = 0

    @property
    def total(self) -> int:
        """Cents."""
        return PRICES[self.article] * self.quantity


@dataclass
class Orders:
    """Every order of the shop."""

    rows: dict[int, Order] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    """Webhook events that were handled; each counts once."""
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def add(self, customer: str, article: str, quantity: int) -> Order:
        """A new order."""
        order = Order(next(self._numbers), customer, article, quantity)
        self.rows[order.id] = order
        return order

    def by_payment(self, payment: str) -> Order | None:
        """The order that a payment is for."""
        return next((order for order in self.rows.values() if order.payment == payment), None)
