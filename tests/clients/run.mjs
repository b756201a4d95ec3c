// Runs real clients against a live service: the audit of GraphQL over HTTP; get-graphql-schema, GraphQL Code Generator
// and genql as user and as admin, with `tsc --strict` over what they made; then every client of `client/` for real.
//
// usage: npm ci && node run.mjs
//
// Starts the service of this checkout on a temporary database and ends it again.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

import { build } from "esbuild";
import { serverAudits } from "graphql-http";

import { refresh } from "./refresh.mjs";
import { SCALARS } from "./scalars.mjs";
import { scenario } from "./scenario.mjs";
import { exposed } from "./secrets.mjs";
import { LIFETIME, secret, start } from "./service.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const clients = ["typed_documents", "graphql_request", "genql", "apollo", "urql"];
const renewing = ["apollo", "urql"];

async function run(program, args, environment = {}) {
  const options = { cwd: here, env: { ...process.env, ...environment }, maxBuffer: 64 << 20 };
  try {
    return (await promisify(execFile)(join(here, "node_modules", ".bin", program), args, options)).stdout;
  } catch (error) {
    // The complaints of a compiler stand in its output.
    throw new Error(`${program} ${args.join(" ")}\n${error.stdout}${error.stderr}`);
  }
}

async function audit(url) {
  const results = await Promise.all(serverAudits({ url, fetchFn: fetch }).map((found) => found.fn()));
  const wrong = results.filter((result) => result.status !== "ok");
  assert.deepEqual(wrong.map((result) => `${result.status}: ${result.name}: ${result.reason}`), []);
  console.log(`GraphQL over HTTP: ${results.length} audits passed`);
}

/** The name of an option before each header of `headers`. */
function options(name, headers, between) {
  return Object.entries(headers).flatMap(([header, value]) => [name, `${header}${between}${value}`]);
}

async function generate(url, role, headers) {
  const sdl = await run("get-graphql-schema", [...options("-h", headers, "="), url]);
  for (const name of ["type query_root", "type mutation_root", "type users ", "input users_bool_exp"]) {
    assert.ok(sdl.includes(name), `${role} lacks ${name}`);
  }
  assert.deepEqual(exposed(sdl), [], `secrets in the schema of ${role}`);
  const environment = { ROLE: role, PORTICO_GRAPHQL_URL: url, HEADERS: JSON.stringify(headers) };
  await run("graphql-codegen", ["--config", "codegen.ts"], environment);
  const scalars = Object.entries(SCALARS).flatMap(([name, type]) => ["-S", `${name}:${type}`]);
  await run("genql", ["-e", url, "-o", `generated/genql/${role}`, ...options("-H", headers, ": "), ...scalars]);
  console.log(`${role}: ${sdl.split("\n").length} lines of schema, types generated, no secret among them`);
}

/** Checks the types of the clients and makes modules of them. */
async function compile() {
  await run("tsc", ["--project", "."]);
  console.log("tsc --strict: nothing to complain about");
  const entryPoints = clients.map((name) => join(here, "client", `${name}.ts`));
  const outdir = join(here, "built");
  await build({ entryPoints, outdir, bundle: true, format: "esm", platform: "node", packages: "external" });
}

async function load(name) {
  return [name, await import(pathToFileURL(join(here, "built", `${name}.js`)).href)];
}

/** A session opened without any of the clients. */
async function signUp(url, email) {
  const query = `mutation ($email: citext!) {
    signUpEmailPassword(email: $email, password: "correct horse battery") { session { accessToken refreshToken } }
  }`;
  const body = JSON.stringify({ query, variables: { email } });
  const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
  const { data, errors } = await answer.json();
  assert.equal(errors, undefined);
  return data.signUpEmailPassword.session;
}

/** A client that never answers is a failure. */
function soon(work, name) {
  const late = sleep(60_000, undefined, { ref: false }).then(() => assert.fail(`${name} has no answer after 60 s`));
  return Promise.race([work, late]);
}

const { url, stop } = await start();
try {
  const old = await Promise.all(renewing.map((name) => signUp(url, `old.${name}@example.org`)));
  const expired = Date.now() + (LIFETIME + 1) * 1000;
  await audit(url);
  await generate(url, "user", { authorization: `Bearer ${old[0].accessToken}` });
  await generate(url, "admin", { "x-hasura-admin-secret": secret });
  await compile();
  const modules = Object.fromEntries(await Promise.all(clients.map(load)));
  for (const name of clients) await soon(scenario(name, modules[name], url), name);
  await sleep(expired - Date.now());
  for (const [index, name] of renewing.entries()) await soon(refresh(name, modules[name], url, old[index]), name);
} finally {
  await stop();
  for (const folder of ["generated", "built"]) rmSync(join(here, folder), { recursive: true, force: true });
}
