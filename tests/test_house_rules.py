"""The house rules, as tests: sizes, docstrings, no ambient time or randomness or network, documents that stay true."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULE_LINES = 500
FUNCTION_LINES = 60

# What may read the wall clock, and why. Everything else asks the instance's clock.
WALL_CLOCK = {
    "twinkit/clock.py": "the one place that reads it",
    "twinkit/webhooks/deliver.py": "signatures are checked against the receiver's own clock",
}
# What may open connections, and why.
NETWORK = {
    "twinkit/webhooks/send.py": "deliveries go to receivers",
    "twinkit/webhooks/call.py": "a reply can depend on what a hook answers",
    "twinkit/contract/load.py": "fetches a document by URL, when asked to",
}
# What may read the environment below cli and instance, and why.
ENVIRONMENT = {"twinkit/paths.py": "the cache folder can be chosen"}
# Above this line of the layers, time, network and environment are the job.
ABOVE = (
    "cli",
    "factory",
    "testing",
    "intercept",
    "server",
    "lint",
    "pytest_plugin.py",
    "instance.py",
    "instance",
    "templates",
)

CLOCK_CALLS = {
    *(f"time.{name}" for name in ("time", "time_ns", "localtime", "gmtime", "sleep", "strftime", "ctime")),
    *(f"datetime.{name}" for name in ("now", "utcnow", "today")),
    *(f"datetime.datetime.{name}" for name in ("now", "utcnow", "today")),
    "date.today",
    "datetime.date.today",
}
RANDOM_MODULES = {"random", "secrets", "numpy.random"}
RANDOM_CALLS = {"uuid.uuid1", "uuid.uuid4", "uuid1", "uuid4", "os.urandom", "urandom"}
NETWORK_MODULES = {
    "socket", "ssl", "ftplib", "smtplib", "http.client", "urllib.request", "urllib3", "httpx", "requests",
    "aiohttp", "websockets", "prance",
}  # fmt: skip
LENGTH_EXEMPT: dict[str, str] = {}

OUTSIDE = re.compile(r"/work/|/root/|\.\./shared|shared/(design|openapi)|design/[A-Z]+\.md")


def sources(*tops: str) -> list[Path]:
    """Python files below these folders, templates (text for other projects) left out."""
    found = [path for top in tops for path in sorted((ROOT / top).rglob("*.py"))]
    return [path for path in found if "templates" not in path.parts and "node_modules" not in path.parts]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(module: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def quiet() -> list[Path]:
    """Modules that must not touch ambient time, randomness, network or environment."""
    kit = [path for path in sources("twinkit") if path.relative_to(ROOT / "twinkit").parts[0] not in ABOVE]
    return kit + sources("twins")


def dotted(node: ast.expr) -> str:
    return ast.unparse(node) if isinstance(node, ast.Attribute | ast.Name) else ""


def imported(module: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, module name) of every import; `from a import b` gives both `a` and `a.b`; type-only ones left out."""
    typing_only = {
        id(inner)
        for node in ast.walk(module)
        if isinstance(node, ast.If) and dotted(node.test).endswith("TYPE_CHECKING")
        for inner in ast.walk(node)
    }
    for node in ast.walk(module):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.lineno, node.module
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def calls(module: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute | ast.Name):
            yield node.lineno, dotted(node)


def no(found: list[str], rule: str) -> None:
    assert not found, f"{rule}:\n" + "\n".join(found)


def test_modules_are_short() -> None:
    long = [
        (name(p), len(p.read_text(encoding="utf-8").splitlines()))
        for p in sources("twinkit", "twins", "tests", "benchmarks")
    ]
    found = [f"{path}: {lines} lines" for path, lines in long if lines > MODULE_LINES and path not in LENGTH_EXEMPT]
    no(found, f"at most {MODULE_LINES} lines in a module: move a concept into a module of its own")


def test_functions_are_short() -> None:
    found = []
    for path in sources("twinkit", "twins", "tests", "benchmarks"):
        for node in functions(tree(path)):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES:
                found.append(f"{name(path)}:{node.lineno} {node.name}: {lines} lines")
    no(found, f"at most {FUNCTION_LINES} lines in a function")


def test_modules_say_what_they_own() -> None:
    found = [name(p) for p in sources("twinkit", "twins") if p.stat().st_size and not ast.get_docstring(tree(p))]
    no(found, "a module docstring: what it owns, what it may import")


