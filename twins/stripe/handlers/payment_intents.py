"""PaymentIntents: create, update, confirm, capture, cancel, increment — the machine of `payments.intents` on records.

Source: https://docs.stripe.com/api/payment_intents. Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, RawJSON, Reply, Request
from twins.stripe import errors, lookup, twin, wire
from twins.stripe.handlers import charges, confirming, keys, payment_methods, transferring
from twins.stripe.payments import intents, methods, money

PLAIN = (
    "application_fee_amount",
    "description",
    "on_behalf_of",
    "receipt_email",
    "setup_future_usage",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_data",
    "transfer_group",
)
"""Parameters that become properties of the same name as they are."""
UNSET: Mapping[str, None] = dict.fromkeys(PLAIN)
DEFAULT_TYPES = ("card", "link")
NO_AMOUNT = (
    "The amount must be greater than or equal to the minimum charge amount allowed for your account and the currency "
    "set (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).  If you want to save a Payment "
    "Method for future use without an immediate payment, use a Setup Intent instead: "
    "https://docs.stripe.com/payments/setup-intents"
)


def check_amount(params: Mapping[str, Any], currency: str) -> None:
    """Raise 400 for an amount that cannot be charged."""
    amount = params.get("amount")
    if amount is None:
        raise errors.missing("amount")
    if amount == 0:
        raise errors.invalid(NO_AMOUNT, "amount", "parameter_invalid_integer")
    if amount < 0:
        raise errors.too_small("amount", 1)
    problem = money.amount_error(amount, currency)
    if problem:
        raise errors.invalid(problem[1], "amount", problem[0])


NOT_ACTIVATED = (
    'The payment method type "{type}" is invalid. Please ensure the provided type is activated in your dashboard '
    "(https://dashboard.stripe.com/account/payments/settings) and your account is enabled for any preview features "
    "that you are trying to use."
)
"""As quoted in https://github.com/stripe/stripe-node/issues/1472 and later reports."""
CARD_DESCRIPTOR = (
    "The statement_descriptor parameter is not supported for the payment_method_type `card`. To continue supporting "
    "payment_method_type `card`, please pass in `statement_descriptor_suffix` or remove the `statement_descriptor` "
    "parameter altogether."
)
"""https://support.stripe.com/questions/use-of-the-statement-descriptor-parameter-on-paymentintents-for-card-charges"""


def check_types(ctx: Ctx, params: Mapping[str, Any], currency: str | None, kind: str = "payment_intent") -> None:
    """Raise 400 for a payment method type that does not exist or cannot be paid in the currency."""
    if ctx.options.get("materialise"):
        return
    types = [str(type) for type in params.get("payment_method_types") or ()]
    unknown = next((type for type in types if type not in methods.TYPES), None)
    if unknown is not None:
        raise errors.invalid(NOT_ACTIVATED.format(type=unknown), "payment_method_types", f"{kind}_invalid_parameter")
    barred = methods.not_taken(types, currency) if currency else ""
    if barred:
        named = ", ".join(methods.CURRENCIES[barred])
        text = (
            f"Invalid currency: {currency}. The payment method `{barred}` only supports the following currencies: "
            f"{named}."
        )
        raise errors.invalid(text, "currency", f"{kind}_invalid_parameter")


def check_descriptor(params: Mapping[str, Any], intent: Mapping[str, Any]) -> None:
    """Raise 400 for a whole statement descriptor where the customer may pay by card."""
    if params.get("statement_descriptor") and "card" in intent["payment_method_types"]:
        raise errors.invalid(CARD_DESCRIPTOR, "statement_descriptor")


def automatic(params: Mapping[str, Any]) -> tuple[dict[str, Any] | None, list[str]]:
    """(`automatic_payment_methods`, `payment_method_types`) of a new intent."""
    wanted = params.get("automatic_payment_methods")
    types = params.get("payment_method_types")
    if isinstance(wanted, dict) and wanted.get("enabled") and types:
        raise errors.exclusive("automatic_payment_methods", "payment_method_types")
    if types:
        return None, [str(type) for type in types]
    if isinstance(wanted, dict) and not wanted.get("enabled"):
        return None, ["card"]
    redirects = wanted.get("allow_redirects") if isinstance(wanted, dict) else None
    found = [type for type in DEFAULT_TYPES if type not in (params.get("excluded_payment_method_types") or ())]
    return {"allow_redirects": redirects or "always", "enabled": True}, found


