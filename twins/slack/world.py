"""The workspace of a fresh instance: people, channels, one app with its bot, and tokens that work at once.

Imports: the twin, people, places.
"""

from __future__ import annotations

from typing import Any

from twinkit import Ctx
from twins.slack import people, places, twin

TEAM = "T0TWINKIT01"
APP = "A0TWINAPP01"
BOT = "B0TWINBOT01"
BOT_USER = "U0TWINBOT01"
ANA = "U0ANA000001"
BEN = "U0BEN000001"
CHLOE = "U0CHLOE0001"
DAN = "U0DAN000001"
EVE = "U0EVE000001"
GENERAL = "C0GENERAL01"
RANDOM = "C0RANDOM001"
LEADS = "C0LEADS0001"
OLD = "C0OLDPROJ01"
BOT_TOKEN = "xoxb-twinkit-bot"
USER_TOKEN = "xoxp-twinkit-ana"
MEMBER_TOKEN = "xoxp-twinkit-ben"
APP_TOKEN = "xapp-1-A0TWINAPP01-twinkit"
LIMITED_TOKEN = "xoxb-twinkit-limited"
CONFIG_TOKEN = "xoxe.xoxp-1-twinkit-config"
SIGNING_SECRET = "twinkit-signing-secret"
VERIFICATION_TOKEN = "twinkit-verification-token"
CLIENT_ID = "1000000001.2000000001"
CLIENT_SECRET = "twinkit-client-secret"
WEBHOOK_PATH = f"/services/{TEAM}/{BOT}/twinkitIncomingWebhook01"

BOT_SCOPES = (
    "app_mentions:read", "assistant:write", "bookmarks:read", "bookmarks:write", "calls:read", "calls:write",
    "canvases:read", "canvases:write", "channels:history", "channels:join", "channels:manage", "channels:read",
    "channels:write.invites", "channels:write.topic", "chat:write", "chat:write.customize", "chat:write.public",
    "commands", "conversations.connect:manage", "conversations.connect:read", "conversations.connect:write",
    "dnd:read", "emoji:read", "files:read", "files:write", "groups:history", "groups:read", "groups:write",
    "groups:write.invites", "groups:write.topic", "im:history", "im:read", "im:write", "im:write.topic",
    "incoming-webhook", "links.embed:write", "links:read", "links:write", "lists:read", "lists:write",
    "metadata.message:read", "mpim:history", "mpim:read", "mpim:write", "mpim:write.topic", "pins:read", "pins:write",
    "reactions:read", "reactions:write", "remote_files:read", "remote_files:share", "remote_files:write",
    "rtm:stream", "search:read.files", "search:read.public", "search:read.users",
    "team.billing:read", "team.preferences:read", "team:read", "tokens.basic", "usergroups:read",
    "usergroups:write", "users.profile:read", "users:read", "users:read.email", "users:write",
    "workflow.steps:execute",
)  # fmt: skip
USER_SCOPES = (
    "admin", "admin.analytics:read", "admin.apps:read", "admin.apps:write", "admin.barriers:read",
    "admin.barriers:write", "admin.conversations:read", "admin.conversations:write", "admin.invites:read",
    "admin.invites:write", "admin.roles:read", "admin.roles:write", "admin.teams:read", "admin.teams:write",
    "admin.usergroups:read", "admin.usergroups:write", "admin.users:read", "admin.users:write",
    "admin.workflows:read", "admin.workflows:write", "bookmarks:read", "bookmarks:write", "calls:read", "calls:write",
    "canvases:read", "canvases:write", "channels:history", "channels:read", "channels:write", "chat:write",
    "dnd:read", "dnd:write", "emoji:read", "files:read", "files:write", "groups:history", "groups:read",
    "groups:write", "identify", "identity.basic", "identity.email", "im:history", "im:read", "im:write", "links:read",
    "links:write", "lists:read", "lists:write", "mpim:history", "mpim:read", "mpim:write", "openid", "pins:read",
    "pins:write", "reactions:read", "reactions:write", "reminders:read", "reminders:write", "remote_files:read",
    "remote_files:share", "rtm:stream", "search:read", "stars:read", "stars:write", "team:read", "tokens.basic",
    "usergroups:read", "usergroups:write", "users.profile:read", "users.profile:write", "users:read",
    "users:read.email", "users:write",
)  # fmt: skip

