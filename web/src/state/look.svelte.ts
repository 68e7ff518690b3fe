/** Light or dark: as the system has it, or as somebody chose. */
export type Choice = 'system' | 'light' | 'dark';

const KEPT = 'tidegate-look';
const system = matchMedia('(prefers-color-scheme: dark)');

function kept(): Choice {
  const choice = localStorage.getItem(KEPT);
  return choice === 'light' || choice === 'dark' ? choice : 'system';
}

class Look {
  choice = $state<Choice>(kept());
  #systemIsDark = $state(system.matches);
  dark = $derived(this.choice === 'system' ? this.#systemIsDark : this.choice === 'dark');

  constructor() {
    system.addEventListener('change', () => {
      this.#systemIsDark = system.matches;
      this.show();
    });
  }

  /** Takes the next of light, dark and the system's. */
  turn(): void {
    const order: Choice[] = ['system', 'light', 'dark'];
    this.choice = order[(order.indexOf(this.choice) + 1) % order.length] ?? 'system';
    localStorage.setItem(KEPT, this.choice);
    this.show();
  }

  show(): void {
    document.documentElement.dataset['look'] = this.dark ? 'dark' : 'light';
  }
}

export const look = new Look();
