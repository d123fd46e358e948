"""The webhook receiver: takes deliveries, verifies signatures, answers as told."""

from __future__ import annotations

import httpx
import pytest

from twinkit.testing import Twin, WebhookReceiver


def test_deliveries_arrive_signed(twin: Twin) -> None:
    receiver = twin.receiver()
    made = twin.client.post("/notes", json={"text": "news"}).json()
    (arrival,) = receiver.wait(type="note.created")
    assert arrival.valid is True
    assert made["id"] in arrival.body.decode()
    assert arrival.json
    twin.assert_delivered("note.created", times=1)


def test_a_bad_signature_is_seen(twin: Twin) -> None:
    receiver = twin.receiver()
    twin.fail(event="note.created", delivery={"signature": "bad"})
    twin.client.post("/notes", json={"text": "forged"})
    (arrival,) = receiver.wait()
    assert arrival.valid is False


def test_a_refused_delivery_is_tried_again_on_the_clock(twin: Twin) -> None:
    receiver = twin.receiver()
    receiver.respond(500)
    twin.client.post("/notes", json={"text": "again"})
    receiver.wait(1)
    assert [d.response_status for d in twin.deliveries if d.response_status] == [500]
    twin.clock.advance(days=3)
    assert len(receiver.wait(2)) == 2
    assert twin.assert_delivered("note.created").attempt > 1


def test_answers_can_be_computed() -> None:
    with WebhookReceiver() as receiver:
        receiver.answer_with(lambda arrival: (202, {"path": arrival.path, "form": arrival.json}))
        reply = httpx.post(f"{receiver.url}?a=1", data={"b": "2"})
        assert (reply.status_code, reply.json()) == (202, {"path": "/webhooks?a=1", "form": {"b": "2"}})
        assert receiver.arrivals[0].valid is None
        receiver.clear()
        assert not receiver.of()


def test_waiting_in_vain_says_what_came() -> None:
    with WebhookReceiver() as receiver:
        httpx.post(receiver.url, json={"type": "other"})
        with pytest.raises(AssertionError, match=r"1 of wanted deliveries; what came: other"):
            receiver.wait(type="wanted", timeout=0.05)


def test_verification_handshakes_are_answered() -> None:
    with WebhookReceiver() as receiver:
        slack = httpx.post(receiver.url, json={"type": "url_verification", "challenge": "abc"})
        okta = httpx.get(receiver.url, headers={"x-okta-verification-challenge": "xyz"})
        assert (slack.json(), okta.json()) == ({"challenge": "abc"}, {"verification": "xyz"})
        assert not receiver.arrivals
