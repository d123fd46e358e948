"""Signing keys and certificate requests of applications and identity providers; certificates providers sign with.

Source: https://developer.okta.com/docs/reference/api/apps/#application-key-store-operations and
/docs/reference/api/idps/#identity-provider-key-store-operations. The keys are test keys, as everywhere in the twin.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from twinkit import Ctx, Filter, Reply, Request
from twins.okta import apps, errors, twin
from twins.okta.oauth import jwt, keys
from twins.okta.times import iso, written

YEAR = 365 * 86_400


def owner(ctx: Ctx, request: Request) -> tuple[str, str]:
    """(path, id) of the application or provider of a request. Raises E0000007."""
    resource, path, name = ("application", "apps", "appId") if "appId" in request.path else (
        "identity_provider", "idps", "idpId")  # fmt: skip
    id = str(request.path[name])
    if ctx.store.find(resource, id) is None:
        raise errors.missing(resource, id)
    return path, id


def certificate(number: int, subject: str, serial: int, start: int, end: int) -> bytes:
    """A self-signed certificate of a test key, DER; the same for the same arguments."""
    from datetime import UTC, datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    key = jwt.signer(number)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, subject)])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(serial).not_valid_before(datetime.fromtimestamp(start, UTC))
        .not_valid_after(datetime.fromtimestamp(end, UTC)).sign(key, hashes.SHA256())
    )  # fmt: skip
    return made.public_bytes(serialization.Encoding.DER)


def generate(ctx: Ctx, owner: str, years: int, kid: str = "") -> dict[str, Any]:
    """A new key credential."""
    serial = ctx.draw("serial", 2**60) + 1
    place = serial % keys.CLIENT_KEY
    der = certificate(place, "twinkit", serial, ctx.now, ctx.now + years * YEAR)
    return credential(ctx, owner, keys.public(place), [base64.b64encode(der).decode()], der, years * YEAR, kid)


def credential(
    ctx: Ctx, owner: str, public: dict[str, str], chain: list[str], der: bytes, life: int, kid: str = ""
) -> dict[str, Any]:
    """A key credential as it is kept."""
    kid = kid or jwt.encoded(hashlib.sha256(f"{owner}/{ctx.token('alnum', 12)}".encode()).digest())
    now = iso(ctx)
    row = {
        "kty": "RSA", "created": now, "lastUpdated": now, "expiresAt": written((ctx.now + life) * 1_000_000),
        "kid": kid, "use": "sig", "x5c": chain, "x5t#S256": jwt.encoded(hashlib.sha256(der).digest()),
        "e": public["e"], "n": public["n"], "~owner": owner,
    }  # fmt: skip
    ctx.store.insert("key_credential", row, id=f"{owner}/{kid}", parent=owner, created=ctx.micros)
    return row


def visible(row: dict[str, Any]) -> dict[str, Any]:
    """A credential as replies show it."""
    return {name: value for name, value in row.items() if not name.startswith("~")}


def held(ctx: Ctx, owner: str) -> list[dict[str, Any]]:
    """The keys of an owner, the first one made when it is asked for."""
    rows = list(ctx.store.select("key_credential", parent=owner, order="oldest"))
    return rows or [generate(ctx, owner, 10, apps.first_kid(owner))]


def one(ctx: Ctx, owner: str, kid: str) -> dict[str, Any]:
    """A key of an owner. Raises E0000007."""
    found = next((row for row in held(ctx, owner) if row["kid"] == kid), None)
    if found is None:
        raise errors.error("E0000007", f"Resource not found: {kid} (JsonWebKey)")
    return found


@twin.handler("listApplicationKeys", "listIdentityProviderSigningKeys")
def list_keys(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The keys an application or provider signs with."""
    return [visible(row) for row in held(ctx, owner(ctx, request)[1])]


@twin.handler("listActiveIdentityProviderSigningKey")
def active(ctx: Ctx, request: Request) -> dict[str, Any]:
    """The newest of them."""
    return visible(held(ctx, owner(ctx, request)[1])[-1])


