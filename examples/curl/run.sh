#!/bin/sh
# Any language that can speak HTTP: STRIPE_API_BASE is exported by `twin run`.
set -eu

id=$(curl -sSf "$STRIPE_API_BASE/v1/customers" -u sk_test_curl: -d email=ada@example.com |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])')
curl -sSf "$STRIPE_API_BASE/v1/customers/$id" -u sk_test_curl: | grep -q ada@example.com
echo "kept: $id"

curl -sSf "$STRIPE_API_BASE/_twin/clock/advance" -d '{"days": 30}' >/dev/null
curl -sSf "$STRIPE_API_BASE/_twin/reset" -d '' >/dev/null
status=$(curl -sS -o /dev/null -w '%{http_code}' "$STRIPE_API_BASE/v1/customers/$id" -u sk_test_curl:)
[ "$status" = 404 ]
echo "gone after reset"
