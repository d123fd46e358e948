"""What a SAML application would be told of the org: the preview of its metadata, with the certificate of one key.

Source: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/ApplicationSSO/. Nothing is asserted:
the addresses in it are not answered.
"""

from __future__ import annotations

from twinkit import Ctx, Reply, Request
from twins.okta import errors, twin
from twins.okta.handlers.applications import of
from twins.okta.handlers.credential_keys import one
from twins.okta.pages import quoted

FORMATS = ("emailAddress", "unspecified")
BINDINGS = ("HTTP-POST", "HTTP-Redirect")


@twin.handler("previewSAMLmetadataForApplication")
def preview(ctx: Ctx, request: Request) -> Reply:
    """The metadata of a SAML 2.0 application with its key `kid`. Raises E0000007."""
    app = of(ctx, request)
    if app["signOnMode"] != "SAML_2_0":
        raise errors.missing("application", app["id"])
    key = one(ctx, app["id"], str(request.query["kid"]))
    entity = f"exk{app['id'][3:]}"
    place = quoted(f"{ctx.base_url}/app/{app['name']}/{entity}/sso/saml")
    return Reply(200, metadata(entity, str(key["x5c"][0]), place), {}, "text/xml;charset=utf-8")


def metadata(entity: str, certificate: str, place: str) -> str:
    """An EntityDescriptor; `place` is a quoted attribute."""
    names = "".join(f"<md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:{each}</md:NameIDFormat>"
                    for each in FORMATS)  # fmt: skip
    doors = "".join(f'<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:{each}" Location={place}/>'
                    for each in BINDINGS)  # fmt: skip
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID={quoted(entity)}>'
        '<md:IDPSSODescriptor WantAuthnRequestsSigned="false" '
        'protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
        '<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>'
        f"<ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        f"{names}{doors}</md:IDPSSODescriptor></md:EntityDescriptor>"
    )
