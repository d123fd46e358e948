"""The human's side in a test's own words: `Slack(twin).user("ana").posts("#general", "hi")`.

Works on whatever has `do(control, **payload)`, such as a test's twin. Imports nothing of the kit.
"""

from __future__ import annotations

from typing import Any, Protocol


class Controls(Protocol):
    """What runs a control of a twin."""

    def do(self, control: str, **payload: Any) -> Any:
        """Run `control` and return its answer."""


class User:
    """Somebody in the workspace; every method answers what the control answered."""

    def __init__(self, twin: Controls, name: str) -> None:
        self.twin = twin
        self.name = name

    def _do(self, control: str, **payload: Any) -> Any:
        given = {name: value for name, value in payload.items() if value is not None}
        return self.twin.do(control, user=self.name, **given)

    def posts(self, channel: str, text: str, *, thread_ts: str | None = None) -> Any:
        """Say something in a channel, or to somebody."""
        return self._do("posts", channel=channel, text=text, thread_ts=thread_ts)

    def edits(self, channel: str, ts: str, text: str) -> Any:
        """Change what was said."""
        return self._do("edits", channel=channel, ts=ts, text=text)

    def deletes(self, channel: str, ts: str) -> Any:
        """Take it back."""
        return self._do("deletes", channel=channel, ts=ts)

    def reacts(self, channel: str, ts: str, name: str, *, remove: bool = False) -> Any:
        """Put an emoji to a message, or take it away."""
        return self._do("reacts", channel=channel, ts=ts, name=name, remove=remove)

    def joins(self, channel: str) -> Any:
        """Enter a channel."""
        return self._do("joins", channel=channel)

    def leaves(self, channel: str) -> Any:
        """Leave a channel."""
        return self._do("leaves", channel=channel)

    def runs(self, command: str, *, channel: str | None = None) -> Any:
        """Run a slash command, such as `/deploy prod`."""
        return self._do("runs", command=command, channel=channel)

    def clicks(
        self,
        action: str,
        *,
        channel: str | None = None,
        ts: str | None = None,
        value: Any = None,
        view: str | None = None,
    ) -> Any:
        """Use a button or another element: of a message, else of the open view."""
        return self._do("clicks", action=action, channel=channel, ts=ts, value=value, view=view)

    def submits(self, values: dict[str, Any] | None = None, *, view: str | None = None) -> Any:
        """Submit the top modal with what was entered, by `action_id` or `block_id`."""
        return self._do("submits", values=values or {}, view=view)

    def closes(self, *, all: bool = False) -> Any:
        """Close the top modal, or the whole stack."""
        return self._do("closes", all=all)

    def shortcut(self, callback_id: str, *, channel: str | None = None, ts: str | None = None) -> Any:
        """Use a shortcut; with `ts`, the one of a message."""
        return self._do("shortcut", callback_id=callback_id, channel=channel, ts=ts)

    def types(self, action: str, value: str, *, channel: str | None = None) -> Any:
        """Type into an external select."""
        return self._do("types", action=action, value=value, channel=channel)

    def opens_assistant(self, *, channel: str | None = None, thread_ts: str | None = None) -> Any:
        """Open the app's assistant while looking at a channel; with `thread_ts`, look at another one."""
        return self._do("opens_assistant", channel=channel, thread_ts=thread_ts)

    def runs_step(self, callback_id: str, inputs: dict[str, Any] | None = None) -> Any:
        """Have a workflow come to a step of the app."""
        return self._do("runs_step", callback_id=callback_id, inputs=inputs or {})

    def opens_home(self, *, tab: str = "home") -> Any:
        """Open the app's home."""
        return self._do("opens_home", tab=tab)


class Slack:
    """A workspace seen by the people in it."""

    def __init__(self, twin: Controls) -> None:
        self.twin = twin

    def user(self, name: str) -> User:
        """Somebody, by name or id."""
        return User(self.twin, name)
