"""Terminal: locations, readers (simulated ones among them) and connection tokens.

Source: https://docs.stripe.com/api/terminal, https://docs.stripe.com/terminal/references/testing. Imports: the kit's
public names, the twin.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import errors, listing, lookup, twin
from twins.stripe.payments import instruments

LOCATION, READER = "terminal.location", "terminal.reader"
SIMULATED: Mapping[str, str] = {
    "simulated-m425": "simulated_verifone_m425",
    "simulated-p630": "simulated_verifone_p630",
    "simulated-s700": "simulated_stripe_s700",
    "simulated-s710": "simulated_stripe_s710",
    "simulated-ux700": "simulated_verifone_ux700",
    "simulated-v660p": "simulated_verifone_v660p",
    "simulated-wpe": "simulated_wisepos_e",
}
"""Registration code → device type of a simulated reader."""
CODE = re.compile(r"[a-z]+-[a-z]+-[a-z]+")
"""What a code on the screen of a real reader looks like."""
NO_CODE = "The registration code '{code}' is not that of a reader that waits to be registered."
OPTIONAL = (
    "address_kana",
    "address_kanji",
    "configuration_overrides",
    "display_name_kana",
    "display_name_kanji",
    "phone",
)


def _place(params: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    """What a request says of a location."""
    changes = lookup.changed(current, params, "display_name")
    if isinstance(params.get("address"), Mapping):
        changes["address"] = instruments.address({**(current.get("address") or {}), **params["address"]})
    for name in OPTIONAL:
        if params.get(name):
            changes[name] = params[name]
    return changes


@twin.handler("PostTerminalLocations")
@lookup.modelled
def create_location(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A place where readers stand."""
    params = request.body or {}
    for name in ("display_name", "address"):
        if not params.get(name) and not params.get(f"{name}_kanji"):
            raise errors.missing(name)
    record = {
        "id": ctx.new_id(LOCATION),
        "object": LOCATION,
        "address": instruments.address(None),
        "display_name": "",
        "livemode": False,
        "metadata": {},
    }
    record = lookup.ordered({**record, **_place(params, record)})
    ctx.store.insert(LOCATION, record, created=ctx.micros)
    return record


@twin.handler("PostTerminalLocationsLocation")
@lookup.modelled
def update_location(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change its name, address, metadata."""
    location = lookup.in_path(ctx, LOCATION, request.path["location"], "location")
    return ctx.update(LOCATION, location["id"], _place(request.body or {}, location), event="")


@twin.handler("PostTerminalConnectionTokens")
@lookup.modelled
def connection_token(ctx: Ctx, request: Request) -> dict[str, Any]:
    """What an app connects to readers with."""
    params = request.body or {}
    token = {"object": "terminal.connection_token", "secret": f"pst_test_{ctx.token('alnum', 43)}"}
    if params.get("location"):
        token["location"] = lookup.record(ctx, LOCATION, params["location"], "location")["id"]
    return token


@twin.handler("PostTerminalReaders")
@lookup.modelled
def create_reader(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Register a reader. Raises 400 for a code that no reader shows."""
    params = request.body or {}
    code = str(params["registration_code"])
    simulated = SIMULATED.get(code)
    if simulated is None and not CODE.fullmatch(code):
        raise errors.invalid(NO_CODE.format(code=code), "registration_code")
    place = params.get("location")
    serial = "-".join(ctx.token("hex", length) for length in (8, 4, 4, 4, 12))
    record = {
        "id": ctx.new_id(READER),
        "object": READER,
        "action": None,
        "device_sw_version": "",
        "device_type": simulated or "bbpos_wisepos_e",
        "ip_address": "0.0.0.0" if simulated else "192.168.2.2",
        "label": params.get("label") or serial,
        "last_seen_at": ctx.now,
        "livemode": False,
        "location": lookup.record(ctx, LOCATION, place, "location")["id"] if place else None,
        "metadata": lookup.metadata({}, params.get("metadata")),
        "serial_number": serial,
        "status": "online",
    }
    ctx.store.insert(READER, record, created=ctx.micros)
    return record


@twin.handler("PostTerminalReadersReader")
@lookup.modelled
def update_reader(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change the label or metadata of a reader."""
    reader = lookup.in_path(ctx, READER, request.path["reader"], "reader")
    return ctx.update(READER, reader["id"], lookup.changed(reader, request.body or {}, "label"), event="")


@twin.handler("GetTerminalReaders")
@lookup.modelled
def list_readers(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Readers, of a location, a type, a state, a serial number."""
    names = ("device_type", "location", "serial_number", "status")
    where = [Filter(name, "=", request.query[name]) for name in names if request.query.get(name)]
    return listing.page(ctx, request, READER, where)
