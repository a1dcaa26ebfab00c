/** What of a configuration nobody is shown. */
import type { ConfigNode } from './node.js';

export const MASK = '***';

const SECRET_NAME = /secret|joinhash|password|passphrase|privatekey|identitykey|token$|cookie/i;

/** Whether what has this name, or is below it, is nobody's business. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** The same with `***` for what has a secret's name, and for passwords in URLs. */
export function masked(node: ConfigNode, name = ''): ConfigNode {
  switch (node.kind) {
    case 'leaf':
      if (node.value === undefined || node.value === null) return node;
      return isSecretName(name) ? { ...node, value: MASK } : { ...node, value: withoutPassword(node.value) };
    case 'list':
      return { ...node, items: node.items.map((item) => masked(item, name)) };
    case 'branch': {
      const entries = [...node.entries].map(([below, value]) => {
        return [below, masked(value, isSecretName(name) ? name : below)] as const;
      });
      return { ...node, entries: new Map(entries) };
    }
    case 'reference':
      return node;
  }
}

function withoutPassword<T>(value: T): T | string | URL {
  const text = value instanceof URL ? value.href : value;
  if (typeof text !== 'string' || !URL.canParse(text)) return value;
  const url = new URL(text);
  if (url.password === '') return value;
  url.password = MASK;
  return value instanceof URL ? url : url.href;
}
