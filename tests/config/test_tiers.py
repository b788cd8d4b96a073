"""Tiers as a person writes them: what is read is shown in the same way, and what makes no sense is refused."""

import pytest

from sigyn.config.tiers import Tier, TierRestore, read_tiers, show_tiers
from sigyn.model.time import DAY


@pytest.mark.parametrize(
    ("text", "restore"),
    [
        ("cold after 30d in s3://logs/cold as GLACIER", None),
        ("cold after 30d in s3://logs/cold as GLACIER restore bulk for 5d", TierRestore("bulk", 5)),
        ("cold after 30d in s3://logs/cold as DEEP_ARCHIVE restore standard for 1d", TierRestore("standard", 1)),
        ("cold after 30d in s3://logs/cold as INTELLIGENT_TIERING restore expedited", TierRestore("expedited", 0)),
        ("cold after 30d in s3://logs/cold restore standard for 3d", TierRestore("standard", 3)),
        ("cold after 30d in az://logs/cold as Archive restore expedited", TierRestore("expedited", 0)),
    ],
)
def test_what_is_read_is_shown(text: str, restore: TierRestore | None) -> None:
    (tier,) = read_tiers(text)
    assert tier.restore == restore
    assert show_tiers((tier,)) == text


def test_a_restore_is_for_three_days_unless_it_says_otherwise() -> None:
    (tier,) = read_tiers("cold after 1w in s3://logs/cold as glacier Restore Bulk")
    assert tier == Tier("cold", 7 * DAY, "s3://logs/cold", "glacier", TierRestore("bulk", 3))
    assert read_tiers(show_tiers((tier,))) == (tier,)


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        ("s3://x as GLACIER restore soon", "`restore soon` is none of `restore standard`"),
        ("s3://x as GLACIER restore bulk for 36h", "write `restore bulk for 3d`"),
        ("s3://x as GLACIER restore bulk for 0d", "no number of whole days"),
        ("s3://x as GLACIER_IR restore bulk", "objects of class GLACIER_IR are read at once"),
        ("s3://x as DEEP_ARCHIVE restore expedited", "at the speeds `standard` and `bulk`"),
        ("s3://x as INTELLIGENT_TIERING restore bulk for 3d", "leave `for` out"),
        ("gs://x as ARCHIVE restore bulk", "what is in `gs://x` is read at once"),
        ("file:///x restore bulk", "what is in `file:///x` is read at once"),
        ("az://x as Archive restore bulk", "Azure restores at the speeds `standard` and `expedited`"),
        ("az://x as Archive restore standard for 3d", "leave `for` out"),
        ("az://x as Cool restore standard", "objects of class COOL are read at once"),
        ("s3://x as GLACIER restore", "write tiers such as"),
    ],
)
def test_what_makes_no_sense_is_refused(rest: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_tiers(f"cold after 30d in {rest}")
