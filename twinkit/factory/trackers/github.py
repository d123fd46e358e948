"""GitHub: issues with labels, comments, a pull request for a change. Imports: api, remote, config.

Sources: https://docs.github.com/en/rest/issues/issues, …/issues/labels, …/issues/comments, …/pulls/pulls.
A status is a label, `done` a closed issue; a priority is a label `priority: high`. The list of issues has pull requests
among it (key `pull_request`), which are no tickets.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from twinkit.errors import UsageError
from twinkit.factory.config import Tracker as Settings
from twinkit.factory.trackers.api import Api
from twinkit.factory.trackers.base import PRIORITIES, Proposal, Ticket
from twinkit.factory.trackers.remote import Comment, RemoteTracker, named_spec, without_mark

NAMES = {
    "ready": "factory: ready", "claimed": "factory: claimed", "in review": "factory: in review",
    "done": "factory: done", "rejected": "factory: rejected",
}  # fmt: skip
PAGE = 100


class GitHubTracker(RemoteTracker):
    """`settings.project` is `owner/name`; `settings.url` the API of a GitHub Enterprise server."""

    name = "github"

    def __init__(self, settings: Settings, token: str, sleep: Callable[[float], None] = time.sleep) -> None:
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", settings.project):
            raise UsageError(f"write `project` in [tracker] as owner/name, not {settings.project!r}")
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            "User-Agent": "twinkit-factory",
        }
        base = settings.url or "https://api.github.com"
        self._api = Api("GitHub", base, headers, token, settings.token_variable, sleep)
        self._root = f"/repos/{settings.project}"
        self._owner = settings.project.split("/")[0]
        self._account = settings.account
        self.names = {**NAMES, **{str(ours): theirs for ours, theirs in settings.statuses.items()}}

    def get(self, id: str) -> Ticket:
        """See Tracker."""
        return self._ticket(self._issue(id))

    def open_change(self, id: str, proposal: Proposal) -> str:
        """A pull request; one that is open for the branch already is it."""
        pulls = f"{self._root}/pulls"
        there = self._api.call("GET", pulls, params={"head": f"{self._owner}:{proposal.branch}", "state": "all"})
        if there:
            return str(there[0]["html_url"])
        body = {"title": proposal.title, "body": f"For #{id}.\n\n{proposal.text}", "head": proposal.branch}
        return str(self._api.call("POST", pulls, {**body, "base": proposal.target})["html_url"])

    def _issue(self, id: str) -> dict[str, Any]:
        found = self._api.call("GET", f"{self._root}/issues/{id}", missing=True) if id.isdigit() else None
        if not found or "pull_request" in found:
            raise UsageError(f"{self._root.removeprefix('/repos/')} has no issue {id!r}")
        return dict(found)

    def _ready(self) -> list[Ticket]:
        return [self._ticket(each) for each in self._issues(labels=self.names["ready"])]

    def _open(self) -> list[Ticket]:
        return [self._ticket(each, marked=True) for each in self._issues()]

    def _issues(self, **narrowed: str) -> list[dict[str, Any]]:
        query = {"state": "open", "sort": "created", "direction": "asc", **narrowed}
        return [each for each in self._pages(f"{self._root}/issues", query) if "pull_request" not in each]

    def _pages(self, path: str, query: dict[str, Any]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for page in range(1, 101):
            part = self._api.call("GET", path, params={**query, "per_page": PAGE, "page": page})
            found += part
            if len(part) < PAGE:
                break
        return found

    def _ticket(self, issue: dict[str, Any], marked: bool = False) -> Ticket:
        labels = _labels(issue)
        ours = [self.status_of(label) for label in labels if label in self.names.values()]
        status = "done" if issue["state"] == "closed" else next(iter(ours), "claimed")
        wanted = [p for p in PRIORITIES if any(label.lower() in (p, f"priority: {p}") for label in labels)]
        body = str(issue.get("body") or "").replace("\r\n", "\n")
        return Ticket(
            str(issue["number"]), str(issue["title"]), body if marked else without_mark(body), status,
            wanted[0] if wanted else "medium", named_spec(body), str(issue["created_at"]), str(issue["html_url"]),
        )  # fmt: skip

    def _own_comments(self, id: str) -> list[Comment]:
        if not self._account:
            self._account = str(self._api.call("GET", "/user")["login"])
        path = f"{self._root}/issues/{self._issue(id)['number']}/comments"
        found = sorted(self._pages(path, {}), key=lambda each: int(each["id"]))
        return [Comment(str(each["body"])) for each in found if (each["user"] or {}).get("login") == self._account]

    def _say(self, id: str, text: str) -> None:
        self._api.call("POST", f"{self._root}/issues/{id}/comments", {"body": text[:65_000]})

    def _move(self, id: str, status: str) -> None:
        """The new label first: a ticket that is killed here is never without one."""
        issue, path = self._issue(id), f"{self._root}/issues/{id}"
        name = self.names[status]
        if name not in _labels(issue):
            self._api.call("POST", f"{path}/labels", {"labels": [name]})
        for label in _labels(issue):
            if label in self.names.values() and label != name:
                self._api.call("DELETE", f"{path}/labels/{quote(label, safe='')}", missing=True)
        state = "closed" if status == "done" else "open"
        if issue["state"] != state:
            self._api.call("PATCH", path, {"state": state})

    def _create(self, title: str, body: str, priority: str) -> Ticket:
        labels = [self.names["ready"], f"priority: {priority}"]
        made = self._api.call("POST", f"{self._root}/issues", {"title": title, "body": body, "labels": labels})
        return self._ticket(made)


def _labels(issue: dict[str, Any]) -> list[str]:
    return [str(each["name"] if isinstance(each, dict) else each) for each in issue.get("labels", ())]
