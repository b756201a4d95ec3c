import {
  cacheExchange,
  Client as Urql,
  CombinedError,
  fetchExchange,
  makeOperation,
  type OperationResult,
} from "@urql/core";
import { authExchange } from "@urql/exchange-auth";

import { total, users } from "../admin/users.js";
import { me, rename } from "../user/profile.js";
import { renew, signIn, signUp } from "../user/session.js";
import {
  bearer,
  credentials,
  INVALID_TOKEN,
  opened,
  profile,
  type Client,
  type Endpoint,
  type Session,
} from "./client.js";

/** What a failed refresh was told stands within the error of the query that led to it. */
export function code(error: unknown): unknown {
  if (!(error instanceof CombinedError)) return undefined;
  return error.graphQLErrors[0]?.extensions["code"] ?? code(error.networkError);
}

/** Attaches the access token and renews it where it is refused: once for all who wait. */
function refreshing(first: Session) {
  return authExchange(async (utilities) => {
    let session: Session | undefined = first;
    let refused: unknown;
    return {
      addAuthToOperation(operation) {
        if (session === undefined) return operation;
        const { accessToken } = session;
        const { kind, context } = utilities.appendHeaders(operation, bearer(accessToken));
        return makeOperation(kind, operation, { ...context, accessToken });
      },
      didAuthError(error, { context }) {
        refused = context["accessToken"];
        return code(error) === INVALID_TOKEN;
      },
      async refreshAuth() {
        // Another query's refresh may be over before this one's refusal arrives.
        if (session === undefined || refused !== session.accessToken) return;
        const { refreshToken } = session;
        // A refresh beside a broken access token would be refused for the latter.
        session = undefined;
        const { data, error } = await utilities.mutate(renew, { refreshToken });
        if (error) throw error;
        if (data) session = opened({ session: data.refreshToken });
      },
    };
  });
}

function answer<Data>({ data, error }: Pick<OperationResult<Data>, "data" | "error">): Data {
  if (error) throw error;
  if (data === undefined) throw new Error("an answer without data and errors");
  return data;
}

export function open(endpoint: Endpoint): Client {
  const { url, fetch, session } = endpoint;
  const client = new Urql({
    url,
    fetch,
    preferGetMethod: false,
    fetchOptions: session ? {} : { headers: credentials(endpoint) },
    exchanges: [cacheExchange, ...(session ? [refreshing(session)] : []), fetchExchange],
  });
  return {
    signUp: async (email, password) =>
      opened(answer(await client.mutation(signUp, { email, password })).signUpEmailPassword),
    signIn: async (email, password) =>
      opened(answer(await client.mutation(signIn, { email, password })).signInEmailPassword),
    me: async () => profile(answer(await client.query(me, {})).me),
    rename: async (id, displayName) =>
      answer(await client.mutation(rename, { id, changes: { displayName } })).updateUser?.displayName,
    search: async (page) => answer(await client.query(users, page)).users.map((user) => user.displayName),
    count: async (where) => answer(await client.query(total, { where })).usersAggregate.aggregate?.count,
  };
}
