"""Radar: lists of values for rules, and payments that a person should look at.

Source: https://docs.stripe.com/api/radar/value_lists, /radar/value_list_items, /radar/reviews. Imports: the kit's
public names, the twin.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import errors, listing, lookup, twin

LIST, ITEM = "radar.value_list", "radar.value_list_item"
CREATED_BY = "jenny.rosen@example.com"
SHAPES: Mapping[str, str] = {
    "card_bin": r"\d{6,8}",
    "country": r"[A-Za-z]{2}",
    "customer_id": r"cus_\w+",
    "email": r"[^@\s]+@[^@\s]+\.[^@\s]+",
    "ip_address": r"\d{1,3}(\.\d{1,3}){3}|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]+",
}
"""Type of item → what its values look like."""
BAD_VALUE = "Invalid value for a value list of type {type}: {value}"
TAKEN = "A value list with the alias {alias} already exists."
THERE = "This value is already in the value list."
NOT_OPEN = "This review has already been closed."


def _shown(ctx: Ctx, record: dict[str, Any]) -> dict[str, Any]:
    """A list with its first items."""
    url = f"/v1/radar/value_list_items?value_list={record['id']}"
    items = listing.embedded(ctx, ITEM, [Filter("value_list", "=", record["id"])], url)
    return {**record, "list_items": {name: value for name, value in items.items() if name != "total_count"}}


def _check_alias(ctx: Ctx, alias: Any) -> None:
    if ctx.store.list(LIST, [Filter("alias", "=", alias)], limit=1).ids:
        raise errors.invalid(TAKEN.format(alias=alias), "alias")


@twin.handler("PostRadarValueLists")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new list, of texts unless it says otherwise."""
    params = request.body or {}
    _check_alias(ctx, params["alias"])
    record = {
        "id": ctx.new_id(LIST),
        "object": LIST,
        "alias": params["alias"],
        "created": ctx.now,
        "created_by": CREATED_BY,
        "item_type": params.get("item_type") or "string",
        "list_items": listing.empty(""),
        "livemode": False,
        "metadata": lookup.metadata({}, params.get("metadata")),
        "name": params["name"],
    }
    ctx.store.insert(LIST, record, created=ctx.micros)
    return _shown(ctx, record)


@twin.handler("GetRadarValueListsValueList")
@lookup.modelled
def retrieve(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A list with its items."""
    return _shown(ctx, lookup.in_path(ctx, LIST, request.path["value_list"], "value_list"))


@twin.handler("PostRadarValueListsValueList")
@lookup.modelled
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change its alias, name or metadata."""
    params = request.body or {}
    found = lookup.in_path(ctx, LIST, request.path["value_list"], "value_list")
    if params.get("alias") not in (None, found["alias"]):
        _check_alias(ctx, params["alias"])
    return _shown(ctx, ctx.update(LIST, found["id"], lookup.changed(found, params, "alias", "name"), event=""))


@twin.handler("DeleteRadarValueListsValueList")
@lookup.modelled
def delete(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Delete a list with everything in it."""
    found = lookup.in_path(ctx, LIST, request.path["value_list"], "value_list")
    for item in list(ctx.store.select(ITEM, [Filter("value_list", "=", found["id"])])):
        ctx.store.delete(ITEM, item["id"])
    ctx.store.delete(LIST, found["id"])
    return {"id": found["id"], "object": LIST, "deleted": True}


@twin.handler("GetRadarValueLists")
@lookup.modelled
def list_all(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Lists, of an alias, or those that contain a value."""
    query = request.query
    where = [Filter("alias", "=", query["alias"])] if query.get("alias") else []
    if query.get("contains"):
        items = ctx.store.select(ITEM, [Filter("value", "=", query["contains"])])
        where.append(Filter("id", "in", sorted({item["value_list"] for item in items})))
    found = listing.page(ctx, request, LIST, [*where, *listing.ranges(query, "created")])
    rows = [_shown(ctx, ctx.store.get(LIST, row["id"])) for row in lookup.rows(found)]
    return {**found, "data": rows}


@twin.handler("PostRadarValueListItems")
@lookup.modelled
def add(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Put a value into a list. Raises 400 for one that is there, or is not of the list's type."""
    params = request.body or {}
    found = lookup.record(ctx, LIST, params["value_list"], "value_list")
    value = str(params["value"])
    shape = SHAPES.get(found["item_type"])
    if shape and not re.fullmatch(shape, value):
        raise errors.invalid(BAD_VALUE.format(type=found["item_type"], value=value), "value")
    if found["item_type"] != "case_sensitive_string" and not shape:
        value = value.lower() if found["item_type"] == "string" else value
    same = [Filter("value_list", "=", found["id"]), Filter("value", "=", value)]
    if ctx.store.list(ITEM, same, limit=1).ids:
        raise errors.invalid(THERE, "value")
    record = {
        "id": ctx.new_id(ITEM),
        "object": ITEM,
        "created": ctx.now,
        "created_by": CREATED_BY,
        "livemode": False,
        "value": value,
        "value_list": found["id"],
    }
    ctx.store.insert(ITEM, record, created=ctx.micros)
    return record


@twin.handler("GetRadarValueListItems")
@lookup.modelled
def items(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The values of a list."""
    query = request.query
    where = [Filter("value_list", "=", lookup.record(ctx, LIST, query["value_list"], "value_list")["id"])]
    if query.get("value"):
        where.append(Filter("value", "=", query["value"]))
    return listing.page(ctx, request, ITEM, [*where, *listing.ranges(query, "created")])


# reviews -------------------------------------------------------------------------------------------------------------


def open_review(ctx: Ctx, charge: Mapping[str, Any]) -> None:
    """Queue a payment for a person to look at."""
    record = {
        "id": ctx.new_id("review"),
        "object": "review",
        "billing_zip": (charge["billing_details"].get("address") or {}).get("postal_code"),
        "charge": charge["id"],
        "closed_reason": None,
        "created": ctx.now,
        "ip_address": None,
        "ip_address_location": None,
        "livemode": False,
        "open": True,
        "opened_reason": "rule",
        "reason": "rule",
        "session": None,
    }
    if charge["payment_intent"]:
        record["payment_intent"] = charge["payment_intent"]
        ctx.store.update("payment_intent", charge["payment_intent"], review=record["id"])
    ctx.store.insert("review", lookup.ordered(record), created=ctx.micros)
    ctx.store.update("charge", charge["id"], review=record["id"])
    ctx.emit("review.opened", record)


def close_review(ctx: Ctx, review: str, reason: str) -> dict[str, Any]:
    """Close a review: it was approved, or the payment was refunded or disputed."""
    changes = {"open": False, "reason": reason, "closed_reason": reason}
    return ctx.update("review", review, changes, event="review.closed")


def closes(ctx: Ctx, charge: Mapping[str, Any], reason: str) -> None:
    """Close the review of a payment, where one is open."""
    review = ctx.store.find("review", charge["review"]) if charge.get("review") else None
    if review is not None and review["open"]:
        close_review(ctx, review["id"], reason)


@twin.handler("PostReviewsReviewApprove")
@lookup.modelled
def approve(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A person says that the payment is good."""
    review = lookup.in_path(ctx, "review", request.path["review"], "review")
    if not review["open"]:
        raise errors.invalid(NOT_OPEN)
    return close_review(ctx, review["id"], "approved")
