"""What a cold start loads, by module list: nothing that neither serving nor the first answer needs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from twinkit.server.catalogue import declared, installed_twin

NOTES = Path(__file__).with_name("notes.json")
UNWANTED = ("starlette", "click", "websockets", "uvicorn.main", "multiprocessing", "importlib.metadata", "difflib")


def loaded(*arguments: str, path: str) -> set[str]:
    """The modules that a server has imported when it has answered one request."""
    command = [sys.executable, "-X", "importtime", "-m", "twinkit.cli.twin", "serve", *arguments]
    with subprocess.Popen(
        [*command, "--port", "0", "--json", "--quiet"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        try:
            (twin,) = json.loads(process.stdout.readline())["twins"].values()
            assert httpx.get(twin["url"] + path).status_code < 500
        finally:
            process.terminate()
            _, listed = process.communicate(timeout=20)
    return {line.rpartition("|")[2].strip() for line in listed.splitlines() if line.startswith("import time:")}


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (["stripe"], "/v1/customers"),
        (["slack"], "/api/api.test"),
        (["okta"], "/api/v1/users"),
        (["--openapi", str(NOTES)], "/v1/notes"),
    ],
)
def test_a_cold_start_loads_nothing_that_only_other_things_need(arguments: list[str], path: str) -> None:
    loaded(*arguments, path=path)  # where the twin was not compiled yet, it is now
    names = loaded(*arguments, path=path)
    assert "uvicorn.server" in names
    for unwanted in UNWANTED:
        found = sorted(name for name in names if re.match(rf"{re.escape(unwanted)}(\.|$)", name))
        assert not found, found


def test_a_document_read_for_the_first_time_loads_nothing_that_overlays_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWINKIT_CACHE", str(tmp_path))
    names = loaded("--openapi", str(NOTES), path="/v1/notes")
    assert "twinkit.overlay.infer" in names
    for unwanted in (*UNWANTED, "pydantic", "yaml", "yaml12", "twinkit.contract.jsonpath"):
        assert unwanted not in names


def test_uvicorn_is_whole_for_whoever_asks_for_it() -> None:
    code = """
import sys
from twinkit.server import front
assert "uvicorn.main" not in sys.modules
import uvicorn
assert uvicorn.Config is front.Config and uvicorn.Server is front.UvicornServer
assert "uvicorn.main" not in sys.modules
try:
    uvicorn.nothing
except AttributeError:
    pass
else:
    raise AssertionError
assert "uvicorn.main" in sys.modules and callable(uvicorn.run) and uvicorn.__version__
assert uvicorn.Config is front.Config
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_a_twin_is_found_among_unpacked_distributions(tmp_path: Path) -> None:
    for number, text in enumerate(
        (
            "[console_scripts]\nnotes = wrong:main\n",
            "[twinkit.twins]\nother = a:twin\n\n[x]\nnotes = wrong:twin\n",
            "[a]\nb = c:d\n[twinkit.twins]\nnotes = twinkit_notes:twin\nlast=b : twin\n",
        )
    ):
        info = tmp_path / f"package{number}-1.0.dist-info"
        info.mkdir()
        (info / "entry_points.txt").write_text(text)
    (tmp_path / "empty-1.0.dist-info").mkdir()
    places = [str(tmp_path / "nowhere"), str(NOTES), str(tmp_path)]
    assert declared("notes", places) == "twinkit_notes:twin"
    assert declared("other", places) == "a:twin"
    assert declared("b", places) is None
    assert declared("Notes", places) is None
    assert declared("notes", places[:2]) is None


def test_every_installed_twin_is_found_both_ways() -> None:
    from importlib.metadata import entry_points

    for point in entry_points(group="twinkit.twins"):
        assert declared(point.name, sys.path) == point.value
        assert installed_twin(point.name) is point.load()
