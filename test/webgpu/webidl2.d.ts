/** What of the parser's answer (https://github.com/w3c/webidl2.js) the tests read. */
declare module 'webidl2' {
  export interface IdlType {
    readonly generic: string;
    readonly idlType: string | readonly IdlType[];
  }
  export interface Member {
    readonly type: 'attribute' | 'operation' | 'constructor' | 'setlike' | 'const';
    readonly name: string;
    readonly readonly: boolean;
    /** Null for a constructor. */
    readonly idlType: IdlType | null;
    readonly arguments: readonly { readonly optional: boolean }[];
    readonly value: { readonly value: string };
  }
  export interface Definition {
    readonly type:
      'interface' | 'interface mixin' | 'namespace' | 'includes' | 'dictionary' | 'enum' | 'typedef';
    readonly name: string;
    readonly partial: boolean;
    readonly inheritance: string | null;
    readonly members: readonly Member[];
    /** Of `includes`. */
    readonly target: string;
    readonly includes: string;
  }
  export function parse(text: string): readonly Definition[];
}
