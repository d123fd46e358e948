"""The org that is there without set-up: names, ids and credentials, the same for every seed. Imports nothing."""

from __future__ import annotations

API_TOKEN = "00TwinkitOktaApiTokenForTests0000000000000"
ORG_ID = "00oTwinkitOktaOrg001"
EVERYONE = "00gTwinkitEveryone01"
USER_TYPE = "otyTwinkitDefault001"
DEFAULT_SERVER = "default"
DEFAULT_SERVER_ID = "ausTwinkitDefault001"
PASSWORD = "Twinkit-Passw0rd"
ADMIN = "00uTwinkitAdmin00001"
USERS = (
    (ADMIN, "Ada", "Admin", "admin@example.com"),
    ("00uTwinkitBob0000002", "Bob", "Baker", "bob.baker@example.com"),
    ("00uTwinkitCarol00003", "Carol", "Chen", "carol.chen@example.com"),
)
GROUPS = (
    ("00gTwinkitAdmins0002", "Admins", "People who administer", (ADMIN,)),
    ("00gTwinkitEngineer03", "Engineering", "People who build", ("00uTwinkitBob0000002", "00uTwinkitCarol00003")),
)
REDIRECTS = (
    "http://localhost:8080/authorization-code/callback",
    "http://127.0.0.1:8080/authorization-code/callback",
    "http://localhost:3000/callback",
    "http://localhost:8080/callback",
    "com.example.app:/callback",
)
LOGOUTS = ("http://localhost:8080/", "http://localhost:8080", "http://localhost:3000/")
WEB_CLIENT = ("0oaTwinkitWebApp0001", "twinkit-web-client-secret-000000000000001")
SPA_CLIENT = "0oaTwinkitSpaApp0002"
NATIVE_CLIENT = "0oaTwinkitNative0003"
SERVICE_CLIENT = ("0oaTwinkitService004", "twinkit-service-client-secret-00000000004")
JWT_CLIENT = "0oaTwinkitJwtServ005"
