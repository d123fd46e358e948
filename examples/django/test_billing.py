"""Django's test case and client; the view uses the official SDK, led to the twin by `intercepted`."""

from __future__ import annotations

import django
import stripe
from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.urls import path

if not settings.configured:
    settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="test", ALLOWED_HOSTS=["*"], DATABASES={})
    django.setup()

from django.test import SimpleTestCase

from twinkit.intercept import intercepted
from twinkit.testing import TwinServer


def subscribe(request: HttpRequest) -> JsonResponse:
    """The view under test: makes a customer at Stripe, wherever that is."""
    client = stripe.StripeClient("sk_test_django")
    try:
        customer = client.v1.customers.create({"email": request.POST["email"]})
    except stripe.StripeError:
        return JsonResponse({"error": "try again later"}, status=503)
    return JsonResponse({"customer": customer.id}, status=201)


urlpatterns = [path("subscribe", subscribe)]


class Billing(SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.server = TwinServer("stripe")
        cls.addClassCleanup(cls.server.stop)

    def setUp(self) -> None:
        self.twin = self.server.instance()
        self.addCleanup(self.server.remove, self.twin)
        self.addCleanup(intercepted(self.server, self.twin).close)

    def test_a_customer_is_made(self) -> None:
        reply = self.client.post("/subscribe", {"email": "ada@example.com"})
        self.assertEqual(reply.status_code, 201)
        self.twin.assert_record("customer", reply.json()["customer"], email="ada@example.com")

    def test_an_outage_is_told(self) -> None:
        with self.twin.fail(network="reset", times=None):
            self.assertEqual(self.client.post("/subscribe", {"email": "ada@example.com"}).status_code, 503)
        self.assertEqual(self.twin.records("customer"), [])
