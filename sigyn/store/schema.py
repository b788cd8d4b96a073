"""Tables of the catalog, and how an older catalog becomes a newer one. docs/format/catalog.md draws them.

The SQL is what SQLite and PostgreSQL share; `Dialect` has the few words that differ.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """Words of a database: its placeholder for a value, its type for bytes."""

    placeholder: str
    blob: str

    def translate(self, statement: str) -> str:
        """A statement of ours, in which `?` is a value and `BLOB` the type of bytes, as the database reads it."""
        return statement.replace("?", self.placeholder).replace("BLOB", self.blob)


SQLITE = Dialect("?", "BLOB")
POSTGRESQL = Dialect("%s", "BYTEA")

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE stream (
            tenant TEXT NOT NULL,
            id BIGINT NOT NULL,
            fingerprint TEXT NOT NULL,
            labels TEXT NOT NULL,
            PRIMARY KEY (tenant, id),
            UNIQUE (tenant, fingerprint)
        )""",
        """CREATE TABLE segment (
            id BIGINT NOT NULL PRIMARY KEY,
            tenant TEXT NOT NULL,
            object_key TEXT NOT NULL UNIQUE,
            level INTEGER NOT NULL,
            first_timestamp BIGINT NOT NULL,
            last_timestamp BIGINT NOT NULL,
            row_count BIGINT NOT NULL,
            text_bytes BIGINT NOT NULL,
            object_bytes BIGINT NOT NULL,
            checksum BIGINT NOT NULL,
            state TEXT NOT NULL,
            created BIGINT NOT NULL,
            streams BLOB NOT NULL
        )""",
        "CREATE TABLE counter (name TEXT NOT NULL PRIMARY KEY, value BIGINT NOT NULL)",
    ),
    (
        """CREATE TABLE demoted_label (
            tenant TEXT NOT NULL,
            name TEXT NOT NULL,
            reason TEXT NOT NULL,
            value_count BIGINT NOT NULL,
            example TEXT NOT NULL,
            changed BIGINT NOT NULL,
            promoted INTEGER NOT NULL,
            PRIMARY KEY (tenant, name)
        )""",
    ),
    (
        "ALTER TABLE segment ADD COLUMN arrival BIGINT NOT NULL DEFAULT 0",
        "UPDATE segment SET arrival = id",
        """CREATE TABLE delete_request (
            id TEXT NOT NULL PRIMARY KEY,
            tenant TEXT NOT NULL,
            query TEXT NOT NULL,
            first_timestamp BIGINT NOT NULL,
            last_timestamp BIGINT NOT NULL,
            created BIGINT NOT NULL,
            boundary BIGINT NOT NULL,
            checked BIGINT NOT NULL
        )""",
    ),
    ("ALTER TABLE segment ADD COLUMN tier TEXT NOT NULL DEFAULT 'hot'",),
)
"""Statements that lead from version n to version n + 1. Released ones never change."""

TABLES = {
    "stream": ("tenant", "id", "fingerprint", "labels"),
    "segment": (
        "id", "tenant", "object_key", "level", "first_timestamp", "last_timestamp", "row_count", "text_bytes",
        "object_bytes", "checksum", "state", "created", "streams", "arrival", "tier",
    ),
    "counter": ("name", "value"),
    "demoted_label": ("tenant", "name", "reason", "value_count", "example", "changed", "promoted"),
    "delete_request": (
        "id", "tenant", "query", "first_timestamp", "last_timestamp", "created", "boundary", "checked",
    ),
}  # fmt: skip
"""All tables but `version`, with their columns as of the last migration."""
