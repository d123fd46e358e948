"""Financial Connections: sessions in which a customer links bank accounts, and the accounts that were linked.

Source: https://docs.stripe.com/api/financial_connections, https://docs.stripe.com/financial-connections/testing.
Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import accounts, errors, listing, lookup, twin
from twins.stripe.handlers import simulation

SESSION, ACCOUNT = "financial_connections.session", "financial_connections.account"
REFRESHED_AFTER = 5
NOT_ACTIVE = "This account cannot be used: its status is `{status}`."
NOT_PERMITTED = "The account's permissions do not include `{permission}`."
NEEDS: Mapping[str, str] = {"balance": "balances", "ownership": "ownership", "transactions": "transactions"}
"""Feature that can be refreshed → the permission that it needs."""
REFRESH: Mapping[str, str] = {
    "balance": "balance_refresh",
    "ownership": "ownership_refresh",
    "transactions": "transaction_refresh",
}


@twin.handler("PostFinancialConnectionsSessions", "PostLinkAccountSessions")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A session in which somebody may link their accounts."""
    params = request.body or {}
    holder: Mapping[str, Any] = params["account_holder"]
    if holder.get("customer"):
        lookup.record(ctx, "customer", holder["customer"], "account_holder[customer]")
    id = ctx.new_id(SESSION)
    record = {
        "id": id,
        "object": SESSION,
        "account_holder": dict(holder),
        "accounts": listing.empty("/v1/financial_connections/accounts"),
        "client_secret": f"{id}_secret_{ctx.token('alnum', 24)}",
        "filters": {"account_subcategories": None, "countries": ["US"], **(params.get("filters") or {})},
        "livemode": False,
        "permissions": list(params["permissions"]),
        "prefetch": list(params.get("prefetch") or ()),
    }
    if params.get("return_url"):
        record["return_url"] = params["return_url"]
    ctx.store.insert(SESSION, record, created=ctx.micros)
    return record


@twin.control("link_account")
def link_account(ctx: Ctx, payload: Any) -> dict[str, Any]:
    """The customer links an account: `{"session": "fcsess_…", "last4": "6789"}`. Answers the account."""
    session = lookup.in_path(ctx, SESSION, simulation.wanted(ctx, payload, "session"), "session")
    record = {
        "id": ctx.new_id(ACCOUNT),
        "object": ACCOUNT,
        "account_holder": session["account_holder"],
        "account_numbers": None,
        "balance": None,
        "balance_refresh": None,
        "category": "cash",
        "created": ctx.now,
        "display_name": str(payload.get("display_name") or "Success"),
        "institution_name": "StripeBank (OAuth)",
        "last4": str(payload.get("last4") or "6789"),
        "livemode": False,
        "ownership": None,
        "ownership_refresh": None,
        "permissions": session["permissions"],
        "status": "active",
        "subcategory": "checking",
        "subscriptions": [],
        "supported_payment_method_types": ["us_bank_account"],
        "transaction_refresh": None,
    }
    ctx.store.insert(ACCOUNT, record, created=ctx.micros)
    linked = [*session["accounts"]["data"], record]
    ctx.store.update(SESSION, session["id"], accounts={**session["accounts"], "data": linked})
    ctx.emit(f"{ACCOUNT}.created", record)
    for feature in session["prefetch"]:
        _refresh(ctx, record["id"], {"balances": "balance"}.get(feature, feature))
    return ctx.store.get(ACCOUNT, str(record["id"]))


def _account(ctx: Ctx, request: Request) -> dict[str, Any]:
    """An account that is still linked. Raises 400 for another."""
    found = lookup.in_path(ctx, ACCOUNT, request.path["account"], "account")
    if found["status"] != "active":
        raise errors.invalid(NOT_ACTIVE.format(status=found["status"]))
    return found


def _permitted(account: Mapping[str, Any], feature: str) -> None:
    if NEEDS[feature] not in account["permissions"]:
        raise errors.invalid(NOT_PERMITTED.format(permission=NEEDS[feature]), "features")


def _refresh(ctx: Ctx, id: Any, feature: str) -> dict[str, Any]:
    began = {"last_attempted_at": ctx.now, "next_refresh_available_at": None, "status": "pending"}
    if feature == "transactions":
        began["id"] = ctx.new_id("fctxnref_{alnum:24}")
    ctx.schedule("account_refreshed", {"id": id, "feature": feature}, after=REFRESHED_AFTER)
    return ctx.store.update(ACCOUNT, str(id), **{REFRESH[feature]: began})


@accounts.timer("account_refreshed")
def refreshed(ctx: Ctx, data: dict[str, Any]) -> None:
    """The bank has told what was asked of it."""
    found, feature = ctx.store.get(ACCOUNT, data["id"]), data["feature"]
    changes: dict[str, Any] = {REFRESH[feature]: {**(found[REFRESH[feature]] or {}), "status": "succeeded"}}
    if feature == "balance":
        cash = {"available": {"usd": 100_000}}
        changes["balance"] = {"as_of": ctx.now, "cash": cash, "current": {"usd": 100_000}, "type": "cash"}
    if feature == "ownership":
        changes["ownership"] = ctx.new_id("fcaowns_{alnum:24}")
    ctx.update(ACCOUNT, found["id"], changes, event=f"{ACCOUNT}.refreshed_{feature}")


@twin.handler("PostFinancialConnectionsAccountsAccountRefresh", "PostLinkedAccountsAccountRefresh")
@lookup.modelled
def refresh(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Ask the bank for balance, owners or transactions."""
    found = _account(ctx, request)
    for feature in (request.body or {})["features"]:
        _permitted(found, feature)
        found = _refresh(ctx, found["id"], feature)
    return found


def _subscriptions(ctx: Ctx, request: Request, wanted: bool) -> dict[str, Any]:
    found, features = _account(ctx, request), list((request.body or {})["features"])
    for feature in features:
        _permitted(found, {"balances": "balance"}.get(feature, feature))
    rest = [each for each in found["subscriptions"] if each not in features]
    return ctx.update(ACCOUNT, found["id"], {"subscriptions": rest + features if wanted else rest}, event="")


@twin.handler("PostFinancialConnectionsAccountsAccountSubscribe")
@lookup.modelled
def subscribe(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Be told every day."""
    return _subscriptions(ctx, request, True)


@twin.handler("PostFinancialConnectionsAccountsAccountUnsubscribe")
@lookup.modelled
def unsubscribe(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Be told no longer."""
    return _subscriptions(ctx, request, False)


@twin.handler("PostFinancialConnectionsAccountsAccountDisconnect", "PostLinkedAccountsAccountDisconnect")
@lookup.modelled
def disconnect(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The account is linked no longer."""
    found = lookup.in_path(ctx, ACCOUNT, request.path["account"], "account")
    if found["status"] == "disconnected":
        return found
    return ctx.update(ACCOUNT, found["id"], {"status": "disconnected"}, event=f"{ACCOUNT}.disconnected")


@twin.handler("GetFinancialConnectionsAccounts", "GetLinkedAccounts")
@lookup.modelled
def list_all(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The accounts that were linked, of a holder or in a session."""
    query = request.query
    holder: Mapping[str, Any] = query.get("account_holder") or {}
    where = [Filter(f"account_holder.{name}", "=", value) for name, value in holder.items()]
    if query.get("session"):
        session = lookup.record(ctx, SESSION, query["session"], "session")
        where.append(Filter("id", "in", [each["id"] for each in session["accounts"]["data"]]))
    return listing.page(ctx, request, ACCOUNT, where)
