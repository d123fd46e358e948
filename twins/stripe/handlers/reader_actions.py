"""What readers are told to do, and the customer's part in it: presenting a card, filling in a form.

Source: https://docs.stripe.com/api/terminal/readers, https://docs.stripe.com/terminal/references/testing (the simulated
reader). Imports: the kit's public names, the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Reply, Request
from twins.stripe import errors, lookup, twin
from twins.stripe.handlers import confirming, payment_intents, payment_methods, refunds
from twins.stripe.handlers.terminal import READER
from twins.stripe.payments.cards import card_of

BUSY = (
    "Reader is currently busy processing another request. Please reference the integration guide at "
    "https://stripe.com/docs/terminal/payments/collect-card-payment?terminal-sdk-platform=server-driven#handle-errors "
    "for details on how to handle this error."
)
"""https://docs.stripe.com/error-codes#terminal-reader-busy"""
RUNNING = "in_progress"
PRESENT = ("card_present", "interac_present")
NOT_PRESENT = "The {kind} must have `card_present` among its `payment_method_types` to be processed by a reader."
NOTHING = "The reader {reader} has no action that waits for {what}."
WAITING = ("process_payment_intent", "collect_payment_method", "process_setup_intent", "refund_payment")


def _reader(ctx: Ctx, request: Request) -> dict[str, Any]:
    return lookup.in_path(ctx, READER, request.path["reader"], "reader")


def _busy(reader: Mapping[str, Any]) -> bool:
    return bool(reader["action"]) and reader["action"]["status"] == RUNNING


def _begin(
    ctx: Ctx, request: Request, type: str, values: dict[str, Any], status: str = "in_progress"
) -> dict[str, Any]:
    """Give a reader something to do. Raises 400 for one that is busy."""
    reader = _reader(ctx, request)
    if _busy(reader):
        raise errors.invalid(BUSY, code="terminal_reader_busy")
    action = {"failure_code": None, "failure_message": None, type: values, "status": status, "type": type}
    changed = ctx.update(READER, reader["id"], {"action": action}, event="")
    if status != RUNNING:
        ctx.emit("terminal.reader.action_succeeded", changed)
    return changed


def _end(
    ctx: Ctx, reader: Mapping[str, Any], values: Mapping[str, Any] | None = None, failure: tuple[str, str] | None = None
) -> dict[str, Any]:
    """What a reader was told to do has been done, or has failed for (code, message)."""
    action = dict(reader["action"])
    action[action["type"]] = {**action[action["type"]], **(values or {})}
    action["status"] = "failed" if failure else "succeeded"
    if failure:
        action["failure_code"], action["failure_message"] = failure
    changed = ctx.update(READER, reader["id"], {"action": action}, event="")
    ctx.emit(f"terminal.reader.action_{action['status']}", changed)
    return changed


