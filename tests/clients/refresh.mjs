// An access token expires, or is none: one refresh, however many wait for it, and everything is repeated.
import assert from "node:assert/strict";

import { refused } from "./scenario.mjs";

/** `session` is one whose access token expired. */
export async function refresh(name, client, url, session) {
  const renewed = await renew(client, url, session);
  await renew(client, url, { ...renewed, accessToken: `${renewed.accessToken}x` });
  await ended(client, url, { accessToken: session.accessToken, refreshToken: "prt_nonsense" });
  console.log(`${name}: an expired and a broken access token were renewed once for three requests at a time`);
}

/** Three requests at once, all of them refused at first; answers the tokens after that. */
async function renew({ open }, url, session) {
  const { sent, count, latest } = recorder();
  const user = open({ url, session, fetch: count });
  const id = JSON.parse(Buffer.from(session.accessToken.split(".")[1], "base64url")).sub;
  // Two changes that differ: of equal ones that wait, urql repeats one and never answers the other.
  const answers = await Promise.all([user.me(), user.rename(id, "Ada"), user.rename(id, "Eve")]);
  assert.deepEqual([answers[0].id, ...answers.slice(1)], [id, "Ada", "Eve"]);
  assert.deepEqual(sent.sort(), ["Me", "Me", "RefreshToken", "Rename", "Rename", "Rename", "Rename"]);
  assert.equal(await user.rename(id, "Ida"), "Ida");
  assert.equal(sent.filter((name) => name === "RefreshToken").length, 1, "renewed what was good");
  return latest();
}

/** A session that is over: the client tries once and says why. */
async function ended({ open, code }, url, session) {
  const { sent, count } = recorder();
  await refused(open({ url, session, fetch: count }).me(), code, "invalid-refresh-token");
  assert.deepEqual(sent, ["Me", "RefreshToken"]);
}

/** A `fetch` that writes down the names of the operations, and the tokens of the last refresh. */
function recorder() {
  const sent = [];
  let tokens;
  const count = async (url, options) => {
    const { operationName } = JSON.parse(options.body);
    sent.push(operationName);
    const answer = await fetch(url, options);
    if (operationName === "RefreshToken") tokens = (await answer.clone().json()).data?.refreshToken;
    return answer;
  };
  return { sent, count, latest: () => tokens };
}
