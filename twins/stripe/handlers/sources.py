"""Cards, bank accounts and sources of customers, and Sources by themselves: the older way to save how one pays.

Source: https://docs.stripe.com/api/cards, /customer_bank_accounts, /sources. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, RawJSON, Request
from twins.stripe import errors, facts, listing, lookup, twin
from twins.stripe.facts import Facts
from twins.stripe.handlers import tokens
from twins.stripe.payments import banks, declines, instruments, outcomes

KINDS = ("card", "bank_account")
SAVED = "payment_source"
"""Resource that holds what customers have saved, of every kind."""


def add(ctx: Ctx, customer: dict[str, Any], given: Any, param: str = "source", metadata: Any = None) -> dict[str, Any]:
    """Save a token, a source or card details for a customer. Raises 402 for a card that its bank declines."""
    if isinstance(given, Mapping):
        kind = given.get("object", "card")
        if kind == "bank_account":
            held = tokens.bank_token(ctx, given)["bank_account"]
        else:
            card, exp = tokens.checked_card(ctx, given, "")
            held = tokens.card_token(ctx, card, exp, given)["card"]
    elif str(given).startswith("src_"):
        return _attach_source(ctx, customer, str(given), param)
    else:
        token = tokens.use(ctx, str(given), param)
        held = token.get("card") or token.get("bank_account")
        if held is None:
            raise errors.invalid("You must provide a token that holds a card or a bank account.", param)
    return _save(ctx, customer, dict(held), metadata)


def _save(ctx: Ctx, customer: dict[str, Any], held: dict[str, Any], metadata: Any) -> dict[str, Any]:
    known = facts.load(ctx, held["id"])
    if known.card and known.card.decline and known.card.decline_at == "attach":
        raise outcomes.refused_card(declines.DECLINES[known.card.decline])
    if known.card:
        where = {"line1": held.get("address_line1"), "postal_code": held.get("address_zip")}
        checked = instruments.checks(known.card, cvc=known.cvc, details={"address": where}, done=True)
        held["address_line1_check"] = checked["address_line1_check"]
        held["address_zip_check"] = checked["address_postal_code_check"]
        held["cvc_check"] = checked["cvc_check"]
    held["customer"] = customer["id"]
    held["metadata"] = lookup.metadata({}, metadata)
    ctx.store.insert(SAVED, held, created=ctx.micros)
    ctx.emit("customer.source.created", held)
    return held


def _attach_source(ctx: Ctx, customer: dict[str, Any], id: str, param: str) -> dict[str, Any]:
    source = lookup.record(ctx, "source", id, param)
    source["customer"] = customer["id"]
    ctx.store.replace("source", id, source)
    ctx.store.insert(SAVED, source, created=ctx.micros)
    ctx.emit("customer.source.created", source)
    return source


def _owner(ctx: Ctx, request: Request) -> dict[str, Any]:
    return lookup.in_path(ctx, "customer", request.path["customer"], "customer")


def _saved(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The saved source that the path names, of the customer that it names."""
    customer, id = request.path["customer"], request.path["id"]
    found = ctx.store.find(SAVED, id)
    if found is not None and ctx.options.get("materialise") and not _fits(found, request):
        ctx.store.delete(SAVED, id)
        found = None
    if found is None and ctx.options.get("materialise"):
        return _made_up(ctx, request, lookup.materialised(ctx, SAVED, id) or {})
    if found is None or found.get("customer") != customer:
        _owner(ctx, request)
        raise errors.no_such("source", id)
    return found


def _fits(held: Mapping[str, Any], request: Request) -> bool:
    kind = {"cards": "card", "bank_accounts": "bank_account"}
    return next((held["object"] == kind[part] for part in request.url_path.split("/") if part in kind), True)


def _made_up(ctx: Ctx, request: Request, held: dict[str, Any]) -> dict[str, Any]:
    """A made-up source of the kind that the path asks for."""
    held = {**held, "customer": request.path["customer"]}
    if "/bank_accounts" in request.url_path:
        bank = banks.bank_of("us_bank_account", "000123456789")
        held = {"id": held["id"], **tokens.bank_account(bank, {}), "customer": held["customer"]}
    ctx.store.replace(SAVED, held["id"], held)
    return held


@twin.handler("PostCustomersCustomerSources", "PostCustomersCustomerCards", "PostCustomersCustomerBankAccounts")
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Save a source for a customer; the first one becomes the default."""
    params, customer = request.body or {}, _owner(ctx, request)
    given = params.get("source") or params.get("card") or params.get("bank_account")
    if not given:
        raise errors.missing("source")
    held = add(ctx, customer, given, metadata=params.get("metadata"))
    if customer.get("default_source") is None:
        ctx.update("customer", customer["id"], {"default_source": held["id"]})
    return held


@twin.handler("GetCustomersCustomerSources", "GetCustomersCustomerCards", "GetCustomersCustomerBankAccounts")
def list_saved(ctx: Ctx, request: Request) -> dict[str, Any]:
    """What a customer has saved, of one kind where `object` says so."""
    customer = _owner(ctx, request)
    kind = request.query.get("object")
    last = request.url_path.rstrip("/").rpartition("/")[2]
    kind = kind or {"cards": "card", "bank_accounts": "bank_account"}.get(last)
    where = [Filter("customer", "=", customer["id"])]
    if kind:
        where.append(Filter("object", "=", kind))
    if ctx.options.get("materialise") and kind in (None, *KINDS) and not ctx.store.list(SAVED, where, limit=1).ids:
        _made_up(ctx, request, ctx.materialise(SAVED))
    return listing.page(ctx, request, SAVED, where)


@twin.handler("GetCustomersCustomerSourcesId", "GetCustomersCustomerCardsId", "GetCustomersCustomerBankAccountsId")
def retrieve(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One of them."""
    return _saved(ctx, request)


