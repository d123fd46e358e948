"""twinkit: stateful digital twins of external services and the evaluation loop on top of them."""
