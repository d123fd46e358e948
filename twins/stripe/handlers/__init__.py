"""Handlers of the Stripe twin, one module for each resource."""
