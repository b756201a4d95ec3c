"""A person with a password, an authenticator application and a software passkey, who calls the service."""

import base64
import json

from soft_webauthn import SoftWebauthnDevice

from codes import Codes
from service import PASSWORD, ask

ORIGIN = "http://localhost:3000"
SESSION = "session { accessToken refreshToken }"


def refused(code, call, **arguments):
    """Does what must be refused with this code."""
    try:
        call(**arguments)
    except RuntimeError as error:
        assert f"'{code}'" in str(error), f"{code} was expected: {error}"
    else:
        raise AssertionError(f"{code} was expected, and it was done")


def bytes_of(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def text_of(value):
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def given(options):
    """Options in the form of the device: what browsers decode is decoded."""
    options = {**options, "challenge": bytes_of(options["challenge"])}
    if "user" in options:
        options["user"] = {**options["user"], "id": bytes_of(options["user"]["id"])}
    return {"publicKey": options}


def taken(credential):
    """What the device made, as browsers write it."""
    response = {name: text_of(value) for name, value in credential["response"].items()}
    id = text_of(credential["rawId"])
    return {"id": id, "rawId": id, "type": credential["type"], "response": response, "clientExtensionResults": {}}


class Person:
    def __init__(self, url, email):
        self.url, self.email = url, email
        self.device = SoftWebauthnDevice()
        self.token = None

    def ask(self, query, **variables):
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        return next(iter(ask(self.url, query, headers, variables).values()))

    def nobody(self, query, **variables):
        return next(iter(ask(self.url, query, variables=variables).values()))

    def enter(self, payload):
        self.token = payload["session"]["accessToken"]

    def sign_up(self):
        query = f"mutation ($email: citext!, $password: String!) {{ signUpEmailPassword(email: $email, password: $password) {{ {SESSION} }} }}"
        self.enter(self.nobody(query, email=self.email, password=PASSWORD))

    def sign_out(self):
        self.ask("mutation { signOut }")
        self.token = None

    def me(self):
        return self.ask("{ me { email } }")["email"]

    def factors(self):
        return self.ask("{ myFactors { totp securityKeys recoveryCodesLeft } }")

    def proved_by(self):
        claims = json.loads(bytes_of(self.token.split(".")[1]))
        return claims["amr"]

    def enable_totp(self):
        made = self.ask("mutation { generateTotp { totpSecret uri } }")
        codes = Codes(made["totpSecret"], made["uri"])
        return codes, self.ask("mutation ($code: String!) { enableTotp(code: $code) }", code=codes.pyotp())

    def sign_in(self, **second):
        query = f"mutation ($email: citext!, $password: String!) {{ signInEmailPassword(email: $email, password: $password) {{ {SESSION} mfa {{ ticket factors webauthnOptions }} }} }}"
        self.finish(self.nobody(query, email=self.email, password=PASSWORD), **second)

    def finish(self, payload, totp=None, recovery=None, passkey=False):
        """Proves what is asked for after the first proof."""
        assert payload["session"] is None, "nothing was asked for"
        ticket = payload["mfa"]["ticket"]
        if passkey:
            signed = taken(self.device.get(given(payload["mfa"]["webauthnOptions"]), ORIGIN))
            query = f"mutation ($ticket: String!, $credential: jsonb!) {{ verifySignInMfaWebauthn(ticket: $ticket, credential: $credential) {{ {SESSION} }} }}"
            return self.enter(self.nobody(query, ticket=ticket, credential=signed))
        operation = "verifySignInMfaTotp" if totp else "verifySignInMfaRecoveryCode"
        query = f"mutation ($ticket: String!, $code: String!) {{ {operation}(ticket: $ticket, code: $code) {{ {SESSION} }} }}"
        return self.enter(self.nobody(query, ticket=ticket, code=totp or recovery))

    def elevate(self, totp=None, passkey=False):
        if passkey:
            signed = taken(self.device.get(given(self.ask("mutation { elevateWebauthn }")), ORIGIN))
            query = "mutation ($credential: jsonb!) { verifyElevateWebauthn(credential: $credential) { accessToken } }"
            self.token = self.ask(query, credential=signed)["accessToken"]
        else:
            query = "mutation ($code: String!) { elevateTotp(code: $code) { accessToken } }"
            self.token = self.ask(query, code=totp)["accessToken"]

    def add_passkey(self):
        made = taken(self.device.create(given(self.ask("mutation { addSecurityKey }")), ORIGIN))
        query = "mutation ($credential: jsonb!) { verifyAddSecurityKey(credential: $credential) }"
        return self.ask(query, credential=made)

    def remove_passkey(self, id):
        self.ask("mutation ($id: uuid!) { removeSecurityKey(id: $id) }", id=id)

    def sign_up_by_passkey(self):
        options = self.nobody("mutation ($email: citext!) { signUpWebauthn(email: $email) }", email=self.email)
        made = taken(self.device.create(given(options), ORIGIN))
        query = f"mutation ($credential: jsonb!) {{ verifySignUpWebauthn(credential: $credential) {{ {SESSION} }} }}"
        self.enter(self.nobody(query, credential=made))

    def sign_in_by_passkey(self, by_address=False, origin=ORIGIN, twice=False, totp=None):
        email = self.email if by_address else None
        options = self.nobody("mutation ($email: citext) { signInWebauthn(email: $email) }", email=email)
        signed = taken(self.device.get(given(options), origin))
        query = f"mutation ($credential: jsonb!) {{ verifySignInWebauthn(credential: $credential) {{ {SESSION} mfa {{ ticket factors }} }} }}"
        payload = self.nobody(query, credential=signed)
        if twice:
            payload = self.nobody(query, credential=signed)
        if totp:
            return self.finish(payload, totp=totp)
        return self.enter(payload)
