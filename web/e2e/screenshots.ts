import { mkdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { go, open, visit } from './browser.ts';
import { freePort, House, until } from './house.ts';
import { Receiver } from './receiver.ts';
import { variety } from './variety.ts';

const FOLDER = '../docs/src/img';
const VIEWS = [
  ['fleet', '/'], ['rollout', '/rollouts/production/checkout'], ['why', '/rollouts/shop/web/why'], ['ledger', '/ledger'],
  ['blue-green', '/rollouts/shop/catalog'], ['rings', '/rollouts/shop/cart'], ['environments', '/environments'],
  ['dora', '/dora?metric=changeFailRate'], ['notifications', '/notifications'], ['access', '/access'], ['settings', '/settings'],
] as const;
const STEPS = '[{setWeight: 5}, {pause: {duration: 20s}}, {setWeight: 25}, {pause: {}}, {setWeight: 50}, {pause: {duration: 1m}}]';

it('makes the pictures of a real server with real releases', async () => {
  mkdirSync(FOLDER, { recursive: true });
  const [house, browser, receiver] = await Promise.all([House.build(), open(), Receiver.open()]);
  try {
    await receiver.subscribe(house);
    const rollouts = [['production', 'checkout', 80], ['production', 'payments', 40], ['shop', 'web', 60], ['staging', 'checkout', 15]] as const;
    await Promise.all(rollouts.map(([namespace, name]) => house.settle({ namespace, name, version: 'v1', errors: 0.002, steps: STEPS })));
    for (const [namespace, name, rate] of rollouts) house.load(namespace, name, rate);
    await new Promise((later) => setTimeout(later, 20_000));
    await house.release({ namespace: 'production', name: 'checkout', version: 'v2', errors: 0.002, steps: STEPS });
    await house.release({ namespace: 'shop', name: 'web', version: 'v2', errors: 0.5, steps: STEPS });
    await house.release({ namespace: 'staging', name: 'checkout', version: 'v2', steps: STEPS });
    await variety(house, freePort);
    for (const [namespace, name] of [['shop', 'catalog'], ['shop', 'cart'], ['production', 'search']] as const) house.load(namespace, name, 10);
    await house.viewer('ada');
    await until('the bad one to be taken back', async () => (await house.phase('shop', 'web')) === 'Degraded');
    await new Promise((later) => setTimeout(later, 45_000));
    for (const dark of [false, true]) {
      const { context, page } = await visit(browser, house, { dark, width: 1180, height: 1100 });
      for (const [name, address] of VIEWS) {
        await go(page, address);
        await page.waitForTimeout(4000);
        const picture = await page.screenshot({ path: `${FOLDER}/${name}-${dark ? 'dark' : 'light'}.png` });
        expect(picture.length).toBeGreaterThan(10_000);
      }
      await context.close();
    }
  } finally {
    await browser.close();
    await house.end();
    receiver.close();
  }
});
