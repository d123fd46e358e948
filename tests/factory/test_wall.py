"""The wall: where the vault may be, what the coder's sandbox shows, what comes back, and what text got out."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.factory.conftest import CONFIG, HELLO, SCENARIO, Project, git, write
from twinkit.errors import UsageError
from twinkit.factory import git as plumbing
from twinkit.factory.environment import jail
from twinkit.factory.errors import IntegrityError, Leak
from twinkit.factory.run.candidate import open_candidate
from twinkit.factory.run.loop import scanner_for
from twinkit.factory.scenarios.vault import load_vault
from twinkit.factory.wall import landlock, placement, sandbox, seal
from twinkit.factory.wall.cleanroom import CleanRoom, check_patch
from twinkit.factory.wall.governance import matches
from twinkit.factory.wall.hidden import suspicious
from twinkit.factory.wall.scan import Scanner
from twinkit.factory.wall.telltales import telltales

ROOT = Path(__file__).parents[2]
needs_namespaces = pytest.mark.skipif(not jail.available(), reason="this machine makes no namespaces")


def problems(project: Project, vault: Path | None = None) -> str:
    return " ".join(placement.problems(project.repo, vault or project.vault, "HEAD"))


def with_submodule(project: Project) -> str:
    """The project's app in a repository of its own, `lib`, and a commit that has it as a submodule; its commit."""
    library = project.root / "library"
    write(library, {"app.py": HELLO, "data/x.txt": "1"})
    git(library, "init", "-q", "-b", "main")
    git(library, "add", "-A")
    git(library, "commit", "-q", "-m", "library")
    git(project.repo, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "lib")
    git(project.repo, "rm", "-q", "app.py")
    project.commit({"factory.toml": CONFIG.replace("app.py", "lib/app.py")}, "with a submodule")
    return git(library, "rev-parse", "HEAD")


def test_submodules_are_exported_or_the_change_is_not_evaluated(project: Project) -> None:
    module = with_submodule(project)
    report = project.run(trials=1)
    assert report["gate"]["exit_code"] == 0, report["scenarios"][0]["attempts"]
    assert not any("submodule" in text for text in report["advisories"])
    base = git(project.repo, "rev-parse", "HEAD")
    write(project.repo / "lib", {"app.py": HELLO.replace("true", "false")})
    git(project.repo / "lib", "add", "-A")
    git(project.repo / "lib", "commit", "-q", "-m", "worse")
    project.commit({}, "move the submodule")
    report = project.run(trials=1, base=base)
    assert report["gate"]["exit_code"] == 1, "its commit, not the one before"
    assert any("moves submodule lib to" in text for text in report["advisories"])
    shutil.rmtree(project.repo / ".git" / "modules")
    shutil.rmtree(project.repo / "lib")
    project.commit({"other": "x"}, "elsewhere")
    git(project.repo, "update-index", "--add", "--cacheinfo", f"160000,{module},lib")
    git(project.repo, "commit", "-q", "-m", "back")
    with pytest.raises(UsageError, match=r"submodule lib at .* is not here; run `git submodule update"):
        project.run(trials=1)


def test_a_submodules_name_leads_nowhere_else(project: Project) -> None:
    module = with_submodule(project)
    write(project.repo, {".gitmodules": '[submodule "../../library/.git"]\n\tpath = lib\n\turl = x\n'})
    git(project.repo, "commit", "-q", "-am", "sly")
    with pytest.raises(IntegrityError, match="no safe name"):
        plumbing.export(project.repo, git(project.repo, "rev-parse", "HEAD"), project.root / "out")
    assert module


def test_the_room_has_submodules_and_takes_no_edits_of_them(project: Project) -> None:
    with_submodule(project)
    made = CleanRoom(project.repo, plumbing.commit(project.repo, "HEAD"), project.root / "clean")
    made.make()
    write(made.folder, {"new.txt": "1"})
    for _ in range(2):
        change = made.take("change")
        assert change.paths == ("new.txt",) and (made.folder / "lib" / "app.py").read_text() == HELLO
    write(made.folder, {"lib/data/x.txt": "2"})
    with pytest.raises(IntegrityError, match="lib, which is a submodule"):
        made.take("change")


def test_a_vault_beside_the_project_is_fine(project: Project) -> None:
    assert problems(project) == ""


