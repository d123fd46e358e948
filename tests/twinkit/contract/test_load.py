"""Reading documents from files, URLs and packages, with references to other documents."""

from __future__ import annotations

import gzip
import json
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from twinkit.contract.adapters import canonical
from twinkit.contract.load import load
from twinkit.contract.strip import strip
from twinkit.errors import UsageError

FILES = {
    "api.yaml": """
openapi: 3.0.3
info: {title: Split, version: "1"}
paths:
  /users/{id}: {$ref: paths/user.yaml}
  /pets: {$ref: 'paths.json#/~1pets'}
components:
  schemas:
    User: {$ref: ./schemas/User.yaml}
    Odd: {$ref: missing.yaml#/x}
    Held: {properties: {$ref: {type: string}}, example: {$ref: nowhere.yaml}}
""",
    "paths/user.yaml": """
get:
  operationId: getUser
  description: prose
  parameters: [{$ref: '../parameters.yaml#/Id'}]
  responses:
    200:
      content: {application/json: {schema: {$ref: ../schemas/User.yaml}}}
""",
    "paths.json": json.dumps(
        {
            "/pets": {
                "get": {"operationId": "listPets", "responses": {"200": {"$ref": "api.yaml#/components/responses/R"}}}
            }
        }
    ),
    "parameters.yaml": "Id: {name: id, in: path, required: true, schema: {type: integer, description: prose}}\n",
    "schemas/User.yaml": """
type: object
description: prose
properties:
  friend: {$ref: '#'}
  name: {$ref: '#/definitions/Name'}
  pet: {$ref: Pet.yaml#/Pet}
definitions: {Name: {type: string}}
""",
    "schemas/Pet.yaml": "Pet: {type: object, properties: {owner: {$ref: User.yaml}}}\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    return tmp_path


@pytest.fixture
def served(folder: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            moved = self.path.removeprefix("/moved")
            if moved == self.path:
                return super().do_GET()
            self.send_response(302)
            self.send_header("Location", moved)
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def check(source: str | Path) -> None:
    document = load(source)
    contract = canonical(document)
    assert contract["service"] == "split"
    operations = {operation["id"]: operation for operation in contract["operations"]}
    assert set(operations) == {"getUser", "listPets"}
    user = operations["getUser"]
    assert user["path"] == "/users/{id}"
    assert user["parameters"][0]["schema"] == {"type": "integer"}
    assert user["responses"][0]["content"]["application/json"] == {"$ref": "#/components/schemas/User"}
    schemas = contract["schemas"]
    assert schemas["User"]["properties"] == {
        "friend": {"$ref": "#/components/schemas/User"},
        "name": {"$ref": "#/components/schemas/Name"},
        "pet": {"$ref": "#/components/schemas/Pet"},
    }
    assert schemas["Pet"]["properties"]["owner"] == {"$ref": "#/components/schemas/User"}
    assert schemas["Odd"] == {}
    assert schemas["Held"]["properties"] == {"$ref": {"type": "string"}}
    assert {finding.code for finding in document.findings} == {"unreadable-reference", "unresolvable-reference"}
    stripped = strip(document.data)
    assert b"prose" not in json.dumps(stripped).encode()
    document.data = stripped
    assert canonical(document)["schemas"]["User"] == schemas["User"]


def test_files(folder: Path) -> None:
    check(folder / "api.yaml")


def test_url(served: str) -> None:
    check(served + "/api.yaml")


def test_references_are_relative_to_where_a_url_leads(served: str) -> None:
    check(served + "/moved/api.yaml")


def test_a_url_that_cannot_be_had_is_one_line(served: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"^\S+/none.yaml: cannot be fetched: 404 File not found$"):
        load(served + "/none.yaml")
    with pytest.raises(UsageError, match="cannot be fetched: Exceeded maximum allowed redirects"):
        load(served + "/moved/moved" * 30)
    monkeypatch.setattr("twinkit.contract.load.PATIENCE", -1)
    with pytest.raises(UsageError, match="cannot be fetched: not whole after -1 seconds"):
        load(served + "/api.yaml")


def test_gzip_that_ends_too_early(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(gzip.compress(b'{"openapi": "3.0.0", "paths": {}}')[:30])
    with pytest.raises(UsageError, match="gzip that ends too early"):
        load(tmp_path / "x.json")


def test_yaml_indented_by_tabs(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("openapi: 3.0.0\npaths:\n\t/a:\n\t\tget: {responses: {'200': {description: x}}}\n")
    assert load(tmp_path / "x.yaml").data["paths"] == {"/a": {"get": {"responses": {"200": {"description": "x"}}}}}


def test_package(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = folder / "split_package_for_test"
    package.mkdir()
    (package / "__init__.py").write_text("")
    for name in FILES:
        target = package / name
        target.parent.mkdir(exist_ok=True)
        (folder / name).rename(target)
    monkeypatch.syspath_prepend(str(folder))
    check("split_package_for_test:api.yaml")


def test_json_needs_no_yaml(tmp_path: Path) -> None:
    import subprocess

    (tmp_path / "a.json").write_text('{"openapi": "3.0.0", "paths": {}}')
    code = f"""
import sys
from twinkit.contract.adapters import canonical
from twinkit.contract.index import compile_index
from twinkit.contract.load import load
compile_index(canonical(load({str(tmp_path / "a.json")!r})), {{}})
print([name for name in ("yaml", "yaml12", "prance", "httpx", "pydantic") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"
