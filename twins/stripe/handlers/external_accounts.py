"""Bank accounts and debit cards that connected accounts are paid out to.

Source: https://docs.stripe.com/api/external_accounts. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import accounts, errors, listing, lookup, twin
from twins.stripe.handlers import connecting, payees

DEFAULT = (
    "You cannot delete the default external account for your default currency. Please make another external account "
    "the default using the `default_for_currency` param, and then delete this one."
)
"""As quoted by several integrations, such as https://github.com/stripe/stripe-dotnet and its forks."""
NAMES = ("account_holder_name", "account_holder_type", "account_type", "exp_month", "exp_year", "name")
ADDRESS = ("address_city", "address_country", "address_line1", "address_line2", "address_state", "address_zip")


def _tell(ctx: Ctx, held: dict[str, Any], word: str, previous: dict[str, Any] | None = None) -> None:
    with accounts.acting(ctx, held["account"]):
        ctx.emit(f"account.external_account.{word}", held, previous=previous)


def _one(ctx: Ctx, request: Request) -> dict[str, Any]:
    account, id = connecting.own(ctx, request, request.path["account"]), request.path["id"]
    found = ctx.store.find(payees.RESOURCE, id)
    if found is None or found["account"] != account["id"]:
        raise errors.error(404, f"No such external account: '{id}'", code="resource_missing", param="id")
    return found


@twin.handler("PostAccountsAccountExternalAccounts", "PostAccountsAccountBankAccounts")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A bank account or debit card that an account can be paid out to."""
    params = request.body or {}
    account = connecting.own(ctx, request, request.path["account"])
    given = params.get("external_account") or params.get("bank_account")
    if not given:
        raise errors.missing("external_account")
    held = payees.add(ctx, account, given, params.get("default_for_currency"), params.get("metadata"))
    _tell(ctx, held, "created")
    connecting.judge(ctx, account["id"])
    return held


@twin.handler("GetAccountsAccountExternalAccounts")
@lookup.modelled
def list_all(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The external accounts of an account, of one kind where `object` says so."""
    where = [Filter("account", "=", connecting.own(ctx, request, request.path["account"])["id"])]
    if request.query.get("object"):
        where.append(Filter("object", "=", request.query["object"]))
    return listing.page(ctx, request, payees.RESOURCE, where)


@twin.handler("GetAccountsAccountExternalAccountsId", "GetAccountsAccountBankAccountsId")
@lookup.modelled
def retrieve(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One of them."""
    return _one(ctx, request)


@twin.handler("PostAccountsAccountExternalAccountsId", "PostAccountsAccountBankAccountsId")
@lookup.modelled
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change its holder, address, metadata, or make it the default of its currency."""
    params, held = request.body or {}, _one(ctx, request)
    changes = lookup.changed(held, params, *[name for name in (*NAMES, *ADDRESS) if name in held])
    if params.get("default_for_currency"):
        changes["default_for_currency"] = True
    before = {name: held.get(name) for name in changes if held.get(name) != changes[name]}
    after = ctx.store.update(payees.RESOURCE, held["id"], **changes)
    if "default_for_currency" in changes:
        payees.only_default(ctx, after)
    if before:
        _tell(ctx, after, "updated", before)
    connecting.judge(ctx, after["account"])
    return after


@twin.handler("DeleteAccountsAccountExternalAccountsId", "DeleteAccountsAccountBankAccountsId")
@lookup.modelled
def delete(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Remove one that is not the default of the account's currency."""
    held = _one(ctx, request)
    account = ctx.store.get("account", held["account"])
    if held["default_for_currency"] and held["currency"] == account["default_currency"]:
        raise errors.invalid(DEFAULT)
    ctx.store.delete(payees.RESOURCE, held["id"])
    _tell(ctx, held, "deleted")
    connecting.judge(ctx, account["id"])
    return {"id": held["id"], "object": held["object"], "deleted": True, "currency": held["currency"]}