def test_where_a_vault_must_not_be(project: Project) -> None:
    inside = project.repo / "vault"
    write(inside, {"scenarios/a.md": SCENARIO})
    assert "inside the project" in problems(project, inside)
    alias = project.root / "alias"
    alias.symlink_to(inside)
    assert "inside the project" in problems(project, alias)
    write(project.root, {"scenarios/a.md": SCENARIO})
    assert "inside the vault" in problems(project, project.root)


def test_links_into_the_vault(project: Project) -> None:
    (project.repo / "peek").symlink_to(project.vault)
    assert "peek is a link into the vault" in problems(project)
    (project.repo / "peek").unlink()
    os.link(project.vault / "scenarios" / "hello.md", project.repo / "copy.md")
    assert "hard link" in problems(project)


def test_scenarios_in_git_objects_or_submodules(project: Project) -> None:
    project.commit({"old.md": SCENARIO})
    git(project.repo, "rm", "-q", "old.md")
    project.commit({}, "gone")
    assert "object of the project's git repository" in problems(project)
    report = project.run(trials=1)
    assert report["gate"]["exit_code"] == 4
    project.scenarios(SCENARIO + "> other\n")
    project.commit({".gitmodules": '[submodule "v"]\n\tpath = v\n\turl = ../vault\n'})
    assert "submodule" in problems(project)


def room(project: Project) -> CleanRoom:
    made = CleanRoom(project.repo, plumbing.commit(project.repo, "HEAD"), project.root / "clean")
    made.make()
    return made


def test_a_clean_room_has_no_history(project: Project) -> None:
    project.commit({"secret.txt": "x"})
    project.commit({"secret.txt": "y"})
    git(project.repo, "remote", "add", "origin", "https://example.test/x")
    made = room(project)
    assert git(made.folder, "rev-list", "--all", "--count") == "1"
    assert git(made.folder, "remote") == "" and not (made.folder / ".git" / "logs").exists()
    assert not list((made.folder / ".git" / "hooks").glob("*")) if (made.folder / ".git" / "hooks").exists() else True


def test_what_comes_back(project: Project) -> None:
    made = room(project)
    assert made.take("nothing").empty
    write(made.folder, {"app.py": "print(1)\n", "new/file.bin": b"\0\1\2", "ünïcode name.txt": "x"})
    change = made.take("title; $(touch /tmp/owned) `id`")
    assert set(change.paths) == {"app.py", "new/file.bin", "ünïcode name.txt"}
    assert plumbing.read(project.repo, change.head, "new/file.bin") == b"\0\1\2"
    assert git(project.repo, "log", "-1", "--format=%s", change.head) == "title; $(touch /tmp/owned) `id`"
    assert not Path("/tmp/owned").exists()
    assert git(project.repo, "status", "--porcelain") == ""


def test_hooks_filters_and_config_of_the_room_are_never_used(project: Project) -> None:
    made = room(project)
    owned = project.root / "owned"
    script = f"#!/bin/sh\ntouch {owned}\ncat\n"
    for hook in ("pre-commit", "post-commit", "post-checkout", "post-index-change", "pre-applypatch"):
        write(made.folder, {f".git/hooks/{hook}": script})
        (made.folder / ".git" / "hooks" / hook).chmod(0o755)
    for key in ("filter.x.clean", "core.fsmonitor", "diff.x.textconv", "core.hooksPath"):
        git(made.folder, "config", key, f"sh -c 'touch {owned}; cat'")
    write(made.folder, {".gitattributes": "* filter=x diff=x\n", "app.py": "changed\n"})
    made.take("x")
    assert not owned.exists()


def test_what_must_not_come_back(project: Project) -> None:
    made = room(project)
    (made.folder / "link").symlink_to("/etc/passwd")
    with pytest.raises(IntegrityError, match="outside the tree"):
        made.take("x")
    (made.folder / "link").unlink()
    os.mkfifo(made.folder / "pipe")
    with pytest.raises(IntegrityError, match="no plain file"):
        made.take("x")
    (made.folder / "pipe").unlink()
    (made.folder / "sub").mkdir()
    git(made.folder / "sub", "init", "-q")
    with pytest.raises(IntegrityError, match="repository inside"):
        made.take("x")
    subprocess.run(["rm", "-rf", str(made.folder / "sub")], check=True)
    (made.folder / "huge").write_bytes(b"x" * 6_000_000)
    with pytest.raises(IntegrityError, match="allowed are"):
        made.take("x")


