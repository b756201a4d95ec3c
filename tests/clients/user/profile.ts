// What an application of a signed-in user sends: reading and changing the own profile.
import { graphql } from "../generated/user/index.js";
import type { ResultOf } from "@graphql-typed-document-node/core";

export const me = graphql(`
  query Me {
    me {
      id
      email
      displayName
      roles {
        role
        roleByRole {
          role
        }
      }
    }
  }
`);

export const profile = graphql(`
  query GetUserProfile($userId: uuid!) {
    user(id: $userId) {
      id
      displayName
      email
      locale
      metadata
      lastSeen
      members {
        id
        org {
          name
        }
      }
    }
  }
`);

export const rename = graphql(`
  mutation Rename($id: uuid!, $changes: users_set_input!) {
    updateUser(pk_columns: { id: $id }, _set: $changes) {
      id
      displayName
      updatedAt
    }
  }
`);

/** The name of the first organisation: typed through every nullable step. */
export function organisation(result: ResultOf<typeof profile>): string | undefined {
  return result.user?.members[0]?.org?.name;
}
