"""Lists that records of generic resources show inside themselves: where each one is, and that a new one is empty.

Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Request
from twins.stripe import listing, twin

SUBLISTS: Mapping[str, tuple[str, str, str]] = {
    "account": ("external_accounts", "external_account", "/v1/accounts/{id}/external_accounts"),
    "application_fee": ("refunds", "fee_refund", "/v1/application_fees/{id}/refunds"),
    "credit_note": ("lines", "credit_note_line_item", "/v1/credit_notes/{id}/lines"),
    "invoice": ("lines", "line_item", "/v1/invoices/{id}/lines"),
    "subscription": ("items", "subscription_item", "/v1/subscription_items?subscription={id}"),
    "transfer": ("reversals", "transfer_reversal", "/v1/transfers/{id}/reversals"),
    "financial_connections.session": (
        "accounts",
        "financial_connections.account",
        "/v1/financial_connections/accounts",
    ),
    "radar.value_list": ("list_items", "radar.value_list_item", "/v1/radar/value_list_items?value_list={id}"),
    "tax.transaction": ("line_items", "tax.transaction_line_item", "/v1/tax/transactions/{id}/line_items"),
}
"""Resource → (property, resource of its items, URL) of lists that are always shown."""
MADE_UP: Mapping[str, tuple[str, str, str]] = {"charge": ("refunds", "refund", "/v1/charges/{id}/refunds")}
"""Lists that only made-up records show unasked."""


def _fill(resource: str, record: dict[str, Any], made_up: bool) -> None:
    name, _, url = SUBLISTS.get(resource) or MADE_UP[resource]
    shown = record.get(name)
    if not isinstance(shown, dict) and not made_up:
        return
    if not isinstance(shown, dict) or not shown.get("data"):
        record[name] = listing.counted([], url.format(id=record.get("id", "")))


def _item(ctx: Ctx, resource: str, record: dict[str, Any]) -> None:
    name, item, _ = SUBLISTS.get(resource) or MADE_UP[resource]
    if not record[name]["data"]:
        record[name]["data"] = [ctx.draft(item)]


def _register(resource: str) -> None:
    @twin.before(resource, "create")
    def fill(ctx: Ctx, _request: Request | None, record: dict[str, Any]) -> None:
        every = bool(ctx.options.get("materialise"))
        if resource in SUBLISTS or every:
            _fill(resource, record, every)
        if every:
            _item(ctx, resource, record)


for _resource in (*SUBLISTS, *MADE_UP):
    _register(_resource)