@pytest.mark.parametrize(
    "patch",
    [
        "diff --git a/x b/../../x\n",
        "--- a/.git/config\n+++ b/.git/config\n",
        "+++ b/a/.GIT/hooks/x\n",
        "diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+/etc/passwd\n",
        "x" * 6_000_000,
    ],
)
def test_patches_no_honest_coder_sends(patch: str) -> None:
    with pytest.raises(IntegrityError):
        check_patch(patch)


def test_patches_that_do_not_apply(project: Project) -> None:
    made = room(project)
    for patch in ("", "nonsense", "--- a/none\n+++ b/none\n@@ -1 +1 @@\n-a\n+b\n"):
        with pytest.raises(IntegrityError, match="does not apply"):
            made.apply(patch)


@needs_namespaces
def test_the_sandbox_hides_the_vault_by_every_way(project: Project, elsewhere: Path) -> None:
    """By path, symbolic link, /proc, parents, environment and the network; and writes nowhere else.

    Everything is outside of /tmp, which the sandbox has one of its own of.
    """
    shutil.copytree(project.root, elsewhere, dirs_exist_ok=True)
    project = Project(elsewhere, project.executor)
    made = room(project)
    (made.folder / "way").symlink_to(project.vault)
    box = sandbox.choose(
        [str(project.vault), str(project.state), str(project.repo)], network=False, wanted="namespaces"
    )
    assert box.kind == "namespaces" and box.advisories == []
    script = f"""
        cat {project.vault}/scenarios/hello.md; find {elsewhere} -name '*.md' | xargs cat
        cat way/scenarios/hello.md; cat {project.repo}/.git/HEAD
        for p in /proc/[0-9]*; do cat $p/root{project.vault}/scenarios/*.md $p/cwd/scenarios/*.md; done
        for p in /proc/[0-9]*; do tr '\\0' '\\n' < $p/environ; done
        echo x > {project.vault}/scenarios/new.md; echo x > /etc/planted-by-agent; env
        python3 -c 'import socket; socket.create_connection(("192.0.2.1", 80), 0.2); print("NETWORK")'
        echo done > written
    """
    os.environ["PLANTED_SECRET"] = "hunter2"
    try:
        outcome = box.run(
            ["sh", "-c", script], room=made.folder, home=made.home, temporary=made.temporary, env={},
            log=project.root / "log", timeout=10,
        )  # fmt: skip
    finally:
        del os.environ["PLANTED_SECRET"]
    assert outcome.code == 0 and (made.folder / "written").read_text() == "done\n"
    for secret in ("Scenario", "hunter2", "ref: refs", "NETWORK"):
        assert secret not in outcome.output
    assert not (project.vault / "scenarios" / "new.md").exists() and not Path("/etc/planted-by-agent").exists()


@pytest.mark.skipif(landlock.version() < 4, reason="this kernel has no Landlock, or an old one")
def test_landlock_where_there_are_no_namespaces(project: Project) -> None:
    made = room(project)
    box = sandbox.choose([str(project.vault)], network=False, wanted="landlock")
    assert box.kind == "landlock" and box.advisories == []
    script = (
        f"cat {project.vault}/scenarios/hello.md; cat {project.repo}/.git/HEAD; echo x > /etc/planted-by-agent\n"
        "python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", 1), 0.2)'\n"
        "echo done > written; cat app.py\n"
    )
    outcome = box.run(
        ["sh", "-c", script], room=made.folder, home=made.home, temporary=made.temporary, env={},
        log=project.root / "log", timeout=20,
    )  # fmt: skip
    assert (made.folder / "written").read_text() == "done\n" and "serve(" in outcome.output
    assert "Scenario" not in outcome.output and "ref: refs" not in outcome.output
    assert "PermissionError" in outcome.output and not Path("/etc/planted-by-agent").exists()


def test_without_a_sandbox_it_says_so(project: Project) -> None:
    box = sandbox.choose([], network=False, wanted="none")
    assert box.kind == "none" and "without a sandbox" in box.advisories[0]
    assert sandbox.Sandbox("namespaces", (), network=True).advisories


