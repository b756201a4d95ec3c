// Runs real clients against a live service: the audit of GraphQL over HTTP, then get-graphql-schema and GraphQL
// Code Generator, as user and as admin.
//
// usage: npm ci && node run.mjs
//
// Starts the service of this checkout on a temporary database and ends it again.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { serverAudits } from "graphql-http";

import { exposed } from "./secrets.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");
const secret = "the-admin-secret-of-the-client-tests";

function run(program, args, environment = {}) {
  const options = { cwd: here, encoding: "utf8", env: { ...process.env, ...environment }, maxBuffer: 64 << 20 };
  try {
    return execFileSync(program, args, { ...options, stdio: ["ignore", "pipe", "inherit"] });
  } catch (error) {
    // The complaints of a compiler stand in its output.
    throw new Error(`${args.join(" ")}\n${error.stdout}`);
  }
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return port;
}

async function start(folder) {
  execFileSync("cargo", ["build", "--quiet", "--package", "portico-server"], { cwd: root, stdio: "inherit" });
  const address = `127.0.0.1:${await freePort()}`;
  const environment = { PORTICO_LISTEN: address, PORTICO_DATA_DIR: folder, PORTICO_ADMIN_SECRET: secret };
  const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
  const service = spawn(join(target, "debug", "portico"), [], {
    cwd: folder,
    env: { PATH: process.env.PATH, ...environment },
    stdio: "ignore",
  });
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const answer = await fetch(`http://${address}/readyz`).catch(() => undefined);
    if (answer?.ok) return { service, url: `http://${address}/v1/graphql` };
    await sleep(50);
  }
  service.kill();
  throw new Error("the service never became ready");
}

async function signUp(url) {
  const query = `mutation {
    signUpEmailPassword(email: "jane@example.org", password: "correct horse battery") { session { accessToken } }
  }`;
  const body = JSON.stringify({ query });
  const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
  const { data, errors } = await answer.json();
  assert.equal(errors, undefined);
  return data.signUpEmailPassword.session.accessToken;
}

function check(url, role, headers) {
  const options = Object.entries(headers).flatMap(([name, value]) => ["-h", `${name}=${value}`]);
  const sdl = run("npx", ["--no-install", "get-graphql-schema", ...options, url]);
  for (const name of ["type query_root", "type mutation_root", "type users ", "input users_bool_exp"]) {
    assert.ok(sdl.includes(name), `${role} lacks ${name}`);
  }
  assert.deepEqual(exposed(sdl), [], `secrets in the schema of ${role}`);
  const environment = { ROLE: role, PORTICO_GRAPHQL_URL: url, HEADERS: JSON.stringify(headers) };
  run("npx", ["--no-install", "graphql-codegen", "--config", "codegen.ts"], environment);
  console.log(`${role}: ${sdl.split("\n").length} lines of schema, types generated, no secret among them`);
}

async function audit(url) {
  const results = await Promise.all(serverAudits({ url, fetchFn: fetch }).map((found) => found.fn()));
  const wrong = results.filter((result) => result.status !== "ok");
  assert.deepEqual(wrong.map((result) => `${result.status}: ${result.name}: ${result.reason}`), []);
  console.log(`GraphQL over HTTP: ${results.length} audits passed`);
}

const folder = mkdtempSync(join(tmpdir(), "portico-clients-"));
const { service, url } = await start(folder);
try {
  await audit(url);
  check(url, "user", { authorization: `Bearer ${await signUp(url)}` });
  check(url, "admin", { "x-hasura-admin-secret": secret });
  run("npx", ["--no-install", "tsc", "--project", "."]);
  console.log("tsc --strict: nothing to complain about");
} finally {
  service.kill();
  await once(service, "exit");
  rmSync(folder, { recursive: true, force: true });
  rmSync(join(here, "generated"), { recursive: true, force: true });
}
