"""unittest without pytest: one server for the module, a private instance for each test."""

from __future__ import annotations

import unittest

import stripe

from twinkit.testing import TwinServer

server: TwinServer


def setUpModule() -> None:
    global server
    server = TwinServer("stripe")


def tearDownModule() -> None:
    server.stop()


class Customers(unittest.TestCase):
    def setUp(self) -> None:
        self.twin = server.instance()
        self.addCleanup(server.remove, self.twin)
        base = stripe.StripeClient("sk_test_unittest", base_addresses={"api": self.twin.url})
        self.stripe = base.v1

    def test_a_customer_is_kept(self) -> None:
        customer = self.stripe.customers.create({"email": "ada@example.com"})
        self.assertEqual(self.stripe.customers.retrieve(customer.id).email, "ada@example.com")
        self.twin.assert_record("customer", customer.id, email="ada@example.com")

    def test_each_test_starts_afresh(self) -> None:
        self.assertEqual(self.stripe.customers.list().data, [])

    def test_a_rate_limit(self) -> None:
        self.twin.fail("rate_limit")
        with self.assertRaises(stripe.RateLimitError):
            self.stripe.customers.list()


if __name__ == "__main__":
    unittest.main()
