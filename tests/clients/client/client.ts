// What every client of these tests does, each in its own way.
export interface Session {
  accessToken: string;
  refreshToken: string;
}

/** The service, and who asks: an administrator by secret, a user by session, or nobody. */
export interface Endpoint {
  url: string;
  secret?: string;
  session?: Session;
  /** In place of the platform's own: what was sent is counted. */
  fetch: typeof fetch;
}

export interface Profile {
  id: string;
  email: string | undefined;
  displayName: string;
  roles: string[];
}

export interface Filter {
  email: { _ilike: string };
}

export interface Page {
  where: Filter;
  order: { email: "asc" | "desc" }[];
  limit: number;
}

export interface Client {
  signUp(email: string, password: string): Promise<Session>;
  signIn(email: string, password: string): Promise<Session>;
  me(): Promise<Profile>;
  /** Answers the new name. */
  rename(id: string, displayName: string): Promise<string | undefined>;
  /** Answers the names. */
  search(page: Page): Promise<string[]>;
  count(where: Filter): Promise<number | undefined>;
}

export const INVALID_TOKEN = "invalid-jwt";

export function bearer(accessToken: string): Record<string, string> {
  return { authorization: `Bearer ${accessToken}` };
}

export function credentials({ secret, session }: Endpoint): Record<string, string> {
  if (secret !== undefined) return { "x-hasura-admin-secret": secret };
  return session === undefined ? {} : bearer(session.accessToken);
}

/** Every level that a schema leaves nullable, as typed documents and query builders alike have it. */
interface Payload {
  session?: { accessToken: string; refreshToken?: string | null } | null;
}

export function opened({ session }: Payload): Session {
  if (!session?.refreshToken) throw new Error("no session was opened");
  return { accessToken: session.accessToken, refreshToken: session.refreshToken };
}

interface User {
  id: string;
  email?: string | null;
  displayName: string;
  roles: { role: string; roleByRole: { role: string } }[];
}

export function profile(user: User | null | undefined): Profile {
  if (!user) throw new Error("nobody is signed in");
  const roles = user.roles.map((held) => held.roleByRole.role).sort();
  return { id: user.id, email: user.email ?? undefined, displayName: user.displayName, roles };
}
