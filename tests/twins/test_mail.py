"""The mail twin through smtplib and HTTP: what is sent arrives whole at the right instance, or is refused by SMTP."""

from __future__ import annotations

import base64
import json
import smtplib
import socket
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving import serving
from twinkit.testing import Twin, TwinServer
from twins.mail import parse

LINKED = "https://app.test/reset?token=a&x=1"


@pytest.fixture
def smtp(mail_twin: Twin) -> Iterator[smtplib.SMTP]:
    """A connection to the private instance of the test."""
    with connection(mail_twin) as server:
        yield server


def connection(twin: Twin) -> smtplib.SMTP:
    return smtplib.SMTP(twin.env["SMTP_HOST"], int(twin.env["SMTP_PORT"]), timeout=10)


def email(**fields: Any) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "App <app@x.test>", "Ada <ada@x.test>", "Grüße ✓"
    message.set_content(fields.get("text", f"Hello, see {LINKED}.\n"))
    return message


def test_what_is_sent_is_there(mail_twin: Twin, smtp: smtplib.SMTP) -> None:
    message = email()
    message["Cc"] = "bob@x.test"
    message.add_alternative('<p>Hello <a href="https://app.test/page?a=1&amp;b=2">here</a></p>', subtype="html")
    message.add_attachment(b"%PDF\0", maintype="application", subtype="pdf", filename="bill.pdf")
    smtp.send_message(message, to_addrs=["ada@x.test", "bob@x.test", "hidden@x.test"])
    (found,) = mail_twin.client.get("/messages").json()["messages"]
    assert (found["from"], found["to"]) == ("app@x.test", ["ada@x.test", "bob@x.test", "hidden@x.test"])
    assert found["cc"] == ["bob@x.test"] and found["subject"] == "Grüße ✓"
    assert found["text"].startswith("Hello, see https://") and "<p>Hello" in found["html"]
    assert found["links"] == [LINKED, "https://app.test/page?a=1&b=2"]
    assert found["attachments"] == [{"index": 0, "filename": "bill.pdf", "content_type": "application/pdf", "size": 5}]
    assert found["headers"]["Cc"] == "bob@x.test" and found["received"] > 0
    attached = mail_twin.client.get(f"/messages/{found['id']}/attachments/0")
    assert attached.content == b"%PDF\0" and attached.headers["content-type"] == "application/pdf"
    assert mail_twin.client.get(f"/messages/{found['id']}/attachments/1").status_code == 404
    source = mail_twin.client.get(f"/messages/{found['id']}/source")
    assert source.headers["content-type"] == "message/rfc822" and b"bill.pdf" in source.content
    assert mail_twin.client.get(f"/messages/{found['id']}").json() == found


def test_lists_filter_page_and_delete(mail_twin: Twin, smtp: smtplib.SMTP) -> None:
    for number in range(5):
        text = f"Subject: Number {number}\r\n\r\nx"
        smtp.sendmail("app@x.test", ["Ada@X.test" if number % 2 else "bob@x.test"], text)
    ids = [each["id"] for each in mail_twin.client.get("/messages").json()["messages"]]
    assert len(ids) == 5
    first = mail_twin.client.get("/messages", params={"limit": 2}).json()
    assert [each["id"] for each in first["messages"]] == ids[:2] and first["has_more"] is True
    rest = mail_twin.client.get("/messages", params={"limit": 3, "after": ids[1]}).json()
    assert [each["id"] for each in rest["messages"]] == ids[2:] and rest["has_more"] is False
    to_ada = mail_twin.client.get("/messages", params={"to": "ada@x.test"}).json()["messages"]
    assert [each["subject"] for each in to_ada] == ["Number 3", "Number 1"]
    assert len(mail_twin.client.get("/messages", params={"subject": "number 2"}).json()["messages"]) == 1
    assert mail_twin.client.get("/messages", params={"after": "nope"}).status_code == 400
    assert mail_twin.client.get("/messages", params={"limit": 0}).status_code == 400
    assert mail_twin.client.delete(f"/messages/{ids[0]}").status_code == 204
    assert mail_twin.client.get(f"/messages/{ids[0]}/source").status_code == 404
    assert mail_twin.client.delete("/messages", params={"to": "ada@x.test"}).status_code == 204
    assert len(mail_twin.records("message")) == 2 == len(mail_twin.records("source"))
    assert mail_twin.client.delete("/messages").status_code == 204
    assert mail_twin.records("message") == []


def test_instances_have_ports_and_credentials_of_their_own(twin_factory: Any) -> None:
    one, other = twin_factory("mail"), twin_factory("mail")
    assert one.env["SMTP_PORT"] != other.env["SMTP_PORT"]
    with connection(one) as server:
        server.sendmail("a@x.test", ["b@x.test"], "Subject: one\r\n\r\n")
        server.login(other.credentials["smtp_user"], other.credentials["smtp_password"])
        server.sendmail("a@x.test", ["b@x.test"], "Subject: other\r\n\r\n")
    assert [each["subject"] for each in one.records("message")] == ["one"]
    assert [each["subject"] for each in other.records("message")] == ["other"]


