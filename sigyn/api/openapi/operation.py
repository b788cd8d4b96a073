"""What the document says of one operation beyond its route."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Schema = Mapping[str, object]

TEXT: Schema = {"type": "string"}
ANYTHING: Schema = {}
LIST: Schema = {"type": "array"}
OBJECT: Schema = {"type": "object"}

NO_CONTENT: Mapping[int, Mapping[str, Schema]] = {204: {}}


def json_answer(schema: Schema, status: int = 200) -> Mapping[int, Mapping[str, Schema]]:
    """An answer in JSON of this shape."""
    return {status: {"application/json": schema}}


def envelope(data: Schema) -> Schema:
    """`{"status": "success", "data": ...}`."""
    return {
        "type": "object",
        "required": ["status", "data"],
        "properties": {"status": {"const": "success"}, "data": data},
    }


def text_answer() -> Mapping[int, Mapping[str, Schema]]:
    """An answer in text."""
    return {200: {"text/plain": TEXT}}


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a path, or several that mean the same.

    parameters  names in the URL, or in a form where the route takes POST too; those of PARAMETERS
    answers     schemas by content type by status, of what isn't an error
    body        schemas of the request's body by content type
    """

    summary: str
    parameters: tuple[str, ...] = ()
    answers: Mapping[int, Mapping[str, Schema]] = field(default_factory=lambda: json_answer(envelope(ANYTHING)))
    body: Mapping[str, Schema] = field(default_factory=dict)
