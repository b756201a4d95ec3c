// Passkeys as a person has them: Chromium with an authenticator of its own on a page that uses @simplewebauthn/browser,
// against a live service.
//
// usage: npm ci && node run.mjs
//
// Starts the service of this checkout on a temporary database and ends it again.
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

import { start } from "../clients/service.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const bundle = "node_modules/@simplewebauthn/browser/dist/bundle/index.umd.min.js";
const email = "jane@example.org";
const password = "correct horse battery";

function program(names) {
  const folders = process.env.PATH.split(delimiter);
  const found = names.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync);
  if (!found) throw new Error(`none of ${names.join(", ")} is installed`);
  return found;
}

/** Serves the page and the library; a number is no domain, so the page is opened by the name of this machine. */
async function servePage() {
  const files = { "/": ["text/html", "page.html"], "/library.js": ["text/javascript", bundle] };
  const server = createServer((request, response) => {
    const file = files[request.url];
    if (!file) return response.writeHead(404).end();
    const [type, name] = file;
    return response.writeHead(200, { "content-type": type }).end(readFileSync(join(here, name)));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { origin: `http://localhost:${server.address().port}`, close: () => server.close() };
}

async function scenario(page, authenticator) {
  const run = (expression) => page.evaluate(expression);
  assert.equal(await run(`signUp("${email}")`), email);
  console.log("sign-up: a new user with a passkey and no password");
  await run("signOut()");
  assert.equal(await run("signIn()"), email);
  await run("signOut()");
  assert.equal(await run(`signIn("${email}")`), email);
  await run("signOut()");
  assert.equal(await run("signIn(undefined, true)"), email);
  console.log("sign-in: without an address, with one, and from the field where the name is typed");
  await run("elevate()");
  await run(`ask('mutation { changePassword(newPassword: "${password}") }')`);
  console.log("elevation: what needs it can be done");
  await run("signOut()");
  assert.equal(await run(`signInWithPassword("${email}", "${password}")`), email);
  console.log("second factor: after the password");
  await assert.rejects(run("remove()"), /elevated-claim-required/);
  await run("elevate()");
  await authenticator("setUserVerified", { isUserVerified: false });
  await assert.rejects(run("signIn()"), /NotAllowedError/);
  await authenticator("setUserVerified", { isUserVerified: true });
  assert.equal(await run("remove()"), true);
  await assert.rejects(run("signIn()"), /invalid-passkey/);
  console.log("removal: in an elevated session, and the passkey is good for nothing any more");
}

const served = await servePage();
const service = await start({ PORTICO_CLIENT_URL: served.origin, PORTICO_CORS_ORIGINS: served.origin });
const browser = await chromium.launch({
  executablePath: program(["chromium", "chromium-browser", "google-chrome", "chrome"]),
  args: ["--no-sandbox"],
});
try {
  const page = await browser.newPage();
  await page.addInitScript(`globalThis.service = ${JSON.stringify(service.url)}`);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const options = {
    protocol: "ctap2",
    transport: "internal",
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
  };
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", { options });
  await page.goto(served.origin);
  await scenario(page, (method, given) => devtools.send(`WebAuthn.${method}`, { authenticatorId, ...given }));
} finally {
  await browser.close();
  await service.stop();
  served.close();
}
