"""Jira Cloud: issues of a project, its workflow's statuses, comments. Imports: api, adf, remote, config.

Sources: https://developer.atlassian.com/cloud/jira/platform/rest/v3/ (search with `POST /search/jql`, pages by
`nextPageToken`; `GET` and `POST /issue/{key}/transitions`; bodies in the Atlassian Document Format),
https://developer.atlassian.com/cloud/jira/platform/basic-auth-for-rest-apis/ (address and API token).
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable
from typing import Any

from twinkit.errors import UsageError
from twinkit.factory.config import Tracker as Settings
from twinkit.factory.trackers import adf
from twinkit.factory.trackers.api import Api
from twinkit.factory.trackers.base import Proposal, Ticket
from twinkit.factory.trackers.remote import Comment, RemoteTracker, named_spec, without_mark

NAMES = {
    "ready": "Selected for Development", "claimed": "In Progress", "in review": "In Review", "done": "Done",
    "rejected": "Backlog",
}  # fmt: skip
PRIORITIES = {"highest": "critical", "high": "high", "medium": "medium", "low": "low", "lowest": "low"}
FIELDS = ["summary", "description", "status", "priority", "created"]
ROOT = "/rest/api/3"
MAX_TITLE = 255


class JiraTracker(RemoteTracker):
    """`settings.url` is the site (`https://example.atlassian.net`), `project` a key, `account` the address."""

    name = "jira"

    def __init__(self, settings: Settings, token: str, sleep: Callable[[float], None] = time.sleep) -> None:
        if not settings.url:
            raise UsageError("say where Jira is: `url` in [tracker], for example https://example.atlassian.net")
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", settings.project):
            raise UsageError(f"write `project` in [tracker] as the key of a project, not {settings.project!r}")
        pair = base64.b64encode(f"{settings.account}:{token}".encode()).decode()
        authorization = f"Basic {pair}" if settings.account else f"Bearer {token}"
        headers = {"Authorization": authorization, "Accept": "application/json"}
        self._site = settings.url.rstrip("/")
        self._api = Api("Jira", self._site, headers, token, settings.token_variable, sleep)
        self._project = settings.project
        self._me = ""
        self.names = {**NAMES, **{str(ours): theirs for ours, theirs in settings.statuses.items()}}

    def get(self, id: str) -> Ticket:
        """See Tracker."""
        return self._ticket(self._issue(id))

    def open_change(self, id: str, proposal: Proposal) -> str:
        """The change is its branch: said on the issue."""
        text = f"Branch {proposal.branch} at {proposal.head}, to go into {proposal.target}."
        self.comment(id, text, f"change-{proposal.head[:12]}")
        return proposal.branch

    def _issue(self, id: str) -> dict[str, Any]:
        known = re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*-\d+", id)
        path = f"{ROOT}/issue/{id}"
        found = self._api.call("GET", path, params={"fields": ",".join(FIELDS)}, missing=True) if known else None
        if not found:
            raise UsageError(f"Jira has no issue {id!r}, or the token in ${self._api.variable} may not see it")
        return dict(found)

    def _ready(self) -> list[Ticket]:
        return self._search(f"status = {_quoted(self.names['ready'])}")

    def _open(self) -> list[Ticket]:
        return self._search(f"status != {_quoted(self.names['done'])}", marked=True)

    def _search(self, condition: str, marked: bool = False) -> list[Ticket]:
        jql = f"project = {_quoted(self._project)} AND {condition} ORDER BY created ASC"
        body: dict[str, Any] = {"jql": jql, "fields": FIELDS, "maxResults": 100}
        found: list[Ticket] = []
        for _ in range(100):
            page = self._api.call("POST", f"{ROOT}/search/jql", body)
            found += [self._ticket(each, marked) for each in page["issues"]]
            if page.get("isLast", True) or not page.get("nextPageToken"):
                break
            body["nextPageToken"] = page["nextPageToken"]
        return found

    def _ticket(self, issue: dict[str, Any], marked: bool = False) -> Ticket:
        fields = issue["fields"]
        body = adf.markdown(fields.get("description"))
        named = str((fields.get("priority") or {}).get("name", "")).lower()
        return Ticket(
            str(issue["key"]), str(fields["summary"]), body if marked else without_mark(body),
            self.status_of(str(fields["status"]["name"])), PRIORITIES.get(named, "medium"), named_spec(body),
            str(fields["created"]), f"{self._site}/browse/{issue['key']}",
        )  # fmt: skip

    def _own_comments(self, id: str) -> list[Comment]:
        self._me = self._me or str(self._api.call("GET", f"{ROOT}/myself")["accountId"])
        found: list[dict[str, Any]] = []
        while True:
            query = {"startAt": len(found), "maxResults": 100, "orderBy": "created"}
            page = self._api.call("GET", f"{ROOT}/issue/{self._issue(id)['key']}/comment", params=query)
            found += page["comments"]
            if not page["comments"] or len(found) >= int(page["total"]):
                break
        found.sort(key=lambda each: int(each["id"]))
        mine = [each for each in found if (each.get("author") or {}).get("accountId") == self._me]
        return [Comment(adf.markdown(each["body"])) for each in mine]

    def _say(self, id: str, text: str) -> None:
        self._api.call("POST", f"{ROOT}/issue/{id}/comment", {"body": adf.document(text[:30_000])})

    def _move(self, id: str, status: str) -> None:
        name, path = self.names[status], f"{ROOT}/issue/{id}/transitions"
        ways = self._api.call("GET", path)["transitions"]
        way = next((each for each in ways if str(each["to"]["name"]).lower() == name.lower()), None)
        if way is None:
            known = ", ".join(str(each["to"]["name"]) for each in ways) or "nowhere"
            raise UsageError(
                f"{id} has no way to the status {name!r} from where it is (it can go to: {known}); add the transition "
                f'in Jira, or name another status: statuses = {{ "{status}" = "…" }} in [tracker]'
            )
        self._api.call("POST", path, {"transition": {"id": way["id"]}})

    def _create(self, title: str, body: str, priority: str) -> Ticket:
        named = next(name for name, ours in PRIORITIES.items() if ours == priority)
        fields = {
            "project": {"key": self._project},
            "summary": " ".join(title.split())[:MAX_TITLE],
            "description": adf.document(body),
            "issuetype": {"name": "Bug"},
            "priority": {"name": named.capitalize()},
        }
        key = str(self._api.call("POST", f"{ROOT}/issue", {"fields": fields})["key"])
        if self.get(key).status != "ready":
            self._move(key, "ready")
        return self.get(key)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
