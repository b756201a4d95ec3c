import type { CodegenConfig } from "@graphql-codegen/cli";

import { SCALARS } from "./scalars.mjs";

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
        scalars: SCALARS,
      },
    },
  },
};

export default config;
