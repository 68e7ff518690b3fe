import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

/** What the tests of the crate `oidc` run as well. */
const folder = resolve('../crates/oidc/tests/provider');

/** `oidc-provider`, which is certified by the OpenID Foundation, with the people and clients of `provider.mjs`. */
export class Provider {
  readonly #end: () => void;

  private constructor(end: () => void) {
    this.#end = end;
  }

  /** Starts one that sends browsers back to `callback`, at a name that is another site than an address. */
  static async start(port: number, callback: string): Promise<Provider> {
    install();
    const running = spawn('node', ['provider.mjs', String(port), callback], {
      cwd: folder, env: { ...process.env, ISSUER_HOST: 'localhost' }, stdio: ['pipe', 'pipe', 'ignore'],
    });
    await new Promise<void>((done, failed) => {
      running.once('exit', () => { failed(new Error('the provider ended')); });
      createInterface({ input: running.stdout }).on('line', (line) => { if (line === 'ready') done(); });
    });
    return new Provider(() => { running.stdin.end(); });
  }

  /** Ends it. */
  end(): void {
    this.#end();
  }
}

/** Brings what the provider is made of, as its lock file has it. */
function install(): void {
  if (existsSync(join(folder, 'node_modules/oidc-provider'))) return;
  const npm = spawnSync('npm', ['ci'], { cwd: folder, encoding: 'utf8' });
  if (npm.status !== 0) throw new Error(`npm ci for the provider: ${npm.stderr}`);
}

