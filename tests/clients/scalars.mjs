/** The scalars of the service as TypeScript has them. */
export const SCALARS = {
  bigint: "number",
  bytea: "string",
  citext: "string",
  jsonb: "unknown",
  timestamptz: "string",
  uuid: "string",
};