def test_sandboxed_commands_end(project: Project) -> None:
    made = room(project)
    box = sandbox.choose([], network=False)
    where = {
        "room": made.folder,
        "home": made.home,
        "temporary": made.temporary,
        "env": {},
        "log": project.root / "log",
    }
    assert box.run(["sleep", "60"], timeout=0.2, **where).code is None
    assert box.run(["sh", "-c", "exit 3"], timeout=5, **where).code == 3
    assert box.run(["no-such-agent"], timeout=5, **where).code == 127


LONG = "## Scenario: A\nGiven a user requested a password reset 16 minutes ago\nWhen I GET /x\nThen they see nothing\n"


def test_scenario_text_is_found(project: Project) -> None:
    project.scenarios(LONG)
    write(project.vault, {"vault.toml": 'canaries = ["canary-123"]'})
    scanner = scanner_for(load_vault(project.vault), "The user sees a page.")
    for text in (
        "# Given a user requested a password reset 16 minutes ago", "USER_REQUESTED-a password; reset!",
        "if 'requested a password reset 16' in x:", "x canary-123 y",
    ):  # fmt: skip
        with pytest.raises(Leak):
            scanner.check("change", text)
    project.scenarios('## Scenario: Owing\nWhen I GET /x\nThen they see "You owe 12.50 to Bob Baker"\n')
    other = scanner_for(load_vault(project.vault), "")
    with pytest.raises(Leak):
        other.check("change", "they see you owe 12.50 to bob")
    for text in ("a user requested something", "When I GET /x", "reset the password of a user", ""):
        scanner.check("change", text)
    public = Scanner({"s": ["they see an error about the link"]}, [], public="They see an error about the link.")
    assert public.hits("x", "they see an error about the link") == []


def test_hidden_characters() -> None:
    assert [name for _, name in suspicious("a\u202eb\n\u200bc\U000e0041")] == [
        "RIGHT-TO-LEFT OVERRIDE", "ZERO WIDTH SPACE", "TAG LATIN CAPITAL LETTER A",
    ]  # fmt: skip
    assert not list(suspicious("plain ünïcode 👩\u200d💻"))


def test_words_that_only_twins_say_are_pointed_at(project: Project) -> None:
    base = project.commit({"old.py": "# twinkit\n"})
    harmless = {"app.py": "key = 'sk_test_51x'\n", "README.md": "Tested with twinkit.\n"}
    assert telltales(project.repo, base, project.commit(harmless)) == []
    head = project.commit({"app.py": "\nif 'twinkit' in key:\n    price = 2900\n"})
    (note,) = telltales(project.repo, base, head)
    assert note.startswith("app.py:2 says 'twinkit'")
    assert note in open_candidate(project.repo, head, base).advisories


def test_protected_patterns() -> None:
    patterns = ("factory.toml", "specs/**", ".github/**", "*.lock")
    for path in ("factory.toml", "sub/factory.toml", "FACTORY.TOML", "specs/a/b.md", ".GitHub/x", "a/b.lock"):
        assert matches(path, patterns), path
    for path in ("factory.tomlx", "src/specs.py", "myspecs/a.md"):
        assert not matches(path, patterns), path


def test_sealed_vaults(project: Project) -> None:
    pytest.importorskip("pyrage")
    key, other, sealed = (project.root / name for name in ("key", "other", "vault.age"))
    assert seal.generate_key(key).startswith("age1") and key.stat().st_mode & 0o077 == 0
    seal.seal(project.vault, sealed, key)
    assert b"Scenario" not in sealed.read_bytes()
    seal.unseal(sealed, project.root / "opened", key)
    assert load_vault(project.root / "opened").digest == load_vault(project.vault).digest
    seal.generate_key(other)
    with pytest.raises(UsageError, match="cannot be opened"):
        seal.unseal(sealed, project.root / "x", other)


def test_coder_side_packages_never_import_scenario_packages() -> None:
    """agents, specifications and the coder's half of the wall know nothing of scenarios, steps, trials or runs."""
    factory = ROOT / "twinkit" / "factory"
    coder = [*(factory / "agents").glob("*.py"), *(factory / "specs").glob("*.py"), *(factory / "wall").glob("*.py")]
    forbidden = ("scenarios", "steps", "trial", "run", "evaluators", "executors", "report", "audits")
    assert len(coder) > 10
    for path in coder:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert not name.startswith(tuple(f"twinkit.factory.{part}" for part in forbidden)), (path.name, name)
