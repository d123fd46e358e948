"""Official Stripe SDKs with hard-coded hosts, unmodified, through `twin run --intercept`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests import node

PYTHON = """
import asyncio
import stripe

stripe.api_key = "sk_test_hard_coded"
made = stripe.Customer.create(email="ada@example.com")
assert stripe.api_base == "https://api.stripe.com"
assert stripe.Customer.retrieve(made.id).email == "ada@example.com"

async def work():
    client = stripe.StripeClient("sk_test_hard_coded", http_client=stripe.HTTPXClient())
    return (await client.v1.customers.list_async()).data

assert [customer.id for customer in asyncio.run(work())] == [made.id]
with open(__file__, "rb") as file:
    upload = stripe.File.create(purpose="dispute_evidence", file=file)
print("done", upload.object)
"""
NODE = """
import Stripe from 'stripe';
const stripe = new Stripe('sk_test_hard_coded');
const made = await stripe.customers.create({email: 'ada@example.com'});
const fetching = new Stripe('sk_test_hard_coded', {httpClient: Stripe.createFetchHttpClient()});
console.log('done', (await fetching.customers.retrieve(made.id)).email);
"""


def intercepted(twin: str, *words: str) -> str:
    """What a command prints that runs beside a twin, with its hosts intercepted."""
    command = [sys.executable, "-m", "twinkit.cli.twin", "run", "--quiet", "--twin", twin, "--intercept", "--", *words]
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_stripe_python(tmp_path: Path) -> None:
    script = tmp_path / "app.py"
    script.write_text(PYTHON)
    assert intercepted("stripe", sys.executable, str(script)) == "done file\n"


def test_stripe_node() -> None:
    packages = node.packages("stripe@23.1.0")
    script = packages / "hard_coded.mjs"
    script.write_text(NODE)
    assert intercepted("stripe", node.program("node"), str(script)) == "done ada@example.com\n"
