"""That the judge of answers lets nothing pass: python -m unittest test_judge.py"""

import json
import unittest
from types import SimpleNamespace

import graphql

from judge import Wrong, judge, prepare

SDL = """
scalar uuid scalar timestamptz scalar jsonb
type Query { users: [users!]! }
type users { id: uuid! createdAt: timestamptz! metadata(path: String): jsonb! name: String }
"""
DOCUMENT = "{ users { key: id createdAt metadata name } }"
USER = {"key": "0190b5c2-7a6e-7cc3-98c4-dc0c0c07398f", "createdAt": "2026-11-21T08:30:00.5+00:00", "metadata": [1], "name": None}
ERROR = {"message": "no", "extensions": {"code": "validation-failed", "path": "$"}}


def codes(body, status=200, media_type="application/json"):
    schema = graphql.build_schema(SDL)
    prepare(schema)
    text = body if isinstance(body, str) else json.dumps(body)
    headers = {"content-type": [f"{media_type}; charset=utf-8"]}
    answer = SimpleNamespace(status_code=status, headers=headers, text=text, json=lambda: json.loads(text))
    return judge(schema, DOCUMENT, answer)


class Judge(unittest.TestCase):
    def test_what_the_schema_promises_passes(self):
        self.assertEqual(codes({"data": {"users": [USER, USER]}}), [])
        self.assertEqual(codes({"data": {"users": [{**USER, "metadata": None}]}}), [])
        self.assertEqual(codes({"errors": [ERROR]}, 400), ["validation-failed"])

    def test_data_that_breaks_the_schema_is_wrong(self):
        changes = [
            {"key": None}, {"key": "x"}, {"key": USER["key"].upper()}, {"key": 1}, {"createdAt": "2026-11-21T08:30:00"},
            {"createdAt": 5}, {"name": 1}, {"name": []}, {"more": 1},
        ]
        users = [[{**USER, **change}] for change in changes] + [None, {}, [None], [{"key": USER["key"]}]]
        for wrong in users:
            with self.subTest(wrong), self.assertRaises(Wrong):
                codes({"data": {"users": wrong}})

    def test_what_is_no_answer_is_wrong(self):
        failed = {"message": "no", "extensions": {"code": "unexpected", "path": "$"}}
        errors = [[], [{}], ["no"], [{"message": "no"}], [{"message": "no", "extensions": None}], [failed]]
        bodies = ["no", [], {}, {"data": None}, {"data": {"users": []}, "more": 1}, *({"errors": error} for error in errors)]
        for body in bodies:
            with self.subTest(body), self.assertRaises(Wrong):
                codes(body)
        for status, media_type in [(500, "application/json"), (429, "application/json"), (200, "text/html")]:
            with self.subTest(status), self.assertRaises(Wrong):
                codes({"data": {"users": []}}, status, media_type)


if __name__ == "__main__":
    unittest.main()
