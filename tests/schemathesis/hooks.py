"""Checks of ours, which schemathesis makes of each response beside its own."""

import schemathesis

# What a request can be rejected for although it matches the schema.
OF_MEANING = ("invalid-url", "invalid-alias", "invalid-expiry", "invalid-label")

# The operations with a body.
WITH_BODY = ("POST /shorten", "POST /links", "PUT /links/{code}", "PATCH /links/{code}")


@schemathesis.check
def body_that_matches_is_read(context, response, case):
    has_body = case.operation.label in WITH_BODY
    if has_body and response.status_code == 400 and case.meta and case.meta.generation.mode.is_positive:
        kind = response.json()["type"].rpartition(":")[2]
        assert kind in OF_MEANING, f"{kind}: {response.text}"
