"""What a child process is given so that a service's hosts reach the twins: a folder of files and environment variables.

Imports: front, proxy. The folder is temporary; the variables are for the child alone.
"""

from __future__ import annotations

import json
import os
import ssl
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from twinkit.intercept.front import Front
from twinkit.intercept.proxy import Proxy
from twinkit.intercept.routes import Routes, route_of

HERE = Path(__file__).resolve().parent
BUNDLES = (
    "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE", "PIP_CERT", "GIT_SSL_CAINFO",
    "CARGO_HTTP_CAINFO", "DENO_CERT", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "WEBSOCKET_CLIENT_CA_BUNDLE",
    "HTTPLIB2_CA_CERTS", "COMPOSER_CAFILE", "NIX_SSL_CERT_FILE",
)  # fmt: skip
"""Variables that name a bundle of certificate authorities: OpenSSL, Go, requests, curl, AWS SDKs, pip, git, cargo, …"""
PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
DIRECT = "localhost,127.0.0.1,::1"


class Equipment:
    """Files in `folder` and the variables that lead a child process to them."""

    def __init__(self, folder: Path, front: Front, proxy: Proxy, allow: Sequence[str] = ()) -> None:
        self.folder = folder
        self._front = front
        self._proxy = proxy
        self._allow = list(allow)
        self._report = folder / "refused"
        self._seen: list[str] = []

    def refuse(self, host: str) -> None:
        """Note a host that the proxy refused."""
        self._seen.append(host)

    def refused(self) -> dict[str, int]:
        """Host → how often it was refused, by the proxy or inside a child."""
        inside = self._report.read_text(encoding="utf-8").split() if self._report.exists() else []
        return dict(Counter([*self._seen, *inside]))

    def write(self) -> None:
        """Put the files where the child will look."""
        self.folder.mkdir(parents=True, exist_ok=True)
        authority = self._front.authority
        (self.folder / "authority.pem").write_text(authority, encoding="utf-8")
        (self.folder / "bundle.pem").write_text(f"{system_authorities()}\n{authority}", encoding="utf-8")
        given = {
            "hosts": self._front.routes.hosts,
            "tls_port": self._front.tls_port,
            "plain_port": self._front.plain_port,
            "authority": authority,
            "allow": self._allow,
            "report": str(self._report),
        }
        (self.folder / "intercept.json").write_text(json.dumps(given), encoding="utf-8")
        python = self.folder / "python"
        python.mkdir(exist_ok=True)
        (python / "twinkit_intercept_inside.py").write_bytes((HERE / "inside.py").read_bytes())
        (python / "sitecustomize.py").write_bytes((HERE / "sitecustomize.txt").read_bytes())
        (self.folder / "preload.cjs").write_bytes((HERE / "preload.cjs").read_bytes())

    def environment(self, present: Mapping[str, str]) -> dict[str, str]:
        """Variables to set over those that are present."""
        bundle = str(self.folder / "bundle.pem")
        proxy = f"http://127.0.0.1:{self._proxy.port}"
        node = f'--require "{self.folder / "preload.cjs"}"'
        return {
            **dict.fromkeys(BUNDLES, bundle),
            **dict.fromkeys(PROXIES, proxy),
            "NO_PROXY": DIRECT,
            "no_proxy": DIRECT,
            "NODE_EXTRA_CA_CERTS": str(self.folder / "authority.pem"),
            "NODE_USE_ENV_PROXY": "1",
            "NODE_OPTIONS": f"{node} {present.get('NODE_OPTIONS', '')}".strip(),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(self.folder / "python"), present.get("PYTHONPATH", "")])),
            "TWINKIT_INTERCEPT": str(self.folder / "intercept.json"),
        }


def equip(folder: Path, server: Any, allow: Sequence[str] = ()) -> Equipment:
    """Everything a child needs for the twins of a `twinkit.testing.TwinServer`: front, proxy and files."""
    routes = Routes([route_of(hosted) for hosted in server.hosted.values()])
    front = Front(server.background, routes)
    proxy = Proxy(front, allow=allow)
    equipment = Equipment(folder, front, proxy, allow)
    proxy.report = equipment.refuse
    server.background.run(proxy.start())
    equipment.write()
    return equipment


def system_authorities() -> str:
    """The machine's own bundle, for hosts that are let through; empty when there is none to be found."""
    paths = ssl.get_default_verify_paths()
    chosen = os.environ.get("SSL_CERT_FILE") or paths.cafile or "/etc/ssl/certs/ca-certificates.crt"
    try:
        return Path(chosen).read_text(encoding="utf-8")
    except OSError:
        try:
            import certifi
        except ImportError:
            return ""
        return Path(certifi.where()).read_text(encoding="utf-8")
