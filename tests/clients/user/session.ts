// How an application lets somebody in and keeps the session alive.
import { graphql } from "../generated/user/index.js";

export const signUp = graphql(`
  mutation SignUp($email: citext!, $password: String!) {
    signUpEmailPassword(email: $email, password: $password) {
      session {
        accessToken
        refreshToken
      }
    }
  }
`);

export const signIn = graphql(`
  mutation SignIn($email: citext!, $password: String!) {
    signInEmailPassword(email: $email, password: $password) {
      session {
        accessToken
        refreshToken
      }
    }
  }
`);

export const renew = graphql(`
  mutation RefreshToken($refreshToken: String!) {
    refreshToken(refreshToken: $refreshToken) {
      accessToken
      refreshToken
    }
  }
`);
