import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { House } from './house.ts';

/** One that is told what happens: it takes what an audit is sent, and refuses for good what a chat is. */
export class Receiver {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(): Promise<Receiver> {
    const server = createServer((request, response) => {
      request.resume().on('end', () => { response.writeHead(request.url === '/audit' ? 204 : 422).end(); });
    });
    await new Promise<void>((done) => { server.listen(0, '127.0.0.1', done); });
    return new Receiver(server);
  }

  /** Has a server tell it of updates and of what was taken back. */
  async subscribe(house: House): Promise<void> {
    const at = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    await house.apply(`apiVersion: v1
kind: ConfigMap
metadata: {name: argo-rollouts-notification-configmap, namespace: argo-rollouts}
data:
  service.cloudevents.audit: '{url: "${at}/audit"}'
  service.cloudevents.chat: '{url: "${at}/chat", retryMax: 0}'
  subscriptions: |
    - {recipients: ["audit:"], triggers: [on-rollout-updated, on-rollout-aborted]}
    - {recipients: ["chat:"], triggers: [on-rollout-updated]}
`);
  }

  close(): void {
    this.#server.close();
  }
}
