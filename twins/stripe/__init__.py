"""The Stripe twin."""
