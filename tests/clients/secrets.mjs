// The names that may stand in no schema of any role.
import { buildSchema, isEnumType, isInputObjectType, isInterfaceType, isObjectType } from "graphql";

const SECRETS = {
  users: ["passwordHash", "totpSecret", "otpHash", "ticket", "currentChallenge", "webauthnCurrentChallenge"],
  authRefreshTokens: ["refreshToken", "refreshTokenHash", "previousTokenHash", "sealedSuccessor"],
  authUserProviders: ["accessToken", "refreshToken"],
  authUserSecurityKeys: ["passkey"],
  apps: ["secretConfig"],
};

function members(type) {
  if (isObjectType(type) || isInterfaceType(type) || isInputObjectType(type)) return Object.keys(type.getFields());
  return isEnumType(type) ? type.getValues().map((value) => value.name) : [];
}

/** Every secret that a schema names, as `type.member`. */
export function exposed(sdl) {
  const types = Object.values(buildSchema(sdl).getTypeMap());
  return Object.entries(SECRETS).flatMap(([table, names]) =>
    types
      .filter((type) => type.name === table || type.name.startsWith(`${table}_`))
      .flatMap((type) => members(type).filter((name) => names.includes(name)).map((name) => `${type.name}.${name}`)),
  );
}
