"""The Stripe twin: payments, customers, catalogue, events and webhooks by handlers, everything else generically."""

from importlib import import_module

from twinkit import Twin

twin = Twin.load(__package__)

HANDLERS = (
    "accounts_v2",
    "attaching",
    "balance_settings",
    "balances",
    "cash",
    "catalogue",
    "charges",
    "checkout",
    "checkout_page",
    "climate",
    "clocks",
    "completing",
    "confirming",
    "configuring",
    "connecting",
    "credit_grants",
    "credit_notes",
    "customers",
    "designs",
    "disputes",
    "external_accounts",
    "entitlements",
    "event_destinations",
    "files",
    "forwarding",
    "hosting",
    "identity",
    "invoice_items",
    "invoices",
    "issued",
    "issuing",
    "keys",
    "meter_streams",
    "linking",
    "metering",
    "money_flows",
    "payment_intents",
    "payment_methods",
    "payment_records",
    "payouts",
    "people",
    "plans",
    "portal",
    "portal_page",
    "previewing",
    "quotes",
    "radar",
    "reader_actions",
    "reference",
    "refunds",
    "reporting",
    "reversals",
    "schedules",
    "searching",
    "secrets",
    "setup_intents",
    "simulation",
    "sources",
    "sublists",
    "subscription_items",
    "subscriptions",
    "tax_ids",
    "tax_settings",
    "taxing",
    "terminal",
    "thresholds",
    "tokens",
    "topups",
    "transferring",
    "treasury",
    "webhook_endpoints",
)
"""Modules that hook into the twin as they are imported."""

import_module("twins.stripe.wire")
for _name in HANDLERS:
    import_module(f"twins.stripe.handlers.{_name}")

__all__ = ["twin"]
