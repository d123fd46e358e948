"""The pytest plugin: a fixture for each installed twin, `twin_factory`, `twin_world`, the marker `twin`, three options.

Every pytest run of everyone who has the package imports this module, so nothing of the kit is imported at its top:
the kit is loaded by the first test that asks for a twin.
"""

from __future__ import annotations

import json
import re
import types
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from twinkit.testing import Twin, TwinServer, World

MARKER = (
    "twin(name=None, *, seed, clock, failures, baseline, intercept): how the twins of a test are to be; "
    "with a name, only that twin"
)
OPTIONS = frozenset({"seed", "clock", "failures", "baseline", "intercept"})
IN_USE = pytest.StashKey[list[Any]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare `--twin-seed`, `--twin-failures`, `--twin-record`."""
    group = parser.getgroup("twin", "digital twins of services")
    group.addoption("--twin-seed", type=int, default=0, metavar="N", help="seed of every twin (0)")
    group.addoption("--twin-failures", action="append", default=[], metavar="PROFILE", help="failure profile in force")
    group.addoption("--twin-record", metavar="DIR", help="write each test's exchanges with its twins to this folder")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker and one fixture for each installed twin."""
    from importlib.metadata import entry_points

    config.addinivalue_line("markers", MARKER)
    names = sorted({point.name for point in entry_points(group="twinkit.twins")})
    fixtures = types.ModuleType("twinkit_twins", "One fixture for each installed twin.")
    vars(fixtures).update({f"{name}_twin": _fixture_for(name) for name in names})
    config.pluginmanager.register(fixtures, "twinkit-twins")


def _fixture_for(name: str) -> Any:
    def twin(request: pytest.FixtureRequest, twin_factory: Callable[..., Twin]) -> Twin:
        made = twin_factory(name)
        if hasattr(request.instance, "assertEqual"):
            setattr(request.instance, f"{name}_twin", made)
        return made

    twin.__doc__ = f"A private instance of the {name} twin."
    return pytest.fixture(name=f"{name}_twin")(twin)


@pytest.fixture(scope="session")
def twin_server(request: pytest.FixtureRequest) -> Iterator[TwinServer]:
    """The server behind every twin of this run; twins are loaded and served when a test first asks for them."""
    from twinkit.testing import TwinServer

    with TwinServer(seed=request.config.getoption("--twin-seed")) as server:
        yield server


@pytest.fixture
def twin_factory(request: pytest.FixtureRequest, twin_server: TwinServer) -> Iterator[Callable[..., Twin]]:
    """Makes private instances: `twin_factory("stripe", seed=7, clock="fixed", failures="flaky", baseline={…})`."""
    made: list[Twin] = []
    request.node.stash[IN_USE] = made
    folder = request.config.getoption("--twin-record")
    stack = ExitStack()

    def make(name: str, **how: Any) -> Twin:
        asked = {**_marked(request.node, name), **how}
        failures = [*request.config.getoption("--twin-failures"), *_listed(asked.pop("failures", None))]
        intercept = asked.pop("intercept", False)
        twin = twin_server.instance(name, failures=failures, **asked)
        made.append(twin)
        stack.callback(twin_server.remove, twin)
        if folder:
            stack.callback(_record, Path(folder), request.node.nodeid, twin)
        if intercept:
            stack.callback(_intercept(twin_server, twin).close)
        return twin

    with stack:
        yield make


@pytest.fixture
def twin_world(twin_factory: Callable[..., Twin]) -> World:
    """Several twins with one seed, time and snapshot: `twin_world.stripe`, `twin_world.clock.advance(days=1)`."""
    from twinkit.testing import World

    return World(twin_factory)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _marked(node: Any, name: str) -> dict[str, Any]:
    """What the `twin` markers say about a twin; the nearest marker wins. Raises UsageError for unknown words."""
    fixtures = vars(node.config.pluginmanager.get_plugin("twinkit-twins"))
    installed = [fixture.removesuffix("_twin") for fixture in fixtures if fixture.endswith("_twin")]
    found: dict[str, Any] = {}
    for marker in reversed(list(node.iter_markers("twin"))):
        for named in marker.args:
            if named not in installed:
                from twinkit.errors import nearest

                hint = nearest(str(named), installed)
                raise pytest.UsageError(f"@pytest.mark.twin: no twin {named!r} is installed{hint}")
        if marker.args and name not in marker.args:
            continue
        for option in marker.kwargs:
            if option not in OPTIONS:
                from twinkit.errors import nearest

                raise pytest.UsageError(f"@pytest.mark.twin has no {option!r}{nearest(option, OPTIONS)}")
        found.update(marker.kwargs)
    return found


def _intercept(server: TwinServer, twin: Twin) -> Any:
    from twinkit.intercept import intercepted

    return intercepted(server, twin)


def _record(folder: Path, test: str, twin: Twin) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^\w.-]+", "_", test)
    rows = twin.plane.get("exchanges", limit=10_000)["exchanges"]
    path = folder / f"{name}.{twin.name}.jsonl"
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Iterator[None]:
    """Add to the report of a failing test what its twins saw."""
    outcome: Any = yield
    report = outcome.get_result()
    if report.when == "teardown" or not report.failed:
        return
    for twin in item.stash.get(IN_USE, []):
        try:
            text = twin.report()
        except Exception as error:
            text = f"could not be asked: {error}"
        report.sections.append((f"twin {twin.name}", text))
