/** Whether what is shown is of now. */
export class Connection {
  state = $state<'connecting' | 'live' | 'lost'>('connecting');
  /** When the server was last heard, in milliseconds since 1970. */
  heard = $state(0);

  heardNow(): void {
    this.state = 'live';
    this.heard = Date.now();
  }

  lost(): void {
    this.state = 'lost';
  }
}
