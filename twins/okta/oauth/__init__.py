"""OAuth 2.0 and OpenID Connect: keys, tokens, claims, scopes, client authentication. Pure functions."""
