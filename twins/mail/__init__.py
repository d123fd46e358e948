"""The mail twin: SMTP in, an inbox over HTTP. With it "no email is sent" is more than a hope."""

from importlib import import_module

from twinkit import Twin, need

need("aiosmtpd", "mail")
twin = Twin.load(__package__)

import_module("twins.mail.handlers.messages")
import_module("twins.mail.smtp")

__all__ = ["twin"]
