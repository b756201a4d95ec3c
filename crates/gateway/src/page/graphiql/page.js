'use strict';

const introduction = `# Portico, as one GraphQL API.
#
# Sign up, then put the access token into the header editor below:
#   { "authorization": "Bearer …" }
# or, as an administrator:
#   { "x-hasura-admin-secret": "…" }

mutation SignUp {
  signUpEmailPassword(email: "ada@example.org", password: "correct horse battery") {
    session {
      accessToken
      refreshToken
    }
  }
}
`;

// What is typed here may hold passwords: it lives as long as the tab, headers not even that.
ReactDOM.createRoot(document.getElementById('graphiql')).render(
  React.createElement(GraphiQL, {
    fetcher: GraphiQL.createFetcher({ url: 'v1/graphql' }),
    storage: window.sessionStorage,
    defaultQuery: introduction,
    isHeadersEditorEnabled: true,
    shouldPersistHeaders: false,
    showPersistHeadersSettings: false,
  }),
);
