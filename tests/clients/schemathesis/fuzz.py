"""Sends generated documents to a live service, as user and as admin, and judges the answers: never a failure of the
service, never data that the schema does not promise.

usage: pip install -r requirements.txt && python fuzz.py [--examples N] [--seed N] [--field NAME] [--verbose] [--postgres]

Starts the service of this checkout on a temporary SQLite file, or on a PostgreSQL server of its own. What is printed
of a failure can be sent again as it is.
"""

import argparse
import collections
import itertools
import json
import random
import sys
import time
from contextlib import nullcontext

import hypothesis
import schemathesis
from hypothesis import HealthCheck, Phase, settings

import tame
from judge import Wrong, judge, prepare
from postgres import cluster
from scalars import EMAILS, register
from service import SECRET, ask, service, sign_up
from variables import lift

fresh = (f"user{number}@example.org" for number in itertools.count())


def fuzz(operation, headers, options, codes):
    """Sends documents for one root field; the first answer that must not be raises `Wrong`."""
    schema = operation.schema.client_schema

    def send(case):
        answer = case.call(headers=headers)
        try:
            found = judge(schema, case.body, answer)
            if operation.definition.is_query:
                with_variables(case, answer)
        except Wrong as wrong:
            raise Wrong(f"{wrong}\n{case.body}") from wrong
        if options.verbose and found:
            print(answer.text)
        codes.update(found or ["data"])

    def with_variables(case, answer):
        lifted = lift(schema, case.body)
        again = case.call(headers=headers, json=lifted)
        judge(schema, case.body, again)
        if again.json().get("data") != answer.json().get("data"):
            raise Wrong(f"the same in variables is answered {again.text}, not {answer.text}: {json.dumps(lifted)}")

    rules = settings(
        max_examples=options.examples,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    hypothesis.seed(options.seed)(rules(hypothesis.given(operation.as_strategy())(send)))()


def fuzz_role(url, role, headers, options):
    """Fuzzes every root field of a role's schema; returns the failures."""
    schema = schemathesis.graphql.from_url(url, headers=headers())
    prepare(schema.client_schema)
    failures, codes, began = [], collections.Counter(), time.monotonic()
    operations = [result.ok() for result in schema.get_all_operations()]
    # What is written is to be met by what reads.
    random.Random(options.seed).shuffle(operations)
    for operation in operations:
        if options.field and not operation.label.endswith(f".{options.field}"):
            continue
        try:
            fuzz(operation, headers(), options, codes)
        except Exception as error:
            failures.append(f"{role}, {operation.label}: {error}")
    if not codes["data"] and not options.field:
        failures.append(f"{role}: no document was answered with data")
    print(f"{role}: {sum(codes.values())} documents in {time.monotonic() - began:.0f} s: {dict(codes)}", flush=True)
    return failures


def user_headers(url):
    """A function that gives the headers of a user whose session lives: some documents end it."""
    now = sign_up(url, next(fresh))[1]

    def headers():
        nonlocal now
        try:
            ask(url, "{ me { id } }", now)
        except RuntimeError:
            now = sign_up(url, next(fresh))[1]
        return now

    return headers


def admin_headers(url, ids):
    """A function that gives the headers of an administrator once the users of `ids` are there: some documents remove
    them."""
    admin = {"x-hasura-admin-secret": SECRET}
    objects = " ".join(f'{{ id: "{id}", locale: "en" }}' for id in ids)
    kept = "on_conflict: { constraint: users_pkey, update_columns: [] }"

    def headers():
        ask(url, f"mutation {{ insertUsers(objects: [{objects}], {kept}) {{ affected_rows }} }}", admin)
        return admin

    return headers


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--examples", type=int, default=3, help="documents for each root field and role")
    arguments.add_argument("--seed", type=int, default=1, help="another seed makes other documents")
    arguments.add_argument("--field", help="the only root field to try")
    arguments.add_argument("--verbose", action="store_true", help="print what is refused")
    arguments.add_argument("--postgres", action="store_true", help="on PostgreSQL, instead of SQLite")
    options = arguments.parse_args()
    database = cluster() if options.postgres else nullcontext()
    with database as database, service(database) as (url, log):
        tame.register()
        ids = [sign_up(url, email)[0] for email in EMAILS]
        register(ids)
        failures = fuzz_role(url, "user", user_headers(url), options)
        failures += fuzz_role(url, "admin", admin_headers(url, ids), options)
        if failures:
            print("\n\n".join(failures), log.read_text()[-4000:], sep="\n\n", file=sys.stderr)
            sys.exit(1)


if __name__ == "__main__":
    main()
