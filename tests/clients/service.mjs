// The service of this checkout, started for the tests on a temporary database.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

export const secret = "the-admin-secret-of-the-client-tests";

/** How long an access token is good, in seconds: the least that the service takes, so that one can be seen to expire. */
export const LIFETIME = 60;

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return port;
}

async function ready(address) {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const answer = await fetch(`http://${address}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(50);
  }
  throw new Error("the service never became ready");
}

/** Builds and starts the service with further settings; `stop` ends it and removes its database. */
export async function start(further = {}) {
  execFileSync("cargo", ["build", "--quiet", "--package", "portico-server"], { cwd: root, stdio: "inherit" });
  const folder = mkdtempSync(join(tmpdir(), "portico-clients-"));
  const address = `127.0.0.1:${await freePort()}`;
  const settings = {
    PORTICO_LISTEN: address,
    PORTICO_DATA_DIR: folder,
    PORTICO_ADMIN_SECRET: secret,
    PORTICO_ACCESS_TOKEN_LIFETIME: `${LIFETIME}s`,
    ...further,
  };
  const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
  const env = { PATH: process.env.PATH, ...settings };
  const service = spawn(join(target, "debug", "portico"), [], { cwd: folder, env, stdio: "ignore" });
  const stop = async () => {
    if (service.exitCode === null && service.kill()) await once(service, "exit");
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await ready(address);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `http://${address}/v1/graphql`, stop };
}
