"""The route trie: precedence, patterns, decoding, backtracking."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinkit.contract.routes import Routes, build, variables

PATHS = [
    "/",
    "/users",
    "/users/{id}",
    "/users/me",
    "/users/{id}:cancel",
    "/users/{id}/posts/{post}",
    "/users/me/posts",
    "/files/{name}.json",
    "/files/{name}",
    "/diff/{a}...{b}",
    "/a b/{x}",
    "/tree/{path+}",
    "/slash/",
]


@pytest.fixture(scope="module")
def routes() -> Routes:
    return Routes(build(("get", path, number, []) for number, path in enumerate(PATHS))[0])


@pytest.mark.parametrize(
    ("path", "template", "values"),
    [
        ("/", "/", {}),
        ("/users", "/users", {}),
        ("/users/7", "/users/{id}", {"id": "7"}),
        ("/users/me", "/users/me", {}),
        ("/users/7:cancel", "/users/{id}:cancel", {"id": "7"}),
        ("/users/me/posts", "/users/me/posts", {}),
        ("/users/me/posts/3", "/users/{id}/posts/{post}", {"id": "me", "post": "3"}),
        ("/users/a%2Fb", "/users/{id}", {"id": "a/b"}),
        ("/files/a.json", "/files/{name}.json", {"name": "a"}),
        ("/files/a.txt", "/files/{name}", {"name": "a.txt"}),
        ("/diff/main...v2", "/diff/{a}...{b}", {"a": "main", "b": "v2"}),
        ("/a%20b/c", "/a b/{x}", {"x": "c"}),
        ("/tree/a/b/c", "/tree/{path+}", {"path": "a/b/c"}),
        ("/slash/", "/slash/", {}),
    ],
)
def test_match(routes: Routes, path: str, template: str, values: dict[str, str]) -> None:
    assert routes.match("get", path) == (PATHS.index(template), values)


@pytest.mark.parametrize("path", ["/users/", "/nothing", "/users/7/", "/slash", "/files/", "//users", "/users/7/x"])
def test_unknown(routes: Routes, path: str) -> None:
    assert routes.match("get", path) is None
    assert routes.methods(path) == ()


def test_methods() -> None:
    trie, hidden = build(
        [("get", "/a/{x}", 0, []), ("post", "/a/{y}", 1, []), ("delete", "/a/b", 2, []), ("get", "/a/{z}", 3, [])]
    )
    routes = Routes(trie)
    assert routes.methods("/a/b") == ("DELETE", "GET", "POST")
    assert routes.match("post", "/a/b") == (1, {"y": "b"})
    assert hidden == [3]


@given(st.lists(st.text(alphabet="ab{}:.+*%", max_size=12), max_size=6), st.text(alphabet="ab/%2:.", max_size=12))
def test_never_raises(paths: list[str], wanted: str) -> None:
    routes = Routes(build(("get", "/" + path, number, []) for number, path in enumerate(paths))[0])
    routes.match("get", "/" + wanted)
    routes.methods("/" + wanted)


@given(st.lists(st.text(min_size=1, max_size=8), min_size=2, max_size=2))
def test_any_value_comes_back(values: list[str]) -> None:
    from urllib.parse import quote

    routes = Routes(build([("get", "/x/{a}/{b}", 0, [])])[0])
    values = [value.encode("utf-8", "replace").decode() for value in values]
    path = "/x/" + "/".join(quote(value, safe="") for value in values)
    assert routes.match("get", path) == (0, dict(zip("ab", values, strict=True)))


def test_variables() -> None:
    assert variables("/a/{b}:{c}/{d+}") == ["b", "c", "d"]


def test_conditions_tell_operations_apart() -> None:
    rules = [
        ("post", "/", 0, [["any", "Action", "A"]]),
        ("post", "/", 1, [["any", "Action", "B"]]),
        ("post", "/", 2, [["any", "Action", "B"], ["any", "x-version", None]]),
        ("get", "/p/{id}", 3, [["path", 0, "integer"]]),
        ("get", "/p/{kind}", 4, [["path", 0, ["cat", "dog"]]]),
        ("get", "/p/{name}", 5, []),
        ("get", "/q/{file}", 6, []),
        ("get", "/q/{id}", 7, [["path", 0, "uuid"]]),
    ]
    routes = Routes(build(rules)[0])
    assert routes.match("post", "/", "Action=B") == (1, {})
    assert routes.match("post", "/", "", {"action": "B", "x-version": "1"}) == (2, {})
    assert routes.match("post", "/") == (0, {})
    assert routes.match("get", "/p/7") == (3, {"id": "7"})
    assert routes.match("get", "/p/dog") == (4, {"kind": "dog"})
    assert routes.match("get", "/p/x7") == (5, {"name": "x7"})
    assert routes.match("get", "/q/a.txt") == (6, {"file": "a.txt"})
    assert routes.match("get", "/q/7F9C24E8-3B12-4FEF-91E0-5A2D5F6C8B11")[0] == 7  # type: ignore[index]
