"""Treasury: financial accounts, what they hold and the transactions that say why.

Source: https://docs.stripe.com/api/treasury/financial_accounts, /treasury/transactions. Imports: the kit's public
names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import errors, listing, lookup, twin

ACCOUNT, TRANSACTION = "treasury.financial_account", "treasury.transaction"
NOTHING = {"cash": 0, "inbound_pending": 0, "outbound_pending": 0}
CLOSED = "This FinancialAccount is closed."
NOT_EMPTY = "A FinancialAccount can only be closed when its balance is zero."
FEATURES: Mapping[str, tuple[str, ...]] = {
    "card_issuing": (),
    "deposit_insurance": (),
    "financial_addresses": ("aba",),
    "inbound_transfers": ("ach",),
    "intra_stripe_flows": (),
    "outbound_payments": ("ach", "us_domestic_wire"),
    "outbound_transfers": ("ach", "us_domestic_wire"),
}
"""Feature → its parts."""


def _toggle(asked: Any) -> dict[str, Any] | None:
    wanted = isinstance(asked, Mapping) and bool(asked.get("requested"))
    return {"requested": True, "status": "active", "status_details": []} if wanted else None


def _features(given: Any, current: Mapping[str, Any]) -> dict[str, Any]:
    """The features of an account after a request."""
    told: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    shown = dict(current)
    for name, parts in FEATURES.items():
        asked = told.get(name)
        if not isinstance(asked, Mapping):
            continue
        found = {part: _toggle(asked.get(part)) for part in parts} if parts else {"": _toggle(asked)}
        kept = {part: toggle for part, toggle in found.items() if toggle}
        shown[name] = {**(shown.get(name) or {}), **kept} if parts else kept.get("")
        if not shown[name]:
            del shown[name]
    return shown


def _active(features: Mapping[str, Any]) -> list[str]:
    """Names of the features that are on, in dots."""
    names = []
    for name, found in features.items():
        names += [f"{name}.{part}" for part in found] if FEATURES[name] else [name]
    return sorted(names)


def _shown(ctx: Ctx, record: dict[str, Any], features: dict[str, Any]) -> dict[str, Any]:
    """An account with what its features bring."""
    active = _active(features)
    addresses = record["financial_addresses"]
    if "financial_addresses.aba" in active and not addresses:
        number = ctx.token("digits", 12)
        aba = {
            "account_holder_name": "Jenny Rosen",
            "account_number": None,
            "account_number_last4": number[-4:],
            "bank_name": "Stripe Test Bank",
            "routing_number": "000000001",
        }
        addresses = [{"aba": aba, "supported_networks": ["ach", "us_domestic_wire"], "type": "aba"}]
    kept = {"object": "treasury.financial_account_features", **features}
    return {**record, "active_features": active, "features": kept, "financial_addresses": addresses}


@twin.handler("PostTreasuryFinancialAccounts")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """An account that holds nothing yet; its features are active at once."""
    params = request.body or {}
    record: dict[str, Any] = {
        "id": ctx.new_id(ACCOUNT),
        "object": ACCOUNT,
        "balance": {name: dict.fromkeys(params["supported_currencies"], 0) for name in NOTHING},
        "country": "US",
        "created": ctx.now,
        "financial_addresses": [],
        "livemode": False,
        "metadata": lookup.metadata({}, params.get("metadata")),
        "nickname": lookup.unset(params.get("nickname")),
        "pending_features": [],
        "platform_restrictions": {
            "inbound_flows": "unrestricted",
            "outbound_flows": "unrestricted",
            **(params.get("platform_restrictions") or {}),
        },
        "restricted_features": [],
        "status": "open",
        "status_details": {"closed": None},
        "supported_currencies": list(params["supported_currencies"]),
    }
    record = lookup.ordered(_shown(ctx, record, _features(params.get("features"), {})))
    ctx.store.insert(ACCOUNT, record, created=ctx.micros)
    ctx.emit("treasury.financial_account.created", record)
    return record


def _open(ctx: Ctx, request: Request) -> dict[str, Any]:
    found = lookup.in_path(ctx, ACCOUNT, request.path["financial_account"], "financial_account")
    if found["status"] != "open":
        raise errors.invalid(CLOSED)
    return found


def _own(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found["features"].items() if name != "object"}


def _refeatured(ctx: Ctx, found: dict[str, Any], given: Any) -> dict[str, Any]:
    changed = _shown(ctx, found, _features(given, _own(found)))
    ctx.store.replace(ACCOUNT, found["id"], changed)
    if changed["active_features"] != found["active_features"]:
        ctx.emit("treasury.financial_account.features_status_updated", changed)
    return changed


@twin.handler("PostTreasuryFinancialAccountsFinancialAccount")
@lookup.modelled
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change its name, metadata, restrictions, features."""
    params, found = request.body or {}, _open(ctx, request)
    changes = lookup.changed(found, params, "nickname")
    if isinstance(params.get("platform_restrictions"), Mapping):
        changes["platform_restrictions"] = {**found["platform_restrictions"], **params["platform_restrictions"]}
    found = ctx.store.update(ACCOUNT, found["id"], **changes) if changes else found
    return _refeatured(ctx, found, params["features"]) if "features" in params else found


