"""Payment methods: create, attach, detach, and finding the one an intent means — a record, a documented
`pm_card_…` name, or an older card or source.

Source: https://docs.stripe.com/api/payment_methods. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Request
from twins.stripe import errors, facts, lookup, twin
from twins.stripe.facts import Facts
from twins.stripe.handlers import tokens
from twins.stripe.payments import banks, cards, declines, instruments, outcomes
from twins.stripe.payments.banks import TestBank
from twins.stripe.payments.cards import TestCard

BANK_NUMBERS = {
    "us_bank_account": "account_number",
    "sepa_debit": "iban",
    "bacs_debit": "account_number",
    "au_becs_debit": "account_number",
    "acss_debit": "account_number",
    "nz_bank_account": "account_number",
}
"""Type → the property that holds the account number."""
USED = (
    "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared with a "
    "connected account without Customer attachment, or was detached from a Customer. It may not be used again. To use "
    "a PaymentMethod multiple times, you must attach it to a Customer first."
)
ATTACHED = "The payment method you provided has already been attached to a customer."
NOT_ATTACHED = "The payment method you provided is not attached to a customer so detachment is impossible."


def build(ctx: Ctx, type: str, hash: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """A payment method's record, not stored yet."""
    record = {
        "id": ctx.new_id("payment_method"),
        "object": "payment_method",
        "allow_redisplay": given.get("allow_redisplay") or "unspecified",
        "billing_details": instruments.billing_details(given.get("billing_details") or None),
        type: dict(hash),
        "created": ctx.now,
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": lookup.metadata({}, given.get("metadata")),
        "shared_payment_granted_token": None,
        "type": type,
    }
    return record


def _insert(ctx: Ctx, record: dict[str, Any], known: Facts) -> dict[str, Any]:
    ctx.store.insert("payment_method", record, created=ctx.micros)
    facts.save(ctx, record["id"], known)
    return record


def from_card(
    ctx: Ctx, card: TestCard, exp: tuple[int, int], given: Mapping[str, Any], *, cvc: bool = False
) -> dict[str, Any]:
    """A new payment method for a test card."""
    details = instruments.billing_details(given.get("billing_details") or None)
    checked = instruments.checks(card, cvc=cvc, details=details, done=False)
    record = build(ctx, "card", instruments.card_hash(card, exp, checked), given)
    return _insert(ctx, record, Facts(card=card, cvc=cvc))


def from_present(ctx: Ctx, card: TestCard, type: str) -> dict[str, Any]:
    """A new payment method for a card that was presented to a reader."""
    record = build(ctx, type, instruments.present_hash(card, tokens.expiry(ctx)), {})
    return _insert(ctx, record, Facts(card=card, cvc=True, present=True))


def from_bank(ctx: Ctx, bank: TestBank, given: Mapping[str, Any], *, verified: bool = False) -> dict[str, Any]:
    """A new payment method for a test account."""
    if bank.unusable:
        text = "The bank account you provided cannot be used. Please provide another one."
        raise errors.invalid(text, f"{bank.type}[{BANK_NUMBERS[bank.type]}]", "bank_account_unusable")
    record = build(ctx, bank.type, instruments.bank_hash(bank, given.get(bank.type) or {}), given)
    return _insert(ctx, record, Facts(bank=bank, verified=verified or bank.type != "us_bank_account"))


def from_token(ctx: Ctx, id: str, given: Mapping[str, Any], param: str) -> dict[str, Any]:
    """A new payment method for what a token holds."""
    token = tokens.use(ctx, id, param)
    known = facts.load(ctx, token["id"])
    if known.card is None:
        raise errors.invalid(f"The token {id} does not hold a card.", param)
    held = token["card"]
    return from_card(ctx, known.card, (held["exp_month"], held["exp_year"]), given, cvc=known.cvc)


