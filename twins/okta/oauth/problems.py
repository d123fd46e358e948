"""OAuth's errors as Okta words them: a short name → status, error, description.

Source: https://developer.okta.com/docs/reference/error-codes/#okta-oauth-2-0-error-codes. The one place of these texts.
"""

from __future__ import annotations

from twinkit import ServiceError

BAD_CLIENT = "Client authentication failed. Either the client or the client credentials are invalid."
TABLE: dict[str, tuple[int, str, str]] = {
    "access_denied": (403, "access_denied", "The resource owner or authorization server denied the request."),
    "app_denied": (400, "access_denied", "Access to this application is denied due to a policy."),
    "idp_link_group": (
        400, "access_denied", "User linking was denied because the user is not in any of the specified groups.",
    ),
    "idp_link_error": (400, "access_denied", "Error in linking or finding a linked user."),
    "idp_jit_disabled": (400, "access_denied", "User creation was disabled."),
    "idp_user_status": (400, "access_denied", "User status is invalid."),
    "idp_login_failed": (400, "access_denied", "Login failed."),
    "user_not_assigned": (400, "access_denied", "User is not assigned to the client application."),
    "no_matching_policy": (
        401, "access_denied", "Policy evaluation failed for this request, please check the policy configurations.",
    ),
    "refresh_scopes_denied": (
        400, "access_denied",
        "Some of the scopes requested for the refresh request were not granted in the original authorize request. "
        "Denied scopes: {0}.",
    ),
    "authorization_pending": (
        400, "authorization_pending", "The device authorization is pending. Please try again later.",
    ),
    "ciba_authorization_pending": (
        400, "authorization_pending",
        "The authorization request is still pending as the user hasn't yet been authenticated.",
    ),
    "hook_error": (400, "server_error", "{0}"),
    "slow_down": (400, "slow_down", "Slow down the polling frequency. Please try again later."),
    "expired_token": (400, "expired_token", "The device code has expired."),
    "ciba_expired": (
        400, "expired_token", "The 'auth_req_id' is invalid or has expired. Make a new authentication request.",
    ),
    "consent_required": (400, "consent_required", "The following scopes require user consent: [{0}]."),
    "consent_required_client_credentials": (
        400, "consent_required",
        "The following scopes require user consent and cannot be granted for the client credentials grant type: [{0}].",
    ),
    "no_org_scopes_granted": (400, "consent_required", "You are not allowed any of the requested scopes."),
    "access_token_insufficient_scopes": (
        403, "insufficient_scope", "The access token provided does not contain the required scopes.",
    ),
    "invalid_client": (401, "invalid_client", BAD_CLIENT),
    "missing_client_credentials": (401, "invalid_client", "No client credentials found."),
    "invalid_basic_auth_creds": (
        401, "invalid_client", "Found Authentication header but was not valid client credentials.",
    ),
    "invalid_client_id": (401, "invalid_client", "Invalid value for 'client_id' parameter."),
    "invalid_token_endpoint_auth_method": (401, "invalid_client", BAD_CLIENT),
    "invalid_client_secret": (
        401, "invalid_client", "The client secret supplied for a confidential client is invalid.",
    ),
    "unsupported_auth_method_client_creds": (
        401, "invalid_client",
        "Client Credentials requests to the Org Authorization Server must use the private_key_jwt "
        "token_endpoint_auth_method.",
    ),
    "assertion_issuer": (401, "invalid_client", "The issuer claim for client_assertion is not a valid client_id."),
    "assertion_subject": (401, "invalid_client", "The subject claim for client_assertion is not a valid client_id."),
    "assertion_audience": (
        401, "invalid_client",
        "The audience claim for client_assertion must be the endpoint invoked for the request.",
    ),
    "assertion_exp": (
        401, "invalid_client", "The client_assertion must contain the 'exp' claim as seconds since epoch.",
    ),
    "assertion_expired": (401, "invalid_client", "The client_assertion token is expired."),
    "assertion_too_long": (
        401, "invalid_client", "The client_assertion token has an expiration too far into the future.",
    ),
    "assertion_future": (
        401, "invalid_client", "The client_assertion token must be issued before the current time.",
    ),
    "assertion_used": (401, "invalid_client", "The client_assertion token has already been used."),
    "assertion_signature": (401, "invalid_client", "The client_assertion signature is invalid."),
    "assertion_jwt": (401, "invalid_client", "The parsing of the client_assertion failed."),
    "assertion_kid": (401, "invalid_client", "The client_assertion JWT kid is invalid."),
    "assertion_no_jwks": (
        401, "invalid_client", "The client does not have a JWKSet configured, but the client_assertion requires one.",
    ),
    "assertion_type": (400, "invalid_request", "The client_assertion_type is invalid."),
    "invalid_client_metadata": (400, "invalid_client_metadata", "Invalid request"),
    "dpop": (400, "invalid_dpop_proof", "The DPoP proof JWT is invalid."),
    "dpop_missing": (400, "invalid_dpop_proof", "The DPoP proof JWT header is missing."),
    "dpop_typ": (400, "invalid_dpop_proof", "'typ' must be 'dpop+jwt' in the DPoP proof JWT."),
    "dpop_alg": (400, "invalid_dpop_proof", "The DPoP proof JWT signature algorithm is invalid."),
    "dpop_jwt": (400, "invalid_dpop_proof", "The DPoP proof JWT cannot be parsed."),
    "dpop_signature": (400, "invalid_dpop_proof", "The DPoP proof JWT signature is invalid."),
    "dpop_htm": (400, "invalid_dpop_proof", "'htm' claim in the DPoP proof JWT is invalid."),
    "dpop_htu": (400, "invalid_dpop_proof", "'htu' claim in the DPoP proof JWT is invalid."),
    "dpop_iat": (400, "invalid_dpop_proof", "'iat' claim in the DPoP proof JWT is invalid."),
    "dpop_future": (400, "invalid_dpop_proof", "The DPoP proof JWT is issued in the future."),
    "dpop_old": (400, "invalid_dpop_proof", "The DPoP proof JWT is issued more than five minutes in the past."),
    "dpop_jti": (400, "invalid_dpop_proof", "'jti' claim in the DPoP proof JWT is invalid."),
    "dpop_used": (400, "invalid_dpop_proof", "The DPoP proof JWT has already been used."),
    "dpop_ath": (
        400, "invalid_dpop_proof", "'ath' claim in the DPoP proof does not match the presented access_token.",
    ),
    "dpop_binding": (400, "invalid_dpop_proof", "The access_token is not bound to the provided DPoP proof."),
    "dpop_refresh_binding": (400, "invalid_dpop_proof", "Invalid DPoP Public Key binding in refresh token"),
    "use_dpop_nonce": (400, "use_dpop_nonce", "Authorization server requires nonce in DPoP proof."),
    "pkce": (400, "invalid_grant", "PKCE verification failed."),
    "invalid_authorization_code": (400, "invalid_grant", "The authorization code is invalid or has expired."),
    "invalid_device_code": (400, "invalid_grant", "The device code is invalid or has expired."),
    "mismatched_client": (
        400, "invalid_grant",
        "The grant was issued to another client. Please make sure the 'client_id' matches the one used at the "
        "authorize request.",
    ),
    "mismatched_redirect_uri": (
        400, "invalid_grant",
        "The 'redirect_uri' does not match the redirection URI used in the authorization request.",
    ),
    "mismatched_server": (400, "invalid_request", "The grant was issued for another authorization server."),
    "invalid_refresh_token": (400, "invalid_grant", "The refresh token is invalid or expired."),
    "password_mfa": (
        400, "invalid_grant", "Resource owner password credentials cannot be used with MFA enabled.",
    ),
    "invalid_password_credentials": (400, "invalid_grant", "The credentials provided were invalid."),
    "expired_password_credentials": (400, "invalid_grant", "Password has expired."),
    "subject_token_expired": (
        400, "invalid_grant",
        "The 'subject_token' either expired or the session associated with it was terminated.",
    ),
    "invalid_request": (400, "invalid_request", "Invalid request"),
    "multiple_client_credentials": (
        401, "invalid_request",
        "Cannot supply multiple client credentials. Use one of the following: credentials in the Authorization header, "
        "credentials in the post body, or a client_assertion in the post body.",
    ),
    "client_credentials_in_query": (
        400, "invalid_request", "Client credentials cannot be supplied via query parameters.",
    ),
    "duplicate_oauth_params": (
        400, "invalid_request", "The request contained multiple parameters with the same name.",
    ),
    "illegal_redirect_uri": (
        400, "invalid_request",
        "The 'redirect_uri' parameter must be a Login redirect URI in the client app settings.",
    ),
    "invalid_max_age": (
        400, "invalid_request", "Invalid value for 'max_age' parameter. It should be within range 0 - 2^31-1.",
    ),
    "invalid_state": (400, "invalid_request", "The authentication request has an invalid 'state' parameter."),
    "invalid_nonce": (
        400, "invalid_request",
        "The 'nonce' parameter is required for authorize requests with either the 'id_token' or 'token' response "
        "types..",
    ),
    "invalid_prompt": (400, "invalid_request", "Invalid value for 'prompt' parameter. Supported values: [{0}]"),
    "pkce_challenge_characters": (400, "invalid_request", "PKCE code challenge contains illegal characters."),
    "pkce_missing_challenge": (400, "invalid_request", "PKCE code challenge is required by the application."),
    "pkce_no_challenge": (
        400, "invalid_request",
        "PKCE code challenge should be specified in the authorize request for code verification.",
    ),
    "pkce_missing_verifier": (400, "invalid_request", "PKCE code verifier is required by the application."),
    "pkce_method": (400, "invalid_request", "PKCE code challenge method is not supported. Valid values: [{0}]"),
    "missing_grant_type": (
        400, "invalid_request", "The token request must specify a 'grant_type'. Valid values: [{0}]",
    ),
    "request_missing_token": (400, "invalid_request", "The 'token' parameter is required."),
    "invalid_authorization_server": (400, "invalid_request", "The authorization server id is invalid."),
    "missing_parameter": (400, "invalid_request", "The required parameter '{0}' is missing."),
    "invalid_subject_token": (400, "invalid_request", "'subject_token' is invalid."),
    "invalid_subject_token_type": (400, "invalid_request", "'subject_token_type' is invalid or not supported."),
    "access_token_missing": (401, "invalid_request", "The access token is missing."),
    "illegal_post_logout_redirect_uri": (
        400, "invalid_request",
        "The 'post_logout_redirect_uri' parameter must be a Logout redirect URI in the client app settings.",
    ),
    "ciba_hint": (
        400, "invalid_request",
        "The Client-Initiated Backchannel Authentication Flow must contain only one of 'id_token_hint' or "
        "'login_hint'.",
    ),
    "ciba_user": (
        400, "invalid_request",
        "The hint provided in the request did not match a user assigned to the client app.",
    ),
    "ciba_scope": (
        400, "invalid_scope", "The Client-Initiated Backchannel Authentication Flow must contain 'openid' scope.",
    ),
    "par_request_uri": (
        400, "invalid_request", "The 'request_uri' parameter must not be present in the request.",
    ),
    "dpop_scheme": (
        400, "invalid_request",
        "The resource request must use the DPoP authentication scheme when using a DPoP bound token.",
    ),
    "invalid_request_uri": (400, "invalid_request_uri", "The authorize request_uri is invalid."),
    "request_uri_client": (
        401, "invalid_client",
        "The 'client_id' parameter does not match the expected value for the provided request_uri.",
    ),
    "openid_not_allowed_client_creds": (
        400, "invalid_scope", "Cannot request 'openid' scopes using client credentials.",
    ),
    "missing_scopes": (400, "invalid_scope", "No scopes were requested."),
    "openid_scope_required": (
        400, "invalid_scope",
        "Requests for ID tokens or access tokens with OpenID scopes require the 'openid' scope.",
    ),
    "no_default_scopes": (
        400, "invalid_scope",
        "The authorization server resource does not have any configured default scopes, 'scope' must be provided.",
    ),
    "no_matching_scope": (
        400, "invalid_scope", "One or more scopes are not configured for the authorization server resource.",
    ),
    "token_exchange_audience": (
        400, "invalid_target",
        "Token Exchange requests must include a valid audience of the authorization server.",
    ),
    "invalid_token": (401, "invalid_token", "The token is invalid."),
    "access_token_invalid": (401, "invalid_token", "The access token is invalid."),
    "token_expired": (401, "invalid_token", "The token has expired."),
    "invalid_user_code": (400, "invalid_user_code", "The user code is invalid or has expired."),
    "login_required": (
        400, "login_required", "The client specified not to prompt, but the user is not logged in.",
    ),
    "unauthorized_client": (
        400, "unauthorized_client",
        "The client is not authorized to use the provided grant type. Configured grant types: [{0}].",
    ),
    "unsupported_grant_type": (
        400, "unsupported_grant_type",
        "The authorization grant type is not supported by the authorization server. Configured grant types: [{0}].",
    ),
    "unsupported_response_mode": (
        400, "unsupported_response_mode",
        "The response mode is not supported by the authorization server. Valid response modes: "
        "[query, fragment, form_post, okta_post_message].",
    ),
    "query_with_tokens": (
        400, "unsupported_response_mode",
        "'query' response mode cannot be used with either the 'id_token' or 'token' response types.",
    ),
    "unsupported_response_type": (
        400, "unsupported_response_type",
        "The response type is not supported by the authorization server. Configured response types: [{0}].",
    ),
}  # fmt: skip


def body(name: str, *arguments: str) -> dict[str, str]:
    """The error object."""
    _, error, text = TABLE[name]
    for number, argument in enumerate(arguments):
        text = text.replace(f"{{{number}}}", argument)
    return {"error": error, "error_description": text}


def fail(name: str, *arguments: str) -> ServiceError:
    """The error, to raise."""
    return ServiceError(TABLE[name][0], body(name, *arguments), name=name)
