"""One method call as handlers see it, and the decorator that registers them. Imports: the twin, args."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from twinkit import Ctx, Reply, Request
from twins.slack import scopes, twin
from twins.slack.args import Args
from twins.slack.failing import fail


@dataclass(frozen=True, slots=True)
class Call:
    """Who calls a method, with which arguments."""

    ctx: Ctx
    request: Request
    args: Args
    token: Mapping[str, Any]
    """The token's record: token, kind (`bot`, `user`, `app`), user, bot, app, team, scopes."""

    @property
    def user(self) -> str:
        """The user who acts: the bot's own for a bot token."""
        return str(self.token.get("user") or "")

    @property
    def team(self) -> str:
        """The workspace; a token of an organisation names it with `team_id`, and has one without."""
        if self.token.get("enterprise") and "team_id" in self.args:
            named = self.args.text("team_id")
            if (self.ctx.store.find("team", named) or {}).get("enterprise_id") == self.token["enterprise"]:
                return named
        return str(self.token.get("team") or "")

    @property
    def bot(self) -> str:
        """The bot of a bot token; empty for a user."""
        return str(self.token.get("bot") or "") if self.is_bot else ""

    @property
    def app(self) -> str:
        """The app that the token was issued to."""
        return str(self.token.get("app") or "")

    @property
    def is_bot(self) -> bool:
        """Whether a bot acts."""
        return self.token.get("kind") == "bot"

    @property
    def scopes(self) -> frozenset[str]:
        """What the token was granted."""
        return self.request.principal.scopes if self.request.principal else frozenset()

    def allow(self, kind: str, family: str) -> None:
        """Check the scope for a family of methods on a kind of conversation. Raises `missing_scope`."""
        if not scopes.held(kind, family, self.scopes, self.request.url_path.rpartition("/")[2]):
            needed = f"{scopes.KIND_SCOPES[kind]}:{family}"
            raise fail("missing_scope", needed=needed, provided=provided(self.token))

    def record(self, resource: str, argument: str, error: str) -> dict[str, Any]:
        """The record that an argument names. Raises `error`."""
        found = self.ctx.store.find(resource, self.args.text(argument))
        if found is None:
            raise fail(error)
        return found

    @property
    def is_admin(self) -> bool:
        """Whether the acting user is an admin or owner of the workspace."""
        user = self.ctx.store.find("user", self.user) or {}
        return bool(user.get("is_admin") or user.get("is_owner"))


def provided(token: Mapping[str, Any]) -> str:
    """The scopes of a token as replies tell them."""
    return ",".join(token.get("scopes", ()))


Method = Callable[[Call], "dict[str, Any] | Reply | None"]


def method(*names: str) -> Callable[[Method], Method]:
    """Answer methods such as `chat.postMessage`; what the function returns is put behind `ok: true`."""

    def register(function: Method) -> Method:
        def handle(ctx: Ctx, request: Request) -> Any:
            token = request.principal.data if request.principal else {}
            result = function(Call(ctx, request, Args(request.body), token))
            if isinstance(result, Reply):
                return result
            return {"ok": True, **(result or {})}

        twin.handler(*(name.replace(".", "_") for name in names))(handle)
        return function

    return register
