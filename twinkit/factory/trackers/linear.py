"""Linear: issues of a team, its workflow's states, comments, over GraphQL. Imports: api, remote, config.

Sources: https://linear.app/developers/graphql (endpoint, personal keys without and OAuth tokens with `Bearer`, errors),
https://linear.app/developers/pagination, https://linear.app/developers/filtering. A priority is a number: 0 none, 1
urgent, 2 high, 3 normal, 4 low.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from twinkit.errors import UsageError
from twinkit.factory.config import Tracker as Settings
from twinkit.factory.trackers.api import Api
from twinkit.factory.trackers.base import Proposal, Ticket
from twinkit.factory.trackers.remote import Comment, RemoteTracker, named_spec, without_mark

NAMES = {
    "ready": "Todo", "claimed": "In Progress", "in review": "In Review", "done": "Done", "rejected": "Backlog",
}  # fmt: skip
PRIORITIES = {1: "critical", 2: "high", 3: "medium", 4: "low"}
ISSUE = "id identifier title description priority createdAt url state { name }"
PAGE = "pageInfo { hasNextPage endCursor }"
ISSUES = (
    "query Issues($filter: IssueFilter, $after: String) { issues(filter: $filter, first: 50, after: $after) "
    f"{{ nodes {{ {ISSUE} }} {PAGE} }} }}"
)
ONE = f"query Issue($id: String!) {{ issue(id: $id) {{ {ISSUE} }} }}"
COMMENTS = (
    "query Comments($id: String!, $after: String) { issue(id: $id) { comments(first: 50, after: $after) "
    f"{{ nodes {{ id body createdAt user {{ id }} }} {PAGE} }} }} }}"
)
TEAM = "query Team($key: String!) { teams(filter: {key: {eq: $key}}) { nodes { id states { nodes { id name } } } } }"
VIEWER = "query Viewer { viewer { id } }"
SAY = "mutation Say($input: CommentCreateInput!) { commentCreate(input: $input) { success } }"
MOVE = "mutation Move($id: String!, $input: IssueUpdateInput!) { issueUpdate(id: $id, input: $input) { success } }"
CREATE = (
    f"mutation Create($input: IssueCreateInput!) {{ issueCreate(input: $input) {{ success issue {{ {ISSUE} }} }} }}"
)


class LinearTracker(RemoteTracker):
    """`settings.project` is the key of a team (`ENG`)."""

    name = "linear"

    def __init__(self, settings: Settings, token: str, sleep: Callable[[float], None] = time.sleep) -> None:
        authorization = token if token.startswith("lin_api_") else f"Bearer {token}"
        base = settings.url or "https://api.linear.app"
        headers = {"Authorization": authorization}
        self._api = Api("Linear", base, headers, token, settings.token_variable, sleep)
        self._key = settings.project
        self._known: dict[str, Any] = {}
        self.names = {**NAMES, **{str(ours): theirs for ours, theirs in settings.statuses.items()}}

    def get(self, id: str) -> Ticket:
        """See Tracker."""
        return self._ticket(self._issue(id))

    def open_change(self, id: str, proposal: Proposal) -> str:
        """The change is its branch: said on the issue."""
        text = f"Branch `{proposal.branch}` at `{proposal.head}`, to go into `{proposal.target}`."
        self.comment(id, text, f"change-{proposal.head[:12]}")
        return proposal.branch

    def _ask(self, query: str, **variables: Any) -> dict[str, Any]:
        reply = self._api.call("POST", "/graphql", {"query": query, "variables": variables})
        problems = reply.get("errors") or ()
        if problems or not reply.get("data"):
            said = "; ".join(str(each.get("message", each)) for each in problems) or "there is no data"
            raise UsageError(self._api.clean(f"Linear refuses: {said}; see [tracker] and ${self._api.variable}"))
        return dict(reply["data"])

    def _issue(self, id: str) -> dict[str, Any]:
        try:
            found = self._ask(ONE, id=id)["issue"] if re.fullmatch(r"[A-Za-z0-9]+-\d+", id) else None
        except UsageError as error:
            if "not found" not in str(error).lower():
                raise
            found = None
        if not found:
            raise UsageError(f"Linear has no issue {id!r}, or the token in ${self._api.variable} may not see it")
        return dict(found)

    def _team(self) -> tuple[str, dict[str, str]]:
        """The team's id, and its states by lower-case name."""
        if "team" not in self._known:
            teams = self._ask(TEAM, key=self._key)["teams"]["nodes"]
            if not teams:
                raise UsageError(f"Linear has no team with the key {self._key!r}: see `project` in [tracker]")
            self._known["team"] = teams[0]
        team = self._known["team"]
        return str(team["id"]), {str(each["name"]).lower(): str(each["id"]) for each in team["states"]["nodes"]}

    def _state(self, status: str) -> str:
        name, (_, states) = self.names[status], self._team()
        if name.lower() not in states:
            raise UsageError(
                f"team {self._key} has no state {name!r} (it has: {', '.join(states)}); add it in Linear, or name "
                f'another: statuses = {{ "{status}" = "…" }} in [tracker]'
            )
        return states[name.lower()]

    def _ready(self) -> list[Ticket]:
        return self._search({"state": {"id": {"eq": self._state("ready")}}})

    def _open(self) -> list[Ticket]:
        return self._search({"state": {"id": {"neq": self._state("done")}}}, marked=True)

    def _search(self, condition: dict[str, Any], marked: bool = False) -> list[Ticket]:
        found: list[Ticket] = []
        after: str | None = None
        for _ in range(100):
            wanted = {"team": {"key": {"eq": self._key}}, **condition}
            page = self._ask(ISSUES, filter=wanted, after=after)["issues"]
            found += [self._ticket(each, marked) for each in page["nodes"]]
            if not page["pageInfo"]["hasNextPage"]:
                break
            after = str(page["pageInfo"]["endCursor"])
        return found

    def _ticket(self, issue: dict[str, Any], marked: bool = False) -> Ticket:
        body = str(issue.get("description") or "")
        return Ticket(
            str(issue["identifier"]), str(issue["title"]), body if marked else without_mark(body),
            self.status_of(str(issue["state"]["name"])), PRIORITIES.get(int(issue.get("priority") or 0), "medium"),
            named_spec(body), str(issue["createdAt"]), str(issue["url"]),
        )  # fmt: skip

    def _own_comments(self, id: str) -> list[Comment]:
        if "me" not in self._known:
            self._known["me"] = self._ask(VIEWER)["viewer"]["id"]
        found: list[dict[str, Any]] = []
        after: str | None = None
        for _ in range(100):
            page = self._ask(COMMENTS, id=id, after=after)["issue"]["comments"]
            found += page["nodes"]
            if not page["pageInfo"]["hasNextPage"]:
                break
            after = str(page["pageInfo"]["endCursor"])
        found.sort(key=lambda each: (str(each["createdAt"]), str(each["id"])))
        mine = [each for each in found if (each.get("user") or {}).get("id") == self._known["me"]]
        return [Comment(str(each["body"])) for each in mine]

    def _say(self, id: str, text: str) -> None:
        self._ask(SAY, input={"issueId": self._issue(id)["id"], "body": text})

    def _move(self, id: str, status: str) -> None:
        self._ask(MOVE, id=self._issue(id)["id"], input={"stateId": self._state(status)})

    def _create(self, title: str, body: str, priority: str) -> Ticket:
        number = next(number for number, ours in PRIORITIES.items() if ours == priority)
        team, state = self._team()[0], self._state("ready")
        wanted = {"teamId": team, "title": title, "description": body, "priority": number, "stateId": state}
        return self._ticket(self._ask(CREATE, input=wanted)["issueCreate"]["issue"])
