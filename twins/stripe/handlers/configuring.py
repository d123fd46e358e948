"""Payment method configurations and payment method domains.

Source: https://docs.stripe.com/api/payment_method_configurations, /payment_method_domains. Imports: the kit's public
names, the twin.
"""

from __future__ import annotations

import re
from typing import Any

from twinkit import Ctx, Filter, Request
from twins.stripe import errors, listing, lookup, twin
from twins.stripe.payments import configurations

CONFIGURATION, DOMAIN = "payment_method_configuration", "payment_method_domain"
NAME = re.compile(r"([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}")


@twin.handler("PostPaymentMethodConfigurations")
@lookup.modelled
def create(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A configuration beside the default one."""
    params = request.body or {}
    parent = params.get("parent")
    record: dict[str, Any] = {
        "id": ctx.new_id(CONFIGURATION),
        "object": CONFIGURATION,
        "active": True,
        "application": None,
        "is_default": False,
        "livemode": False,
        "name": params.get("name") or "Configuration",
        "parent": lookup.record(ctx, CONFIGURATION, parent, "parent")["id"] if parent else None,
        **configurations.methods(params),
    }
    ctx.store.insert(CONFIGURATION, lookup.ordered(record), created=ctx.micros)
    return lookup.ordered(record)


@twin.handler("PostPaymentMethodConfigurationsConfiguration")
@lookup.modelled
def update(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Change what a configuration offers, its name, whether it is active."""
    params = request.body or {}
    found = lookup.in_path(ctx, CONFIGURATION, request.path["configuration"], "configuration")
    changes = {**lookup.given(params, "active", "name"), **configurations.methods(params, found)}
    return ctx.update(CONFIGURATION, found["id"], changes, event="")


@twin.handler("PostPaymentMethodDomains")
@lookup.modelled
def create_domain(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Let wallets be shown on a domain. Raises 400 for what is no domain."""
    params = request.body or {}
    name = str(params["domain_name"])
    if not NAME.fullmatch(name):
        raise errors.invalid(f"Invalid domain name: {name}", "domain_name")
    record = {
        "id": ctx.new_id(DOMAIN),
        "object": DOMAIN,
        "created": ctx.now,
        "livemode": False,
        **configurations.domain(name, params.get("enabled", True)),
    }
    ctx.store.insert(DOMAIN, lookup.ordered(record), created=ctx.micros)
    return lookup.ordered(record)


@twin.handler("PostPaymentMethodDomainsPaymentMethodDomain", "PostPaymentMethodDomainsPaymentMethodDomainValidate")
@lookup.modelled
def update_domain(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Turn a domain on or off, or look at it again."""
    found = lookup.in_path(ctx, DOMAIN, request.path["payment_method_domain"], "payment_method_domain")
    enabled = bool((request.body or {}).get("enabled", found["enabled"]))
    return ctx.update(DOMAIN, found["id"], configurations.domain(found["domain_name"], enabled), event="")


@twin.handler("GetPaymentMethodDomains")
@lookup.modelled
def list_domains(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Domains, of a name, those that are on."""
    query = request.query
    where = [Filter(name, "=", query[name]) for name in ("domain_name", "enabled") if query.get(name) is not None]
    return listing.page(ctx, request, DOMAIN, where)
