/** DOMException. https://webidl.spec.whatwg.org/#idl-DOMException */
import type { Primordials } from './primordials.js';
import type { MakeGroup } from './realm.js';
import { defineInterface } from './webidl.js';
import { defineConstants, toDOMString } from './webidl-types.js';

/** Names with a legacy code, in the order of their codes; the gaps are those of the standard. */
const CODES = {
  IndexSizeError: ['INDEX_SIZE_ERR', 1],
  HierarchyRequestError: ['HIERARCHY_REQUEST_ERR', 3],
  WrongDocumentError: ['WRONG_DOCUMENT_ERR', 4],
  InvalidCharacterError: ['INVALID_CHARACTER_ERR', 5],
  NoModificationAllowedError: ['NO_MODIFICATION_ALLOWED_ERR', 7],
  NotFoundError: ['NOT_FOUND_ERR', 8],
  NotSupportedError: ['NOT_SUPPORTED_ERR', 9],
  InUseAttributeError: ['INUSE_ATTRIBUTE_ERR', 10],
  InvalidStateError: ['INVALID_STATE_ERR', 11],
  SyntaxError: ['SYNTAX_ERR', 12],
  InvalidModificationError: ['INVALID_MODIFICATION_ERR', 13],
  NamespaceError: ['NAMESPACE_ERR', 14],
  InvalidAccessError: ['INVALID_ACCESS_ERR', 15],
  TypeMismatchError: ['TYPE_MISMATCH_ERR', 17],
  SecurityError: ['SECURITY_ERR', 18],
  NetworkError: ['NETWORK_ERR', 19],
  AbortError: ['ABORT_ERR', 20],
  URLMismatchError: ['URL_MISMATCH_ERR', 21],
  QuotaExceededError: ['QUOTA_EXCEEDED_ERR', 22],
  TimeoutError: ['TIMEOUT_ERR', 23],
  InvalidNodeTypeError: ['INVALID_NODE_TYPE_ERR', 24],
  DataCloneError: ['DATA_CLONE_ERR', 25],
} as const;

/** Constants whose names no exception has any more. */
const OTHER_CODES = { DOMSTRING_SIZE_ERR: 2, NO_DATA_ALLOWED_ERR: 6, VALIDATION_ERR: 16 };

let captureStackTrace: Primordials['captureStackTrace'];

/** By name. */
const codes = { __proto__: null } as unknown as Record<string, number | undefined>;

class DOMException {
  readonly #message: string;
  readonly #name: string;

  /** A serializable object: https://webidl.spec.whatwg.org/#idl-DOMException */
  static copy(value: object, defineProperty: typeof Reflect.defineProperty): object | undefined {
    if (!(#name in value)) return undefined;
    const copy = new DOMException(value.#message, value.#name);
    const { stack } = value as { stack?: unknown };
    if (typeof stack === 'string') {
      defineProperty(copy, 'stack', { value: stack, writable: true, configurable: true });
    }
    return copy;
  }

  constructor(message: unknown = '', name: unknown = 'Error') {
    this.#message = toDOMString(message);
    this.#name = toDOMString(name);
    captureStackTrace(this, new.target);
  }

  get name(): string {
    return this.#name;
  }

  get message(): string {
    return this.#message;
  }

  /** 0 for names that came after codes went out of use. */
  get code(): number {
    return codes[this.#name] ?? 0;
  }
}

const makeDOMException: MakeGroup = (_host, { primordials }) => {
  ({ captureStackTrace } = primordials);
  const constants: Record<string, number> = { ...OTHER_CODES };
  const names = primordials.ObjectKeys(CODES);
  for (let index = 0; index < names.length; index++) {
    const name = names[index]!;
    const known = CODES[name as keyof typeof CODES];
    codes[name] = known[1];
    constants[known[0]] = known[1];
  }
  primordials.setPrototypeOf(DOMException.prototype, primordials.Error.prototype);
  const { copy } = DOMException;
  primordials.deleteProperty(DOMException, 'copy');
  defineInterface(primordials, 'DOMException', DOMException, (value) =>
    copy(value, primordials.defineProperty),
  );
  defineConstants(primordials, DOMException, constants);
  return { DOMException };
};

export default makeDOMException;
