"""The Identity Engine's sign-in pipeline (`/idp/idx`): transactions, authenticators, steps, and how they are sent."""
