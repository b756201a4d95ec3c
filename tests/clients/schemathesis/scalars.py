"""What stands for a value of each scalar of the API in a generated document: mostly good values, now and then one
that is at the edge or beyond it."""

import datetime
import json

import graphql
import schemathesis
from hypothesis import strategies as st
from schemathesis.graphql import nodes

# So few that what one document writes is met by the next.
IDS = [f"0190b5c2-7a6e-7cc3-98c4-{number:012x}" for number in range(4)]
EMAILS = ["ada@example.org", "Grace@Example.org", "jane@example.org"]

NO_TIMES = ["infinity", "-infinity", "2026-02-30T00:00:00+00:00", "2026-11-21T23:59:60Z", "0001-01-01T00:00:00+14:00", "now"]
NO_UUIDS = ["", "0190b5c27a6e7cc398c4dc0c0c07398f", "{0190b5c2-7a6e-7cc3-98c4-dc0c0c07398f}", "0190b5c2-7a6e-7cc3-98c4"]
NO_BYTES = ["", "\\x", "\\x0", "\\xZZ", "cafe", "\\\\"]
EDGES = [0, 2**31, 2**53 + 1, 2**63 - 1, -(2**63), 2**63, 10**30]


def mostly(good, *odd):
    """`good` nine times of ten, else one of `odd`."""
    return st.integers(0, 9).flatmap(lambda draw: st.sampled_from(odd) if draw == 9 else good)


def json_node(value):
    """A literal of GraphQL for a value of JSON, whose keys have to be names."""
    if value is None:
        return nodes.Null
    if isinstance(value, bool):
        return nodes.Boolean(value)
    if isinstance(value, int):
        return nodes.Int(value)
    if isinstance(value, float):
        return nodes.Float(value)
    if isinstance(value, str):
        return nodes.String(value)
    if isinstance(value, list):
        return nodes.List([json_node(part) for part in value])
    return nodes.Object(
        [graphql.ObjectFieldNode(name=graphql.NameNode(value=name), value=json_node(part)) for name, part in value.items()]
    )


def register(known_ids):
    """Tells schemathesis how to make each scalar; `known_ids` are those of rows that exist."""
    text = st.text(max_size=12)
    times = st.datetimes(datetime.datetime(1900, 1, 1), datetime.datetime(2200, 1, 1)).map(lambda time: f"{time.isoformat()}+00:00")
    leaf = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text
    names = st.sampled_from(["a", "theme", "Z9", "_"])
    value = st.recursive(leaf, lambda part: st.lists(part, max_size=3) | st.dictionaries(names, part, max_size=3), max_leaves=6)
    strategies = {
        "uuid": mostly(st.sampled_from(known_ids + IDS) | st.uuids().map(str), *NO_UUIDS).map(nodes.String),
        "citext": (st.sampled_from(EMAILS) | text).map(nodes.String),
        "timestamptz": mostly(times, *NO_TIMES).map(nodes.String),
        "jsonb": value.map(json_node) | value.map(json.dumps).map(nodes.String),
        "bigint": mostly(st.integers(-(2**63), 2**63 - 1), *EDGES).flatmap(lambda number: st.sampled_from([nodes.Int(number), nodes.String(str(number))])),
        "bytea": mostly(st.binary(max_size=8).map(lambda value: f"\\x{value.hex()}"), *NO_BYTES).map(nodes.String),
    }
    for name, strategy in strategies.items():
        schemathesis.graphql.scalar(name, strategy)