@twin.handler("generateApplicationKey", "generateIdentityProviderSigningKey")
def new_key(ctx: Ctx, request: Request) -> Reply:
    """A new key, good for two to ten years. Raises E0000001."""
    years = int(request.query.get("validityYears") or 0)
    if not 2 <= years <= 10:
        raise errors.validation("generateKey", "validityYears: The value must be between 2 and 10")
    of = owner(ctx, request)[1]
    held(ctx, of)
    return Reply(201, visible(generate(ctx, of, years)))


@twin.handler("getApplicationKey")
def get_app_key(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A key of an application."""
    return visible(one(ctx, owner(ctx, request)[1], request.path["keyId"]))


@twin.handler("getIdentityProviderSigningKey")
def get_idp_key(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A key of a provider."""
    return visible(one(ctx, owner(ctx, request)[1], request.path["kid"]))


@twin.handler("cloneApplicationKey", "cloneIdentityProviderKey")
def clone(ctx: Ctx, request: Request) -> Reply:
    """The same key for another application or provider (`targetAid`, `targetIdpId`)."""
    _, source = owner(ctx, request)
    row = one(ctx, source, str(request.path.get("keyId") or request.path["kid"]))
    resource = "application" if "appId" in request.path else "identity_provider"
    other = str(request.query.get("targetAid") or request.query.get("targetIdpId") or "")
    if ctx.store.find(resource, other) is None:
        raise errors.missing(resource, other)
    copy = {**row, "~owner": other}
    ctx.store.insert("key_credential", copy, id=f"{other}/{row['kid']}", parent=other, created=ctx.micros)
    return Reply(201, visible(copy))


# certificate requests ------------------------------------------------------------------------------------------------


def csr_shown(ctx: Ctx, path: str, row: dict[str, Any]) -> dict[str, Any]:
    """A certificate request with its links."""
    own = f"{ctx.base_url}/api/v1/{path}/{row['~owner']}/credentials/csrs/{row['id']}"
    links = {"publish": {"href": f"{own}/lifecycle/publish", "hints": {"allow": ["POST"]}},
             "self": {"href": own, "hints": {"allow": ["GET", "DELETE"]}}}  # fmt: skip
    return {**visible(row), "_links": links}


def request_text(number: int, body: dict[str, Any]) -> str:
    """A certificate signing request of a test key, base64 of DER."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    given, oid = body.get("subject") or {}, x509.NameOID
    fields = (("countryName", oid.COUNTRY_NAME), ("stateOrProvinceName", oid.STATE_OR_PROVINCE_NAME),
              ("localityName", oid.LOCALITY_NAME), ("organizationName", oid.ORGANIZATION_NAME),
              ("organizationalUnitName", oid.ORGANIZATIONAL_UNIT_NAME), ("commonName", oid.COMMON_NAME))  # fmt: skip
    parts = [x509.NameAttribute(id, str(given[name])[: 2 if id is oid.COUNTRY_NAME else 64], _validate=False)
             for name, id in fields if given.get(name)]  # fmt: skip
    names = [x509.DNSName(str(each)) for each in (body.get("subjectAltNames") or {}).get("dnsNames") or ()]
    built = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(parts))
    if names:
        built = built.add_extension(x509.SubjectAlternativeName(names), critical=False)
    made = built.sign(jwt.signer(number), hashes.SHA256())
    return base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()


@twin.handler("generateCsrForApplication", "generateCsrForIdentityProvider")
def new_csr(ctx: Ctx, request: Request) -> Reply:
    """A new key whose certificate somebody else is to sign."""
    path, id = owner(ctx, request)
    place = ctx.draw("csr", keys.CLIENT_KEY)
    key = jwt.encoded(hashlib.sha256(ctx.token("alnum", 24).encode()).digest())
    row = {"id": key, "created": iso(ctx), "csr": request_text(place, request.body or {}), "kty": "RSA",
           "~owner": id, "~place": place}  # fmt: skip
    ctx.store.insert("csr", row, id=key, parent=id, created=ctx.micros)
    return Reply(201, csr_shown(ctx, path, row))


def csr(ctx: Ctx, request: Request) -> tuple[str, dict[str, Any]]:
    """(path, certificate request) of a request. Raises E0000007."""
    path, id = owner(ctx, request)
    wanted = str(request.path.get("csrId") or request.path["idpCsrId"])
    found = ctx.store.find("csr", wanted)
    if found is None or found["~owner"] != id:
        raise errors.error("E0000007", f"Resource not found: {wanted} (CertificateSigningRequest)")
    return path, found


@twin.handler("listCsrsForApplication", "listCsrsForIdentityProvider")
def list_csrs(ctx: Ctx, request: Request) -> list[dict[str, Any]]:
    """The certificate requests that are open."""
    path, id = owner(ctx, request)
    return [csr_shown(ctx, path, row) for row in ctx.store.select("csr", parent=id, order="oldest")]


@twin.handler("getCsrForApplication", "getCsrForIdentityProvider")
def get_csr(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One of them."""
    return csr_shown(ctx, *csr(ctx, request))


@twin.handler("revokeCsrFromApplication", "revokeCsrForIdentityProvider")
def revoke_csr(ctx: Ctx, request: Request) -> Reply:
    """A certificate request and its key go."""
    ctx.store.delete("csr", csr(ctx, request)[1]["id"])
    return Reply(204)


# the certificates of other providers ---------------------------------------------------------------------------------

TRUSTED = "idp-trust"


def trusted(ctx: Ctx, request: Request) -> dict[str, Any]:
    """A certificate of the org's key store. Raises E0000007."""
    wanted = request.path["kid"]
    found = ctx.store.find("key_credential", f"{TRUSTED}/{wanted}")
    if found is None:
        raise errors.error("E0000007", f"Resource not found: {wanted} (IdpTrust)")
    return found


@twin.handler("listIdentityProviderKeys")
def list_trusted(ctx: Ctx, _request: Request) -> list[dict[str, Any]]:
    """The certificates that providers sign with."""
    return [visible(row) for row in ctx.store.select("key_credential", parent=TRUSTED, order="oldest")]


@twin.handler("createIdentityProviderKey")
def trust(ctx: Ctx, request: Request) -> dict[str, Any]:
    """Keep a certificate. Raises E0000001 for what is none, E0000096 for one that is there."""
    from cryptography import x509

    chain = [str(each) for each in (request.body or {}).get("x5c") or ()]
    try:
        der = base64.b64decode(chain[0])
        public: Any = x509.load_der_x509_certificate(der).public_key()
        numbers = public.public_numbers()
    except (IndexError, ValueError, AttributeError):
        raise errors.validation("x5c", "x5c: Invalid certificate") from None
    mark = jwt.encoded(hashlib.sha256(der).digest())
    for row in ctx.store.select("key_credential", [Filter("~owner", "=", TRUSTED)]):
        if row["x5t#S256"] == mark:
            raise errors.error("E0000096", row["kid"])
    size = (numbers.n.bit_length() + 7) // 8
    parts = {"e": jwt.encoded(numbers.e.to_bytes(3, "big")), "n": jwt.encoded(numbers.n.to_bytes(size, "big"))}
    return {**visible(credential(ctx, TRUSTED, parts, chain, der, 10 * YEAR)), "alg": "RS256"}


@twin.handler("getIdentityProviderKey")
def get_trusted(ctx: Ctx, request: Request) -> dict[str, Any]:
    """One of them."""
    return visible(trusted(ctx, request))


@twin.handler("deleteIdentityProviderKey")
def distrust(ctx: Ctx, request: Request) -> Reply:
    """A certificate goes."""
    row = trusted(ctx, request)
    ctx.store.delete("key_credential", f"{TRUSTED}/{row['kid']}")
    return Reply(204)
