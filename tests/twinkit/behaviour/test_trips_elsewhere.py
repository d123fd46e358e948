"""Round trips where bodies have a record's properties elsewhere than the record, and ids where few look for them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.twinkit.behaviour.documents import TEXT, WHOLE, at, changed, collection, document_server, json_content, thing

HOOK = thing(id=TEXT, type=TEXT, attributes=thing(title=TEXT, url=TEXT))
NOTICE = thing(id=WHOLE, type=TEXT, attributes=thing(title=TEXT, type=TEXT, text=TEXT, size=WHOLE))
ATTACHMENT = thing(Attachment=thing(AttachmentId=TEXT, title=TEXT), SubnetArns={"type": "array", "items": TEXT})
TASK = thing(id=TEXT, type=TEXT, title=TEXT, assigned_to=thing(id=TEXT, login=TEXT))
ADDRESS = {**TEXT, "format": "ipv4", "example": "192.0.2.1", "readOnly": True}
SUBSCRIPTION = thing(id=TEXT, title=TEXT, _links=thing(self=thing(href=TEXT)))
LINKED = thing(_links=thing(subscriptions={"type": "array", "items": thing(("href",), href=TEXT, title=TEXT)}))
ONE = {"$ref": "#/components/schemas/Trade"}
MANY = {"type": "array", "items": ONE}
BUDGET = thing(data=thing(accounts={"type": "array", "items": thing(id=TEXT, title=TEXT)}, knowledge=WHOLE))
ARRAYS = {"type": "array", "items": thing(title=TEXT)}


CHECK = thing(path=TEXT, every=WHOLE)


def line(*required: str, **properties: Any) -> dict[str, Any]:
    """One kind of line."""
    return thing(("kind", *required), id=TEXT, kind=TEXT, title=TEXT, **properties)


SCHEMAS = {
    "Trade": thing(id=TEXT, title=TEXT),
    "Crowd": thing(("id",), id=TEXT, title=TEXT, members={"type": "array", "items": thing(value=TEXT)}, meta=thing()),
    "IncomeWithId": thing(incomeId=WHOLE, typeId=WHOLE, title=TEXT),
    "Dark": line("colour", colour=TEXT),
    "Lit": line("speed", speed=WHOLE),
    "Line": {
        "oneOf": [{"$ref": "#/components/schemas/Dark"}, {"$ref": "#/components/schemas/Lit"}],
        "discriminator": {
            "propertyName": "kind",
            "mapping": {"dark": "#/components/schemas/Dark", "lit": "#/components/schemas/Lit"},
        },
    },
}


def paged(made: dict[str, Any], path: str, **query: Any) -> dict[str, Any]:
    """The same collection with parameters of its list."""
    made[path]["get"]["parameters"] = [
        {"name": name, "in": "query", "schema": schema} for name, schema in query.items()
    ]
    return made


def changeable(path: str, param: str, shown: Any, body: Any, **more: Any) -> dict[str, Any]:
    """A collection whose items PUT makes as well."""
    made = collection(path, param, shown, body=body, **more)
    replies = made[f"{path}/{{{param}}}"]["put"]["responses"]
    replies["201"] = replies["200"]
    return made


PATHS: dict[str, Any] = {
    **collection("/hooks", "id", HOOK, body=thing(data=thing(attributes=HOOK)), wrap=lambda s: thing(data=s)),
    **collection("/notices", "id", NOTICE, body=thing(title=TEXT, text=TEXT, size=WHOLE, type=TEXT), kind=WHOLE),
    **collection("/nodes", "id", thing(id=TEXT, net=TEXT, zone=TEXT, title=TEXT),
                 body=thing(net=TEXT, nodeConfiguration=thing(zone=TEXT, title=TEXT))),
    **collection("/policies", "id", thing(id=TEXT, title=TEXT, size=WHOLE), body=thing(policyTitle=TEXT, size=WHOLE)),
    **collection("/inquiries", "id", thing(id=TEXT, title=TEXT, size=WHOLE), wrap=lambda s: thing(Inquiry=s),
                 body=thing(InquiryRequest=thing(title=TEXT, count=WHOLE))),
    **collection("/vpc-attachments", "attachmentId", ATTACHMENT, wrap=lambda s: thing(VpcAttachment=s),
                 body=thing(title=TEXT, SubnetArns=ATTACHMENT["properties"]["SubnetArns"])),
    **collection("/dbs", "name", thing(name=TEXT, title=TEXT), wrap=lambda s: thing(db=s)),
    **collection("/servers", "id", thing(id=WHOLE, title=TEXT), kind=WHOLE, wrap=lambda s: thing(server=s, next=TEXT)),
    **collection("/tasks", "id", TASK, body=thing(title=TEXT, assign_to=thing(id=TEXT, login=TEXT))),
    **collection("/budgets", "id", thing(id=TEXT, title=TEXT)),
    **collection("/budgets/{budget_id}/accounts", "id", thing(id=TEXT, title=TEXT), above=("budget_id",),
                 listed=BUDGET),
    **collection("/accounts/{account-id}/transfers", "id", thing(account_id=WHOLE, title=TEXT),
                 body=thing(title=TEXT), above=("account-id",), kind=WHOLE),
    **collection("/addresses", "address", thing(address=ADDRESS, title=TEXT), body=thing(title=TEXT)),
    **collection("/subscriptions", "id", SUBSCRIPTION, body=thing(title=TEXT), listed=LINKED),
    **collection("/trades", "id", ONE, body=thing(trade=ONE, trades=MANY),
                 made=thing(data=thing(trade=ONE, trades=MANY)), wrap=lambda s: thing(data=thing(trade=s))),
    **collection("/posts", "id", thing(id=TEXT, title=TEXT), body=ARRAYS),
    **collection("/zones/{zone}/notes", "kind", thing(kind=TEXT, notes={"type": "array", "items": TEXT}, title=TEXT),
                 above=("zone",)),
    **collection("/repositories/{workspace}/issues", "id",
                 thing(id=TEXT, title=TEXT, repository=thing(uuid=TEXT, name=TEXT)), above=("workspace",)),
    **changeable("/projects", "key", thing(key=TEXT, uuid=TEXT, title=TEXT), thing(key=TEXT, uuid=TEXT, title=TEXT)),
    **paged(collection("/issuers", "id", thing(id=TEXT, title=TEXT), body=thing(title=TEXT),
                       listed=thing(value={"type": "array", "items": thing(id=TEXT, title=TEXT)}, nextLink=TEXT)),
            "/issuers", maxresults=WHOLE),
    **collection("/receipts", "receiptNumber", thing(receiptNbr=TEXT, title=TEXT), body=thing(title=TEXT)),
    **collection("/channels", "id", {**thing(id=TEXT, title=TEXT), "properties": {
        "id": TEXT, "title": TEXT, "push.state": thing(push=TEXT)}}, body=thing(title=TEXT, push=TEXT)),
    **collection("/lines", "id", {"$ref": "#/components/schemas/Line"}),
    **collection("/people", "id", thing(id=TEXT, email=TEXT, title=TEXT, account=thing(id=TEXT)),
                 body=thing(account=thing(id=TEXT), return_url=TEXT, person=thing(email=TEXT, title=TEXT, tags=TEXT))),
    **collection("/targets", "id", thing(id=TEXT, title=TEXT, config=thing(port=WHOLE, check=CHECK)),
                 body=thing(title=TEXT, config=thing(port=WHOLE, check=CHECK))),
    **collection("/incomes", "id", {"$ref": "#/components/schemas/IncomeWithId"}, body=thing(title=TEXT), kind=WHOLE),
    **collection("/life-policies", "id", thing(policyId=WHOLE, clientId=WHOLE, title=TEXT), kind=WHOLE,
                 body=thing(title=TEXT, clientId=WHOLE)),
    **collection("/blogs/{blogId}/posts", "postId", thing(id=TEXT, title=TEXT, blog=thing(id=TEXT)), above=("blogId",)),
    **collection("/bundles", "bundleId", thing(bundleId=TEXT, kept=thing(id=TEXT, title=TEXT, rules=TEXT)),
                 body=thing(id=TEXT, title=TEXT, rules=TEXT)),
    **collection("/works", "idOrKey", thing(id=TEXT, key=TEXT, title=TEXT), made=thing(id=WHOLE, key=TEXT),
                 body=thing(key=TEXT, title=TEXT)),
    **collection("/maps", "id", thing(id=TEXT, title=TEXT, parts={"allOf": [{"type": "object", "additionalProperties":
                 thing(("kind",), kind={**TEXT, "enum": ["x"]}, size=WHOLE)}]}),
                 body=thing(title=TEXT, parts={"type": "object", "additionalProperties": thing(size=WHOLE)})),
    **collection("/crowds", "crowdKey", {"$ref": "#/components/schemas/Crowd"},
                 body=thing(title=TEXT, members={"type": "array", "items": thing(value=TEXT)})),
    **collection("/papers", "PaperId", thing(Metadata=thing(Id=TEXT, title=TEXT, size=WHOLE)),
                 body=thing(title=TEXT, size=WHOLE)),
    **collection("/exports", "id", thing(id=TEXT, definition=thing(roleArn=TEXT, title=TEXT)),
                 wrap=lambda s: thing(ExportResponse=s), body=thing(ExportRequest=thing(roleArn=TEXT, title=TEXT))),
    **collection("/boxes", "id", thing(id=TEXT, title=TEXT, size=WHOLE),
                 body=thing(title=thing(value=TEXT), size=thing(value=WHOLE))),
    **collection("/pages", "number", thing(url=TEXT, title=TEXT), body=thing(title=TEXT), kind=WHOLE),
}  # fmt: skip


PATHS["/targets/{id}"]["patch"] = {
    "requestBody": json_content(thing(check=CHECK)),
    "responses": PATHS["/targets/{id}"]["put"]["responses"],
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of the document's twin."""
    document = {
        "openapi": "3.0.3",
        "info": {"title": "Elsewhere", "version": "1"},
        "paths": PATHS,
        "components": {"schemas": SCHEMAS},
    }
    with document_server(tmp_path_factory.mktemp("elsewhere"), document) as client:
        yield client


