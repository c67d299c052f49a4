"""What Schemathesis does not know by itself: our scalars, and what counts as a fault (scripts/fuzz-api)."""
import schemathesis
from hypothesis import strategies
from schemathesis.graphql import nodes

TEXTS = {
    "Base64": ["AA==", "A"],
    "DateTime": ["2026-11-28T00:00:00Z", "0000-00-00T00:00:00Z"],
    "HubId": ["id-13", "ID 13"],
    "JSON": ["{}", ""],
    "PartialDate": ["2026", "2026-11", "2026-13"],
    "RegionCode": ["13", "13.71", "x"],
    "UUID": ["0198f2c4-0000-7000-8000-000000000000", "x"],
    "Upload": ["#__graphql_file__:0", ""],
}
for scalar, texts in TEXTS.items():
    schemathesis.graphql.scalar(scalar, strategies.sampled_from(texts).map(nodes.String))
numbers = strategies.integers(min_value=-(2**63), max_value=2**63 - 1).map(nodes.Int)
schemathesis.graphql.scalar("Long", numbers)


@schemathesis.check
def nothing_fails_inside(ctx, response, case):
    """No status of 500 or more, but for 503, which says to come again; always JSON, and never an error of the hub's own."""
    assert response.status_code < 500 or response.status_code == 503, f"status {response.status_code}"
    errors = response.json().get("errors", [])
    inside = [error for error in errors if error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"]
    assert not inside, inside
