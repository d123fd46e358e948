"""What customers may answer when they are asked why they cancel.

Source: https://docs.stripe.com/api/billing/feedback_option. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import errors, listing, lookup, twin

OPTION = "billing.feedback_option"


@twin.handler("PostBillingFeedbackOptions")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new answer."""
    record = {
        "id": ctx.new_id(OPTION),
        "object": OPTION,
        "description": (request.body or {})["description"],
        "livemode": False,
        "status": "active",
        "status_transitions": {"deactivated_at": None},
    }
    ctx.store.insert(OPTION, record, created=ctx.micros)
    return record


@twin.handler("GetBillingFeedbackOptions")
@lookup.modelled
def list_all(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The answers there are, of a status."""
    status = request.query.get("status")
    return listing.page(ctx, request, OPTION, [Filter("status", "=", status)] if status else [])


@twin.handler("PostBillingFeedbackOptionsIdDeactivate")
@lookup.modelled
def deactivate(ctx: Ctx, request: Request) -> dict[str, Any]:
    """An answer that nobody can give any more."""
    found = lookup.in_path(ctx, OPTION, request.path["id"])
    if found["status"] == "inactive":
        raise errors.invalid("This feedback option is already inactive.")
    changes = {"status": "inactive", "status_transitions": {"deactivated_at": ctx.now}}
    return ctx.update(OPTION, found["id"], changes, event="")
