"""Staff sign in with Okta: OpenID Connect by Authlib, the person kept in the session."""

from __future__ import annotations

from typing import Any

import httpx
from authlib.integrations.base_client import OAuthError
from authlib.integrations.starlette_client import OAuth
from fastapi import APIRouter, HTTPException, Request
from starlette.responses import RedirectResponse, Response

CALLBACK = "/authorization-code/callback"


class Login:
    """The routes of signing in and out."""

    def __init__(self, org: str, client_id: str, client_secret: str, home: str) -> None:
        oauth = OAuth()
        oauth.register(
            "okta",
            server_metadata_url=f"{org}/oauth2/default/.well-known/openid-configuration",
            client_id=client_id,
            client_secret=client_secret,
            client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256"},
        )
        self.client: Any = oauth.okta
        self.home = home
        self.router = APIRouter()
        self.router.get("/login")(self.begin)
        self.router.get(CALLBACK)(self.end)
        self.router.get("/me")(me)
        self.router.post("/logout")(leave)

    async def begin(self, request: Request) -> Response:
        """Off to Okta."""
        reply: Response = await self.client.authorize_redirect(request, self.home + CALLBACK)
        return reply

    async def end(self, request: Request) -> Response:
        """Back from Okta: the code becomes tokens, the ID token is verified."""
        try:
            token = await self.client.authorize_access_token(request)
        except OAuthError as error:
            raise HTTPException(403, error.description or error.error) from None
        except httpx.HTTPError:
            raise HTTPException(503, "signing in does not work now; try again") from None
        person = token["userinfo"]
        request.session["person"] = {"id": person["sub"], "name": person["name"], "email": person["email"]}
        return RedirectResponse("/me", 303)


def me(request: Request) -> dict[str, str]:
    """Who is signed in."""
    person: dict[str, str] | None = request.session.get("person")
    if person is None:
        raise HTTPException(401, "sign in first")
    return person


def leave(request: Request) -> dict[str, bool]:
    """Sign out of the shop."""
    request.session.clear()
    return {"left": True}
