"""From a ready ticket to a merged and deployed change, and what happens when a worker is killed on the way."""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import respx

from tests.factory.conftest import CONFIG, HELLO, SCENARIO, SPEC, TINY, Project, git, write
from tests.factory.services import TOKEN, GitHub
from twinkit.cli.factory import main
from twinkit.errors import UsageError
from twinkit.factory.agents.base import Task
from twinkit.factory.agents.scripted import PatchScriptAgent
from twinkit.factory.config import parse_config
from twinkit.factory.environment import linux
from twinkit.factory.ledger.chain import Ledger
from twinkit.factory.pipeline import work as pipeline
from twinkit.factory.pipeline.journal import begin
from twinkit.factory.pipeline.merge import merge
from twinkit.factory.pipeline.work import Desk, exit_code, work
from twinkit.factory.run.storage import State
from twinkit.factory.scenarios.vault import load_vault, vault_digest
from twinkit.factory.trackers.base import Tracker
from twinkit.factory.trackers.build import tracker
from twinkit.factory.trackers.directory import DirectoryTracker

EMPTY = TINY + "serve(lambda m, p, b: (404, '{}'))\n"
TICKET = SPEC.replace("priority: low\n", "priority: high\ntitle: Say hello\n")


class Coder:
    """Writes app.py: one content per attempt."""

    name = "coder"
    needs_network = False

    def __init__(self, *contents: str) -> None:
        self.contents = contents or (HELLO,)
        self.prompts: list[str] = []

    def work(self, task: Task) -> str:
        self.prompts.append(task.prompt)
        write(task.room.folder, {"app.py": self.contents[min(task.attempt, len(self.contents)) - 1]})
        return ""


@pytest.fixture
def shop(project: Project) -> Project:
    """A project with a ticket `hello-2` that asks for what there is no specification of yet."""
    project.commit({"app.py": EMPTY, "specs/hello.md": SPEC.replace("# Hello", "# Other")})
    project.scenarios(SCENARIO.replace("## Sc", "---\ntrials: 1\n---\n@covers:C1\n## Sc"), name="hello-2")
    (project.vault / "scenarios" / "hello.md").unlink()
    write(project.root / "tickets", {"hello-2.md": TICKET})
    return project


def desk(project: Project, agent: Any = None, tracker: Tracker | None = None, **changes: Any) -> Desk:
    settings: dict[str, Any] = {"attempts": 3, "budget": 60.0, "worker": project.executor, **changes}
    return Desk(project.options(), tracker or tickets(project), agent or Coder(), **settings)


def tickets(project: Project) -> DirectoryTracker:
    return DirectoryTracker(project.root / "tickets")


def ticket(project: Project, name: str = "hello-2") -> str:
    return (project.root / "tickets" / f"{name}.md").read_text()


def trusted(project: Project) -> None:
    """A ledger that allows AUTO for the vault as it is."""
    ledger, digest = Ledger(State(project.state).ledger), vault_digest(project.vault)
    for number in range(30):
        head = f"{number:040x}"
        ledger.append("evaluation", {"run": f"r{number}", "head": head, "decision": "eligible", "vault": digest})
        ledger.append("judgement", {"head": head, "verdict": "accept", "blind": True, "confirmed": False, "note": ""})


def deploying(project: Project, *argv: str, **more: Any) -> None:
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in more.items())
    project.commit({"factory.toml": f"{CONFIG}\n[deploy]\ncommand = {json.dumps(list(argv))}\n{lines}"})


def test_the_whole_way_to_a_change(shop: Project) -> None:
    """Shadow mode: the ticket becomes a specification, the agent gets it right, a branch waits for a person."""
    before = git(shop.repo, "rev-parse", "main")
    agent = Coder(EMPTY + "# 1\n", HELLO)
    assert work(desk(shop, agent)) == [0]
    text = ticket(shop)
    assert "status: in review" in text and "Eligible" in text and "the mode is SHADOW" in text
    branch = git(shop.repo, "branch", "--list", "factory/*").strip()
    assert branch.startswith("factory/hello-2-") and f"change: {branch}" in text
    assert git(shop.repo, "rev-parse", "main") == before and git(shop.repo, "show", f"{branch}:app.py") == HELLO.strip()
    assert "GET /hello MUST answer 200" in git(shop.repo, "show", f"{branch}:specs/hello-2.md")
    assert "hello-2, C1" in agent.prompts[1]
    assert work(desk(shop, agent)) == [] and len(agent.prompts) == 2