CARD_OPTIONS: Mapping[str, Any] = {
    "mandate_options": None, "network": None, "request_three_d_secure": "automatic",
}  # fmt: skip
SETUP_OPTIONS: Mapping[str, Mapping[str, Any]] = {"card": CARD_OPTIONS, "link": {"persistent_token": None}}
PAYMENT_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "card": {"installments": None, **CARD_OPTIONS},
    "link": {"persistent_token": None},
    "us_bank_account": {"verification_method": "automatic"},
}
"""`payment_method_options` of each type, where nobody gives any."""


def method_options(types: list[str], given: Any, setup: bool = False) -> dict[str, Any]:
    """`payment_method_options` with the defaults of each type."""
    defaults = SETUP_OPTIONS if setup else PAYMENT_OPTIONS
    options: dict[str, dict[str, Any]] = {type: dict(defaults.get(type, ())) for type in types}
    for type, values in given.items() if isinstance(given, dict) else ():
        if isinstance(values, dict):
            options[type] = {**options.get(type, {}), **values}
    return options


def new_record(ctx: Ctx, params: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """A PaymentIntent with nothing tried yet."""
    id = ctx.new_id("payment_intent")
    auto, types = automatic(params)
    details = params.get("amount_details")
    record: dict[str, Any] = {
        "id": id,
        "object": "payment_intent",
        "allowed_payment_method_types": None,
        "amount": params["amount"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}, **(details if isinstance(details, dict) else {})},
        "amount_received": 0,
        "application": None,
        "automatic_payment_methods": auto,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": params.get("capture_method") or "automatic_async",
        "client_secret": f"{id}_secret_{ctx.token('alnum', 25)}",
        "confirmation_method": params.get("confirmation_method") or "automatic",
        "created": ctx.now,
        "currency": currency,
        "customer": params.get("customer") or None,
        "customer_account": None,
        "excluded_payment_method_types": params.get("excluded_payment_method_types") or None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "managed_payments": {"enabled": False},
        "metadata": lookup.metadata({}, params.get("metadata")),
        "next_action": None,
        "payment_method": None,
        "payment_method_configuration_details": {"id": wire.CONFIGURATION, "parent": None} if auto else None,
        "payment_method_options": method_options(types, params.get("payment_method_options")),
        "payment_method_types": types,
        "payment_record": None,
        "processing": None,
        "review": None,
        "shared_payment_granted_token": None,
        "source": None,
        "status": "requires_payment_method",
    }
    record.update(UNSET)
    record.update(lookup.given(params, *PLAIN))
    if params.get("payment_details"):
        record["payment_details"] = params["payment_details"]
    if params.get("hooks"):
        record |= hooks(ctx, params)
    return lookup.ordered(record)


def hooks(ctx: Ctx, params: Mapping[str, Any]) -> dict[str, Any]:
    """`hooks` of an intent where a request gives them: the tax calculation it is for. Raises 400."""
    tax = ((params.get("hooks") or {}).get("inputs") or {}).get("tax")
    if not isinstance(tax, Mapping):
        return {}
    named = tax["calculation"]
    if named:
        lookup.record(ctx, "tax.calculation", named, "hooks[inputs][tax][calculation]")
    return {"hooks": {"inputs": {"tax": {"calculation": named}}} if named else {"inputs": {}}}


def chosen_method(ctx: Ctx, params: Mapping[str, Any], intent: dict[str, Any]) -> dict[str, Any] | None:
    """The payment method that a request for `intent` names or describes, None when it does neither."""
    if params.get("payment_method"):
        return payment_methods.resolve(ctx, str(params["payment_method"]))
    data = params.get("payment_method_data")
    if isinstance(data, dict):
        return payment_methods.make(ctx, data, "payment_method_data")
    if params.get("confirmation_token"):
        return keys.confirmed(ctx, params["confirmation_token"], intent)
    return None


