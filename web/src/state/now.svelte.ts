/** The moment, once a second: countdowns follow it. */
class Now {
  ms = $state(Date.now());
  constructor() {
    setInterval(() => { this.ms = Date.now(); }, 1000);
  }
}

export const now = new Now();
