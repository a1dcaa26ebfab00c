/** The variables of an environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** An empty variable is as good as none: that is how shells and units take one back. */
export function variable(env: Environment, name: string): string | undefined {
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  return value === '' ? undefined : value;
}
