"""A small shop: customers, orders, payments by Stripe."""