def test_a_forgotten_instance_takes_no_mail() -> None:
    with TwinServer("mail") as server:
        twin = server.instance("mail")
        port = int(twin.env["SMTP_PORT"])
        server.remove(twin)
        with pytest.raises(OSError), socket.create_connection(("127.0.0.1", port), 2) as found:
            found.recv(1) or (_ for _ in ()).throw(ConnectionError)


def test_strict_asks_for_the_credentials_it_gave_out() -> None:
    with TwinServer("mail", strict=True) as server, connection(server.default("mail")) as smtp:
        known = server.default("mail").credentials
        with pytest.raises(smtplib.SMTPException):
            smtp.sendmail("a@x.test", ["b@x.test"], "x")
        with pytest.raises(smtplib.SMTPAuthenticationError):
            smtp.login(known["smtp_user"], "wrong")
        smtp.login(known["smtp_user"], known["smtp_password"])
        smtp.sendmail("a@x.test", ["b@x.test"], "x")


@pytest.mark.parametrize(
    ("error", "code", "raised"),
    [
        ("greylisted", 450, smtplib.SMTPRecipientsRefused),
        ("mailbox_unknown", 550, smtplib.SMTPRecipientsRefused),
        ("mailbox_full", 452, smtplib.SMTPRecipientsRefused),
        ("rejected", 550, smtplib.SMTPDataError),
        ("unavailable", 421, smtplib.SMTPDataError),
        ("internal", 451, smtplib.SMTPDataError),
        ("too_large", 552, smtplib.SMTPDataError),
    ],
)
def test_refusals(mail_twin: Twin, error: str, code: int, raised: type[Exception]) -> None:
    """The second attempt goes through; the refused one left nothing but an exchange."""
    mail_twin.fail(error)
    with connection(mail_twin) as server:
        with pytest.raises(raised) as caught:
            server.send_message(email())
        shown = str(caught.value)
        assert str(code) in shown
    assert mail_twin.records("message") == []
    with connection(mail_twin) as server:
        server.send_message(email())
    assert [each.status for each in mail_twin.exchanges] == [code, 250]
    assert mail_twin.exchanges[0].fault and not mail_twin.exchanges[1].fault


def test_faults_by_recipient_status_and_wire(mail_twin: Twin) -> None:
    mail_twin.fail("greylisted", when={"request": {"to": "ada@x.test"}})
    with connection(mail_twin) as server:
        server.sendmail("a@x.test", ["bob@x.test"], "Subject: x\r\n\r\n")
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            server.sendmail("a@x.test", ["ada@x.test"], "Subject: x\r\n\r\n")
    mail_twin.heal()
    for status, code in ((503, 451), (429, 451), (403, 554)):
        mail_twin.fail(status=status)
        with connection(mail_twin) as server, pytest.raises(smtplib.SMTPDataError) as caught:
            server.send_message(email())
        assert caught.value.smtp_code == code
    mail_twin.heal()
    before = len(mail_twin.records("message"))
    mail_twin.fail(network="reset")
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        connection(mail_twin).send_message(email())
    assert len(mail_twin.records("message")) == before
    mail_twin.fail(network="reset", at="after_commit")
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        connection(mail_twin).send_message(email())
    assert len(mail_twin.records("message")) == before + 1, "kept, although the client was never told"


def test_profiles_and_time(mail_twin: Twin) -> None:
    """`outage` ends on the twin's clock; a message carries the twin's time."""
    mail_twin.failures("outage")
    mail_twin.clock.advance(seconds=40)
    with connection(mail_twin) as server, pytest.raises(smtplib.SMTPDataError, match="421"):
        server.send_message(email())
    mail_twin.clock.advance(minutes=5)
    with connection(mail_twin) as server:
        server.send_message(email())
    (record,) = mail_twin.records("message")
    assert abs(record["received"] - mail_twin.plane.get("clock")["now"]) <= 2


def test_events_reach_receivers_signed(mail_twin: Twin, smtp: smtplib.SMTP) -> None:
    receiver = mail_twin.receiver()
    smtp.send_message(email())
    (arrival,) = receiver.wait()
    assert "mail-signature" in {name.lower() for name in arrival.headers} and arrival.type == "message.received"
    (event,) = mail_twin.events
    assert event.type == "message.received" and "Grüße ✓" in json.dumps(event.data, ensure_ascii=False)