ATTACHED = "VpcAttachment.Attachment"
CASES: list[tuple[str, Any, str, str]] = [
    # path, body, place of the id in the reply, place of the title in the item
    ("/hooks", {"data": {"attributes": {"title": "a", "url": "u"}}}, "data.id", "data.attributes.title"),
    ("/notices", {"title": "a", "text": "t"}, "id", "attributes.title"),
    ("/nodes", {"net": "n", "nodeConfiguration": {"zone": "z", "title": "a"}}, "id", "title"),
    ("/policies", {"policyTitle": "a"}, "id", "title"),
    ("/inquiries", {"InquiryRequest": {"title": "a"}}, "Inquiry.id", "Inquiry.title"),
    ("/vpc-attachments", {"title": "a", "SubnetArns": ["s"]}, f"{ATTACHED}.AttachmentId", f"{ATTACHED}.title"),
    ("/dbs", {"name": "d1", "title": "a"}, "db.name", "db.title"),
    ("/servers", {"title": "a"}, "server.id", "server.title"),
    ("/budgets/b1/accounts", {"title": "a"}, "id", "title"),
    ("/addresses", {"title": "a"}, "address", "title"),
    ("/trades", {"trade": {"title": "a"}}, "data.trade.id", "data.trade.title"),
    ("/trades", {"trades": [{"title": "a"}]}, "data.trades.0.id", "data.trade.title"),
    ("/receipts", {"title": "a"}, "receiptNbr", "title"),
    (
        "/exports",
        {"ExportRequest": {"roleArn": "r", "title": "a"}},
        "ExportResponse.id",
        "ExportResponse.definition.title",
    ),
    ("/crowds", {"title": "a", "members": [{"value": "m"}]}, "id", "title"),
    ("/papers", {"title": "a", "size": 1}, "Metadata.Id", "Metadata.title"),
    ("/maps", {"title": "a", "parts": {"p": {"size": 1}}}, "id", "title"),
    ("/incomes", {"title": "a"}, "incomeId", "title"),
    ("/life-policies", {"title": "a", "clientId": 77}, "policyId", "title"),
    ("/blogs/b1/posts", {"title": "a", "blog": {"id": "b2"}}, "id", "title"),
    ("/bundles", {"title": "a", "rules": "r", "id": "own"}, "bundleId", "kept.title"),
    ("/lines", {"kind": "lit", "speed": 3, "title": "a"}, "id", "title"),
    ("/people", {"return_url": "r", "person": {"email": "e", "title": "a"}}, "id", "title"),
    ("/channels", {"title": "a", "push": "p"}, "id", "title"),
    ("/posts", [{"title": "a"}], "id", "title"),
    ("/zones/z1/notes", {"kind": "k1", "notes": ["n"], "title": "a"}, "kind", "title"),
]


