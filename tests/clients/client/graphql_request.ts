import { ClientError, GraphQLClient } from "graphql-request";

import { total, users } from "../admin/users.js";
import { me, rename } from "../user/profile.js";
import { signIn, signUp } from "../user/session.js";
import { credentials, opened, profile, type Client, type Endpoint } from "./client.js";

export function code(error: unknown): unknown {
  return error instanceof ClientError ? error.response.errors?.[0]?.extensions["code"] : undefined;
}

export function open(endpoint: Endpoint): Client {
  const client = new GraphQLClient(endpoint.url, { headers: credentials(endpoint), fetch: endpoint.fetch });
  return {
    signUp: async (email, password) => opened((await client.request(signUp, { email, password })).signUpEmailPassword),
    signIn: async (email, password) => opened((await client.request(signIn, { email, password })).signInEmailPassword),
    me: async () => profile((await client.request(me)).me),
    rename: async (id, displayName) =>
      (await client.request(rename, { id, changes: { displayName } })).updateUser?.displayName,
    search: async (page) => (await client.request(users, page)).users.map((user) => user.displayName),
    count: async (where) => (await client.request(total, { where })).usersAggregate.aggregate?.count,
  };
}
