"""The ruler's file as a disk may leave it."""

from pathlib import Path

import pytest

from sigyn.model.errors import Unavailable
from sigyn.ruler.database import RulerDatabase


def test_a_damaged_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "ruler.sqlite"
    file.write_bytes(b"no database" * 1000)
    with pytest.raises(Unavailable, match=r"ruler\.sqlite.*move the file .* away.* are lost then"):
        RulerDatabase(file)
