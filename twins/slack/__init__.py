"""The Slack twin: Web API, events, interactivity, OAuth and Socket Mode of one workspace or several."""

from importlib import import_module

from twinkit import Twin

twin = Twin.load(__package__)

HOOKS = (
    "wire",
    "world",
    "baselines",
    "enterprises",
    "webhooks",
    "human",
    "using",
    "assisting",
    "incoming",
    "pages",
    "openid",
    "client",
    "envelopes",
    "realtime",
    "sockets",
)
"""Modules that hook into the twin as a whole."""

HANDLERS = (
    "agents",
    "analytics",
    "apps",
    "assistants",
    "auth",
    "automation",
    "bookmarks",
    "calls",
    "canvases",
    "channel_admin",
    "channels",
    "chat",
    "connect",
    "dnd",
    "extras",
    "files",
    "history",
    "invite_requests",
    "manifests",
    "members",
    "oauth",
    "objects",
    "org_admin",
    "pins",
    "reactions",
    "reminders",
    "remote_files",
    "scheduled",
    "search",
    "skills",
    "stars",
    "streams",
    "teams",
    "usergroups",
    "users",
    "views",
    "workflows",
    "workspace_admin",
)
"""Modules with the methods of one family."""

for _name in HOOKS:
    import_module(f"twins.slack.{_name}")
for _name in HANDLERS:
    import_module(f"twins.slack.handlers.{_name}")

__all__ = ["twin"]
