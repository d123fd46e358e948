"""Sessions that let a program stream meter events: the key is a token that lasts a quarter of an hour.

Source: https://docs.stripe.com/api/v2/billing-meter-stream. Imports: the kit's public names, the twin's texts.
"""

from __future__ import annotations

from twinkit import Ctx, Filter
from twins.stripe import errors, v2

SESSION = "v2.billing.meter_event_session"
STREAM = "PostV2BillingMeterEventStream"
"""The operation that such a token is the key to."""


def check_token(ctx: Ctx, token: str) -> None:
    """Raise 401 for a token of no session, and for one whose time is over."""
    record = next(ctx.store.select(SESSION, [Filter("authentication_token", "=", token)]), None)
    if record is None:
        raise errors.bad_key(token)
    if v2.seconds(record["expires_at"], "") <= ctx.now:
        text = "The meter event session has expired. Create a new session."
        raise errors.error(401, text, code="billing_meter_event_session_expired", type="temporary_session_expired")
