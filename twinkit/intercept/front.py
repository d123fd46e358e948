"""The local front: ports, one of them TLS, on which twinned hosts are answered under a throw-away authority.

Imports: routes, server (background); trustme. The authority lives as long as the process and is never written anywhere
but for child processes.
"""

from __future__ import annotations

import ssl

from twinkit.errors import need
from twinkit.intercept.routes import Routes
from twinkit.server.background import Background, listen


class Front:
    """Twinned hosts on two loopback ports."""

    def __init__(self, background: Background, routes: Routes | None = None) -> None:
        need("trustme", "intercept")
        import trustme

        self.routes = routes or Routes()
        self._authority = trustme.CA(organization_name="twinkit", organization_unit_name="throw-away test authority")
        self.authority = self._authority.cert_pem.bytes().decode()
        """The authority's certificate, PEM."""
        self._contexts: dict[str, ssl.SSLContext] = {}
        tls, plain = listen(), listen()
        self.tls_port = int(tls.getsockname()[1])
        self.plain_port = int(plain.getsockname()[1])
        background.serve(
            self.routes, tls, tls=self._context(*(self.routes.hosts or ["twinkit.invalid"]), choosing=True)
        )
        background.serve(self.routes, plain)

    def _context(self, *hosts: str, choosing: bool = False) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        self._authority.issue_cert(*hosts).configure_cert(context)
        if choosing:
            context.sni_callback = self._choose
        return context

    def _choose(self, connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, context: ssl.SSLContext) -> None:
        """A certificate for the host that the client names."""
        if not name:
            return
        if name not in self._contexts:
            self._contexts[name] = self._context(name)
        connection.context = self._contexts[name]