@twin.handler("GetTreasuryFinancialAccountsFinancialAccountFeatures")
@lookup.modelled
def features(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The features of an account."""
    found = lookup.in_path(ctx, ACCOUNT, request.path["financial_account"], "financial_account")
    kept: dict[str, Any] = found["features"]
    return kept


@twin.handler("PostTreasuryFinancialAccountsFinancialAccountFeatures")
@lookup.modelled
def update_features(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Turn features on or off."""
    kept: dict[str, Any] = _refeatured(ctx, _open(ctx, request), request.body or {})["features"]
    return kept


@twin.handler("PostTreasuryFinancialAccountsFinancialAccountClose")
@lookup.modelled
def close(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Close an account that holds nothing."""
    found = _open(ctx, request)
    if any(amount for part in found["balance"].values() for amount in part.values()):
        raise errors.invalid(NOT_EMPTY)
    changes = {"status": "closed", "status_details": {"closed": {"reasons": ["account_closed"]}}}
    return ctx.update(ACCOUNT, found["id"], changes, event="treasury.financial_account.closed")


# the ledger -----------------------------------------------------------------------------------------------------------


def account_of(ctx: Ctx, params: Mapping[str, Any]) -> dict[str, Any]:
    """The open account that a flow names. Raises 400."""
    found = lookup.record(ctx, ACCOUNT, params["financial_account"], "financial_account")
    if found["status"] != "open":
        raise errors.invalid(CLOSED, "financial_account")
    return found


def cash(ctx: Ctx, account: str, currency: str) -> int:
    """What an account can spend."""
    return int(ctx.store.get(ACCOUNT, account)["balance"]["cash"].get(currency, 0))


def post(ctx: Ctx, flow: Mapping[str, Any], amount: int, impact: Mapping[str, int], status: str) -> str:
    """Write a transaction of a flow, `posted` or `open`; its id."""
    kind = str(flow["object"]).removeprefix("treasury.")
    record = {
        "id": ctx.new_id(TRANSACTION),
        "object": TRANSACTION,
        "amount": amount,
        "balance_impact": {**NOTHING, **impact},
        "created": ctx.now,
        "currency": flow["currency"],
        "description": flow.get("description") or kind.replace("_", " ").capitalize(),
        "entries": None,
        "financial_account": flow["financial_account"],
        "flow": flow["id"],
        "flow_type": kind,
        "livemode": False,
        "status": status,
        "status_transitions": {"posted_at": ctx.now if status == "posted" else None, "void_at": None},
    }
    ctx.store.insert(TRANSACTION, record, created=ctx.micros)
    _sum(ctx, str(flow["financial_account"]))
    return str(record["id"])


def move(ctx: Ctx, id: str, impact: Mapping[str, int], status: str) -> None:
    """An open transaction is `posted` or `void`."""
    found = ctx.store.get(TRANSACTION, id)
    at = {"posted_at": ctx.now if status == "posted" else None, "void_at": ctx.now if status == "void" else None}
    changes = {"balance_impact": {**NOTHING, **impact}, "status": status, "status_transitions": at}
    ctx.store.update(TRANSACTION, id, **changes)
    _sum(ctx, found["financial_account"])


def _sum(ctx: Ctx, account: str) -> None:
    """Show in an account what its transactions come to."""
    found = ctx.store.get(ACCOUNT, account)
    sums = {name: dict.fromkeys(found["supported_currencies"], 0) for name in NOTHING}
    for row in ctx.store.select(TRANSACTION, [Filter("financial_account", "=", account)]):
        for name in NOTHING:
            sums[name][row["currency"]] = sums[name].get(row["currency"], 0) + row["balance_impact"][name]
    ctx.store.update(ACCOUNT, account, balance=sums)


def listed(ctx: Ctx, request: Request, resource: str, *names: str) -> dict[str, Any]:
    """The flows or transactions of an account. Raises 400 where the account is not named."""
    query = request.query
    if not query.get("financial_account"):
        raise errors.missing("financial_account")
    where = [Filter(name, "=", query[name]) for name in ("financial_account", "status", *names) if query.get(name)]
    return listing.page(ctx, request, resource, [*where, *listing.ranges(query, "created")])


@twin.handler("GetTreasuryTransactions")
@lookup.modelled
def transactions(ctx: Ctx, request: Request) -> dict[str, Any]:
    """What moved the balance of an account."""
    return listed(ctx, request, TRANSACTION)
