import { isNull, isUndefined, keyBelow, type ConfigNode } from './node.js';
import { object, text, type ReadContext, type ValueType } from './types.js';

/** With what a Worker joins a Compute Group. */
export interface ComputeGroupJoin {
  readonly joinKey: string;
  /** What proves that it may: the secret itself, or its hash. Both null: the group asks for nothing. */
  readonly joinSecret: string | null;
  readonly joinHash: string | null;
}

const FIELDS: Readonly<Record<keyof ComputeGroupJoin, ValueType<string>>> = {
  joinKey: text('the join key of a Compute Group'),
  joinSecret: text('the join secret of a Compute Group'),
  joinHash: text('a join hash, eh1- and 64 hexadecimal digits', /^eh1-[\da-f]{64}$/i),
};

function isField(name: string): name is keyof ComputeGroupJoin {
  return Object.hasOwn(FIELDS, name);
}

export function computeGroup(): ValueType<ComputeGroupJoin> {
  const expected = '{ joinKey, joinSecret } or { joinKey, joinHash }';
  return object(expected, ({ entries, position }, key, context) => {
    const read = fieldsOf(entries, key, context);
    if (read.joinKey !== null && (read.joinSecret === null || read.joinHash === null))
      return { ...read, joinKey: read.joinKey };
    // What is there is a secret.
    const what = read.joinKey === null ? 'there is no joinKey' : 'there are both joinSecret and joinHash';
    context.fail(position, key, `expected ${expected}: ${what}`);
    return undefined;
  });
}

function fieldsOf(
  entries: ReadonlyMap<string, ConfigNode>,
  key: string,
  context: ReadContext,
): Record<keyof ComputeGroupJoin, string | null> {
  const read: Record<keyof ComputeGroupJoin, string | null> = {
    joinKey: null,
    joinSecret: null,
    joinHash: null,
  };
  for (const [name, node] of entries) {
    if (!isField(name))
      context.fail(node.position, keyBelow(key, name), 'there are joinKey, joinSecret and joinHash only');
    else if (!isUndefined(node) && !isNull(node))
      read[name] = FIELDS[name].read(node, keyBelow(key, name), context) ?? '';
  }
  return read;
}
