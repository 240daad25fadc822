"""The common base of the HTTP API's models: names in camelCase, and times in UTC."""

from datetime import datetime
from typing import Annotated, Any, Self, TypeVar, Union

from pydantic import BaseModel, ConfigDict, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic.json_schema import SkipJsonSchema

from cmk_check.core.text import write_time

_T = TypeVar("_T")
# An optional value that is not documented as null, because a ``type`` alias would be documented.
Omittable = Union[_T, SkipJsonSchema[None]]  # noqa: UP007 - mypy knows no other generic union
Time = Annotated[
    datetime,
    PlainSerializer(write_time, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


class Answer(BaseModel):
    """A response body, or part of one."""

    # From attributes, because most of them are the core's own types in camelCase.
    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, from_attributes=True, frozen=True
    )

    @classmethod
    def of(cls, source: object, **others: Any) -> Self:  # noqa: ANN401 - the model checks it
        """Build the model from the attributes of a core type, except ``others``."""
        names = cls.model_fields.keys() - others.keys()
        return cls(**{name: getattr(source, name) for name in names}, **others)

    def encode(self) -> bytes:
        """Encode the model as JSON."""
        return self.model_dump_json(by_alias=True).encode()