@twin.handler("PostCustomersCustomerSourcesId", "PostCustomersCustomerCardsId", "PostCustomersCustomerBankAccountsId")
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change names, addresses, expiry, metadata."""
    params, held = request.body or {}, _saved(ctx, request)
    names = [name for name in params if name in held and name not in ("metadata", "object", "id")]
    changes = lookup.changed(held, params, *names)
    for name in ("exp_month", "exp_year"):
        if name in changes:
            if not str(changes[name]).isdigit():
                raise errors.wrong_type("integer", changes[name], name)
            changes[name] = int(changes[name])
    return ctx.update(SAVED, held["id"], changes, event="customer.source.updated")


@twin.handler(
    "DeleteCustomersCustomerSourcesId", "DeleteCustomersCustomerCardsId", "DeleteCustomersCustomerBankAccountsId"
)
def delete(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Remove it; another one becomes the default."""
    held = _saved(ctx, request)
    ctx.store.delete(SAVED, held["id"])
    ctx.emit("customer.source.deleted", held)
    customer = ctx.store.find("customer", request.path["customer"])
    if customer and customer.get("default_source") == held["id"]:
        rest = ctx.store.list(SAVED, [Filter("customer", "=", customer["id"])], limit=1).ids
        ctx.update("customer", customer["id"], {"default_source": rest[0] if rest else None})
    if held["object"] == "source":
        return held
    return {"id": held["id"], "object": held["object"], "deleted": True, **_currency(held)}


def _currency(held: Mapping[str, Any]) -> dict[str, Any]:
    return {"currency": held["currency"]} if held.get("currency") else {}


@twin.handler("PostCustomersCustomerSourcesIdVerify", "PostCustomersCustomerBankAccountsIdVerify")
def verify(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Verify a bank account by the two amounts sent to it."""
    held, amounts = _saved(ctx, request), (request.body or {}).get("amounts")
    if held["object"] != "bank_account":
        raise errors.invalid("Only bank accounts can be verified.")
    if banks.microdeposits(amounts or [32, 45], None) != "verified":
        text = "The amounts provided do not match the amounts that were sent to the bank account."
        raise errors.invalid(text, "amounts", "bank_account_verification_failed")
    known = facts.load(ctx, held["id"])
    known.verified = True
    facts.save(ctx, held["id"], known)
    return ctx.update(SAVED, held["id"], {"status": "verified"}, event="customer.source.updated")


_TYPES = """
    ach_credit_transfer ach_debit acss_debit alipay au_becs_debit bancontact card card_present eps giropay ideal klarna
    multibanco p24 sepa_debit sofort three_d_secure wechat
"""
TYPES = frozenset(_TYPES.split())
"""Types of Sources in the contract."""

# sources by themselves -----------------------------------------------------------------------------------------------


@twin.handler("PostSources")
def create_source(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A Source: a card by token or details, or another type that waits for the customer."""
    params = request.body or {}
    type = params.get("type") or "card"
    if type not in TYPES:
        raise errors.invalid(f"Invalid source type: {type}", "type")
    id = ctx.new_id("source")
    given = params.get("owner")
    owner: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    record: dict[str, Any] = {
        "id": id,
        "object": "source",
        "allow_redisplay": "unspecified",
        "amount": params.get("amount"),
        "client_secret": f"src_client_secret_{ctx.token('alnum', 24)}",
        "created": ctx.now,
        "currency": params.get("currency"),
        "flow": params.get("flow") or ("none" if type in ("card", "sepa_debit") else "redirect"),
        "livemode": False,
        "metadata": lookup.metadata({}, params.get("metadata")),
        "owner": {
            **{name: owner.get(name) for name in ("address", "email", "name", "phone")},
            **dict.fromkeys(("verified_address", "verified_email", "verified_name", "verified_phone")),
        },
        "statement_descriptor": params.get("statement_descriptor"),
        "status": "chargeable" if type in ("card", "sepa_debit") else "pending",
        "type": type,
        "usage": params.get("usage") or "reusable",
    }
    known = Facts()
    if params.get("token"):
        token = tokens.use(ctx, params["token"], "token")
        known = facts.load(ctx, token["id"])
        if token.get("card"):
            record["card"] = _card(token["card"])
    ctx.store.insert("source", record, created=ctx.micros)
    facts.save(ctx, id, known)
    if record["status"] == "chargeable":
        ctx.emit("source.chargeable", record)
    return record


def _card(held: Mapping[str, Any]) -> dict[str, Any]:
    names = ("address_line1_check", "address_zip_check", "brand", "country", "cvc_check", "dynamic_last4", "exp_month")
    more = ("exp_year", "fingerprint", "funding", "last4", "name", "tokenization_method")
    return {**{name: held.get(name) for name in (*names, *more)}, "three_d_secure": "optional"}


@twin.handler("GetSourcesSource")
def retrieve_source(ctx: Ctx, request: Request) -> RawJSON | dict[str, Any]:
    """One Source."""
    return lookup.shown(ctx, "source", request.path["source"], "source")


@twin.handler("PostSourcesSource")
def update_source(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change metadata and owner."""
    params = request.body or {}
    source = lookup.in_path(ctx, "source", request.path["source"], "source")
    changes = lookup.changed(source, params)
    if isinstance(params.get("owner"), Mapping):
        changes["owner"] = {**(source.get("owner") or {}), **params["owner"]}
    return ctx.update("source", source["id"], changes, event="")