def put_method(intent: dict[str, Any], method: Mapping[str, Any], kind: str = "PaymentIntent") -> None:
    """Put a payment method on an intent that is not stored yet. Raises 400 when the two do not go together."""
    owner, customer = method.get("customer"), intent.get("customer")
    if owner and not customer:
        text = (
            f"The PaymentMethod {method['id']} belongs to the Customer {owner}. Please include the Customer in the "
            f"`customer` parameter on the {kind}."
        )
        raise errors.invalid(text, "payment_method")
    if owner and owner != customer:
        text = (
            f"The customer does not have a payment method with the ID {method['id']}. The payment method must be "
            "attached to the customer."
        )
        raise errors.invalid(text, "payment_method")
    type = method["type"]
    if type not in intent["payment_method_types"]:
        if intent.get("automatic_payment_methods") is None:
            text = (
                f"The PaymentMethod provided ({type}) is not allowed for this {kind}. Please attach a PaymentMethod of "
                f"one of the following types: {', '.join(intent['payment_method_types'])}."
            )
            raise errors.invalid(text, "payment_method")
        intent["payment_method_types"] = [*intent["payment_method_types"], type]
    intent["payment_method"] = method["id"]
    if intent["status"] == "requires_payment_method":
        intent["status"] = "requires_confirmation"


@twin.handler("PostPaymentIntents")
def create(ctx: Ctx, request: Request) -> Reply | dict[str, Any]:
    """A new intent, confirmed at once with `confirm`."""
    params = request.body or {}
    currency = charges.check_currency(params["currency"])
    check_amount(params, currency)
    if params.get("customer"):
        lookup.record(ctx, "customer", params["customer"], "customer")
    transferring.check(ctx, params)
    check_types(ctx, params, currency)
    wire.check_email(params, "receipt_email")
    if not params.get("confirm"):
        for name in ("off_session", "error_on_requires_action", "mandate_data", "return_url", "use_stripe_sdk"):
            if params.get(name) and name in ("off_session", "error_on_requires_action", "mandate_data"):
                raise errors.invalid(f"`{name}` may only be set when `confirm` is true.", name)
    intent = new_record(ctx, params, currency)
    check_descriptor(params, intent)
    method = chosen_method(ctx, params, intent)
    if method is not None:
        put_method(intent, method)
    ctx.store.insert("payment_intent", intent, created=ctx.micros)
    confirming.note_redirects(ctx, intent, params)
    ctx.emit("payment_intent.created", intent)
    if params.get("confirm"):
        return confirming.confirm(ctx, intent, params)
    return intent


@twin.handler("GetPaymentIntentsIntent")
def retrieve(ctx: Ctx, request: Request) -> RawJSON | dict[str, Any]:
    """One intent; with a publishable key only by its client secret."""
    id = request.path["intent"]
    if "client_secret" in request.params or (request.principal and request.principal.kind == "publishable"):
        check_secret(request, lookup.in_path(ctx, "payment_intent", id, "intent"))
    return lookup.shown(ctx, "payment_intent", id, "intent")


def check_secret(request: Request, intent: dict[str, Any]) -> None:
    """Raise 400 for a client secret that is another one's, or is missing where a browser asks."""
    secret = request.params.get("client_secret")
    kind = "PaymentIntent" if intent["object"] == "payment_intent" else "SetupIntent"
    if secret is None and request.principal is not None and request.principal.kind == "publishable":
        raise errors.missing("client_secret")
    if secret is not None and secret != intent["client_secret"]:
        text = f"The client_secret provided does not match any associated {kind} on this account."
        raise errors.invalid(text, "client_secret", f"{intent['object']}_invalid_parameter")


def unexpected(intent: dict[str, Any], verb: str, kind: str = "PaymentIntent") -> None:
    """Raise 400 with the intent in it when the verb is not possible in its status."""
    message = intents.unexpected(kind, verb, intent["status"])
    if message:
        raise errors.wrong_state(intent, message)