@pytest.mark.parametrize(("path", "body", "id_place", "title"), CASES)
def test_a_trip_holds(client: httpx.Client, path: str, body: Any, id_place: str, title: str) -> None:
    made = client.post(path, json=body)
    assert made.status_code == 201, made.text
    id = at(made.json(), id_place)
    item = f"{path}/{id}"
    assert at(client.get(item).json(), title) == "a"
    assert json.dumps(id) in client.get(path).text
    if path != "/posts":
        assert client.put(item, json=changed(body)).status_code == 200
        assert at(client.get(item).json(), title) == ("a" if "trades" in body else "b")
    assert client.delete(item).status_code == 204
    assert client.get(item).status_code == 404
    assert json.dumps(id) not in client.get(path).text


def test_what_a_wrapper_has_beside_the_record_is_kept(client: httpx.Client) -> None:
    made = client.post("/vpc-attachments", json={"title": "a", "SubnetArns": ["s"]}).json()
    assert made["VpcAttachment"]["SubnetArns"] == ["s"]


def test_what_a_body_has_on_top_goes_where_most_of_it_goes(client: httpx.Client) -> None:
    made = client.post("/notices", json={"title": "a", "text": "t", "size": 1, "type": "file"}).json()
    assert made["attributes"] == {"title": "a", "text": "t", "size": 1, "type": "file"}


