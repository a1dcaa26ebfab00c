import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Rules with types where there are types; scripts and examples are JavaScript and get the rest. */
export default defineConfig(
  {
    ignores: [
      'build*/',
      'dist*/',
      'prebuilds/',
      '.nodes/',
      '.cache/',
      // An object literal, which is no program.
      'etc/',
      'packaging/debian/dcp-config.js',
      'examples/*/output/',
      'bench/results/',
      'test/tooling/fixtures/',
    ],
  },
  {
    files: ['src/**/*.{ts,cts}', 'test/**/*.ts', 'bench/**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // Index access is checked by the compiler (noUncheckedIndexedAccess); `!` says that the index is known to fit.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // A type and the constants of the same name belong together.
      '@typescript-eslint/no-redeclare': 'off',
      // An interface for objects, a type for everything else; either may be right.
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // An async method may fulfil an interface without waiting for anything.
      '@typescript-eslint/require-await': 'off',
      // In hot loops an index is used for more than the element.
      '@typescript-eslint/prefer-for-of': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/dot-notation': 'off',
      // Byte values of a format are compared with the bytes read.
      '@typescript-eslint/no-unsafe-enum-comparison': 'off',
    },
  },
  {
    // These run beside a Job's code, which may have patched every intrinsic: they keep the originals and call those.
    files: ['src/codec/**/*.ts', 'src/sandbox/**/*.ts'],
    rules: {
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/prefer-includes': 'off',
      '@typescript-eslint/prefer-string-starts-ends-with': 'off',
      // Wrapper objects are values that the codec carries.
      '@typescript-eslint/no-wrapper-object-types': 'off',
    },
  },
  {
    files: ['src/cli/**/*.ts', 'bench/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      'no-console': 'off',
      // Methods are taken from prototypes to be called on what they do not belong to.
      '@typescript-eslint/unbound-method': 'off',
      // A Work Function is source text.
      '@typescript-eslint/no-implied-eval': 'off',
      // node:test's own `test()` answers a promise that nobody has to wait for.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', package: 'node:test', name: ['test', 'it', 'describe', 'suite'] },
          ],
        },
      ],
    },
  },
  {
    // CommonJS, in TypeScript's own words for it.
    files: ['src/**/*.cts'],
    rules: {
      '@typescript-eslint/no-require-imports': 'off',
      '@typescript-eslint/no-namespace': 'off',
    },
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    extends: [tseslint.configs.recommended, tseslint.configs.stylistic],
    rules: {
      eqeqeq: 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-require-imports': 'off',
    },
  },
);
