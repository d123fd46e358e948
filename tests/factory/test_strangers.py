"""Five apps of other kinds, judged by built-in steps alone: what a stranger writes must work, and find the faults."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.factory.conftest import Project
from twinkit.factory.scenarios.lint import lint_suite
from twinkit.factory.scenarios.vault import load_vault
from twinkit.factory.steps.load import library

FOLDER = Path(__file__).with_name("strangers")
CONFIG = '[app]\nstart = "python3 app.py"\nready = "/health"\nstop_timeout = "0.5s"\nclock = "python"\n'
FAULTS = {
    "subscriptions": {
        "gives the plan away": ('"plan": "free"', '"plan": "pro"', {"a-declined-card", "forged"}),
        "counts every delivery": ('if event["id"] not in seen:', "if True:", {"one-receipt"}),
        "believes every sender": ("if not signed(raw, header):", "if False:", {"forged"}),
        "ignores webhooks": ('account["plan"] = "pro"', "pass", {"paying"}),
        "takes the wrong amount": ("amount=1900", "amount=19", {"paying"}),
    },
    "invitations": {
        "links work for ever": ("time.time() - found[1] > WEEK", "False", {"an-invitation-is-good"}),
        "links work often": (
            '    db.execute("delete from invited where token = ?", [token])\n', "",
            {"an-invitation-works-once", "one-link"},
        ),
        "writes to anybody": (
            '        return 422, {"error": "An invitation needs an email address"}',
            "        background.append(lambda: send('x@x.test', 'x')); return 422, {'error': 'x'}",
            {"nonsense"},
        ),
        "forgets": ('sqlite3.connect(os.environ["DATABASE_PATH"]', 'sqlite3.connect(":memory:"', {"members-survive"}),
        "gives up at once": ("for _ in range(3):", "for _ in range(1):", {"a-mail-server"}),
        "writes twice": (
            "background.append(lambda: send(email, token))",
            "background.append(lambda: (send(email, token), time.sleep(0.1), send(email, token)))",
            {"inviting-again"},
        ),
        "wrong host": ("{os.environ['APP_URL']}/join", "http://localhost:1/join", {"inviting-somebody"}),
    },
    "dunning": {
        "loses cents": ("{cents % 100:02d}", "{cents % 100:01d}", {"three-reminders"}),
        "believes what is old": ("if abs(time.time() - at) > 300:", "if False:", {"replayed"}),
        "fails in silence": ("return 1 if problems else 0", "return 0", {"the-mail-server"}),
    },
    "nightly": {
        "welcomes every night": ('if person["status"] == "ACTIVE" and db', 'if db', {"suspended"}),
        "forgets whom it welcomed": (
            'sqlite3.connect(os.environ["DATABASE_PATH"]', 'sqlite3.connect(":memory:"', {"new-people"}
        ),
        "gives up at once": ("TRIES = 4", "TRIES = 1", {"okta-is-busy"}),
        "says nothing of a failure": ('sys.exit("Okta does not answer")', "sys.exit(0)", {"okta-is-down"}),
        "sends a copy": (
            '"Welcome"\n', '"Welcome"; message["Bcc"] = "boss@acme.test"\n', {"suspended"}
        ),
    },
    "approvals": {
        "believes every sender": ("if signed(raw, environ) else", "if True else", {"somebody-else"}),
        "opens no form": ('        form(data["trigger_id"])', "        pass", {"asking"}),
        "answers twice": ("if ts in decided or", "if", {"one-answer"}),
    },
}  # fmt: skip


def prepared(project: Project, name: str) -> str:
    """The app as a commit, its scenarios as the vault; the source."""
    source = (FOLDER / f"{name}.py").read_text()
    project.scenarios((FOLDER / f"{name}.md").read_text())
    config = '[app]\nserves = false\ndatabase = "sqlite"\n' if name == "nightly" else CONFIG
    if name == "dunning":
        config = (
            CONFIG.replace("app.py", "app.py serve")
            + 'database = "sqlite"\n[app.env]\nBILLING_CHANNEL = "C0GENERAL01"\n'
        )
    project.commit({"factory.toml": config, "app.py": source})
    return source


@pytest.mark.parametrize("name", FAULTS)
def test_a_good_app_passes_and_each_fault_is_found(project: Project, name: str) -> None:
    source = prepared(project, name)
    assert lint_suite(load_vault(project.vault), library(), []) == []
    report = project.run(twin_command=(), trials=1)
    problems = [each for row in report["scenarios"] for each in row["attempts"] if each["verdict"] != "pass"]
    assert report["gate"]["decision"] == "eligible", [(each["message"], each["line"]) for each in problems]
    for fault, (old, new, finders) in FAULTS[name].items():
        assert source.count(old) >= 1, fault
        project.commit({"app.py": source.replace(old, new)}, fault)
        only = tuple(f"hello/{each}" for each in finders)
        report = project.run(twin_command=(), trials=1, only=only)
        failed = {row["id"] for row in report["scenarios"] if row["outcome"] == "fail"}
        assert len(failed) == len(finders), (fault, failed, report["scenarios"][0]["attempts"][-1]["message"])