def test_an_object_that_names_another_record_is_not_the_record(client: httpx.Client) -> None:
    made = client.post("/tasks", json={"title": "a", "assign_to": {"id": "u1", "login": "ann"}}).json()
    assert made["id"] != "u1"
    assert client.get(f"/tasks/{made['id']}").json()["title"] == "a"


def test_a_parents_id_is_never_the_records_own(client: httpx.Client) -> None:
    items = [client.post("/accounts/7/transfers", json={"title": "a"}).headers["location"] for _ in range(2)]
    assert [client.get(item).json() for item in items] == [{"account_id": 7, "title": "a"}] * 2
    assert len(client.get("/accounts/7/transfers").json()) == 2


def test_examples_are_no_ids(client: httpx.Client) -> None:
    made = {client.post("/addresses", json={"title": "a"}).json()["address"] for _ in range(5)}
    assert len(made) == 5


def test_a_list_of_links_leads_to_the_records(client: httpx.Client) -> None:
    made = client.post("/subscriptions", json={"title": "a"}).json()
    (link,) = [each for each in client.get("/subscriptions").json()["_links"]["subscriptions"] if each["title"] == "a"]
    assert link["href"] == made["_links"]["self"]["href"]
    assert client.get(link["href"]).json() == made


def test_an_address_is_shown_where_no_id_is(client: httpx.Client) -> None:
    made = client.post("/pages", json={"title": "a"})
    assert made.json()["url"] == made.headers["location"]
    assert client.get(made.json()["url"]).json()["title"] == "a"
    assert client.get("/pages").json() == [made.json()]


def test_a_property_of_another_record_is_left_as_it_was_sent(client: httpx.Client) -> None:
    made = client.post("/repositories/w1/issues", json={"title": "a", "repository": {"uuid": "r1"}}).json()
    assert made["repository"]["uuid"] == "r1"
    assert [each["id"] for each in client.get("/repositories/w1/issues").json()] == [made["id"]]


@pytest.mark.parametrize("own", [{"kind": "lit", "speed": 3}, {"kind": "dark", "colour": "red"}])
def test_a_discriminator_says_which_kind_is_shown(client: httpx.Client, own: dict[str, Any]) -> None:
    made = client.post("/lines", json=own).json()
    assert made == {**made, **own}
    assert made.keys() <= {"id", "title", *own}


def test_a_change_may_name_a_part_of_the_record_alone(client: httpx.Client) -> None:
    made = client.post(
        "/targets", json={"title": "a", "config": {"port": 1, "check": {"path": "/", "every": 5}}}
    ).json()
    client.patch(f"/targets/{made['id']}", json={"check": {"path": "/up", "every": 9}})
    assert client.get(f"/targets/{made['id']}").json()["config"] == {"port": 1, "check": {"path": "/up", "every": 9}}


def test_what_a_map_holds_is_completed_also_where_a_part_says_so(client: httpx.Client) -> None:
    made = client.post("/maps", json={"title": "a", "parts": {"p": {"size": 1}}}).json()
    assert made["parts"] == {"p": {"kind": "x", "size": 1}}


def test_a_further_id_is_a_number_where_the_create_shows_one(client: httpx.Client) -> None:
    made = client.post("/works", json={"key": "K1", "title": "a"}).json()
    assert isinstance(made["id"], int)
    assert client.get(f"/works/{made['id']}").json()["key"] == "K1"


def test_what_is_boxed_in_the_body_is_shown_by_itself(client: httpx.Client) -> None:
    made = client.post("/boxes", json={"title": {"value": "a"}, "size": {"value": 3}}).json()
    assert (made["title"], made["size"]) == ("a", 3)
    assert client.put(f"/boxes/{made['id']}", json={"title": {"value": "b"}}).json() == {**made, "title": "b"}


def test_a_next_link_leads_on_where_no_parameter_does(client: httpx.Client) -> None:
    made = {client.post("/issuers", json={"title": "a"}).json()["id"] for _ in range(3)}
    seen, address = set(), "/issuers?maxresults=2"
    while address:
        page = client.get(address).json()
        assert len(page["value"]) <= 2
        seen |= {each["id"] for each in page["value"]}
        address = page.get("nextLink")
    assert seen == made


def test_put_finds_a_record_by_any_of_its_ids(client: httpx.Client) -> None:
    client.post("/projects", json={"key": "P1", "uuid": "u1", "title": "a"})
    assert client.put("/projects/u1", json={"title": "b"}).status_code == 200
    assert client.get("/projects/P1").json()["title"] == "b"
    assert client.put("/projects/P2", json={"title": "c"}).status_code == 201