PEOPLE: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    (ANA, "ana", "Ana Lima", {"is_admin": True, "is_owner": True, "is_primary_owner": True}),
    (BEN, "ben", "Ben Okafor", {}),
    (CHLOE, "chloe", "Chloe Dubois", {"is_admin": True}),
    (DAN, "dan", "Dan Novak", {"is_restricted": True}),
    (EVE, "eve", "Eve Sato", {"deleted": True}),
)
"""Id, name, real name, and what is special: an owner, a member, an admin, a guest, a deactivated account."""


@twin.baseline
def baseline(ctx: Ctx) -> None:
    """The first records."""
    _team(ctx)
    _app(ctx)
    _people(ctx)
    _channels(ctx)
    _tokens(ctx)


def _team(ctx: Ctx) -> None:
    team = {
        "id": TEAM, "name": "Twinkit", "domain": "twinkit", "email_domain": "twinkit.test", "created": ctx.now,
        "icon": people.team_icon(), "plan": "plus",
        "primary_owner": {"id": ANA, "email": "ana@twinkit.test"}, "general": GENERAL,
    }  # fmt: skip
    ctx.store.insert("team", team)


def _app(ctx: Ctx) -> None:
    app = {
        "id": APP, "name": "Twinkit App", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
        "signing_secret": SIGNING_SECRET, "verification_token": VERIFICATION_TOKEN, "bot_scopes": list(BOT_SCOPES),
        "user_scopes": [], "redirect_uris": [], "token_rotation": False, "request_url": "", "events": ["*"],
        "commands": {}, "webhooks": {WEBHOOK_PATH: {"channel": GENERAL, "team": TEAM, "user": ANA}},
        "unfurl_domains": ["*"],
    }  # fmt: skip
    ctx.store.insert("app", app)


def _people(ctx: Ctx) -> None:
    for id, name, real_name, special in PEOPLE:
        ctx.store.insert("user", people.new_user(TEAM, id, name, real_name, ctx.now, **special))
    slackbot = people.new_user(TEAM, "USLACKBOT", "slackbot", "Slackbot", ctx.now)
    slackbot["profile"].pop("email")
    slackbot["profile"]["always_active"] = True
    slackbot["is_email_confirmed"] = False
    ctx.store.insert("user", slackbot)
    people.add_bot(ctx, TEAM, APP, BOT, BOT_USER, "twinbot", "Twinbot")


def _channels(ctx: Ctx) -> None:
    everyone = [ANA, BEN, CHLOE, BOT_USER]
    general = places.new_channel(ctx, GENERAL, "general", ANA, TEAM, is_general=True)
    places.add(ctx, general, [*everyone, DAN])
    places.add(ctx, places.new_channel(ctx, RANDOM, "random", ANA, TEAM), everyone)
    places.add(ctx, places.new_channel(ctx, LEADS, "leads", ANA, TEAM, kind="private"), [ANA, CHLOE])
    old = places.new_channel(ctx, OLD, "old-project", ANA, TEAM)
    places.add(ctx, old, [ANA, BEN])
    ctx.store.update("channel", OLD, is_archived=True)


def _tokens(ctx: Ctx) -> None:
    common = {"app": APP, "team": TEAM, "revoked": False, "expires": 0}
    bot = {**common, "kind": "bot", "user": BOT_USER, "bot": BOT}
    add_token(ctx, {**bot, "token": BOT_TOKEN, "scopes": list(BOT_SCOPES)})
    add_token(ctx, {**bot, "token": LIMITED_TOKEN, "scopes": ["chat:write", "channels:read"]})
    user = {**common, "kind": "user", "bot": ""}
    add_token(ctx, {**user, "token": USER_TOKEN, "user": ANA, "scopes": list(USER_SCOPES)})
    plain = [scope for scope in USER_SCOPES if not scope.startswith("admin")]
    add_token(ctx, {**user, "token": MEMBER_TOKEN, "user": BEN, "scopes": plain})
    app = {**common, "kind": "app", "user": "", "bot": "", "token": APP_TOKEN}
    add_token(ctx, {**app, "scopes": ["connections:write", "authorizations:read"]})
    add_token(ctx, {**user, "kind": "config", "token": CONFIG_TOKEN, "user": ANA, "scopes": []})


def add_token(ctx: Ctx, token: dict[str, Any]) -> None:
    """Issue a token."""
    ctx.store.insert("token", token, id=token["token"])
