import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findings, go, open, visit } from './browser.ts';
import { freePort, House, until } from './house.ts';
import { variety } from './variety.ts';

let house: House;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  [house, browser] = await Promise.all([House.build(), open()]);
  await variety(house, freePort);
  house.load('production', 'search', 20);
  ({ page } = await visit(browser, house));
});

afterAll(async () => {
  await browser?.close();
  await house?.end();
});

describe('what is no canary', () => {
  it('blue-green is shown as active and preview, and turns by a click', async () => {
    await go(page, '/rollouts/shop/catalog');
    const sides = page.getByRole('region', { name: 'Active and preview' });
    await sides.locator('.Active', { hasText: 'revision 1' }).waitFor();
    await sides.locator('.Preview', { hasText: 'revision 2' }).getByText('shop/catalog:v2').waitFor();
    await page.getByRole('region', { name: 'Now' }).getByText('no users yet').waitFor();
    await page.getByRole('button', { name: 'Promote', exact: true }).click();
    await sides.locator('.Active', { hasText: 'revision 2' }).waitFor();
    expect(await sides.locator('.Preview').count()).toBe(0);
  });

  it('rings are shown one by one, with the time that each has left', async () => {
    await go(page, '/rollouts/shop/cart');
    const rings = page.getByRole('region', { name: 'Rings' }).getByRole('listitem');
    await rings.filter({ hasText: 'testers' }).getByText('gets it').waitFor();
    await rings.filter({ hasText: 'early' }).getByText(/soaks for 1\d min/).waitFor();
    await rings.filter({ hasText: 'north' }).getByText('ahead', { exact: true }).waitFor();
    const now = page.getByRole('region', { name: 'Now' });
    await now.getByText('2 of 3 rings').waitFor();
    await now.getByText(/^in 1\d min/).waitFor();
  });

  it('an experiment is shown with its templates side by side and its end', async () => {
    await go(page, '/rollouts/staging/billing');
    const experiment = page.getByRole('region', { name: 'Experiment' });
    await experiment.getByRole('row', { name: 'baseline' }).getByText('shop/billing:v1').waitFor();
    await experiment.getByRole('row', { name: 'candidate' }).getByText('shop/billing:v2').waitFor();
    await experiment.getByText(/^ends in \d min/).waitFor();
  });

  it('a measured canary shows each raw value with the query that gave it', async () => {
    await go(page, '/rollouts/production/search');
    const runs = page.getByRole('region', { name: 'Analysis runs' });
    await runs.getByText('rate(tidegate_router_requests_total{rollout="production/search",class!="5xx"}').waitFor();
    await runs.getByRole('row', { name: 'Successful' }).first().getByText(/^\[[\d.]+\]$/).waitFor();
    await runs.getByRole('img', { name: /measured values/ }).waitFor();
  });
});

const VIEWS = ['/rollouts/shop/catalog', '/rollouts/shop/cart', '/rollouts/staging/billing', '/rollouts/production/search'];

describe.each([false, true])('in the dark: %s', (dark) => {
  it('axe-core finds nothing, and nothing is wider than a telephone', async () => {
    const narrow = await visit(browser, house, { dark, width: 390, height: 800 });
    for (const view of VIEWS) {
      await go(narrow.page, view);
      await narrow.page.getByRole('region', { name: 'Now' }).waitFor();
      await narrow.page.waitForTimeout(1000);
      const [wide = 0, seen = 0] = await narrow.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      expect({ view, over: Math.max(0, wide - seen), found: await findings(narrow.page) }).toEqual({ view, over: 0, found: [] });
    }
    expect(narrow.complaints).toEqual([]);
    await narrow.context.close();
  });
});

describe('an experiment that is ended', () => {
  const experiment = (where: Page) => where.getByRole('region', { name: 'Experiment' });

  it('is so by no viewer', async () => {
    const viewer = await visit(browser, house, { token: await house.viewer('eve') });
    await go(viewer.page, '/rollouts/staging/billing');
    const end = experiment(viewer.page).getByRole('button', { name: /^End the experiment/ });
    await until('the button to be off', async () => (await end.getAttribute('aria-disabled')) === 'true');
    expect(await end.getAttribute('title')).toContain('needs one of the roles operator, admin');
    await end.click({ force: true });
    expect(await viewer.page.getByRole('dialog').count()).toBe(0);
    await viewer.context.close();
  });

  it('is so by a click and a look at what it comes to, and told by events', async () => {
    const asked: string[] = [];
    page.on('request', (request) => {
      const { pathname } = new URL(request.url());
      if (pathname.includes('/experiments/')) asked.push(pathname.split('/').at(-1) ?? '');
    });
    await go(page, '/rollouts/staging/billing');
    await experiment(page).getByRole('button', { name: 'End the experiment' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('the rollout goes on').waitFor();
    expect(await findings(page)).toEqual([]);
    // Longer than it was once asked again.
    await page.waitForTimeout(2500);
    await dialog.getByRole('button', { name: 'End the experiment' }).click();
    await dialog.waitFor({ state: 'detached' });
    await experiment(page).waitFor({ state: 'detached' });
    await page.getByRole('region', { name: 'Now' }).getByText('somebody to promote it').waitFor();
    expect(asked.sort()).toEqual(['terminate', 'view', 'watch']);
    const { entries } = await (await house.api('/v1/ledger?what=Terminated')).json() as { entries: { actor: object }[] };
    expect(entries).toHaveLength(1);
  });
});
