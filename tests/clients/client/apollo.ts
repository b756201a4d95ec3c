import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache } from "@apollo/client";
import { SetContextLink } from "@apollo/client/link/context";
import { ErrorLink } from "@apollo/client/link/error";
import { from, switchMap } from "rxjs";

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

export function code(error: unknown): unknown {
  return CombinedGraphQLErrors.is(error) ? error.errors[0]?.extensions?.["code"] : undefined;
}

/** Attaches the access token and renews it where it is refused: once for all who wait. */
function refreshing(first: Session, nobody: ApolloClient): ApolloLink {
  let session = first;
  let renewal: Promise<void> | undefined;

  async function renewed(): Promise<void> {
    const { refreshToken } = session;
    const { data } = await nobody.mutate({ mutation: renew, variables: { refreshToken } });
    if (data) session = opened({ session: data.refreshToken });
  }

  const retry = new ErrorLink(({ error, operation, forward }) => {
    if (code(error) !== INVALID_TOKEN) return undefined;
    const { accessToken } = operation.getContext();
    // Another query's refresh may be over before this one's refusal arrives.
    if (accessToken === session.accessToken) renewal ??= renewed().finally(() => (renewal = undefined));
    return from(renewal ?? Promise.resolve()).pipe(switchMap(() => forward(operation)));
  });
  const attach = new SetContextLink(() => ({ accessToken: session.accessToken, headers: bearer(session.accessToken) }));
  return ApolloLink.from([retry, attach]);
}

function answer<Data>({ data }: { data?: Data | undefined }): Data {
  if (data === undefined) throw new Error("an answer without data and errors");
  return data;
}

export function open(endpoint: Endpoint): Client {
  const { url: uri, fetch, session } = endpoint;
  const cache = new InMemoryCache();
  const http = new HttpLink({ uri, fetch, headers: session ? {} : credentials(endpoint) });
  const nobody = new ApolloClient({ link: http, cache });
  const client = session ? new ApolloClient({ link: refreshing(session, nobody).concat(http), cache }) : nobody;
  return {
    async signUp(email, password) {
      const result = await client.mutate({ mutation: signUp, variables: { email, password } });
      return opened(answer(result).signUpEmailPassword);
    },
    async signIn(email, password) {
      const result = await client.mutate({ mutation: signIn, variables: { email, password } });
      return opened(answer(result).signInEmailPassword);
    },
    me: async () => profile(answer(await client.query({ query: me })).me),
    async rename(id, displayName) {
      const result = await client.mutate({ mutation: rename, variables: { id, changes: { displayName } } });
      return answer(result).updateUser?.displayName;
    },
    async search(page) {
      const result = await client.query({ query: users, variables: page });
      return answer(result).users.map((user) => user.displayName);
    },
    async count(where) {
      const result = await client.query({ query: total, variables: { where } });
      return answer(result).usersAggregate.aggregate?.count;
    },
  };
}