def public(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Public functions and classes at the top of a module, and public methods; overloads and hooks' bodies left out."""
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield prefix + node.name, node
            yield from public(node.body, f"{prefix}{node.name}.")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            decorators = {
                dotted(d.func if isinstance(d, ast.Call) else d).rsplit(".", 1)[-1] for d in node.decorator_list
            }
            if not decorators & {"overload", "override", "setter"} and not phrased(node):
                yield prefix + node.name, node


def phrased(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a decorator says in words what the function does, as a scenario step's phrase does."""
    calls = [decorator for decorator in node.decorator_list if isinstance(decorator, ast.Call) and decorator.args]
    texts = [call.args[0].value for call in calls if isinstance(call.args[0], ast.Constant)]
    return any(isinstance(text, str) and " " in text for text in texts)


def test_public_names_have_docstrings() -> None:
    found = []
    for path in sources("twinkit"):
        for qualified, node in public(tree(path).body):
            if not ast.get_docstring(node):  # type: ignore[arg-type]
                found.append(f"{name(path)}:{node.lineno} {qualified}")  # type: ignore[attr-defined]
    no(found, "a docstring on every public name")


def test_no_ambient_time() -> None:
    found = [
        f"{name(path)}:{line} {call}"
        for path in quiet()
        if name(path) not in WALL_CLOCK
        for line, call in calls(tree(path))
        if call in CLOCK_CALLS
    ]
    no(found, "ask the clock (ctx.now, ctx.micros), never the machine")


def test_no_ambient_randomness() -> None:
    found = []
    for path in quiet():
        found += [f"{name(path)}:{line} import {m}" for line, m in imported(tree(path)) if m in RANDOM_MODULES]
        found += [f"{name(path)}:{line} {call}" for line, call in calls(tree(path)) if call in RANDOM_CALLS]
    no(found, "draw from a stream of the seed (ctx.draw, ctx.new_id, ctx.token)")


def test_no_network() -> None:
    found = [
        f"{name(path)}:{line} import {module}"
        for path in quiet()
        if name(path) not in NETWORK
        for line, module in imported(tree(path))
        if module in NETWORK_MODULES or module.split(".")[0] in NETWORK_MODULES
    ]
    no(found, "nothing below the instance opens a connection")


def test_no_environment() -> None:
    found = [
        f"{name(path)}:{line} {call}"
        for path in quiet()
        if name(path) not in ENVIRONMENT
        for line, call in calls(tree(path))
        if call in ("os.environ", "os.getenv", "os.environb")
    ]
    no(found, "the environment is read in cli and instance only")


@pytest.mark.parametrize("allowed", [WALL_CLOCK, NETWORK, ENVIRONMENT, LENGTH_EXEMPT])
def test_exemptions_are_few(allowed: dict[str, str]) -> None:
    assert len(allowed) <= 4
    assert all(reason for reason in allowed.values())


def test_twins_use_public_names_only() -> None:
    found = [
        f"{name(path)}:{line} {module}"
        for path in sources("twins")
        for line, module in imported(tree(path))
        if any(part.startswith("_") for part in module.split(".")[1:]) and module.startswith("twinkit")
    ]
    no(found, "a twin uses public names of the kit")


def test_twins_are_independent() -> None:
    found = []
    for path in sources("twins"):
        own = path.relative_to(ROOT / "twins").parts[0]
        for line, module in imported(tree(path)):
            parts = module.split(".")
            if parts[0] == "twins" and len(parts) > 1 and parts[1] != own:
                found.append(f"{name(path)}:{line} {module}")
    no(found, "twins know nothing of each other")


def test_nothing_is_left_to_do() -> None:
    found = []
    for path in sources("twinkit", "twins", "tests"):
        if path == Path(__file__):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if re.search(r"#.*\b(TODO|FIXME|XXX|HACK)\b|\bNotImplementedError\b", line):
                found.append(f"{name(path)}:{number} {line.strip()}")
    no(found, "finish it or leave it out")


@pytest.mark.parametrize(("document", "limit"), [("AGENTS.md", 60), ("ARCHITECTURE.md", 80)])
def test_documents_stay_short(document: str, limit: int) -> None:
    assert len((ROOT / document).read_text(encoding="utf-8").splitlines()) <= limit


def texts() -> Iterator[tuple[str, str]]:
    """Every text file of the project that a person wrote."""
    for pattern in (
        "*.md",
        "*.toml",
        "Makefile",
        "Dockerfile",
        ".ci/*",
        ".github/**/*",
        "docs/**/*",
        "twinkit/**/*",
        "twins/**/*",
        "examples/**/*",
    ):
        for path in sorted(ROOT.glob(pattern)):
            parts = set(path.parts)
            if (
                path.is_file()
                and path.suffix not in (".json", ".idx", ".bin", ".pyc", ".png", ".gz")
                and not parts & {"node_modules", "__pycache__", "data"}
            ):
                yield name(path), path.read_text(encoding="utf-8", errors="replace")


def test_nothing_outside_the_project_is_cited() -> None:
    found = [f"{path}: {match[0]}" for path, text in texts() for match in OUTSIDE.finditer(text)]
    no(found, "a reader sees the project alone")


def test_links_between_documents_lead_somewhere() -> None:
    found = []
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]:
        if "node_modules" in path.parts:
            continue
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
            if "://" not in target and not target.startswith("mailto:") and not (path.parent / target).exists():
                found.append(f"{name(path)}: {target}")
    no(found, "links lead to files that exist")


# Words of the glossary's right-hand column that have no other meaning in this code base.
FORBIDDEN_NAMES = re.compile(r"(?i)(^|_)(vendor|emulator|toxic|chaos)(_|$)")


def test_names_use_the_glossary() -> None:
    found = []
    for path in sources("twinkit", "twins"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and FORBIDDEN_NAMES.search(
                node.name
            ):
                found.append(f"{name(path)}:{node.lineno} {node.name}")
    no(found, "one word per concept; ARCHITECTURE.md has the glossary")
