"""The container started by a test: `pip install testcontainers`, and an image built by `docker build -t twinkit .`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stripe

from twinkit.testing import Twin, connect

testcontainers = pytest.importorskip("testcontainers.core.container", reason="needs testcontainers")
waiting = pytest.importorskip("testcontainers.core.wait_strategies", reason="needs testcontainers")
docker = pytest.importorskip("docker", reason="needs the Docker client")


@pytest.fixture(scope="module")
def stripe_twin() -> Iterator[Twin]:
    try:
        docker.from_env().ping()
    except docker.errors.DockerException as error:
        pytest.skip(f"needs a Docker engine: {error}")
    ready = waiting.HttpWaitStrategy(4010, "/_twin/health").for_status_code(200)
    container = testcontainers.DockerContainer("twinkit").with_command("serve stripe").with_exposed_ports(4010)
    with container.waiting_for(ready) as running:
        address = f"http://{running.get_container_host_ip()}:{running.get_exposed_port(4010)}"
        yield connect(address)


def test_a_customer_is_kept(stripe_twin: Twin) -> None:
    client = stripe.StripeClient("sk_test_container", base_addresses={"api": stripe_twin.url})
    customer = client.v1.customers.create({"email": "ada@example.com"})
    stripe_twin.assert_record("customer", customer.id, email="ada@example.com")
