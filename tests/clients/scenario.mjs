// What every client is put through: the same steps, whatever it makes of them.
import assert from "node:assert/strict";

import { secret } from "./service.mjs";

const password = "correct horse battery";

/** `client` is a module of `client/`, `name` its name. */
export async function scenario(name, { open, code }, url) {
  const email = `${name}@example.org`;
  const nobody = open({ url, fetch });
  await nobody.signUp(email, password);
  const session = await nobody.signIn(email, password);

  const user = open({ url, fetch, session });
  const { id, ...self } = await user.me();
  assert.deepEqual(self, { email, displayName: email, roles: ["me", "user"] });
  assert.equal(await user.rename(id, `Zoë of ${name}`), `Zoë of ${name}`);
  // A client with a cache of its own has to notice.
  assert.equal((await user.me()).displayName, `Zoë of ${name}`);

  const admin = open({ url, fetch, secret });
  const two = [`${name}-1@example.org`, `${name}-2@example.org`];
  for (const other of two) await nobody.signUp(other, password);
  const where = { email: { _ilike: `${name}%@EXAMPLE.org` } };
  assert.equal(await admin.count(where), 3);
  assert.deepEqual(await admin.search({ where, order: [{ email: "desc" }], limit: 2 }), [`Zoë of ${name}`, two[1]]);

  await refused(nobody.signIn(email, "not the password"), code, "invalid-email-password");
  await refused(nobody.me(), code, "validation-failed");
  console.log(`${name}: signed up and in, read, changed, found, counted, refused`);
}

/** Whether the client tells the code of the refusal. */
export async function refused(promise, code, expected) {
  const error = await promise.then(
    (value) => assert.fail(`not refused: ${JSON.stringify(value)}`),
    (reason) => reason,
  );
  assert.equal(code(error), expected, error);
}