def test_trusted_changes_are_merged_and_deployed(shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """AUTO: main is at the evaluated commit, the command ran in a folder with it, with no more than it may know."""
    out = shop.root / "deployed"
    monkeypatch.setenv("SECRET_TOKEN", "s3cret")
    monkeypatch.setenv("DEPLOY_REGION", "mars")
    script = f"env > {out}; echo {{head}} >> {out}; cat app.py >> {out}"
    deploying(shop, "sh", "-c", script, inherit=["DEPLOY_REGION"])
    trusted(shop)
    assert work(desk(shop)) == [0]
    head = git(shop.repo, "rev-parse", "main")
    assert "status: done" in ticket(shop) and head in ticket(shop) and "Deployed in" in ticket(shop)
    told = out.read_text()
    assert head in told and HELLO.strip() in told and "DEPLOY_REGION=mars" in told and "s3cret" not in told
    assert (shop.repo / "app.py").read_text() == HELLO and git(shop.repo, "status", "--porcelain") == ""
    entries = Ledger(State(shop.state).ledger).entries()
    assert [entry["kind"] for entry in entries[-2:]] == ["evaluation", "merge"]
    assert all(entry["data"]["head"] == head for entry in entries[-2:])


def test_a_failing_deploy_goes_back_and_demotes(shop: Project) -> None:
    deploying(shop, "sh", "-c", "echo password=hunter2; exit 7")
    trusted(shop)
    assert work(desk(shop)) == [1]
    assert "status: rejected" in ticket(shop) and "ended with code 7" in ticket(shop)
    assert "hunter2" not in ticket(shop)
    assert "hunter2" in (State(shop.state).root / "tickets" / "directory-hello-2.deploy.log").read_text()
    assert [e["kind"] for e in Ledger(State(shop.state).ledger).entries()][-1] == "incident"


def test_a_deploy_that_hangs_is_ended(shop: Project) -> None:
    deploying(shop, "sleep", "60", timeout="0.2s")
    trusted(shop)
    assert work(desk(shop)) == [1]
    assert "did not end within 0.2 s" in ticket(shop)


def test_tickets_that_are_no_specification_go_back(shop: Project) -> None:
    """What to add is said on the ticket; the agent never hears of it."""
    write(
        shop.root / "tickets",
        {
            "hello-2.md": TICKET.replace("MUST", "will"),
            "vague.md": "---\npriority: critical\n---\n# Please make it fast\n",
            "named.md": "---\nspec: specs/helo.md\n---\n",
            "hidden.md": TICKET.replace("Say hello.", "Say\u202e hello."),
        },
    )
    agent = Coder()
    codes = work(desk(shop, agent))
    assert codes == [2] * 4 and exit_code(codes) == 2 and agent.prompts == []
    assert "say MUST, MUST NOT or SHOULD in C1" in ticket(shop)
    assert "add 'type:' to the front matter" in ticket(shop, "vague")
    assert "did you mean 'specs/hello.md'" in ticket(shop, "named")
    assert "RIGHT-TO-LEFT OVERRIDE" in ticket(shop, "hidden")
    assert all("status: rejected" in ticket(shop, name) for name in ("hello-2", "vague", "named", "hidden"))


def test_text_of_scenarios_never_passes_through_a_ticket(shop: Project) -> None:
    """Neither from a ticket to the agent nor from the evaluation to the ticket."""
    steps = "@then('the greeting is friendly to all who come')\ndef f(world): assert world.response\n"
    shop.scenarios(SCENARIO + "And the greeting is friendly to all who come\n", steps, name="hello-2")
    leak = "\n- [C2] It MUST be so that the greeting is friendly to all who come.\n## Interfaces"
    write(shop.root / "tickets", {"leak.md": TICKET.replace("\n## Interfaces", leak)})
    agent = Coder(EMPTY + "# 1\n", EMPTY + "# 2\n")
    assert sorted(work(desk(shop, agent, attempts=2))) == [1, 4]
    assert "belongs to the evaluator" in ticket(shop, "leak") and len(agent.prompts) == 2
    scenario = load_vault(shop.vault).scenarios[0]
    for text in (ticket(shop), *agent.prompts):
        assert scenario.id not in text and all(step.text not in text for step in scenario.steps)
    assert "status: rejected" in ticket(shop) and "No change: no attempt was eligible" in ticket(shop)


def test_what_no_scenario_is_about_is_not_merged(shop: Project) -> None:
    """Whoever writes tickets writes specifications: that other features work is no reason to merge this one."""
    more = TICKET.replace("## Interfaces", "- [C2] GET /admin MUST answer 200.\n## Interfaces")
    trusted(shop)
    before = git(shop.repo, "rev-parse", "main")
    write(shop.root / "tickets", {"hello-2.md": more, "back-door.md": more.replace("title: Say hello", "title: Door")})
    assert work(desk(shop)) == [0, 0]
    assert "no scenario is about specs/back-door.md" in ticket(shop, "back-door")
    assert "no scenario covers C2 of specs/hello-2.md" in ticket(shop) and "status: in review" in ticket(shop)
    assert git(shop.repo, "rev-parse", "main") == before


def test_a_ticket_that_is_worked_on_is_left_alone(shop: Project) -> None:
    """By its lock, also when the claim is ours; what cannot be gone on with says how to forget it."""
    place = desk(shop, attempts=0)
    journal = begin(place.state, "directory", place.tracker.get("hello-2"))
    with journal.alone() as mine:
        assert mine
        journal.note()
        assert work(desk(shop)) == []
    (shop.root / "tickets" / "hello-2.md").unlink()
    with pytest.raises(UsageError, match=r"no ticket 'hello-2'(.|\n)*remove .*directory-hello-2.json"):
        work(desk(shop))
    journal.path.unlink()
    assert work(desk(shop)) == []
    with pytest.raises(UsageError, match="leave --base out"):
        Desk(shop.options(base="main"), tickets(shop), Coder(), attempts=1, budget=1)


def test_titles_are_data(shop: Project) -> None:
    evil = "$(touch owned) `touch owned`; touch owned"
    write(shop.root / "tickets", {"hello-2.md": TICKET.replace("Say hello", evil)})
    trusted(shop)
    assert work(desk(shop)) == [0]
    assert not list(shop.root.rglob("owned"))


class Killed(BaseException):
    """Nothing catches it: the process is gone."""


STAGES = [
    (DirectoryTracker, "claim"), (pipeline, "specify"), (pipeline, "loop"), (pipeline, "recheck"),
    (pipeline, "publish"), (DirectoryTracker, "open_change"), (pipeline, "merge"), (DirectoryTracker, "comment"),
    (DirectoryTracker, "transition"),
]  # fmt: skip


def _dying(real: Callable[..., Any], after: bool) -> Callable[..., Any]:
    def act(*words: Any, **named: Any) -> Any:
        if after:
            real(*words, **named)
        raise Killed

    return act


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_anywhere_and_gone_on_with(shop: Project, monkeypatch: pytest.MonkeyPatch, after: bool) -> None:
    """Stopped before or after each step in turn: one claim, one attempt, one run, one deploy, one comment."""
    out = shop.root / "deployed"
    deploying(shop, "sh", "-c", f"echo once >> {out}")
    trusted(shop)
    agent = Coder()
    for place, name in STAGES:
        with monkeypatch.context() as patch:
            patch.setattr(place, name, _dying(getattr(place, name), after))
            with pytest.raises(Killed):
                work(desk(shop, agent))
    codes = work(desk(shop, agent))
    text = ticket(shop)
    assert codes == [0] and "status: done" in text and text.count("Merged:") == 1
    assert out.read_text() == "once\n" and len(agent.prompts) == 1
    assert len(State(shop.state).runs()) == 1 and git(shop.repo, "rev-list", "--count", "main") == "5"
    assert work(desk(shop, agent)) == []


def test_kill_9_by_what_it_runs(shop: Project) -> None:
    """The agent kills the worker, then the deploy does; the next run goes on, and does not deploy again."""
    out = shop.root / "deployed"
    deploying(shop, "sh", "-c", f"echo once >> {out}; kill -9 $PPID")
    trusted(shop)

    class Killer(Coder):
        def work(self, task: Task) -> str:
            super().work(task)
            os.kill(os.getpid(), signal.SIGKILL)
            return ""

    _killed(lambda: work(desk(shop, Killer(), worker=None)))
    assert "status: claimed" in ticket(shop) and work(desk(shop, Coder(), budget=0)) == [1]
    write(shop.root / "tickets", {"hello-2.md": TICKET})
    _killed(lambda: work(desk(shop, worker=None)))
    assert git(shop.repo, "show", "main:app.py") == HELLO.strip() and out.read_text() == "once\n"
    assert work(desk(shop)) == [3] and out.read_text() == "once\n"
    assert "nobody knows whether it took place" in ticket(shop)


def _killed(act: Callable[[], object]) -> None:
    """In a process of its own, which has to end by SIGKILL."""
    pid = linux.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            act()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


def test_killed_while_it_evaluates(shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The agent is not asked again for what it has written, and trials with a result are not run again."""
    shop.scenarios(SCENARIO.replace("## Sc", "---\ntrials: 2\n---\n@covers:C1\n## Sc"), name="hello-2")
    agent = Coder(EMPTY + "# 1\n", HELLO)
    from twinkit.factory.run import controller

    calls: list[str] = []

    def once(*words: Any) -> Any:
        calls.append("report")
        if len(calls) == 1:
            raise Killed
        return real(*words)

    real = controller.build_report
    monkeypatch.setattr(controller, "build_report", once)
    with pytest.raises(Killed):
        work(desk(shop, agent))
    state = State(shop.state)
    before = {path: path.stat().st_mtime_ns for path in state.root.rglob("result.json")}
    assert before and work(desk(shop, agent)) == [0]
    assert len(agent.prompts) == 2 and len(state.runs()) == 2
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in before.items())


def test_a_target_that_moved_is_left_alone(shop: Project) -> None:
    trusted(shop)

    class Slow(Coder):
        def work(self, task: Task) -> str:
            shop.commit({"notes.txt": "somebody was quicker"})
            return super().work(task)

    assert work(desk(shop, Slow())) == [0]
    assert "status: in review" in ticket(shop) and "main moved to" in ticket(shop)
    assert git(shop.repo, "show", "main:app.py") == EMPTY.strip()


def test_merges_reach_the_remote_or_nothing(shop: Project, tmp_path: Path) -> None:
    remote = tmp_path / "remote.git"
    git(tmp_path, "init", "-q", "--bare", "-b", "main", str(remote))
    git(shop.repo, "remote", "add", "origin", str(remote))
    git(shop.repo, "push", "-q", "origin", "main")
    config = f'{CONFIG}\n[tracker]\nremote = "origin"\n'
    shop.commit({"factory.toml": config})
    git(shop.repo, "push", "-q", "origin", "main")
    trusted(shop)
    assert work(desk(shop)) == [0]
    head = git(shop.repo, "rev-parse", "main")
    assert git(remote, "rev-parse", "main") == head and "factory/hello-2" in git(
        remote, "branch", "--list", "factory/*"
    )
    elsewhere = shop.commit({"app.py": "x"})
    git(shop.repo, "update-ref", "refs/heads/main", head)
    why = merge(shop.repo, "main", head, elsewhere, "https://me:hunter2@127.0.0.1:1/x.git")
    assert "does not take it" in why and "hunter2" not in why
    assert git(shop.repo, "rev-parse", "main") == head


def test_the_whole_way_over_github(shop: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From an issue to a pull request, after a first issue went back; the token is nowhere but in the requests."""
    far = tmp_path / "remote.git"
    git(tmp_path, "init", "-q", "--bare", "-b", "main", str(far))
    git(shop.repo, "remote", "add", "origin", str(far))
    lines = 'kind = "github"\nproject = "acme/shop"\ntoken_variable = "TRACKER_TOKEN"\nremote = "origin"\n'
    shop.commit({"factory.toml": f'{CONFIG}\n[tracker]\nurl = "https://github.test"\n{lines}'})
    monkeypatch.setenv("TRACKER_TOKEN", TOKEN)
    service = GitHub()
    nosy = f"import os\nassert {TOKEN[:3]!r} + {TOKEN[3:]!r} not in repr(os.environ)\n{HELLO}"
    with respx.mock() as router:
        router.route(host="github.test").mock(side_effect=service)
        service.create("Vague", "Make it nice.", ["factory: ready", "priority: high"])
        service.create("Say hello", SPEC, ["factory: ready"])
        settings = parse_config((shop.repo / "factory.toml").read_text()).tracker
        assert work(desk(shop, Coder(nosy), tracker(settings, shop.repo))) == [2, 0]
    assert [[label["name"] for label in each["labels"]] for each in service.issues] == [
        ["priority: high", "factory: rejected"], ["factory: in review"],
    ]  # fmt: skip
    (pull,) = service.pulls
    assert pull["base"] == "main" and git(far, "show", f"{pull['head']}:app.py") == nosy.strip()
    assert pull["body"].index("<details>") < pull["body"].index("Eligible") and "For #2." in pull["body"]
    assert "add 'type:' to the front matter" in "".join(each["text"] for each in service.of(1))
    kept = [path for root in (shop.state, far, shop.repo) for path in root.rglob("*") if path.is_file()]
    assert len(kept) > 20 and not [path for path in kept if TOKEN.encode() in path.read_bytes()]


def test_an_example_by_its_script(example: Callable[[str], Project]) -> None:
    """The password reset, from a ticket that names its specification, by a scripted agent."""
    project = example("password_reset")
    good = (project.repo / "app.py").read_text()
    start = (project.root / "start" / "app.py").read_text()
    project.commit({"app.py": start})
    write(project.root / "one", {"1.patch": "--- a/app.py\n+++ b/app.py\n" + _diff(start, good)})
    write(project.root / "tickets", {"reset.md": "---\nspec: specs/password-reset.md\n---\nPlease.\n"})
    place = desk(project, PatchScriptAgent(project.root / "one"))
    place.options = project.options(trials=1, twin_command=())
    assert work(place) == [0]
    text = ticket(project, "reset")
    assert "status: in review" in text and "Only a part" not in text
    for scenario in load_vault(project.vault).scenarios:
        assert scenario.id not in text and scenario.title not in text


def test_the_command(shop: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    shop.commit({"factory.toml": f'{CONFIG}\n[tracker]\npath = "../tickets"\n'})
    write(shop.root / "script", {"1.patch": "--- a/app.py\n+++ b/app.py\n" + _diff(EMPTY, HELLO)})
    words = ["work", "--project", str(shop.repo), "--vault", str(shop.vault), "--state", str(shop.state)]
    words += ["--agent", "scripted", "--script", str(shop.root / "script"), "--once"]
    assert main(words) == 0
    assert capsys.readouterr().out == "1 tickets\n"
    assert "status: in review" in ticket(shop)
    assert main(words) == 0 and capsys.readouterr().out == "no ticket is ready\n"
    monkeypatch.delenv("NO_SUCH_TOKEN", raising=False)
    shop.commit({"factory.toml": f"{CONFIG}\n[tracker]\nkind='jira'\nproject='X'\ntoken_variable='NO_SUCH_TOKEN'\n"})
    assert main(words) == 2 and "set $NO_SUCH_TOKEN to a token for jira" in capsys.readouterr().err
    assert main([*words, "--head", "nowhere"]) == 2


def _diff(old: str, new: str) -> str:
    return "".join(difflib.unified_diff(old.splitlines(True), new.splitlines(True), "", "", n=3)).split("\n", 2)[2]


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ("[tracker]\nkind = 'github'\n", "name the variable with the token: `token_variable`"),
        ("[tracker]\nkind = 'jira'\ntoken_variable = 'T'\n", "say where the tickets are: `project`"),
        ("[tracker]\nkind = 'gitlab'\n", "correct 'tracker.kind'"),
        ("[tracker]\ntoken_varable = 'x'\n", "remove 'tracker.token_varable'; did you mean 'token_variable'"),
        ("[tracker]\ntoken_variable = 'T'\n[agent]\ninherit = ['T']\n", "remove 'T' from `inherit` of .agent."),
        ("[deploy]\ncomand = ['x']\n", "did you mean 'command'"),
    ],
)
def test_what_is_wrong_with_the_settings_is_said(extra: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_config(f"{CONFIG}\n{extra}")
