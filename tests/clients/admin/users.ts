// What an administrator's page sends: finding users.
import { graphql } from "../generated/admin/index.js";
import type { ResultOf, VariablesOf } from "@graphql-typed-document-node/core";

export const users = graphql(`
  query Users($where: users_bool_exp, $order: [users_order_by!], $limit: Int, $offset: Int) {
    users(where: $where, order_by: $order, limit: $limit, offset: $offset) {
      id
      displayName
      email
      disabled
      roles {
        role
      }
    }
  }
`);

export const search: VariablesOf<typeof users> = {
  where: { _or: [{ displayName: { _ilike: "%jane%" } }, { email: { _ilike: "%jane%" } }] },
  order: [{ createdAt: "desc" }],
  limit: 20,
};

export function roles(result: ResultOf<typeof users>): string[] {
  return result.users.flatMap((user) => user.roles.map((held) => held.role));
}
