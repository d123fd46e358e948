"""The tax settings of an account.

Source: https://docs.stripe.com/api/tax/settings, /tax/settings-api. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Request
from twins.stripe import locating, lookup, twin
from twins.stripe.payments import instruments


@twin.handler("GetTaxSettings")
@lookup.modelled
def retrieve(ctx: Ctx, _request: Request) -> dict[str, Any]:
    """The settings as they are."""
    return locating.settings(ctx)


@twin.handler("PostTaxSettings")
@lookup.modelled
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change what prices and products without words of their own are taken for, and where the account sells from."""
    params, before = request.body or {}, locating.settings(ctx)
    defaults = {**before["defaults"], **(params.get("defaults") or {})}
    if (params.get("defaults") or {}).get("tax_code"):
        lookup.record(ctx, "tax_code", defaults["tax_code"], "defaults[tax_code]")
    changed = {**before, "defaults": defaults}
    if isinstance(params.get("head_office"), Mapping):
        old = (before["head_office"] or {}).get("address") or {}
        given = params["head_office"]["address"]
        moved = given.get("country", old.get("country")) != old.get("country")
        changed["head_office"] = {"address": instruments.address(given if moved else {**old, **given})}
    if ctx.store.find(locating.SETTINGS, locating.SETTINGS) is None:
        ctx.store.insert(locating.SETTINGS, changed, id=locating.SETTINGS, created=ctx.micros)
    else:
        ctx.store.replace(locating.SETTINGS, locating.SETTINGS, changed)
    previous = {name: before[name] for name in changed if before[name] != changed[name]}
    if previous:
        ctx.emit("tax.settings.updated", changed, previous=previous)
    return changed
