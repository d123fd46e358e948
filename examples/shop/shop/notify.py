"""Tells the team on Slack. A message that cannot be sent never stops an order."""

from __future__ import annotations

import logging

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from shop.orders import Order

log = logging.getLogger("shop")


class Notifier:
    """The official SDK; one thread for each order, begun by its first message."""

    def __init__(self, token: str, channel: str) -> None:
        self.client = WebClient(token=token, timeout=5)
        self.channel = channel
        self._threads: dict[int, str] = {}

    def tell(self, order: Order, text: str) -> bool:
        """Post about an order, in its thread; whether it was sent."""
        shown = f"Order {order.id}: {text} ({order.quantity} x {order.article}, ${order.total / 100:.2f})"
        try:
            reply = self.client.chat_postMessage(
                channel=self.channel, text=shown, thread_ts=self._threads.get(order.id)
            )
        except (SlackApiError, OSError) as error:
            log.warning("Slack was not told about order %s: %s", order.id, error)
            return False
        self._threads.setdefault(order.id, str(reply["ts"]))
        return True