def make(ctx: Ctx, given: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A new payment method from `POST /v1/payment_methods` or `payment_method_data`; `prefix` names the latter."""
    type = given.get("type")
    if not type:
        raise errors.missing(f"{prefix}[type]" if prefix else "type")
    hash = given.get(type)
    own = f"{prefix}[{type}]" if prefix else str(type)
    if type == "card":
        if not isinstance(hash, Mapping):
            raise errors.missing(own)
        if hash.get("token"):
            return from_token(ctx, str(hash["token"]), given, f"{own}[token]")
        card, exp = tokens.checked_card(ctx, hash, "")
        return from_card(ctx, card, exp, given, cvc=bool(hash.get("cvc")))
    if type == "sepa_debit":
        _check_sepa(given, hash, prefix)
    if type in BANK_NUMBERS:
        number = (hash or {}).get(BANK_NUMBERS[type]) if isinstance(hash, Mapping) else None
        if number or not isinstance(hash, Mapping) or not hash.get("financial_connections_account"):
            if not number:
                raise errors.missing(f"{own}[{BANK_NUMBERS[type]}]")
            return from_bank(ctx, banks.bank_of(type, str(number)), given)
        return from_bank(ctx, banks.bank_of(type, "000123456789"), given, verified=True)
    return _insert(ctx, build(ctx, type, hash if isinstance(hash, Mapping) else {}, given), Facts())


def _check_sepa(given: Mapping[str, Any], hash: Any, prefix: str) -> None:
    """Raise 400 for an account without its owner's name and address, or with an IBAN that is none."""
    details = given.get("billing_details")
    for name in ("email", "name"):
        if not (isinstance(details, Mapping) and details.get(name)):
            raise errors.missing(f"{prefix}[billing_details][{name}]" if prefix else f"billing_details[{name}]")
    iban = str(hash.get("iban") or "") if isinstance(hash, Mapping) else ""
    if iban and not banks.is_iban(iban):
        raise errors.invalid("The IBAN you entered is invalid.", "sepa_debit[iban]", "invalid_bank_account_iban")


def named(ctx: Ctx, id: str) -> dict[str, Any] | None:
    """A fresh payment method for a documented `pm_…` name, None for any other id."""
    card = cards.named(id) if id.startswith("pm_card_") else None
    if card is not None:
        return from_card(ctx, card, tokens.expiry(ctx), {}, cvc=True)
    bank = banks.by_name().get(id)
    return from_bank(ctx, bank, _holder(bank), verified=True) if bank else None


def _holder(bank: TestBank) -> dict[str, Any]:
    email = "jenny@example.com" if bank.type in ("sepa_debit", "bacs_debit") else None
    return {"billing_details": {"name": "Jenny Rosen", "email": email}}


def of_source(ctx: Ctx, id: str) -> dict[str, Any] | None:
    """An older card, source or bank account of a customer, seen as a payment method; None when there is none."""
    for resource in ("payment_source", "source"):
        held = ctx.store.find(resource, id)
        if held is None:
            continue
        return {**of_held(ctx, held), "source": held}
    return None


def of_held(ctx: Ctx, held: Mapping[str, Any]) -> dict[str, Any]:
    """An older card, source or bank account, seen as a payment method."""
    known = facts.load(ctx, held["id"])
    if known.card:
        inner = held if held.get("object") == "card" else held.get("card") or {}
        exp = (inner.get("exp_month", 12), inner.get("exp_year", 2034))
        where = {"line1": held.get("address_line1"), "postal_code": held.get("address_zip")}
        details = {"address": where, "name": held.get("name")}
        shown = build(ctx, "card", instruments.card_hash(known.card, exp, {}), {"billing_details": details})
        shown["card"]["checks"] = instruments.checks(known.card, cvc=known.cvc, details=details, done=True)
    else:
        bank = known.bank or banks.bank_of("us_bank_account", "000123456789")
        shown = build(ctx, bank.type, instruments.bank_hash(bank, {}), {})
    return {**shown, "id": held["id"], "customer": held.get("customer")}


def resolve(ctx: Ctx, id: str, param: str = "payment_method") -> dict[str, Any]:
    """The payment method a parameter means. Raises 400 resource_missing."""
    found = ctx.store.find("payment_method", id) or named(ctx, id) or of_source(ctx, id)
    return found or lookup.record(ctx, "payment_method", id, param)


def attach_to(ctx: Ctx, method: dict[str, Any], customer: str, *, check: bool = True) -> dict[str, Any]:
    """The payment method, attached. Raises 402 for a card that its bank declines, 400 for one attached elsewhere."""
    known = facts.load(ctx, method["id"])
    if method.get("customer"):
        if method["customer"] == customer:
            return method
        raise errors.invalid(ATTACHED, code="payment_method_unexpected_state")
    if known.used:
        raise errors.invalid(USED, code="payment_method_unexpected_state")
    if check and known.card and known.card.decline and known.card.decline_at == "attach":
        raise outcomes.refused_card(declines.DECLINES[known.card.decline])
    if ctx.store.find("payment_method", method["id"]) is None:
        return method
    changes: dict[str, Any] = {"customer": customer, **_checked(method, known)}
    return ctx.update("payment_method", method["id"], changes, event="")


def _checked(method: Mapping[str, Any], known: Facts) -> dict[str, Any]:
    """What a card's payment method changes once its bank has checked it."""
    if not known.card or "card" not in method:
        return {}
    checks = instruments.checks(known.card, cvc=known.cvc, details=method["billing_details"], done=True)
    return {} if checks == method["card"]["checks"] else {"card": {**method["card"], "checks": checks}}


def check_card(ctx: Ctx, method: dict[str, Any], known: Facts) -> dict[str, Any]:
    """The payment method with the results of its bank's checks, which any attempt with it brings."""
    changes = _checked(method, known)
    if not changes:
        return method
    if ctx.store.find("payment_method", method["id"]) is None:
        return {**method, **changes}
    return ctx.update("payment_method", method["id"], changes, event="")


@twin.handler("PostPaymentMethods")
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A new payment method."""
    params = request.body or {}
    if params.get("payment_method") and "type" not in params:
        original = lookup.record(ctx, "payment_method", params["payment_method"], "payment_method")
        known = facts.load(ctx, original["id"])
        copy = {**original, "id": ctx.new_id("payment_method"), "customer": None, "created": ctx.now}
        return _insert(ctx, copy, known)
    return make(ctx, params)


@twin.handler("GetPaymentMethodsPaymentMethod")
def retrieve(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A payment method, also an older card or a documented name."""
    id = request.path["payment_method"]
    found = ctx.store.find("payment_method", id) or of_source(ctx, id) or named(ctx, id)
    if found is not None:
        found.pop("source", None)
    return found or lookup.in_path(ctx, "payment_method", id, "payment_method")


@twin.handler("PostPaymentMethodsPaymentMethod")
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change billing details, expiry, metadata."""
    id, params = request.path["payment_method"], request.body or {}
    method = lookup.in_path(ctx, "payment_method", id, "payment_method")
    if not method.get("customer"):
        raise errors.invalid(
            "You must save this PaymentMethod to a customer before you can update it.",
            code="payment_method_unexpected_state",
        )
    changes = lookup.changed(method, params)
    if isinstance(params.get("billing_details"), Mapping):
        changes["billing_details"] = _merged(method["billing_details"], params["billing_details"])
    if params.get("allow_redisplay"):
        changes["allow_redisplay"] = params["allow_redisplay"]
    if isinstance(params.get("card"), Mapping) and "card" in method:
        dates = {name: params["card"][name] for name in ("exp_month", "exp_year") if name in params["card"]}
        networks = {**method["card"]["networks"], **(params["card"].get("networks") or {})}
        changes["card"] = {**method["card"], **dates, "networks": networks}
    if isinstance(params.get("us_bank_account"), Mapping) and "us_bank_account" in method:
        changes["us_bank_account"] = {**method["us_bank_account"], **params["us_bank_account"]}
    return ctx.update("payment_method", id, changes, event="payment_method.updated")


def _merged(current: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(current)
    for name, value in given.items():
        if name == "address" and isinstance(value, Mapping):
            merged[name] = {**(current.get("address") or {}), **{k: lookup.unset(v) for k, v in value.items()}}
        else:
            merged[name] = lookup.unset(value)
    if merged.get("address") is None:
        merged["address"] = instruments.address(None)
    return merged


@twin.handler("PostPaymentMethodsPaymentMethodAttach")
def attach(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Attach a payment method to a customer."""
    id, params = request.path["payment_method"], request.body or {}
    method = ctx.store.find("payment_method", id) or named(ctx, id)
    method = method or lookup.in_path(ctx, "payment_method", id, "payment_method")
    if not params.get("customer"):
        raise errors.invalid("Must provide customer or customer_account.", code="parameter_missing")
    customer = lookup.record(ctx, "customer", params["customer"], "customer")
    attached = attach_to(ctx, method, customer["id"])
    ctx.emit("payment_method.attached", attached)
    return attached


@twin.handler("PostPaymentMethodsPaymentMethodDetach")
def detach(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Detach it for good: it cannot be used again."""
    id = request.path["payment_method"]
    method = lookup.in_path(ctx, "payment_method", id, "payment_method")
    customer = method.get("customer")
    if not customer:
        raise errors.invalid(NOT_ATTACHED, code="payment_method_unexpected_state")
    known = facts.load(ctx, id)
    known.used = True
    facts.save(ctx, id, known)
    detached = ctx.update("payment_method", id, {"customer": None}, event="")
    ctx.emit("payment_method.detached", detached, previous={"customer": customer})
    owner = ctx.store.find("customer", customer)
    settings = (owner or {}).get("invoice_settings") or {}
    if owner and settings.get("default_payment_method") == id:
        ctx.update("customer", customer, {"invoice_settings": {**settings, "default_payment_method": None}})
    return detached
