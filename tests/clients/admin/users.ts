// What an administrator's page sends: finding and counting users.
import { graphql } from "../generated/admin/index.js";

export const users = graphql(`
  query Users($where: users_bool_exp!, $order: [users_order_by!], $limit: Int) {
    users(where: $where, order_by: $order, limit: $limit) {
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

export const total = graphql(`
  query Total($where: users_bool_exp!) {
    usersAggregate(where: $where) {
      aggregate {
        count
      }
    }
  }
`);
