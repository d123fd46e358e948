"""What is inferred from the Stripe document, by structure alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from twinkit import paths
from twinkit.overlay.cache import open_twin
from twinkit.overlay.compiled import Binding, Compiled

CONTRACT = paths.data("openapi") / "stripe.json"
pytestmark = pytest.mark.skipif(not CONTRACT.is_file(), reason="openapi/stripe.json is not there")

EXPECTED = [
    ("PostCustomers", "create", "customer", None),
    ("GetCustomersCustomer", "retrieve", "customer", "customer"),
    ("PostCustomersCustomer", "update", "customer", "customer"),
    ("DeleteCustomersCustomer", "delete", "customer", "customer"),
    ("GetCustomers", "list", "customer", None),
    ("GetCustomersSearch", "search", "customer", None),
    ("GetCustomersCustomerSources", "list", "payment_source", None),
    ("GetAccountsAccountPersonsPerson", "retrieve", "person", "person"),
    ("PostPaymentIntentsIntentCapture", "action", "payment_intent", "intent"),
    ("GetBalance", "singleton_get", "balance", None),
    ("GetTaxSettings", "singleton_get", "tax.settings", None),
    ("PostTaxSettings", "singleton_update", "tax.settings", None),
    ("PostTestHelpersRefundsRefundExpire", "action", "refund", "refund"),
    ("PostTestHelpersIssuingCardsCardShippingShip", "action", "issuing.card", "card"),
    ("GetChargesChargeRefunds", "list", "refund", None),
]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compiled]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TWINKIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield open_twin(CONTRACT)[1]


def test_every_operation_is_bound_to_something_that_keeps_state(compiled: Compiled) -> None:
    shapes = [b.operation for b in compiled.bindings.values() if b.fidelity == "shape"]
    assert len(compiled.bindings) == 594
    assert len(shapes) <= 3, shapes


@pytest.mark.parametrize(("operation", "kind", "resource", "id_parameter"), EXPECTED)
def test_binding(compiled: Compiled, operation: str, kind: str, resource: str, id_parameter: str | None) -> None:
    binding: Binding = compiled.bindings[operation]
    assert (binding.kind, binding.resource, binding.id_parameter) == (kind, resource, id_parameter)


def test_a_list_page(compiled: Compiled) -> None:
    binding = compiled.bindings["GetCustomers"]
    assert binding.envelope["items"] == "data"
    assert binding.envelope["constants"]["object"] == "list"
    assert binding.envelope["has_more"] == "has_more"
    assert binding.paging["style"] == "cursor_id"
    assert binding.paging["after"] == "starting_after"
    assert binding.filters == {"created": "created", "email": "email", "test_clock": "test_clock"}


def test_a_nested_list_keeps_to_its_parent(compiled: Compiled) -> None:
    binding = compiled.bindings["GetChargesChargeRefunds"]
    assert binding.parents == (("charge", "charge"),)
    assert binding.scope == {"charge": "charge"}


def test_a_template_holds_required_and_nullable_properties(compiled: Compiled) -> None:
    template = compiled.resources["customer"].template
    assert template["object"] == "customer"
    assert template["email"] is None
    assert "deleted" not in template


def test_verbs_set_the_status_they_lead_to(compiled: Compiled) -> None:
    assert compiled.bindings["PostPaymentIntentsIntentCancel"].sets["status"] == "canceled"
    assert compiled.bindings["PostInvoicesInvoiceVoid"].sets["status"] == "void"


def test_sublists_and_expandable_properties_are_known(compiled: Compiled) -> None:
    charge = compiled.resources["charge"]
    assert charge.sublists["refunds"]["resource"] == "refund"
    assert charge.expandable["customer"] == ("customer",)
