"""Billing credits: grants to customers, what is left of them, and what invoices of usage take from them.

Sources: https://docs.stripe.com/billing/subscriptions/usage-based/billing-credits,
https://docs.stripe.com/api/billing/credit-grant, /billing/credit-balance-summary, /billing/credit-balance-transaction.
Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import errors, listing, lookup, twin
from twins.stripe.billing import totals
from twins.stripe.handlers import charges, clocks, cycle, invoicing

GRANT = "billing.credit_grant"
CHANGE = "billing.credit_balance_transaction"
PRIORITY = 50
"""Priority of a grant that names none; lower numbers are used first."""


def _money(value: int, currency: str) -> dict[str, Any]:
    return {"monetary": {"currency": currency, "value": value}, "type": "monetary"}


def _sums(grant: Mapping[str, Any]) -> tuple[int, str]:
    amount = grant["amount"]["monetary"]
    return int(amount["value"]), str(amount["currency"])


# grants --------------------------------------------------------------------------------------------------------------


@twin.handler("PostBillingCreditGrants")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new grant; its credit counts from when it is effective until it expires."""
    params = request.body or {}
    if not params.get("customer"):
        raise errors.missing("customer")
    customer = lookup.record(ctx, "customer", params["customer"], "customer")
    given = params["amount"].get("monetary")
    if not given:
        raise errors.missing("amount[monetary]")
    if int(given["value"]) <= 0:
        raise errors.too_small("amount[monetary][value]", 1)
    at = clocks.now(ctx, customer)
    effective, ends = int(params.get("effective_at") or at), params.get("expires_at")
    if ends and int(ends) <= max(at, effective):
        raise errors.invalid("`expires_at` must be after `effective_at` and in the future.", "expires_at")
    record: dict[str, Any] = {
        "id": ctx.new_id(GRANT),
        "object": GRANT,
        "amount": _money(int(given["value"]), charges.check_currency(given["currency"])),
        "applicability_config": {"scope": _scope(ctx, params["applicability_config"]["scope"])},
        "category": params.get("category") or "paid",
        "created": at,
        "customer": customer["id"],
        "customer_account": None,
        "effective_at": effective,
        "expires_at": ends,
        "livemode": False,
        "metadata": lookup.metadata({}, params.get("metadata")),
        "name": params.get("name"),
        "priority": PRIORITY if params.get("priority") is None else params["priority"],
        "test_clock": customer.get("test_clock"),
        "updated": at,
        "voided_at": None,
    }
    ctx.store.insert(GRANT, record, created=ctx.micros)
    ctx.emit("billing.credit_grant.created", record)
    granted = {"amount": record["amount"], "credits_application_invoice_voided": None, "type": "credits_granted"}
    _change(ctx, record, effective, credit=granted)
    _plan(ctx, record)
    return record


