"""Okta's errors: code, HTTP status and summary, as a table; and the object that carries one with its causes.

Source: https://developer.okta.com/docs/reference/error-codes/. The one place these texts live.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twinkit import ServiceError

TABLE: dict[str, tuple[int, str]] = {
    "E0000001": (400, "Api validation failed: {0}"),
    "E0000002": (400, "The request was not valid: {0}"),
    "E0000003": (400, "The request body was not well-formed."),
    "E0000004": (401, "Authentication failed"),
    "E0000005": (403, "Invalid session"),
    "E0000006": (403, "You do not have permission to perform the requested action"),
    "E0000007": (404, "Not found: {0}"),
    "E0000008": (404, "The requested path was not found"),
    "E0000009": (500, "Internal Server Error"),
    "E0000010": (503, "Service is in read only mode"),
    "E0000011": (401, "Invalid token provided"),
    "E0000012": (404, "Unsupported media type"),
    "E0000013": (403, "Invalid client app id"),
    "E0000014": (403, "Update of credentials failed"),
    "E0000015": (401, "You do not have permission to access the feature you are requesting"),
    "E0000016": (403, "Activation failed because the user is already active"),
    "E0000017": (403, "Password reset failed"),
    "E0000018": (400, "Bad request.  Accept and/or Content-Type headers are likely not set."),
    "E0000019": (400, "Bad request. Accept and/or Content-Type headers likely do not match supported values."),
    "E0000020": (400, "Bad request."),
    "E0000021": (400, "Bad request.  Accept and/or Content-Type headers likely do not match supported values."),
    "E0000022": (405, "The endpoint does not support the provided HTTP method"),
    "E0000023": (403, "Operation failed because user profile is mastered under another system"),
    "E0000024": (400, "Bad request.  This operation on app metadata is not yet supported."),
    "E0000025": (400, "App version assignment failed."),
    "E0000026": (404, "This endpoint has been deprecated."),
    "E0000027": (400, "Group push bad request : {0}"),
    "E0000028": (400, "The request is missing a required parameter."),
    "E0000029": (400, "Invalid paging request."),
    "E0000030": (
        400,
        "Bad request. Invalid date. Dates must be of the form yyyy-MM-dd'T'HH:mm:ss.SSSZZ, "
        "e.g. 2013-01-01T12:00:00.000-07:00.",
    ),
    "E0000031": (400, "Invalid search criteria."),
    "E0000032": (403, "Unlock is not allowed for this user."),
    "E0000033": (400, "Bad request. Can't specify a search query and filter in the same request."),
    "E0000034": (403, "Forgot password not allowed on specified user."),
    "E0000035": (403, "Change password not allowed on specified user."),
    "E0000036": (403, "Change recovery question not allowed on specified user."),
    "E0000037": (400, "Type mismatch exception.  {0}"),
    "E0000038": (403, "This operation is not allowed in the user's current status."),
    "E0000039": (403, "Operation on application settings failed."),
    "E0000040": (400, "Application label must not be the same as an existing application label."),
    "E0000041": (400, "Credentials should not be set on this resource based on the scheme."),
    "E0000042": (403, "Setting the error page redirect URL failed."),
    "E0000043": (403, "Self service application assignment is not enabled."),
    "E0000044": (403, "Self service application assignment is not supported."),
    "E0000045": (400, "Field mapping bad request."),
    "E0000046": (403, "Deactivate application for user forbidden."),
    "E0000047": (429, "API call exceeded rate limit due to too many requests."),
    "E0000048": (404, "Entity not found exception."),
    "E0000049": (500, "Invalid SCIM data from SCIM implementation."),
    "E0000050": (400, "Invalid SCIM data from client."),
    "E0000051": (500, "No response from SCIM implementation."),
    "E0000052": (501, "Endpoint not implemented."),
    "E0000053": (400, "Invalid SCIM filter."),
    "E0000054": (400, "Invalid pagination properties."),
    "E0000055": (409, "Duplicate group."),
    "E0000056": (403, "Delete application forbidden."),
    "E0000057": (403, "Access to this application is denied due to a policy."),
    "E0000058": (403, "Access to this application requires MFA: {0}"),
    "E0000060": (501, "Unsupported operation."),
    "E0000062": (409, "The specified user is already assigned to the application."),
    "E0000063": (400, "Invalid combination of parameters specified."),
    "E0000064": (401, "Password is expired and must be changed."),
    "E0000068": (403, "Invalid Passcode/Answer"),
    "E0000069": (403, "User Locked"),
    "E0000073": (403, "User rejected authentication"),
    "E0000074": (400, "Factor Service Error"),
    "E0000077": (403, "Cannot modify the {0} attribute because it is read-only."),
    "E0000078": (403, "Cannot modify the {0} attribute because it is immutable."),
    "E0000079": (403, "This operation is not allowed in the current authentication state."),
    "E0000080": (403, "The password does not meet the complexity requirements of the current password policy."),
    "E0000081": (403, "Cannot modify the {0} attribute because it is a reserved attribute for this application."),
    "E0000082": (403, "Each code can only be used once. Please wait for a new code and try again."),
    "E0000083": (403, "PassCode is valid but exceeded time window."),
    "E0000085": (403, "You do not have permission to access your account at this time."),
    "E0000086": (403, "This policy cannot be activated at this time."),
    "E0000087": (403, "The recovery question answer did not match our records."),
    "E0000090": (409, "The role specified is already assigned to the user."),
    "E0000091": (400, "The provided role type was not the same as required role type."),
    "E0000094": (400, "The provided filter is unsupported."),
    "E0000095": (403, "Recovery not allowed for unknown user."),
    "E0000096": (409, "This certificate has already been uploaded with kid={0}."),
    "E0000097": (403, "There is no verified phone number on file."),
    "E0000098": (400, "This phone number is invalid."),
    "E0000105": (403, "You have accessed an account recovery link that has expired or been previously used."),
    "E0000107": (403, "The entity is not in the expected state for the requested transition."),
    "E0000109": (429, "An SMS message was recently sent. Please wait 30 seconds before trying again."),
    "E0000110": (403, "You have accessed a link that has expired or has been previously used."),
    "E0000111": (403, "Cannot modify the {0} object because it is read-only."),
    "E0000112": (
        409,
        "Cannot update this user because they are still being activated. Please try again in a few minutes.",
    ),
    "E0000117": (403, "Cannot assign apps or update app profiles for an inactive user."),
    "E0000118": (429, "An email was recently sent. Please wait 5 seconds before trying again."),
    "E0000119": (403, "Your account is locked. Please contact your administrator."),
    "E0000121": (400, "Invalid phone extension. Please enter a valid phone extension."),
    "E0000122": (406, "Accept Header did not contain supported media type 'application/json'"),
    "E0000123": (400, "Array specified in enum field must match const values specified in oneOf field."),
    "E0000124": (
        400,
        "Could not create user. To create a user and expire their password immediately, a password must be specified",
    ),
    "E0000125": (
        400,
        'Could not create user. To create a user and expire their password immediately, "activate" must be true',
    ),
    "E0000127": (409, "Invalid linked objection definition. {0}"),
    "E0000133": (429, "A phone call was recently made. Please wait 30 seconds before trying again."),
    "E0000134": (502, "Okta could not communicate correctly with an inline hook."),
    "E0000135": (400, "An inline hook responded with an error."),
    "E0000137": (504, "Okta did not receive a response from an inline hook."),
    "E0000141": (400, "Feature cannot be enabled or disabled due to dependencies/dependents conflicts."),
    "E0000142": (403, "This User Type cannot be deleted."),
    "E0000148": (
        403,
        "Cannot modify/disable this authenticator because it is enabled in one or more policies. {0}",
    ),
    "E0000149": (403, "Current CAPTCHA is associated with org-wide settings, cannot be removed."),
    "E0000157": (409, "Another authenticator with key: {0} is already active."),
    "E0000161": (403, "Unique domain name required."),
    "E0000162": (403, "Domain count limit reached."),
    "E0000163": (404, "Domain ID not found."),
    "E0000165": (403, "Domain not verified."),
    "E0000166": (
        403,
        "CAPTCHA count limit reached. At most one CAPTCHA instance is allowed per Org. Please "
        "remove existing CAPTCHA to create a new one.",
    ),
    "E0000167": (403, "{0}"),
    "E0000178": (400, "This realm cannot be deleted. {0}"),
    "E0000182": (409, "A default email template customization already exists."),
    "E0000183": (409, "An email template customization for that language already exists."),
    "E0000184": (409, "A default email template customization can't be deleted."),
    "E0000185": (409, "The isDefault parameter of the default email template customization can't be set to false."),
    "E0000200": (409, "A default brand cannot be deleted."),
    "E0000201": (409, "A brand associated with a custom domain or email doamin cannot be deleted."),
    "E0000202": (409, "Brand name already exists."),
    "E0000211": (400, "Roles cannot be granted to built-in groups: {0}"),
}

NAMES = {
    "user": "User",
    "group": "UserGroup",
    "group_rule": "GroupRule",
    "application": "AppInstance",
    "app_user": "AppUser",
    "user_factor": "UserFactor",
    "session": "AppSession",
    "policy": "Policy",
    "policy_rule": "PolicyRule",
    "authorization_server": "AuthorizationServer",
    "o_auth_2_scope": "OAuth2Scope",
    "o_auth_2_claim": "OAuth2Claim",
    "event_hook": "Webhook",
    "inline_hook": "InlineHook",
    "network_zone": "NetworkZone",
    "identity_provider": "IdpTrust",
    "trusted_origin": "TrustedOrigin",
    "user_type": "CVDType",
    "behavior_rule": "BehaviorSettings",
    "push_provider": "PushProviderConfigEntity",
    "ui_schema": "UISchemaEntity",
    "captcha_instance": "Captcha",
    "device_assurance": "DeviceAssuranceRuleManagerImpl",
    "sms_template": "AppInstance",
    "log_stream": "AppInstance",
    "principal_rate_limit": "PrincipalRateLimit",
    "realm": "Realm",
    "brand": "Brand",
    "token": "Token",
    "authorization_server_policy": "Policy",
    "authorization_server_policy_rule": "PolicyRule",
    "role_assignment": "RoleAssignment",
    "device": "Device",
    "o_auth_2_refresh_token": "OAuth2RefreshTokenTx",
}
"""Resource of the twin → the word for it behind the id of an E0000007."""


def body(code: str, *arguments: str, causes: Iterable[str] = ()) -> dict[str, Any]:
    """The error object; its errorId is filled in when it is sent."""
    _, summary = TABLE[code]
    for number, argument in enumerate(arguments):
        summary = summary.replace(f"{{{number}}}", argument)
    return {
        "errorCode": code,
        "errorSummary": summary,
        "errorLink": code,
        "errorId": "",
        "errorCauses": [{"errorSummary": cause} for cause in causes],
    }


def error(code: str, *arguments: str, causes: Iterable[str] = (), status: int | None = None) -> ServiceError:
    """The error `code` with its argument and causes, to raise."""
    return ServiceError(status or TABLE[code][0], body(code, *arguments, causes=causes), name=code)


def validation(field: str, *causes: str) -> ServiceError:
    """E0000001 for a field or an operation."""
    return error("E0000001", field, causes=causes)


def missing(resource: str, id: str) -> ServiceError:
    """E0000007 for a record that is not there."""
    return error("E0000007", f"Resource not found: {id} ({word(resource)})")


def taken(field: str) -> ServiceError:
    """E0000001 for a value that another object has."""
    return validation(field, f"{field}: An object with this field already exists in the current organization")


def word(resource: str) -> str:
    """What Okta calls a resource of the twin."""
    return NAMES.get(resource) or "".join(part.capitalize() for part in resource.split("_"))
