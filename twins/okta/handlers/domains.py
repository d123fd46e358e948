"""The domains that an org is reached at: its own, and those that were added, each with a brand.

Source: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/CustomDomain/. There is no DNS:
a domain is verified as soon as that is asked for.
"""

from __future__ import annotations

import hashlib
from typing import Any

from twinkit import Ctx, Reply, Request
from twins.okta import errors, twin
from twins.okta.handlers.brands import DEFAULT, keep, link, of
from twins.okta.times import written

PROHIBITED = (".example.com", ".example.org", ".example.net")
"""Where no certificate of the service's own can be had."""
YEAR = 365 * 86_400


def shown(ctx: Ctx, row: dict[str, Any], *may: str, whole: bool = True) -> dict[str, Any]:
    """A domain with its links; lists leave out what is to be written into DNS."""
    at = f"{ctx.base_url}/api/v1"
    links = {"self": link(f"{at}/domains/{row['id']}", *may)}
    if whole and row["id"] != "default":
        step = "verify" if row["validationStatus"] == "NOT_STARTED" else "certificate"
        links[step] = link(f"{at}/domains/{row['id']}/{step}", "POST" if step == "verify" else "PUT")
    links["brand"] = link(f"{at}/brands/{row['brandId']}", "GET", "PUT", "DELETE")
    hidden = () if whole else ("dnsRecords", "publicCertificate")
    return {name: value for name, value in row.items() if name not in hidden} | {"_links": links}


OWN = {"id": "default", "domain": "twinkit.okta.com", "certificateSourceType": "OKTA_MANAGED",
       "validationStatus": "COMPLETED", "brandId": DEFAULT}  # fmt: skip


def added(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The added domain of a request. Raises E0000007."""
    id = str(request.path["domainId"])
    found = ctx.store.find("domain", id)
    if found is None:
        raise errors.error("E0000007", f"Resource not found: {id} (Domain)")
    return found


@twin.handler("listCustomDomains")
def list_domains(ctx: Ctx, _request: Request) -> dict[str, Any]:
    """The domains of the org, its own last."""
    rows = [shown(ctx, row, "GET", "DELETE", whole=False) for row in ctx.store.select("domain", order="oldest")]
    return {"domains": [*rows, shown(ctx, OWN, "GET", whole=False)]}


@twin.handler("listBrandDomains")
def of_brand(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The added domains of a brand."""
    id = of(ctx, request)["id"]
    rows = [row for row in ctx.store.select("domain", order="oldest") if row["brandId"] == id]
    return {"domains": [shown(ctx, row, "GET", "DELETE", whole=False) for row in rows]}


@twin.handler("createCustomDomain")
def create(ctx: Ctx, request: Request) -> Reply:
    """A new domain with a brand of its own, and what to write into DNS. Raises E0000001, E0000161."""
    body = request.body or {}
    name, source = str(body.get("domain") or ""), body.get("certificateSourceType") or "MANUAL"
    if not name:
        raise errors.validation("domain", "domain: The field cannot be left blank")
    if source == "OKTA_MANAGED" and name.endswith(PROHIBITED):
        raise errors.validation("domain", "domain: Prohibited custom domain name.")
    if any(row["domain"] == name for row in ctx.store.select("domain")):
        raise errors.error("E0000161")
    taken = any(row["name"] == name for row in ctx.store.select("brand"))
    brand = body.get("brandId") or keep(ctx, {"name": f"{name} 2" if taken else name})["id"]
    digest = hashlib.sha256(f"{ctx.seed}/{name}".encode()).hexdigest()[:32]
    row: dict[str, Any] = {
        "id": ctx.new_id("OcD{alnum:17}"), "domain": name, "certificateSourceType": source,
        "validationStatus": "NOT_STARTED", "brandId": brand, "dnsRecords": [
            {"recordType": "TXT", "fqdn": f"_oktaverification.{name}", "values": [digest]},
            {"recordType": "CNAME", "fqdn": name, "values": ["twinkit.customdomains.okta.com"]},
        ],
    }  # fmt: skip
    ctx.store.insert("domain", row, id=row["id"], created=ctx.micros)
    return Reply(201, shown(ctx, row, "GET", "DELETE", "PUT"))


@twin.handler("getCustomDomain")
def get(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A domain. Raises E0000007."""
    if request.path["domainId"] == "default":
        return shown(ctx, OWN, "GET")
    return shown(ctx, added(ctx, request), "DELETE")


@twin.handler("replaceCustomDomain")
def replace(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Show another brand on a domain. Raises E0000007."""
    row, brand = added(ctx, request), str((request.body or {}).get("brandId") or "")
    if ctx.store.find("brand", brand) is None:
        raise errors.missing("brand", brand)
    return shown(ctx, ctx.store.update("domain", row["id"], brandId=brand), "DELETE")


@twin.handler("deleteCustomDomain")
def delete(ctx: Ctx, request: Request) -> Reply:
    """A domain goes."""
    ctx.store.delete("domain", added(ctx, request)["id"])
    return Reply(204)


@twin.handler("verifyDomain")
def verify(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The DNS of a domain is looked at, and right. The org's own is not verified."""
    if request.path["domainId"] == "default":
        raise errors.validation("id", "This operation is not supported for this domain")
    row = added(ctx, request)
    status = "COMPLETED" if row["certificateSourceType"] == "OKTA_MANAGED" else "VERIFIED"
    return shown(ctx, ctx.store.update("domain", row["id"], validationStatus=status), "GET", "DELETE")


@twin.handler("upsertCertificate")
def certify(ctx: Ctx, request: Request) -> Reply:
    """A certificate of one's own for a verified domain. Raises E0000165."""
    row = added(ctx, request)
    if row["validationStatus"] == "NOT_STARTED":
        raise errors.error("E0000165")
    body = request.body or {}
    print_of = hashlib.sha256(str(body.get("certificate")).encode()).hexdigest()
    public = {"subject": f"CN={row['domain']}", "fingerprint": print_of,
              "expiration": written((ctx.now + YEAR) * 1_000_000)}  # fmt: skip
    ctx.store.update("domain", row["id"], validationStatus="COMPLETED", certificateSourceType="MANUAL",
                     publicCertificate=public)  # fmt: skip
    return Reply(204)
