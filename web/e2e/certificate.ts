import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate for this machine that is its own issuer, in files, for as long as a test lasts. */
export class Certificate {
  readonly #folder = mkdtempSync(join(tmpdir(), 'tidegate-certificate-'));
  readonly certificate = join(this.#folder, 'tls.crt');
  readonly key = join(this.#folder, 'tls.key');

  constructor() {
    execFileSync('openssl', [
      'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-days', '1', '-subj', '/CN=tidegate test',
      '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost', '-keyout', this.key, '-out', this.certificate,
    ], { stdio: 'ignore' });
  }

  /** What lets Chromium trust this key, and no other that it does not know. */
  get trust(): string {
    const { publicKey } = new X509Certificate(readFileSync(this.certificate));
    const spki = createHash('sha256').update(publicKey.export({ type: 'spki', format: 'der' })).digest('base64');
    return `--ignore-certificate-errors-spki-list=${spki}`;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
