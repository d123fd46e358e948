"""Tax ids of customers and of the account: their form, and the verification that test values bring about.

Source: https://docs.stripe.com/billing/customer/tax-ids, /api/tax_ids. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import accounts, errors, listing, lookup, twin

FORMS: Mapping[str, str] = {
    "au_abn": r"\d{11}",
    "ca_bn": r"\d{9}",
    "ch_vat": r"CHE-?\d{3}\.?\d{3}\.?\d{3} ?(MWST|TVA|IVA)",
    "eu_vat": r"[A-Z]{2}[A-Z0-9]{2,12}",
    "gb_vat": r"(GB)?\d{9}(\d{3})?|GB(GD|HA)\d{3}",
    "in_gst": r"\d{2}[A-Z0-9]{13}",
    "jp_cn": r"\d{13}",
    "us_ein": r"\d{2}-?\d{7}",
}
"""Type → form of its values, for the types that are checked."""
VERIFIED = ("au_abn", "eu_vat", "gb_vat")
OUTCOMES: Mapping[str, str] = {"000000000": "verified", "111111111": "unverified"}
"""Part of a test value → how its verification ends; others stay pending."""
SECOND = 1


def country(type: str, value: str) -> str | None:
    """The country of a tax id: that of its type, or the one its value begins with."""
    word = type[:2].upper()
    if word != "EU":
        return word
    return "GR" if value[:2] == "EL" else value[:2] if value[:2].isalpha() else None


def check(type: str, value: str) -> None:
    """Raise 400 for a value that has not the form of its type."""
    form = FORMS.get(type)
    if form and not re.fullmatch(form, value.replace(" ", "") if type != "ch_vat" else value, re.IGNORECASE):
        raise errors.invalid(f"Invalid value for {type}.", "value", "tax_id_invalid")


def make(ctx: Ctx, given: Mapping[str, Any], customer: str | None, owner: dict[str, Any]) -> dict[str, Any]:
    """A new tax id. Raises 400 for a value that has not the form of its type."""
    type, value = str(given["type"]), str(given["value"]).strip()
    check(type, value)
    pending = {"status": "pending", "verified_address": None, "verified_name": None}
    made = {
        "id": ctx.new_id("tax_id"),
        "object": "tax_id",
        "country": country(type, value),
        "created": ctx.now,
        "customer": customer,
        "customer_account": None,
        "livemode": False,
        "owner": owner,
        "type": type,
        "value": value,
        "verification": pending if type in VERIFIED else None,
    }
    ctx.store.insert("tax_id", made, created=ctx.micros)
    ctx.emit("customer.tax_id.created", made)
    outcome = next((end for part, end in OUTCOMES.items() if part in value), "")
    if type in VERIFIED and outcome:
        ctx.schedule("tax_id_verified", {"tax_id": made["id"], "status": outcome}, after=SECOND)
    return made


@accounts.timer("tax_id_verified")
def verified(ctx: Ctx, data: dict[str, Any]) -> None:
    """The verification of a tax id has ended."""
    found = ctx.store.find("tax_id", data["tax_id"])
    if found is not None:
        status = {**found["verification"], "status": data["status"]}
        ctx.update("tax_id", found["id"], {"verification": status}, event="customer.tax_id.updated")


@twin.handler("PostCustomersCustomerTaxIds")
@lookup.modelled
def of_customer(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A tax id of a customer."""
    customer = lookup.in_path(ctx, "customer", request.path["customer"], "customer")
    owner = {"customer": customer["id"], "type": "customer"}
    return make(ctx, request.body or {}, customer["id"], owner)


@twin.handler("PostTaxIds")
@lookup.modelled
def of_owner(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A tax id of the account, or of the customer that `owner` names."""
    params = request.body or {}
    owner = dict(params.get("owner") or {"type": "self"})
    customer = owner.get("customer")
    if customer:
        lookup.record(ctx, "customer", customer, "owner[customer]")
    return make(ctx, params, customer, owner)


@twin.handler("GetTaxIds")
@lookup.modelled
def list_all(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The tax ids of one owner, the account itself unless another is named: https://docs.stripe.com/api/tax_ids/list."""
    owner = request.query.get("owner") or {"type": "self"}
    for kind in ("account", "customer"):
        if owner["type"] == kind and not (owner.get(kind) or owner.get(f"{kind}_account")):
            raise errors.missing(f"owner[{kind}]")
    where = [Filter(f"owner.{name}", "=", value) for name, value in owner.items()]
    return listing.page(ctx, request, "tax_id", where)
