"""The tracker that factory.toml names, with its token from the environment. Imports: config, the trackers."""

from __future__ import annotations

import os
from pathlib import Path

from twinkit.errors import UsageError
from twinkit.factory.config import Tracker as Settings
from twinkit.factory.trackers.base import Tracker
from twinkit.factory.trackers.directory import DirectoryTracker


def tracker(settings: Settings, repo: Path, kind: str = "") -> Tracker:
    """`kind` instead of the configured one. Raises UsageError when a setting or the token is missing."""
    kind = kind or settings.kind
    if kind == "directory":
        return DirectoryTracker(repo / settings.path)
    if not settings.token_variable or not settings.project:
        raise UsageError(f"give `project` and `token_variable` in [tracker] of factory.toml for {kind}")
    token = os.environ.get(settings.token_variable, "")
    if not token:
        raise UsageError(f"set ${settings.token_variable} to a token for {kind} ([tracker] of factory.toml names it)")
    return _remote(kind, settings, token)


def _remote(kind: str, settings: Settings, token: str) -> Tracker:
    if kind == "github":
        from twinkit.factory.trackers.github import GitHubTracker

        return GitHubTracker(settings, token)
    if kind == "jira":
        from twinkit.factory.trackers.jira import JiraTracker

        return JiraTracker(settings, token)
    from twinkit.factory.trackers.linear import LinearTracker

    return LinearTracker(settings, token)
