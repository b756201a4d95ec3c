"""Codes of one secret, made by two programs."""

import subprocess
import time

import pyotp

PERIOD = 30
# As many as the service accepts beside the present one, with one to spare for the time all of it takes.
EARLIER = 9


class Codes:
    """Gives the code of a later step each time."""

    def __init__(self, secret, uri):
        self.secret = secret
        self.step = int(time.time()) // PERIOD - EARLIER
        application = pyotp.parse_uri(uri)
        assert (application.secret, application.digits, application.interval) == (secret, 6, PERIOD)

    def next(self):
        self.step += 1
        assert self.step <= time.time() // PERIOD, "no code is left"
        return self.step * PERIOD

    def pyotp(self):
        return pyotp.TOTP(self.secret).at(self.next())

    def oathtool(self):
        command = ["oathtool", "--totp", "--base32", "--now", f"@{self.next()}", self.secret]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def wrong(self):
        """One that is not shown soon, nor was lately."""
        shown = {pyotp.TOTP(self.secret).at((self.step + step) * PERIOD) for step in range(-EARLIER - 3, EARLIER + 3)}
        return next(code for code in map(str, range(100000, 1000000)) if code not in shown)
