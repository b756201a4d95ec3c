// The documents of GraphQL Code Generator's client preset, sent with nothing but `fetch`.
import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { print } from "graphql";

import { total, users } from "../admin/users.js";
import { me, rename } from "../user/profile.js";
import { signIn, signUp } from "../user/session.js";
import { credentials, opened, profile, type Client, type Endpoint } from "./client.js";

interface Answer<Result> {
  data?: Result;
  errors?: { message: string; extensions: { code: string } }[];
}

class Refused extends Error {
  constructor(
    message: string,
    readonly code: string,
  ) {
    super(message);
  }
}

export function code(error: unknown): unknown {
  return error instanceof Refused ? error.code : undefined;
}

export function open(endpoint: Endpoint): Client {
  const headers = {
    accept: "application/graphql-response+json",
    "content-type": "application/json",
    ...credentials(endpoint),
  };
  async function send<Result, Variables>(
    document: TypedDocumentNode<Result, Variables>,
    variables: Variables,
  ): Promise<Result> {
    const body = JSON.stringify({ query: print(document), variables });
    const response = await endpoint.fetch(endpoint.url, { method: "POST", headers, body });
    const { data, errors } = (await response.json()) as Answer<Result>;
    const refused = errors?.[0];
    if (refused !== undefined) throw new Refused(refused.message, refused.extensions.code);
    if (data === undefined) throw new Error("an answer without data and errors");
    return data;
  }
  return {
    signUp: async (email, password) => opened((await send(signUp, { email, password })).signUpEmailPassword),
    signIn: async (email, password) => opened((await send(signIn, { email, password })).signInEmailPassword),
    me: async () => profile((await send(me, {})).me),
    rename: async (id, displayName) => (await send(rename, { id, changes: { displayName } })).updateUser?.displayName,
    search: async (page) => (await send(users, page)).users.map((user) => user.displayName),
    count: async (where) => (await send(total, { where })).usersAggregate.aggregate?.count,
  };
}