def _scope(ctx: Ctx, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a grant can pay for: all metered prices, or some. Raises 400."""
    if given.get("prices"):
        for place, each in enumerate(given["prices"]):
            lookup.record(ctx, "price", each["id"], f"applicability_config[scope][prices][{place}][id]")
        return {"prices": [{"id": each["id"]} for each in given["prices"]]}
    return {"price_type": given.get("price_type") or "metered"}


def _change(ctx: Ctx, grant: Mapping[str, Any], at: int, *, credit: Any = None, debit: Any = None) -> dict[str, Any]:
    """Change what is left of a grant, and tell of it."""
    record = {
        "id": ctx.new_id(CHANGE),
        "object": CHANGE,
        "created": clocks.now(ctx, grant["customer"]),
        "credit": credit,
        "credit_grant": grant["id"],
        "debit": debit,
        "effective_at": at,
        "livemode": False,
        "test_clock": grant["test_clock"],
        "type": "credit" if credit else "debit",
    }
    ctx.store.insert(CHANGE, record, created=ctx.micros)
    ctx.emit("billing.credit_balance_transaction.created", record)
    return record


def _changes(ctx: Ctx, grant: str) -> list[dict[str, Any]]:
    return list(ctx.store.select(CHANGE, [Filter("credit_grant", "=", grant)]))


def left(ctx: Ctx, grant: Mapping[str, Any], at: int | None = None) -> int:
    """What is left of a grant, of what is effective at a time where one is given."""
    total = 0
    for row in _changes(ctx, str(grant["id"])):
        if at is None or row["effective_at"] <= at:
            part, sign = (row["credit"], 1) if row["credit"] else (row["debit"], -1)
            total += sign * int(part["amount"]["monetary"]["value"])
    return total


def _plan(ctx: Ctx, grant: Mapping[str, Any]) -> None:
    if grant["expires_at"]:
        data = {"grant": grant["id"], "at": grant["expires_at"]}
        clocks.later(ctx, grant["customer"], "credit_expires", data, int(grant["expires_at"]))


@clocks.work("credit_expires")
def expires(ctx: Ctx, data: dict[str, Any]) -> None:
    """A grant's time is over."""
    grant = ctx.store.find(GRANT, data["grant"])
    if grant is not None and grant["expires_at"] == data["at"]:
        _spend(ctx, grant, "credits_expired")


def _spend(ctx: Ctx, grant: Mapping[str, Any], kind: str) -> None:
    """Take all that is left of a grant away."""
    rest = left(ctx, grant)
    if rest > 0:
        amount = _money(rest, _sums(grant)[1])
        debit = {"amount": amount, "credits_applied": None, "type": kind}
        _change(ctx, grant, clocks.now(ctx, grant["customer"]), debit=debit)


def _one(ctx: Ctx, request: Request) -> dict[str, Any]:
    return lookup.in_path(ctx, GRANT, request.path["id"])


def _over(ctx: Ctx, grant: Mapping[str, Any]) -> bool:
    now = clocks.now(ctx, grant["customer"])
    return bool(grant["voided_at"] or (grant["expires_at"] and grant["expires_at"] <= now))


def _changed(ctx: Ctx, grant: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    values = {**changes, "updated": clocks.now(ctx, grant["customer"])}
    return ctx.update(GRANT, str(grant["id"]), values, event="billing.credit_grant.updated")


@twin.handler("PostBillingCreditGrantsId")
@lookup.modelled
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change when a grant expires, and its metadata."""
    grant = _one(ctx, request)
    changed = _changed(ctx, grant, lookup.changed(grant, request.body or {}, "expires_at"))
    _plan(ctx, changed)
    return changed


def _ended(ctx: Ctx, request: Request, stamp: str, type: str) -> dict[str, Any]:
    """A grant that is over from now on: when stands at `stamp`, what is left goes as `type`. Raises 400 when it was."""
    grant = _one(ctx, request)
    if _over(ctx, grant):
        raise errors.invalid("This credit grant is already expired or voided.")
    changed = _changed(ctx, grant, {stamp: clocks.now(ctx, grant["customer"])})
    _spend(ctx, changed, type)
    return changed


@twin.handler("PostBillingCreditGrantsIdExpire")
@lookup.modelled
def expire(ctx: Ctx, request: Request) -> dict[str, Any]:
    """End a grant now."""
    return _ended(ctx, request, "expires_at", "credits_expired")


@twin.handler("PostBillingCreditGrantsIdVoid")
@lookup.modelled
def void(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Take a grant back."""
    return _ended(ctx, request, "voided_at", "credits_voided")


@twin.handler("GetBillingCreditGrants")
@lookup.modelled
def list_all(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Grants, all or a customer's."""
    customer = request.query.get("customer")
    return listing.page(ctx, request, GRANT, [Filter("customer", "=", customer)] if customer else [])


# balances ------------------------------------------------------------------------------------------------------------


@twin.handler("GetBillingCreditBalanceSummary")
@lookup.modelled
def summary(ctx: Ctx, request: Request) -> dict[str, Any]:
    """What is left of a customer's grants, or of one, by currency."""
    query = request.query
    if not query.get("customer"):
        raise errors.missing("customer")
    customer = lookup.record(ctx, "customer", query["customer"], "customer")
    asked = query["filter"]
    grants = [grant for grant in _grants(ctx, customer["id"]) if _within(grant, asked)]
    now = clocks.now(ctx, customer)
    found: dict[str, list[int]] = {}
    for grant in grants:
        sums = found.setdefault(_sums(grant)[1], [0, 0])
        sums[0] += left(ctx, grant, now)
        sums[1] += left(ctx, grant)
    balances = [
        {"available_balance": _money(available, currency), "ledger_balance": _money(ledger, currency)}
        for currency, (available, ledger) in found.items()
    ]
    return {
        "object": "billing.credit_balance_summary",
        "balances": balances,
        "customer": customer["id"],
        "customer_account": None,
        "livemode": False,
    }


def _within(grant: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    """Whether a grant is one that a summary asks for."""
    if asked["type"] == "credit_grant":
        return bool(grant["id"] == asked.get("credit_grant"))
    prices = {each["id"] for each in (asked.get("applicability_scope") or {}).get("prices") or ()}
    own = {each["id"] for each in grant["applicability_config"]["scope"].get("prices") or ()}
    return bool(prices & own) if prices and own else not own or not prices


def _grants(ctx: Ctx, customer: str) -> list[dict[str, Any]]:
    """A customer's grants in the order that they are used in."""
    rows = list(ctx.store.select(GRANT, [Filter("customer", "=", customer)]))[::-1]
    far = float("inf")
    return sorted(
        rows,
        key=lambda row: (
            row["priority"], row["expires_at"] or far, row["category"] != "promotional", row["effective_at"],
            row["created"],
        ),
    )  # fmt: skip


@twin.handler("GetBillingCreditBalanceTransactions")
@lookup.modelled
def list_changes(ctx: Ctx, request: Request) -> dict[str, Any]:
    """What changed a customer's grants, or one of them."""
    query = request.query
    ids = [query["credit_grant"]] if query.get("credit_grant") else None
    if query.get("customer"):
        owned = [grant["id"] for grant in _grants(ctx, query["customer"])]
        ids = owned if ids is None else [id for id in ids if id in owned]
    page = listing.page(ctx, request, CHANGE, [] if ids is None else [Filter("credit_grant", "in", ids)])
    return {**page, "url": "/v1/billing/credit_grants/balance_transactions"}


# invoices ------------------------------------------------------------------------------------------------------------


@invoicing.recount
def applied(ctx: Ctx, invoice: dict[str, Any], lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines of a draft that is finalized, those of usage paid from the customer's grants as far as they go."""
    if not ctx.store.count(GRANT) or not any(row.get(cycle.USAGE) for row in lines):
        return lines
    invoicing.sums(ctx, invoice, lines)
    at = clocks.now(ctx, invoice["customer"])
    grants = [grant for grant in _grants(ctx, invoice["customer"]) if not _over(ctx, grant)]
    found = []
    for row in lines:
        rest = int(row["amount"]) - sum(each["amount"] for each in row["discount_amounts"])
        taken = _take(ctx, invoice, row, rest, grants, at) if row.get(cycle.USAGE) and rest > 0 else []
        found.append({**row, totals.CREDITS: taken} if taken else row)
    return found


def _take(
    ctx: Ctx, invoice: Mapping[str, Any], row: Mapping[str, Any], rest: int, grants: Sequence[dict[str, Any]], at: int
) -> list[dict[str, Any]]:
    """What a line takes from grants, the transactions of it made."""
    price, taken = row["pricing"]["price_details"]["price"], []
    for grant in grants:
        own = [each["id"] for each in grant["applicability_config"]["scope"].get("prices") or ()]
        currency = _sums(grant)[1]
        part = min(rest, left(ctx, grant, at))
        if part <= 0 or currency != invoice["currency"] or (own and price not in own):
            continue
        where = {"invoice": invoice["id"], "invoice_line_item": row["id"]}
        debit = {"amount": _money(part, currency), "credits_applied": where, "type": "credits_applied"}
        change = _change(ctx, grant, at, debit=debit)
        taken.append({"amount": part, "credit_balance_transaction": change["id"], "type": "credit_balance_transaction"})
        rest -= part
    return taken


def _given_back(ctx: Ctx, invoice: dict[str, Any], outcome: str) -> None:
    """A void invoice gives back what it took."""
    if outcome != "void":
        return
    for row in invoicing.lines_of(ctx, invoice["id"]):
        for each in row.get(totals.CREDITS) or ():
            change = ctx.store.get(CHANGE, each["credit_balance_transaction"])
            grant = ctx.store.get(GRANT, change["credit_grant"])
            credit = {
                "amount": change["debit"]["amount"],
                "credits_application_invoice_voided": change["debit"]["credits_applied"],
                "type": "credits_application_invoice_voided",
            }
            _change(ctx, grant, clocks.now(ctx, grant["customer"]), credit=credit)


invoicing.LISTENERS.append(_given_back)
