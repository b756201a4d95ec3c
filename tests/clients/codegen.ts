import type { CodegenConfig } from "@graphql-codegen/cli";

const role = process.env.ROLE ?? "";
const url = process.env.PORTICO_GRAPHQL_URL ?? "";
const headers = JSON.parse(process.env.HEADERS ?? "{}") as Record<string, string>;

const config: CodegenConfig = {
  schema: { [url]: { headers } },
  documents: `${role}/*.ts`,
  generates: {
    [`generated/${role}/`]: {
      preset: "client",
      config: {
        strictScalars: true,
        useTypeImports: true,
        scalars: {
          bigint: "number",
          bytea: "string",
          citext: "string",
          jsonb: "unknown",
          timestamptz: "string",
          uuid: "string",
        },
      },
    },
  },
};

export default config;
