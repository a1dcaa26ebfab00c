import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { temporaryDirectory, works } from './records.js';

export const withoutOpenssl = works('openssl', ['version'])
  ? (false as const)
  : 'no openssl to make certificates';

export interface Certificates {
  /** Files: the authority that signed the server's certificate, another one, and the server's own. */
  readonly ca: string;
  readonly otherCa: string;
  readonly cert: string;
  readonly key: string;
}

/** A server's certificate for `name` (`DNS:…`, `IP:…`), by an authority of this test alone. */
export function certificates(t: TestContext, name: string): Certificates {
  const folder = temporaryDirectory(t);
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  };
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  for (const ca of ['ca', 'other'])
    openssl(
      'req',
      '-x509',
      ...curve,
      '-keyout',
      `${ca}.key`,
      '-out',
      `${ca}.pem`,
      '-subj',
      `/CN=${ca}`,
      '-days',
      '2',
    );
  openssl('req', ...curve, '-keyout', 'key.pem', '-out', 'request.pem', '-subj', '/CN=loghost');
  writeFileSync(path.join(folder, 'names'), `subjectAltName=${name}\n`);
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names'];
  openssl('x509', '-req', '-in', 'request.pem', '-out', 'cert.pem', ...signed);
  const file = (base: string): string => path.join(folder, base);
  return { ca: file('ca.pem'), otherCa: file('other.pem'), cert: file('cert.pem'), key: file('key.pem') };
}
