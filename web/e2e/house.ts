import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { get, Agent } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const programs = join(resolve(process.env['CARGO_TARGET_DIR'] ?? '../target'), 'debug');

/** A port that nobody has. */
export function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => { done(port); });
    });
  });
}

/** Waits until `seen` gives something. */
export async function until<T>(what: string, seen: () => Promise<T | undefined | false>, patience = 45_000): Promise<T> {
  const end = Date.now() + patience;
  for (;;) {
    const found = await seen().catch(() => undefined);
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((later) => setTimeout(later, 100));
  }
}

/** A revision of the sample service. */
export interface Release {
  namespace: string;
  name: string;
  version: string;
  errors?: number;
  steps?: string;
  /** The strategy instead of a canary with steps, as `spec.strategy` has it in one line. */
  strategy?: string;
  replicas?: number;
}

const STEPS = '[{setWeight: 25}, {pause: {}}, {setWeight: 50}, {pause: {duration: 3s}}]';

/** A server with its router in a folder of its own, and the load of its services. */
export class House {
  readonly folder = mkdtempSync(join(tmpdir(), 'tidegate-page-'));
  readonly ports = new Map<string, number>();
  #server: ChildProcess | undefined;
  #loads: NodeJS.Timeout[] = [];
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 32 });

  private constructor(readonly port: number, readonly options: string[]) {}

  /** A server, with these options of `tidegate server` beside what it needs. */
  static async build(options: string[] = []): Promise<House> {
    const house = new House(await freePort(), options);
    await house.start();
    return house;
  }

  get url(): string {
    const scheme = this.options.includes('--tls-cert') ? 'https' : 'http';
    return `${scheme}://127.0.0.1:${this.port}`;
  }

  get token(): string {
    return readFileSync(join(this.folder, 'token'), 'utf8').trim();
  }

  /** Starts the server, the first time or again. */
  async start(): Promise<void> {
    const log = openSync(join(this.folder, 'server.log'), 'a');
    this.#server = spawn(join(programs, 'tidegate'), ['--data', this.folder, 'server', '--listen', `127.0.0.1:${this.port}`, ...this.options],
      { stdio: ['ignore', log, log] });
    await until('the server', async () => (await fetch(`${this.url}/readyz`)).ok);
  }

  /** Kills the server at once: the router and the replicas go on. */
  async kill(): Promise<void> {
    const server = this.#server;
    const ended = new Promise((done) => server?.once('exit', done));
    server?.kill('SIGKILL');
    await ended;
  }

  /** An address that signs a browser in, once: what `POST /v1/session/codes` gives. */
  async signInAddress(token: string = this.token): Promise<string> {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(`${this.url}/v1/session/codes`, { method: 'POST', headers });
    const { code } = await answer.json() as { code: string };
    return `${this.url}/#code=${code}`;
  }

  /** The token of a person who may see everything and do nothing. */
  async viewer(name: string): Promise<string> {
    const post = (path: string, body: object) => this.api(path, { method: 'POST', body: JSON.stringify(body) });
    await post('/v1/access/accounts', { name, kind: 'user' });
    await post('/v1/access/bindings', { subject: { account: name }, role: 'viewer' });
    const { token } = await (await post('/v1/access/tokens', { account: name })).json() as { token: string };
    return token;
  }

  /** Asks the API as the owner. */
  async api(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${this.token}`);
    return fetch(this.url + path, { ...init, headers });
  }

  async view(namespace: string, name: string): Promise<Record<string, never>> {
    return (await this.api(`/v1/namespaces/${namespace}/rollouts/${name}/view`)).json() as Promise<Record<string, never>>;
  }

  async phase(namespace: string, name: string): Promise<string> {
    const view = await this.view(namespace, name) as unknown as { report: { phase: string } };
    return view.report.phase;
  }

  /** Makes a release, as `tidegate apply` does. */
  async release(it: Release): Promise<void> {
    const key = `${it.namespace}/${it.name}`;
    const port = this.ports.get(key) ?? (await freePort());
    this.ports.set(key, port);
    await this.apply(manifest(it, port));
  }

  /** Applies manifests. */
  async apply(manifests: string): Promise<void> {
    const answer = await this.api('/v1/apply?file=release.yaml', { method: 'POST', body: manifests });
    if (!answer.ok) throw new Error(await answer.text());
  }

  /** Releases a first revision and waits until users get it. */
  async settle(it: Release): Promise<void> {
    await this.release(it);
    await until(`${it.name} to be healthy`, async () => (await this.phase(it.namespace, it.name)) === 'Healthy');
  }

  /** Sends requests from now on. */
  load(namespace: string, name: string, perSecond: number): void {
    const port = this.ports.get(`${namespace}/${name}`) ?? 0;
    this.#loads.push(setInterval(() => {
      get({ host: '127.0.0.1', port, agent: this.#agent }, (answer) => answer.resume()).on('error', () => undefined);
    }, 1000 / perSecond));
  }

  /** Ends everything that was started. */
  async end(): Promise<void> {
    for (const load of this.#loads) clearInterval(load);
    this.#agent.destroy();
    const down = spawn(join(programs, 'tidegate'), ['--data', this.folder, 'down'], { stdio: 'ignore' });
    await new Promise((done) => down.once('exit', done));
    this.#server?.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A canary that goes by steps. */
const canary = (steps: string) => `{canary: {trafficRouting: {plugins: {tidegate/router: {}}}, scaleDownDelaySeconds: 2, abortScaleDownDelaySeconds: 2, steps: ${steps}}}`;

function manifest({ namespace, name, version, errors = 0, steps = STEPS, replicas = 2, strategy = canary(steps) }: Release, port: number): string {
  const sample = JSON.stringify(join(programs, 'tidegate-sample'));
  return `apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: ${namespace}, annotations: {tidegate.dev/listen: "127.0.0.1:${port}"}}
spec: {selector: {app: ${name}}, ports: [{port: 80, targetPort: http}]}
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: ${name}, namespace: ${namespace}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: ${name}}}
  strategy: ${strategy}
  template:
    metadata:
      labels: {app: ${name}}
      annotations:
        tidegate.dev/image-map: |
          - image: "shop/*:*"
            command: [${sample}]
    spec:
      containers:
        - name: web
          image: shop/${name}:${version}
          env: [{name: VERSION, value: "${version}"}, {name: ERROR_RATE, value: "${errors}"}, {name: LATENCY_P50_MS, value: "9"}, {name: LATENCY_P90_MS, value: "18"}]
          ports: [{name: http, containerPort: 8080}]
          readinessProbe: {httpGet: {path: /healthz, port: http}, periodSeconds: 1}
`;
}
