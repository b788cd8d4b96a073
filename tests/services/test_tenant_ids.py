"""Tenant ids."""

import pytest

from sigyn.model.errors import BadRequest
from sigyn.model.tenants import check_tenant, split_tenants


@pytest.mark.parametrize("tenant", ["fake", "team-a", "A_9.x!*'()", "x" * 150, "...", "a.b"])
def test_what_may_be_a_tenant(tenant: str) -> None:
    assert check_tenant(tenant) == tenant


@pytest.mark.parametrize(
    ("tenant", "message"),
    [
        ("", "the tenant id is empty"),
        ("x" * 151, "tenant ID is too long: 151 bytes, max 150 bytes"),
        ("a/b", "tenant ID 'a/b' contains unsupported character '/'"),
        ("ä", "tenant ID 'ä' contains unsupported character 'ä'"),
        ("a b", "contains unsupported character ' '"),
        (".", "tenant ID '.' is not allowed"),
        ("..", "tenant ID '..' is not allowed"),
    ],
)
def test_what_may_not(tenant: str, message: str) -> None:
    with pytest.raises(BadRequest) as error:
        check_tenant(tenant)
    assert message in str(error.value)


def test_queries_may_be_over_several() -> None:
    assert split_tenants("b|a|b") == ["a", "b"]
    with pytest.raises(BadRequest, match="empty"):
        split_tenants("a|")
