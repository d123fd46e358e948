"""The Slack twin: Web API, events, interactivity, OAuth and Socket Mode of one workspace or several."""

from importlib import import_module

from twinkit import Twin

twin = Twin.load(__package__)

HOOKS = ("wire", "world", "webhooks", "human", "pages", "sockets")
"""Modules that hook into the twin as a whole."""

HANDLERS = (
    "apps",
    "auth",
    "channels",
    "chat",
    "history",
    "members",
    "oauth",
    "pins",
    "reactions",
    "scheduled",
    "streams",
    "users",
    "views",
)
"""Modules with the methods of one family."""

for _name in HOOKS:
    import_module(f"twins.slack.{_name}")
for _name in HANDLERS:
    import_module(f"twins.slack.handlers.{_name}")

__all__ = ["twin"]