def test_sending_over_http_is_the_same(mail_twin: Twin) -> None:
    given = {"from": "a@x.test", "to": ["b@x.test"], "cc": ["c@x.test"], "subject": "Hi", "text": "see http://x.test/a"}
    made = mail_twin.client.post("/messages", json={**given, "html": "<b>x</b>", "headers": {"X-Id": "7"}})
    assert made.status_code == 201
    body = made.json()
    assert (
        body["to"] == ["b@x.test", "c@x.test"] and body["headers"]["X-Id"] == "7" and body["html"].strip() == "<b>x</b>"
    )
    assert body["links"] == ["http://x.test/a"]
    assert mail_twin.client.post("/messages", json={"from": "a@x.test"}).status_code == 400
    mail_twin.fail("rate_limit", operation="sendMessage")
    assert mail_twin.client.post("/messages", json=given).status_code == 429


def test_first_records_reset_and_snapshots(mail_twin: Twin) -> None:
    mail_twin.load({"message": [{"from": "a@x.test", "to": ["b@x.test"], "subject": "old", "text": "http://x.test/z"}]})
    (old,) = mail_twin.records("message")
    assert old["links"] == ["http://x.test/z"] and old["headers"]["Subject"] == "old"
    assert b"Subject: old" in mail_twin.client.get(f"/messages/{old['id']}/source").content
    snapshot = mail_twin.snapshot()
    with connection(mail_twin) as server:
        server.send_message(email())
    assert len(mail_twin.records("message")) == 2
    snapshot.restore()
    assert len(mail_twin.records("message")) == 1
    with connection(mail_twin) as server:
        server.send_message(email())
    mail_twin.reset()
    assert [each["subject"] for each in mail_twin.records("message")] == ["old"]


def test_ids_repeat_with_the_seed(twin_factory: Any) -> None:
    ids = []
    for _ in range(2):
        twin = twin_factory("mail", seed=5)
        with connection(twin) as server:
            server.send_message(email())
        ids.append(twin.records("message")[0]["id"])
    assert ids[0] == ids[1] and ids[0].startswith("msg_")


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\0\1\2", b"Subject: =?utf-8?B?zz\r\n\r\nx", b"Content-Type: text/plain; charset=nope\r\n\r\n\xff",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: multipart/mixed\r\n\r\n--x--",
        b"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!", b"To: <<<>,,\r\nFrom: @\r\n\r\n",
    ],
)  # fmt: skip
def test_odd_messages_are_kept(mail_twin: Twin, raw: bytes) -> None:
    with connection(mail_twin) as server:
        server.sendmail("a@x.test", ["b@x.test"], raw)
    (record,) = mail_twin.records("message")
    assert base64.b64decode(mail_twin.records("source")[0]["raw"]).rstrip(b"\r\n") == raw.replace(b"\n", b"\n").rstrip(
        b"\r\n"
    )
    assert record["to"] == ["b@x.test"] and json.dumps(record)


def test_a_message_that_is_too_large(mail_twin: Twin, smtp: smtplib.SMTP) -> None:
    smtp.ehlo()
    assert int(smtp.esmtp_features["size"]) == 26_214_400
    with pytest.raises(smtplib.SMTPSenderRefused):
        smtp.sendmail("a@x.test", ["b@x.test"], b"x" * 26_300_000)


@pytest.mark.parametrize(
    ("text", "page", "expected"),
    [
        ("(http://a.test/x). and http://b.test", "", ["http://a.test/x", "http://b.test"]),
        ("", "<a href='https://a.test/?x=1&amp;y=2'>z</a>", ["https://a.test/?x=1&y=2"]),
        ("", "<a href=mailto:x@y.test>http://shown.test/a</a>", ["http://shown.test/a"]),
        ("http://a.test", '<a href="http://a.test">a</a>', ["http://a.test"]),
        ("nothing", "<p>nothing</p>", []),
    ],
)
def test_links(text: str, page: str, expected: list[str]) -> None:
    assert parse.links(text, page) == expected


def test_served_beside_others_and_in_a_world(tmp_path: Path) -> None:
    file = tmp_path / "team.yaml"
    file.write_text(
        "world: team\ntwins: [slack, mail]\nclock: fixed:2026-11-01T00:00:00Z\n"
        "baseline: {mail: {message: [{from: a@x.test, to: [b@x.test], subject: first}]}}\n"
    )
    with serving("--world", str(file)) as served:
        env = served["mail"].ready["env"]
        assert env["SMTP_URL"] == f"smtp://127.0.0.1:{env['SMTP_PORT']}" and env["MAIL_URL"] == served["mail"].url
        with smtplib.SMTP("127.0.0.1", int(env["SMTP_PORT"])) as server:
            server.send_message(email())
        served["slack"].control("POST", "clock/advance", days=1)
        with smtplib.SMTP("127.0.0.1", int(env["SMTP_PORT"])) as server:
            server.send_message(email())
        times = [each["received"] for each in httpx.get(served["mail"].url + "/messages").json()["messages"]]
        assert len(times) == 3 and times[0] - times[1] == 86_400
