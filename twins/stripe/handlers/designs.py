"""What issued cards look like: physical bundles, personalization designs and their review.

Sources: https://docs.stripe.com/api/issuing/personalization_designs, /issuing/cards/physical/issue-cards. Imports: the
kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import errors, listing, lookup, twin

DESIGN, BUNDLE = "issuing.personalization_design", "issuing.physical_bundle"
TEXTS = ("footer_body", "footer_title", "header_body", "header_title")
BUNDLES = [
    {
        "id": "ics_TwinkitStandard",
        "object": BUNDLE,
        "features": {"card_logo": "optional", "carrier_text": "optional", "second_line": "unsupported"},
        "livemode": False,
        "name": "Standard",
        "status": "active",
        "type": "standard",
    }
]
"""What every account may order its cards with."""


@twin.handler("GetIssuingPhysicalBundles")
@lookup.modelled
def bundles(ctx: Ctx, request: Request) -> dict[str, Any]:
    """What cards can be made of."""
    query = request.query
    names = ("status", "type")
    rows = [row for row in BUNDLES if all(query.get(name) in (None, row[name]) for name in names)]
    return listing.sliced(request, rows, BUNDLE)


@twin.handler("GetIssuingPhysicalBundlesPhysicalBundle")
@lookup.modelled
def bundle(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One bundle."""
    return _bundle(request.path["physical_bundle"], path=True)


def _bundle(id: str, *, path: bool) -> dict[str, Any]:
    found = next((row for row in BUNDLES if row["id"] == id), None)
    if found is None:
        raise errors.no_such(BUNDLE, id, "physical_bundle", path=path)
    return found


def _values(ctx: Ctx, params: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """What a request makes of a design. Raises 400."""
    values = lookup.changed(before, params, "name")
    if params.get("physical_bundle"):
        values["physical_bundle"] = _bundle(params["physical_bundle"], path=False)["id"]
    if "card_logo" in params:
        given = params["card_logo"]
        values["card_logo"] = lookup.record(ctx, "file", given, "card_logo")["id"] if given else None
    if "carrier_text" in params:
        given = params["carrier_text"]
        values["carrier_text"] = {name: lookup.unset(given.get(name)) for name in TEXTS} if given else None
    if "lookup_key" in params:
        values["lookup_key"] = _key(ctx, params, before)
    if isinstance(params.get("preferences"), Mapping):
        default = bool(params["preferences"]["is_default"])
        if default:
            _undo_default(ctx)
        values["preferences"] = {"is_default": default, "is_platform_default": None}
    return values


def _key(ctx: Ctx, params: Mapping[str, Any], before: Mapping[str, Any]) -> str | None:
    """A lookup key, taken from the design that has it where the request says so. Raises 400."""
    key = params["lookup_key"] or None
    taken = next(ctx.store.select(DESIGN, [Filter("lookup_key", "=", key)]), None) if key else None
    if taken is not None and taken["id"] != before.get("id"):
        if not params.get("transfer_lookup_key"):
            raise errors.invalid(f"Another personalization design ({taken['id']}) uses that lookup key.", "lookup_key")
        ctx.update(DESIGN, taken["id"], {"lookup_key": None}, event="issuing_personalization_design.updated")
    return key


def _undo_default(ctx: Ctx) -> None:
    """One design of an account is its default."""
    for other in list(ctx.store.select(DESIGN, [Filter("preferences.is_default", "=", True)])):
        preferences = {**other["preferences"], "is_default": False}
        ctx.update(DESIGN, other["id"], {"preferences": preferences}, event="issuing_personalization_design.updated")


@twin.handler("PostIssuingPersonalizationDesigns")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new design; one with a logo or a text is reviewed first."""
    params = request.body or {}
    record: dict[str, Any] = {
        "id": ctx.new_id(DESIGN),
        "object": DESIGN,
        "card_logo": None,
        "carrier_text": None,
        "created": ctx.now,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "name": None,
        "physical_bundle": None,
        "preferences": {"is_default": False, "is_platform_default": None},
        "rejection_reasons": {"card_logo": None, "carrier_text": None},
        "status": "inactive",
    }
    record |= _values(ctx, params, record)
    record["status"] = "review" if record["card_logo"] or record["carrier_text"] else "inactive"
    ctx.store.insert(DESIGN, record, created=ctx.micros)
    return record


@twin.handler("PostIssuingPersonalizationDesignsPersonalizationDesign")
@lookup.modelled
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change a design."""
    found = lookup.in_path(ctx, DESIGN, request.path["personalization_design"], "personalization_design")
    changes = _values(ctx, request.body or {}, found)
    return ctx.update(DESIGN, found["id"], changes, event="issuing_personalization_design.updated")


def _reviewed(ctx: Ctx, request: Request, status: str, event: str, **more: Any) -> dict[str, Any]:
    found = lookup.in_path(ctx, DESIGN, request.path["personalization_design"], "personalization_design")
    none = {"card_logo": None, "carrier_text": None}
    changes = {"rejection_reasons": none, "status": status, **more}
    return ctx.update(DESIGN, found["id"], changes, event=f"issuing_personalization_design.{event}")


@twin.handler("PostTestHelpersIssuingPersonalizationDesignsPersonalizationDesignActivate")
@lookup.modelled
def activate(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The review is passed."""
    return _reviewed(ctx, request, "active", "activated")


@twin.handler("PostTestHelpersIssuingPersonalizationDesignsPersonalizationDesignDeactivate")
@lookup.modelled
def deactivate(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The design is not used any more."""
    return _reviewed(ctx, request, "inactive", "deactivated")


@twin.handler("PostTestHelpersIssuingPersonalizationDesignsPersonalizationDesignReject")
@lookup.modelled
def reject(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The review is not passed."""
    given = (request.body or {})["rejection_reasons"]
    reasons = {name: given.get(name) or None for name in ("card_logo", "carrier_text")}
    return _reviewed(ctx, request, "rejected", "rejected", rejection_reasons=reasons)