@twin.handler("PostPaymentIntentsIntent")
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change an intent before it is confirmed; only some parameters later."""
    params = request.body or {}
    intent = lookup.in_path(ctx, "payment_intent", request.path["intent"], "intent")
    for name in ("amount", "currency", "payment_method", "payment_method_data", "customer"):
        if name in params and intent["status"] not in intents.UPDATABLE:
            raise errors.wrong_state(intent, intents.not_updatable("PaymentIntent", name, intent["status"]), name)
    check_descriptor(params, intent)
    wire.check_email(params, "receipt_email")
    changed = {**intent, **lookup.changed(intent, params, *PLAIN, "customer", "payment_details")}
    changed |= hooks(ctx, params)
    if "currency" in params:
        changed["currency"] = charges.check_currency(params["currency"])
    check_types(ctx, params, changed["currency"])
    if "amount" in params:
        check_amount(params, changed["currency"])
        changed["amount"] = params["amount"]
    if params.get("customer"):
        lookup.record(ctx, "customer", params["customer"], "customer")
    if params.get("payment_method_types"):
        changed["payment_method_types"] = list(params["payment_method_types"])
        changed["automatic_payment_methods"] = None
    if params.get("capture_method"):
        changed["capture_method"] = params["capture_method"]
    if isinstance(params.get("payment_method_options"), Mapping):
        types = changed["payment_method_types"]
        kept = {**changed["payment_method_options"], **params["payment_method_options"]}
        changed["payment_method_options"] = method_options(types, kept)
    if params.get("payment_method") == "":
        changed["payment_method"] = None
        changed["status"] = "requires_payment_method"
    method = chosen_method(ctx, params, changed)
    if method is not None:
        put_method(changed, method)
        changed["status"] = intents.PAYMENT[intent["status"], "attach"]
        changed["next_action"] = None
    ctx.store.replace("payment_intent", intent["id"], changed)
    return changed


@twin.handler("PostPaymentIntentsIntentConfirm")
def confirm(ctx: Ctx, request: Request) -> Reply | dict[str, Any]:
    """Try to be paid."""
    params = request.body or {}
    intent = lookup.in_path(ctx, "payment_intent", request.path["intent"], "intent")
    check_secret(request, intent)
    unexpected(intent, "confirm")
    changed = {**intent, **lookup.given(params, "receipt_email", "setup_future_usage", "shipping")}
    changed |= hooks(ctx, params)
    if params.get("capture_method"):
        changed["capture_method"] = params["capture_method"]
    if isinstance(params.get("payment_method_options"), Mapping):
        kept = {**intent["payment_method_options"], **params["payment_method_options"]}
        changed["payment_method_options"] = method_options(changed["payment_method_types"], kept)
    method = chosen_method(ctx, params, changed)
    if method is not None:
        put_method(changed, method)
    if changed != intent:
        ctx.store.replace("payment_intent", intent["id"], changed)
    return confirming.confirm(ctx, changed, params)


NO_MULTICAPTURE = (
    "This PaymentIntent cannot be captured more than once: its charge has no multicapture available. Request it with "
    "`payment_method_options[card][request_multicapture]`."
)
NOT_INCREMENTABLE = (
    "This PaymentIntent is not eligible for incremental authorization because you did not request support using "
    "`request_incremental_authorization` when you created or confirmed it."
)


@twin.handler("PostPaymentIntentsIntentCapture")
def capture(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Capture what was authorized, all or part of it."""
    params = request.body or {}
    intent = lookup.in_path(ctx, "payment_intent", request.path["intent"], "intent")
    unexpected(intent, "capture")
    charge = ctx.store.get("charge", intent["latest_charge"])
    amount = params.get("amount_to_capture", intent["amount_capturable"])
    over = (charge["payment_method_details"].get("card") or {}).get("overcapture") or {}
    most = max(intent["amount_capturable"], over.get("maximum_amount_capturable", 0) - intent["amount_received"])
    if not methods.has(charge, "overcapture"):
        most = intent["amount_capturable"]
    final = params.get("final_capture", True)
    if not final and not methods.has(charge, "multicapture"):
        raise errors.invalid(NO_MULTICAPTURE, "final_capture", payment_intent=intent)
    if amount > most:
        text = (
            "The requested capture amount is greater than the amount you can capture for this charge "
            f"({money.written(most, intent['currency'])})."
        )
        raise errors.invalid(text, "amount_to_capture", "amount_too_large", payment_intent=intent)
    if amount < 1:
        raise errors.too_small("amount_to_capture", 1)
    descriptors = ("statement_descriptor", "statement_descriptor_suffix", "application_fee_amount")
    changes = {**lookup.given(params, *descriptors), **hooks(ctx, params)}
    charge = charges.capture_charge(ctx, charge, amount, changes, final=final)
    done = {
        **lookup.changed(intent, params),
        **changes,
        "status": intents.PAYMENT[intent["status"], "capture" if final else "capture_part"],
        "amount_capturable": 0 if final else intent["amount_capturable"] - amount,
        "amount_received": intent["amount_received"] + amount,
    }
    captured = ctx.update("payment_intent", intent["id"], done, event="")
    if not final:
        ctx.emit("payment_intent.amount_capturable_updated", captured)
        return captured
    ctx.emit("payment_intent.succeeded", captured)
    charges.after_payment(ctx, charge)
    for follower in confirming.CAPTURES:
        follower(ctx, captured)
    return captured


