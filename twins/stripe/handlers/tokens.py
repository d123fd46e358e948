"""Tokens: `POST /v1/tokens`, the named `tok_…` of the documentation, and using a token up.

Source: https://docs.stripe.com/api/tokens. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from twinkit import Ctx, Request
from twins.stripe import errors, facts, lookup, twin
from twins.stripe.facts import Facts
from twins.stripe.payments import banks, cards, declines, instruments
from twins.stripe.payments.cards import TestCard


def month_of(ctx: Ctx) -> tuple[int, int]:
    """(year, month) of the instance's time."""
    moment = datetime.fromtimestamp(ctx.now, UTC)
    return moment.year, moment.month


def expiry(ctx: Ctx) -> tuple[int, int]:
    """(month, year) that named test cards expire: this month of next year."""
    year, month = month_of(ctx)
    return month, year + 1


def whole(value: object) -> int:
    """The number of a month or year; 0 for what is none, which is no month and long past."""
    text = str(value)
    return int(text) if re.fullmatch(r"[0-9]{1,4}", text) else 0


def checked_card(ctx: Ctx, given: Mapping[str, Any], prefix: str) -> tuple[TestCard, tuple[int, int]]:
    """The test card and (month, year) of card details. Raises 402 with the service's word for what is wrong."""
    number = str(given.get("number") or "").replace(" ", "").replace("-", "")
    card = cards.card_of(number)
    month, year = (whole(given.get(name)) for name in ("exp_month", "exp_year"))
    cvc = given.get("cvc")
    if card is not None and ctx.options.get("materialise"):
        return card, (month, year)
    code = declines.card_data_error(
        card is not None,
        month,
        year,
        str(cvc) if cvc else None,
        month_of(ctx),
        card is not None and card.brand == "amex",
    )
    if code or card is None:
        message, param = declines.CARD_DATA[code]
        where = f"{prefix}[{param}]" if prefix else param
        raise errors.declined(message, code, param=where if prefix else param)
    return card, (month, year + 2000 if year < 100 else year)


def _store(ctx: Ctx, values: dict[str, Any], known: Facts, id: str | None = None) -> dict[str, Any]:
    record = {
        "object": "token",
        "client_ip": None,
        "created": ctx.now,
        "livemode": False,
        "used": False,
        **values,
    }
    record = {"id": id or ctx.new_id("token"), **record}
    ctx.store.insert("token", record, created=ctx.micros)
    facts.save(ctx, record["id"], known)
    return record


def card_token(ctx: Ctx, card: TestCard, exp: tuple[int, int], given: Mapping[str, Any]) -> dict[str, Any]:
    """A new token for a card."""
    shown = {"id": ctx.new_id("card"), **instruments.card_object(card, exp, given, done=False)}
    known = Facts(card=card, cvc=bool(given.get("cvc")))
    facts.save(ctx, shown["id"], known)
    return _store(ctx, {"type": "card", "card": shown}, known)


def bank_token(ctx: Ctx, given: Mapping[str, Any], *, verified: bool = False) -> dict[str, Any]:
    """A new token for a bank account. Raises 400 for a US routing number that is none."""
    routing = str(given.get("routing_number") or "110000000")
    if (given.get("country") or "US") == "US" and not (routing.isdigit() and len(routing) == 9):
        text = "Routing number must have 9 digits"
        raise errors.invalid(text, "bank_account[routing_number]", "routing_number_invalid")
    bank = banks.bank_of("us_bank_account", str(given.get("account_number") or ""))
    shown = {"id": ctx.new_id("bank_account"), **bank_account(bank, given)}
    known = Facts(bank=bank, verified=verified)
    if verified:
        shown["status"] = "verified"
    facts.save(ctx, shown["id"], known)
    return _store(ctx, {"type": "bank_account", "bank_account": shown}, known)


def bank_account(bank: banks.TestBank, given: Mapping[str, Any]) -> dict[str, Any]:
    """The older `bank_account` object, without its id."""
    return {
        "object": "bank_account",
        "account_holder_name": given.get("account_holder_name"),
        "account_holder_type": given.get("account_holder_type"),
        "account_type": given.get("account_type"),
        "bank_name": "STRIPE TEST BANK",
        "country": given.get("country") or "US",
        "currency": given.get("currency") or "usd",
        "fingerprint": instruments.fingerprint(bank.number),
        "last4": bank.number[-4:],
        "metadata": {},
        "routing_number": given.get("routing_number") or "110000000",
        "status": "new",
    }


@twin.handler("PostTokens")
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A token for a card, a bank account or other details."""
    params = request.body or {}
    card = params.get("card")
    if isinstance(card, Mapping):
        found, exp = checked_card(ctx, card, "card")
        return card_token(ctx, found, exp, card)
    if isinstance(params.get("bank_account"), Mapping):
        return bank_token(ctx, params["bank_account"])
    for kind in ("pii", "person", "account", "cvc_update"):
        if kind in params:
            return _store(ctx, {"type": kind}, Facts())
    if params.get("customer"):
        lookup.record(ctx, "customer", params["customer"], "customer")
        return card_token(ctx, cards.by_name()["visa"], expiry(ctx), {})
    text = "You must supply either a card, customer, PII data, bank account, or account details to create a token."
    raise errors.invalid(text, "card")


def named_token(ctx: Ctx, id: str) -> dict[str, Any] | None:
    """A fresh token for a documented `tok_…` or `btok_…` name, None for any other id."""
    if id in banks.TOKENS:
        return bank_token(ctx, {"account_number": banks.TOKENS[id]}, verified="_verified" in id)
    card = cards.named(id) if id.startswith("tok_") else None
    if card is None:
        return None
    return card_token(ctx, card, expiry(ctx), {})


def use(ctx: Ctx, id: str, param: str) -> dict[str, Any]:
    """The token behind an id, used up. Raises 400 for none, or one that was used before."""
    token = named_token(ctx, id) or lookup.record(ctx, "token", id, param)
    if token["used"]:
        text = f"You cannot use a Stripe token more than once: {id}."
        raise errors.invalid(text, param, "token_already_used")
    return ctx.store.update("token", token["id"], used=True)


@twin.handler("GetTokensToken")
def retrieve(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A token, also a documented one by its name."""
    id = request.path["token"]
    found = ctx.store.find("token", id)
    card = cards.named(id)
    if found is None and card is not None and id.startswith("tok_"):
        return {**card_token(ctx, card, expiry(ctx), {}), "id": id}
    if found is None and id in banks.TOKENS:
        return {**(named_token(ctx, id) or {}), "id": id}
    return found or lookup.in_path(ctx, "token", id, "token")
