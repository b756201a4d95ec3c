import { createClient as forAdmin } from "../generated/genql/admin/index.js";
import { createClient as forUser, GenqlError } from "../generated/genql/user/index.js";
import { credentials, opened, profile, type Client, type Endpoint } from "./client.js";

const session = { accessToken: true, refreshToken: true } as const;

export function code(error: unknown): unknown {
  return error instanceof GenqlError ? error.errors[0]?.extensions?.["code"] : undefined;
}

export function open(endpoint: Endpoint): Client {
  const options = { url: endpoint.url, headers: credentials(endpoint), fetch: endpoint.fetch };
  const user = forUser(options);
  const admin = forAdmin(options);
  return {
    async signUp(email, password) {
      const answer = await user.mutation({ signUpEmailPassword: { __args: { email, password }, session } });
      return opened(answer.signUpEmailPassword);
    },
    async signIn(email, password) {
      const answer = await user.mutation({ signInEmailPassword: { __args: { email, password }, session } });
      return opened(answer.signInEmailPassword);
    },
    async me() {
      const roles = { role: true, roleByRole: { role: true } };
      const answer = await user.query({ me: { id: true, email: true, displayName: true, roles } });
      return profile(answer.me);
    },
    async rename(id, displayName) {
      const change = { pk_columns: { id }, _set: { displayName } };
      const answer = await user.mutation({ updateUser: { __args: change, displayName: true } });
      return answer.updateUser?.displayName;
    },
    async search({ where, order, limit }) {
      const answer = await admin.query({ users: { __args: { where, order_by: order, limit }, displayName: true } });
      return answer.users.map((found) => found.displayName);
    },
    async count(where) {
      const answer = await admin.query({ usersAggregate: { __args: { where }, aggregate: { count: true } } });
      return answer.usersAggregate.aggregate?.count;
    },
  };
}