@twin.handler("PostPaymentIntentsIntentCancel")
def cancel(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Cancel an intent; what was authorized is released."""
    params = request.body or {}
    intent = lookup.in_path(ctx, "payment_intent", request.path["intent"], "intent")
    unexpected(intent, "cancel")
    changes = {
        "status": "canceled",
        "canceled_at": ctx.now,
        "cancellation_reason": params.get("cancellation_reason"),
        "amount_capturable": 0,
        "next_action": None,
    }
    if intent["status"] == "requires_capture":
        charge = ctx.store.get("charge", intent["latest_charge"])
        changed = {"amount_refunded": charge["amount"], "refunded": True}
        released = ctx.update("charge", charge["id"], changed, event="")
        ctx.emit("charge.refunded", released, previous={"amount_refunded": 0, "refunded": False})
    canceled = ctx.update("payment_intent", intent["id"], changes, event="")
    ctx.emit("payment_intent.canceled", canceled)
    return canceled


@twin.handler("PostPaymentIntentsIntentIncrementAuthorization")
def increment(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Authorize a greater amount."""
    params = request.body or {}
    intent = lookup.in_path(ctx, "payment_intent", request.path["intent"], "intent")
    unexpected(intent, "increment")
    if not methods.has(ctx.store.get("charge", intent["latest_charge"]), "incremental_authorization"):
        raise errors.invalid(NOT_INCREMENTABLE, payment_intent=intent)
    if params["amount"] <= intent["amount"]:
        raise errors.invalid(
            "Amount must be greater than the currently authorized amount.", "amount", payment_intent=intent
        )
    problem = money.amount_error(params["amount"], intent["currency"])
    if problem:
        raise errors.invalid(problem[1], "amount", problem[0])
    amount = params["amount"]
    ctx.update("charge", intent["latest_charge"], {"amount": amount}, event="charge.updated")
    changes = {"amount": amount, "amount_capturable": amount, **lookup.changed(intent, params, "description")}
    incremented = ctx.update("payment_intent", intent["id"], changes, event="")
    ctx.emit("payment_intent.amount_capturable_updated", incremented)
    return incremented


@twin.handler("PostPaymentIntentsIntentVerifyMicrodeposits")
def verify_microdeposits(ctx: Ctx, request: Request) -> Reply | dict[str, Any]:
    """Verify the account with the two amounts or the descriptor code that were sent to it."""
    intent = lookup.in_path(ctx, "payment_intent", request.path["intent"], "intent")
    return confirming.verify(ctx, intent, request.body or {})
