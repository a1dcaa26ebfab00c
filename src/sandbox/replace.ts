/** Ours in place of what V8 brings: same looks, same behaviour but for what is done before. */

export type Class = (new (...args: never[]) => object) & { readonly prototype: object };
export type Method = (this: unknown, ...args: unknown[]) => unknown;
/** Makes an instance of `newTarget`, which is the class itself or one that extends it. */
type Make = (args: unknown[], newTarget: Class) => object;

// As they were before any Work Function could change them.
const { apply, ownKeys } = Reflect;
const { defineProperty, getOwnPropertyDescriptor } = Object;

/**
 * Puts a constructor in place of `holder[name]` that makes the same objects: same prototype, same static members. The
 * original cannot be reached any more, not from an instance either.
 */
export function replaceConstructor(holder: object, name: string, make: Make): void {
  const native = (holder as Record<string, unknown>)[name] as Class & Method;
  const replacement = function (this: unknown, ...args: unknown[]): unknown {
    // Called without `new`, it throws what the original throws.
    return new.target === undefined
      ? apply(native, undefined, args)
      : make(args, new.target as unknown as Class);
  };
  for (const key of ownKeys(native)) defineProperty(replacement, key, getOwnPropertyDescriptor(native, key)!);
  replace(native.prototype, 'constructor', replacement);
  replace(holder, name, replacement);
}

/** Puts a method in place of `holder[name]`, where there is one. */
export function replaceMethod(holder: object, name: string, wrap: (native: Method) => Method): void {
  const native = (holder as Record<string, unknown>)[name] as Method | undefined;
  // Node 20 lacks some.
  if (native === undefined) return;
  const replacement = wrap(native);
  for (const key of ['name', 'length'])
    defineProperty(replacement, key, getOwnPropertyDescriptor(native, key)!);
  replace(holder, name, replacement);
}

function replace(holder: object, name: string, value: unknown): void {
  defineProperty(holder, name, { ...getOwnPropertyDescriptor(holder, name)!, value });
}
