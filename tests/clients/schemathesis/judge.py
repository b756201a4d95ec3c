"""Whether an answer is one that the schema promises."""

import datetime
import re
import uuid

import graphql

MEDIA_TYPES = {"application/json", "application/graphql-response+json"}
INTERNAL = {"unexpected", "internal-server-error"}
WHOLE = re.compile(r"-?\d+")


class Wrong(AssertionError):
    """An answer that must not be; the text says why."""


def integer(value):
    return isinstance(value, int) and not isinstance(value, bool)


def time(value):
    return datetime.datetime.fromisoformat(value).utcoffset() == datetime.timedelta(0)


FORMS = {
    "Int": lambda value: integer(value) and -(2**31) <= value < 2**31,
    "Float": lambda value: integer(value) or isinstance(value, float),
    "String": lambda value: isinstance(value, str),
    "ID": lambda value: isinstance(value, str),
    "Boolean": lambda value: isinstance(value, bool),
    "uuid": lambda value: str(uuid.UUID(value)) == value,
    "citext": lambda value: isinstance(value, str),
    "timestamptz": time,
    "jsonb": lambda value: True,
    "bigint": lambda value: integer(value) or bool(WHOLE.fullmatch(value)),
    "bytea": lambda value: bytes.fromhex(value.removeprefix("\\x")) is not None and value.startswith("\\x"),
}


def prepare(schema):
    """Makes each scalar of `schema` complain of a value that is not in its form, and lets a column of JSON be null
    where the document asks for a path: Hasura's type has no word for a path that leads nowhere."""

    def checked(name):
        def coerce(value):
            if not FORMS[name](value):
                raise Wrong(f"{value!r} is no {name}")
            return value

        return coerce

    for name, kind in schema.type_map.items():
        if isinstance(kind, graphql.GraphQLScalarType):
            kind.coerce_output_value = checked(name)
        for field in kind.fields.values() if isinstance(kind, graphql.GraphQLObjectType) else ():
            if "path" in field.args:
                field.type = graphql.get_nullable_type(field.type)


def shape(schema, document, data):
    """Whether the reference implementation, were `data` its database, would answer `data`."""
    answer = graphql.execute_sync(
        schema, graphql.parse(document), root_value=data, field_resolver=lambda source, info, **_: source[info.path.key]
    )
    if answer.errors:
        raise Wrong(f"data breaks the schema: {answer.errors[0].message} at {answer.errors[0].path}")
    if answer.data != data:
        raise Wrong(f"data differs from what the document asks for: {data}")


def well_formed(error):
    """Whether `error` is as GraphQL and Hasura have it, and none of ours."""
    match error:
        case {"message": str(), "extensions": {"code": str(code), "path": str()}}:
            pass
        case _:
            raise Wrong(f"an error without message, code or path: {error}")
    if code in INTERNAL:
        raise Wrong(f"the service failed: {error}")
    return code


def judge(schema, document, answer):
    """The codes of the errors in an answer that is as it should be; of any other, `Wrong` is raised."""
    status = answer.status_code
    if status >= 500 or status == 429:
        raise Wrong(f"status {status}: {answer.text}")
    if answer.headers["content-type"][0].split(";")[0] not in MEDIA_TYPES:
        raise Wrong(f"the answer is {answer.headers['content-type']}")
    try:
        body = answer.json()
    except ValueError as error:
        raise Wrong(f"no JSON: {answer.text}") from error
    if not isinstance(body, dict) or not body or body.keys() - {"data", "errors", "extensions"}:
        raise Wrong(f"no answer of GraphQL: {body}")
    if "errors" not in body:
        if status != 200 or not isinstance(body.get("data"), dict):
            raise Wrong(f"status {status}, neither data nor errors: {body}")
        shape(schema, document, body["data"])
        return []
    if not isinstance(body["errors"], list) or not body["errors"]:
        raise Wrong(f"errors without one: {body}")
    codes = [well_formed(error) for error in body["errors"]]
    if body.get("data") is not None:
        shape(schema, document, body["data"])
    return codes
