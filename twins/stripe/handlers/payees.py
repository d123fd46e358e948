"""The bank accounts and debit cards of connected accounts: making one, which one is the default, showing them.

Source: https://docs.stripe.com/api/external_accounts. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter
from twins.stripe import errors, listing, lookup
from twins.stripe.handlers import tokens

RESOURCE = "external_account"
EMPTY: Mapping[str, list[str]] = {"currently_due": [], "errors": [], "past_due": [], "pending_verification": []}


def _held(ctx: Ctx, given: Any, param: str) -> dict[str, Any]:
    """The bank account or card that a token or a request describes."""
    if isinstance(given, Mapping):
        if given.get("object") == "card":
            card, exp = tokens.checked_card(ctx, given, "")
            return dict(tokens.card_token(ctx, card, exp, given)["card"])
        return dict(tokens.bank_token(ctx, given)["bank_account"])
    token = tokens.use(ctx, str(given), param)
    held = token.get("bank_account") or token.get("card")
    if held is None:
        raise errors.invalid("You must provide a token that holds a card or a bank account.", param)
    return dict(held)


def of_account(ctx: Ctx, account: str) -> list[dict[str, Any]]:
    """The external accounts of an account, oldest first."""
    return list(ctx.store.select(RESOURCE, [Filter("account", "=", account)], order="oldest"))


def add(ctx: Ctx, account: Mapping[str, Any], given: Any, default: Any = None, metadata: Any = None) -> dict[str, Any]:
    """Keep a new external account; the first of its currency is the default of that."""
    held = _held(ctx, given, "external_account")
    held["account"] = account["id"]
    if held["object"] == "card":
        held["currency"] = held.get("currency") or account["default_currency"]
        held["available_payout_methods"] = ["standard", "instant"]
        held["customer"] = None
    else:
        held["available_payout_methods"] = ["standard"]
        held |= {"future_requirements": dict(EMPTY), "requirements": dict(EMPTY)}
        if isinstance(given, Mapping):
            held["country"] = given.get("country") or account["country"]
            held["currency"] = given.get("currency") or account["default_currency"]
    others = [each for each in of_account(ctx, str(account["id"])) if each["currency"] == held["currency"]]
    held["default_for_currency"] = not others or bool(default)
    held["metadata"] = lookup.metadata({}, metadata)
    held = lookup.ordered(held)
    ctx.store.insert(RESOURCE, held, created=ctx.micros)
    if held["default_for_currency"]:
        only_default(ctx, held)
    return held


def only_default(ctx: Ctx, held: Mapping[str, Any]) -> None:
    """No other account of the currency stays its default."""
    for each in of_account(ctx, str(held["account"])):
        if each["id"] != held["id"] and each["currency"] == held["currency"] and each["default_for_currency"]:
            ctx.store.update(RESOURCE, each["id"], default_for_currency=False)


def shown(ctx: Ctx, account: str) -> dict[str, Any]:
    """`external_accounts` of an account."""
    return listing.counted(of_account(ctx, account), f"/v1/accounts/{account}/external_accounts")
