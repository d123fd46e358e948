"""The Okta twin: users, groups, apps, policies, sign-in and OAuth 2.0 by handlers, everything else generically."""

from importlib import import_module
from pkgutil import iter_modules

from twinkit import Twin, need

need("cryptography", "okta")
twin = Twin.load(__package__)

import_module("twins.okta.wire")
import_module("twins.okta.webhooks")
import_module("twins.okta.baseline")
for _module in sorted(each.name for each in iter_modules([f"{__path__[0]}/handlers"])):
    import_module(f"twins.okta.handlers.{_module}")

__all__ = ["twin"]