def _config(params: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {name: params[name]} if params.get(name) else {}


def _intent(ctx: Ctx, params: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The intent that a reader is to work on. Raises 400 where it cannot."""
    intent = lookup.record(ctx, name, params[name], name)
    kind = confirming.KINDS[name]
    if not any(type in PRESENT for type in intent["payment_method_types"]):
        raise errors.invalid(NOT_PRESENT.format(kind=kind), name)
    payment_intents.unexpected(intent, "confirm", kind)
    return intent


# what a reader is told -----------------------------------------------------------------------------------------------


def _ask(ctx: Ctx, request: Request, action: str, name: str, config: str) -> dict[str, Any]:
    """Begin an action on the intent that the parameter `name` gives, as the parameter `config` says."""
    params = request.body or {}
    intent = _intent(ctx, params, name)
    return _begin(ctx, request, action, {name: intent["id"], **_config(params, config)})


@twin.handler("PostTerminalReadersReaderProcessPaymentIntent")
@lookup.modelled
def process_payment(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Ask for a card and pay with it."""
    return _ask(ctx, request, "process_payment_intent", "payment_intent", "process_config")


@twin.handler("PostTerminalReadersReaderCollectPaymentMethod")
@lookup.modelled
def collect(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Ask for a card, to look at it before it pays."""
    return _ask(ctx, request, "collect_payment_method", "payment_intent", "collect_config")


@twin.handler("PostTerminalReadersReaderConfirmPaymentIntent")
@lookup.modelled
def confirm(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Pay with the card that was collected."""
    params = request.body or {}
    intent = _intent(ctx, params, "payment_intent")
    values = {"payment_intent": intent["id"], **_config(params, "confirm_config")}
    reader = _begin(ctx, request, "confirm_payment_intent", values)
    return _end(ctx, reader, failure=_failure(confirming.confirm(ctx, intent, {})))


@twin.handler("PostTerminalReadersReaderProcessSetupIntent")
@lookup.modelled
def process_setup(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Ask for a card and save it."""
    return _ask(ctx, request, "process_setup_intent", "setup_intent", "process_config")


@twin.handler("PostTerminalReadersReaderRefundPayment")
@lookup.modelled
def refund(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Ask for the card that paid, to refund it."""
    params = dict(request.body or {})
    params.pop("expand", None)
    charge = params.get("charge")
    if params.get("payment_intent"):
        charge = lookup.record(ctx, "payment_intent", params["payment_intent"], "payment_intent")["latest_charge"]
    if not charge:
        raise errors.invalid("You must provide a `charge` or a `payment_intent` to refund.", code="parameter_missing")
    found = lookup.record(ctx, "charge", charge, "charge")
    known = {"charge": found["id"], "payment_intent": found["payment_intent"], "amount": found["amount"]}
    values = {name: value for name, value in {**known, **params}.items() if value is not None}
    return _begin(ctx, request, "refund_payment", values)


@twin.handler("PostTerminalReadersReaderSetReaderDisplay")
@lookup.modelled
def display(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Show a cart."""
    params = request.body or {}
    if not isinstance(params.get("cart"), Mapping):
        raise errors.missing("cart")
    values = {"cart": {"tax": None, **params["cart"]}, "type": params["type"]}
    return _begin(ctx, request, "set_reader_display", values, status="succeeded")


def _field(given: Mapping[str, Any]) -> dict[str, Any]:
    """A field of a form that nobody has filled in yet."""
    type = str(given["type"])
    inner: dict[str, Any] = {"value": None}
    if type == "selection":
        inner = {"choices": (given.get("selection") or {}).get("choices") or [], "id": None, "text": None}
    text = {"description": None, "skip_button": None, "submit_button": None, "title": None}
    toggles = [
        {"default_value": None, "description": None, "title": None, "value": None, **each}
        for each in given.get("toggles") or ()
    ]
    return {
        "custom_text": {**text, **(given.get("custom_text") or {})},
        "required": bool(given.get("required")),
        "toggles": toggles or None,
        type: inner,
        "type": type,
    }


@twin.handler("PostTerminalReadersReaderCollectInputs")
@lookup.modelled
def collect_inputs(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Ask for what a form wants to know."""
    params = request.body or {}
    values = {"inputs": [_field(given) for given in params["inputs"]], "metadata": params.get("metadata") or {}}
    return _begin(ctx, request, "collect_inputs", values)


@twin.handler("PostTerminalReadersReaderCancelAction")
@lookup.modelled
def cancel(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Let a reader do nothing any more."""
    return ctx.update(READER, _reader(ctx, request)["id"], {"action": None}, event="")


# the customer --------------------------------------------------------------------------------------------------------


def _card(ctx: Ctx, params: Mapping[str, Any]) -> dict[str, Any]:
    """The payment method of a card that was presented."""
    type = str(params.get("type") or "card_present")
    number = str((params.get(type) or {}).get("number") or "4242424242424242")
    card = card_of(number)
    if card is None:
        raise errors.declined("Your card number is incorrect.", "incorrect_number", param="number")
    return payment_methods.from_present(ctx, card, type)


def _failure(reply: Reply | dict[str, Any]) -> tuple[str, str] | None:
    """Why confirming failed, None when it did not."""
    if not isinstance(reply, Reply):
        return None
    error = reply.body["error"]
    return str(error["code"]), str(error["message"])


def _pay(ctx: Ctx, name: str, id: str, method: dict[str, Any], tip: int = 0) -> tuple[str, str] | None:
    """Confirm an intent with a card that was presented; why it failed, None when it did not."""
    intent = ctx.store.get(name, id)
    payment_intents.put_method(intent, method, confirming.KINDS[name])
    if tip:
        intent["amount"] += tip
        intent["amount_details"] = {**intent["amount_details"], "tip": {"amount": tip}}
    ctx.store.replace(name, id, intent)
    return _failure(confirming.confirm(ctx, intent, {}))


@twin.handler("PostTestHelpersTerminalReadersReaderPresentPaymentMethod")
@lookup.modelled
def present(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The customer presents a card to a simulated reader."""
    params, reader = request.body or {}, _reader(ctx, request)
    if not _busy(reader) or reader["action"]["type"] not in WAITING:
        raise errors.invalid(NOTHING.format(reader=reader["id"], what="a card"))
    type = reader["action"]["type"]
    told = reader["action"][type]
    method = _card(ctx, params)
    if type == "collect_payment_method":
        intent = ctx.store.get("payment_intent", told["payment_intent"])
        payment_intents.put_method(intent, method)
        ctx.store.replace("payment_intent", intent["id"], intent)
        return _end(ctx, reader, {"payment_method": method})
    if type == "refund_payment":
        made = refunds.make(ctx, ctx.store.get("charge", told["charge"]), told)
        return _end(ctx, reader, {"refund": made["id"]})
    name = "payment_intent" if type == "process_payment_intent" else "setup_intent"
    return _end(ctx, reader, failure=_pay(ctx, name, told[name], method, int(params.get("amount_tip") or 0)))


def _form(ctx: Ctx, request: Request) -> dict[str, Any]:
    reader = _reader(ctx, request)
    if not _busy(reader) or reader["action"]["type"] != "collect_inputs":
        raise errors.invalid(NOTHING.format(reader=reader["id"], what="inputs"))
    return reader


VALUES = {"email": "jenny@example.com", "numeric": "123", "phone": "+15555550123", "text": "Jenny"}


def _filled(ctx: Ctx, field: dict[str, Any], skip: bool) -> dict[str, Any]:
    """A field as a customer leaves it."""
    type = field["type"]
    if skip and not field["required"]:
        return {**field, "skipped": True}
    inner = dict(field[type])
    if type == "selection":
        first: Mapping[str, Any] = next(iter(inner["choices"]), {})
        inner |= {"id": first.get("id"), "text": first.get("text")}
    elif type == "signature":
        inner["value"] = ctx.new_id("file")
    else:
        inner["value"] = VALUES.get(type, "Jenny")
    toggles = [{**each, "value": each["default_value"] or "disabled"} for each in field["toggles"] or ()] or None
    return {**field, "skipped": False, "toggles": toggles, type: inner}


@twin.handler("PostTestHelpersTerminalReadersReaderSucceedInputCollection")
@lookup.modelled
def fill(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The customer fills a form in, all of it or what has to be."""
    reader = _form(ctx, request)
    skip = (request.body or {}).get("skip_non_required_inputs") == "all"
    fields = [_filled(ctx, field, skip) for field in reader["action"]["collect_inputs"]["inputs"]]
    return _end(ctx, reader, {"inputs": fields})


@twin.handler("PostTestHelpersTerminalReadersReaderTimeoutInputCollection")
@lookup.modelled
def time_out(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The customer leaves a form alone."""
    failure = ("terminal_reader_timeout", "The reader timed out waiting for the customer's input.")
    return _end(ctx, _form(ctx, request), failure=failure)
