"""A small shop: customers, orders, payments by Stripe, messages by Slack."""
