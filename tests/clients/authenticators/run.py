"""Authenticators that others wrote, against a live service: pyotp, oathtool and soft-webauthn enrol and sign in.

usage: pip install -r requirements.txt && python run.py [--postgres]

Starts the service of this checkout on a temporary SQLite file, or on a PostgreSQL server of its own. Needs oathtool.
"""

import argparse
import sys
import time
from contextlib import nullcontext
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "schemathesis"))

from codes import Codes
from person import Person, refused
from postgres import cluster
from service import service

SETTINGS = {
    "PORTICO_CLIENT_URL": "http://localhost:3000",
    # The software authenticator does not ask who uses it.
    "PORTICO_PASSKEY_USER_VERIFICATION": "preferred",
    # A code is good once: so that nobody has to wait for the next one, older ones are accepted, too.
    "PORTICO_TOTP_EARLIER_STEPS": "10",
}


def codes_of_applications(url):
    """A person with an authenticator application, whose codes two programs make; and without the telephone."""
    jane = Person(url, "jane@example.org")
    jane.sign_up()
    codes, recovery_codes = jane.enable_totp()
    jane.sign_out()
    for tool in (codes.pyotp, codes.oathtool):
        code = tool()
        jane.sign_in(totp=code)
        assert jane.me() == jane.email
        # Once, and no other.
        refused("invalid-totp", jane.sign_in, totp=code)
        refused("invalid-totp", jane.sign_in, totp=codes.wrong())
        print(f"{tool.__name__}: a code signs in once")
    jane.sign_in(recovery=recovery_codes[0])
    refused("invalid-recovery-code", jane.sign_in, recovery=recovery_codes[0])
    assert jane.factors() == {"totp": True, "securityKeys": 0, "recoveryCodesLeft": 9}
    print("recovery code: signs in once")
    return jane, codes


def passkey_of_software(url, jane, codes):
    """The same person with a passkey."""
    refused("elevated-claim-required", jane.add_passkey)
    jane.elevate(totp=codes.oathtool())
    passkey = jane.add_passkey()
    jane.sign_out()
    # A passkey that makes sure of nobody is one factor of two.
    jane.sign_in_by_passkey(totp=codes.pyotp())
    assert jane.me() == jane.email
    assert jane.proved_by() == ["hwk", "otp", "mfa"]
    print("soft-webauthn: signs in without a name, with a code after it")
    jane.sign_in(passkey=True)
    assert jane.proved_by() == ["pwd", "hwk", "mfa"]
    print("soft-webauthn: is the second factor after a password")
    refused("invalid-passkey", jane.sign_in_by_passkey, origin="http://localhost:3001")
    refused("invalid-passkey", jane.sign_in_by_passkey, twice=True)
    print("soft-webauthn: neither another page nor the same signature again is let in")
    jane.elevate(passkey=True)
    jane.remove_passkey(passkey)
    refused("invalid-passkey", jane.sign_in_by_passkey)
    print("soft-webauthn: elevates, and is good for nothing once it was removed")
    john = Person(url, "john@example.org")
    john.sign_up_by_passkey()
    john.sign_out()
    john.sign_in_by_passkey(by_address=True)
    assert john.me() == john.email
    print("soft-webauthn: signs up, and in with an address")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--postgres", action="store_true", help="on PostgreSQL, instead of SQLite")
    database = cluster() if arguments.parse_args().postgres else nullcontext()
    began = time.monotonic()
    with database as database, service(database, SETTINGS) as (url, _):
        jane, codes = codes_of_applications(url)
        passkey_of_software(url, jane, codes)
    print(f"authenticators: {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
