"""Addresses outside the Web API: installing, response URLs, uploads and downloads.

Source: https://docs.slack.dev/authentication/installing-with-oauth. Imports: incoming, installs, answers, pkce.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import urlencode, urlsplit

from twinkit import Ctx, Reply, Request, ServiceError
from twins.slack import answers, filekit, incoming, installs, people, pkce, twin
from twins.slack.failing import fail

STYLE = "body{font:16px sans-serif;max-width:32em;margin:4em auto}button{font:inherit;padding:.5em 1em}"


def html(title: str, body: str, status: int = 200) -> Reply:
    """A page."""
    text = f"<!doctype html><meta charset=utf-8><title>{escape(title)}</title><style>{STYLE}</style>{body}"
    return Reply(status, text, media_type="text/html; charset=utf-8")


# installing ----------------------------------------------------------------------------------------------------------


@twin.page("GET", "/oauth/v2/authorize")
@twin.page("GET", "/oauth/authorize")
@twin.page("GET", "/openid/connect/authorize")
def authorize(ctx: Ctx, request: Request) -> Reply:
    """Ask whether the app may be installed, and for whom."""
    asked = incoming.fields(request.raw_query)
    app = installs.app_by_client(ctx, asked.get("client_id", ""))
    wrong = _wrong(app, _scoped(request, asked))
    if wrong or app is None:
        return html("Something went wrong", f"<h1>Oh no!</h1><p>{escape(wrong)}</p>", 400)
    users = [user for user in ctx.store.select("user", order="oldest") if not user["is_bot"] and not user["deleted"]]
    options = "".join(f'<option value="{user["id"]}">{escape(user["real_name"])}</option>' for user in users[:-1])
    hidden = "".join(
        f'<input type=hidden name="{escape(name)}" value="{escape(value)}">' for name, value in asked.items()
    )
    wanted = escape(", ".join(filter(None, (asked.get("scope"), asked.get("user_scope")))))
    return html(
        f"Install {app['name']}",
        f"<h1>{escape(app['name'])} wants to access the workspace</h1><p>Scopes: {wanted}</p>"
        f'<form method=post action="{escape(request.url_path.rpartition("/")[2])}">{hidden}'
        f"<p><label>As <select name=twin_user>{options}</select></label></p>"
        "<button name=twin_answer value=allow>Allow</button> "
        "<button name=twin_answer value=cancel>Cancel</button></form>",
    )


def _scoped(request: Request, asked: dict[str, str]) -> dict[str, str]:
    """What is asked for; who signs in with Slack grants scopes of a person."""
    if request.url_path.startswith("/openid/"):
        return {**asked, "scope": "", "user_scope": asked.get("scope", "")}
    return asked


def _wrong(app: Mapping[str, Any] | None, asked: Mapping[str, str]) -> str:
    if app is None:
        return "Invalid client_id parameter"
    uri = asked.get("redirect_uri", "")
    known = app.get("redirect_uris") or ()
    if uri and known and not any(uri.startswith(each) for each in known):
        return "redirect_uri did not match any configured URIs."
    if not uri and not known:
        return "redirect_uri is missing and the app has none configured."
    if not asked.get("scope") and not asked.get("user_scope"):
        return "no scopes requested"
    return pkce.refused(app, uri or str(next(iter(known), "")), asked)


@twin.page("POST", "/oauth/v2/authorize")
@twin.page("POST", "/oauth/authorize")
@twin.page("POST", "/openid/connect/authorize")
def consent(ctx: Ctx, request: Request) -> Reply:
    """Send the browser back to the app with a code, or with `access_denied`."""
    asked = _scoped(request, {**incoming.fields(request.raw_query), **incoming.fields(request.raw)})
    app = installs.app_by_client(ctx, asked.get("client_id", ""))
    wrong = _wrong(app, asked)
    if wrong or app is None:
        return html("Something went wrong", f"<h1>Oh no!</h1><p>{escape(wrong)}</p>", 400)
    target = asked.get("redirect_uri") or app["redirect_uris"][0]
    more = {"state": asked.get("state", "")}
    if asked.get("twin_answer") == "cancel":
        more["error"] = "access_denied"
    else:
        user = people.named(ctx, asked.get("twin_user") or "ana")
        if user is None:
            return html("Something went wrong", "<h1>Oh no!</h1><p>Nobody has this name.</p>", 400)
        more = {"code": installs.new_code(ctx, app, str(user["id"]), asked), **more}
    joint = "&" if urlsplit(target).query else "?"
    return Reply(302, None, {"location": f"{target}{joint}{urlencode(more)}"})


# response URLs -------------------------------------------------------------------------------------------------------


@twin.page("POST", "/actions/{team}/{number}/{secret}")
@twin.page("POST", "/commands/{team}/{number}/{secret}")
@twin.page("POST", "/app/{team}/{number}/{secret}")
def response_url(ctx: Ctx, request: Request) -> Reply:
    """Say more about what somebody did."""
    try:
        record = answers.response_record(ctx, request.url_path)
        data = incoming.payload_of(request)
        if data is None:
            raise fail("invalid_payload")
        answers.use(ctx, record, data)
    except ServiceError as error:
        body = error.body if isinstance(error.body, dict) else {}
        gone = body.get("error") in ("expired_url", "used_url", "no_service")
        return Reply(404 if gone else 400, body)
    return Reply(200, {"ok": True})


# files ---------------------------------------------------------------------------------------------------------------


@twin.page("POST", "/upload/v1/{ticket}")
@twin.page("PUT", "/upload/v1/{ticket}")
def take_upload(ctx: Ctx, request: Request) -> Reply:
    """The bytes of a file: as the body, or as the part `file` of a form."""
    upload = ctx.store.find("upload", request.url_path)
    if upload is None or upload["done"]:
        return Reply(404, "upload not found")
    data = request.raw
    kind = request.header("content-type")
    if kind.startswith("multipart/form-data"):
        from twinkit.contract.multipart import parse_multipart

        parts = parse_multipart(request.raw, kind)
        part = next(iter(parts.values()), b"")
        found = getattr(part, "data", part)
        data = found.encode() if isinstance(found, str) else bytes(found)
    filekit.keep(ctx, upload["file"], data)
    ctx.store.update("upload", upload["id"], done=True, size=len(data))
    return Reply(200, f"OK - {len(data)}")


@twin.page("GET", "/files-pri/{place}/{name}")
@twin.page("GET", "/files-pri/{place}/download/{name}")
def download(ctx: Ctx, request: Request) -> Reply:
    """The bytes of a file, for whoever has a token."""
    token = request.header("authorization").partition(" ")[2]
    if ctx.store.find("token", token) is None:
        return Reply(302, None, {"location": f"{ctx.base_url}/?redir={request.url_path}"})
    id = str(request.path["place"]).partition("-")[2]
    file, data = ctx.store.find("file", id), filekit.read(ctx, id)
    if file is None or data is None:
        return Reply(404, "file not found")
    return Reply(200, data, media_type=file["mimetype"])
