import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findings, go, open, visit, type Visit } from './browser.ts';
import { House, until } from './house.ts';

let house: House;
let browser: Browser;
const visits: Visit[] = [];

async function enter(options: Parameters<typeof visit>[2] = {}): Promise<Page> {
  const made = await visit(browser, house, options);
  visits.push(made);
  return made.page;
}

beforeAll(async () => {
  [house, browser] = await Promise.all([House.build(), open()]);
  const first = { version: 'v1' };
  await Promise.all([
    house.settle({ ...first, namespace: 'shop', name: 'web' }),
    house.settle({ ...first, namespace: 'production', name: 'checkout' }),
  ]);
  house.load('shop', 'web', 60);
});

afterAll(async () => {
  for (const { context } of visits) await context.close();
  await browser?.close();
  await house?.end();
});

describe('sign-in', () => {
  it('takes the right token, and no other', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${house.url}/ledger`);
    await page.getByLabel('Token').fill('wrong-wrong-wrong-wrong-wrong-wrong-wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').waitFor();
    await page.getByLabel('Token').fill(house.token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Ledger' }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Token').waitFor();
    await page.reload();
    await page.getByLabel('Token').waitFor();
    await context.close();
  });

  it('takes a code once, and out of the address', async () => {
    const address = await house.signInAddress();
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(address);
    await page.getByRole('heading', { name: 'Fleet' }).waitFor();
    expect(page.url()).not.toContain('code=');
    await context.close();
    const late = await (await browser.newContext()).newPage();
    await late.goto(address);
    await late.getByLabel('Token').waitFor();
    await late.context().close();
  });
});

describe('a release', () => {
  it('is seen moving, in the fleet and on its own page', async () => {
    const fleet = await enter();
    const row = fleet.getByRole('row', { name: 'shop/web' });
    await row.getByText('Healthy').waitFor();
    await house.release({ namespace: 'shop', name: 'web', version: 'v2' });
    await row.getByText('Paused').waitFor();
    await row.getByText('25 %').waitFor();
    await row.getByText('somebody to promote it').waitFor();
    await row.getByRole('link').click();
    await fleet.getByRole('heading', { name: 'web' }).waitFor();
    await fleet.locator('li[aria-current="step"]', { hasText: 'pause' }).waitFor();
    await fleet.getByRole('region', { name: 'Verdict' }).getByRole('rowheader', { name: 'errors' }).waitFor();
    expect(await fleet.locator('.uplot').count()).toBe(5);
    await fleet.getByRole('region', { name: 'Canary against stable' }).getByText(/^bar \d/).first().waitFor();
    await fleet.getByRole('region', { name: 'Now' }).getByText('once somebody promotes it').waitFor();
    await fleet.getByRole('button', { name: 'Promote', exact: true }).click();
    await until('the page to show it', async () => (await fleet.locator('li[aria-current="step"]').innerText()).includes('3s'));
    await fleet.getByText('nothing: it has arrived').waitFor({ timeout: 45_000 });
    expect(await house.phase('shop', 'web')).toBe('Healthy');
  });

  it('is aborted by a click, with a reason that the ledger keeps', async () => {
    const page = await enter();
    await house.release({ namespace: 'shop', name: 'web', version: 'v3' });
    await go(page, '/rollouts/shop/web');
    await page.locator('li[aria-current="step"]', { hasText: 'pause' }).waitFor();
    await page.getByRole('button', { name: 'Abort', exact: true }).click();
    await page.getByLabel('Reason').fill('it looks slow');
    await page.getByRole('button', { name: 'Abort web' }).click();
    await page.getByText('it looks slow').first().waitFor();
    expect(await house.phase('shop', 'web')).toBe('Degraded');
    await go(page, '/rollouts/shop/web/why');
    await page.getByText('the newest decision').waitFor();
    await page.getByRole('region', { name: 'Decision' }).getByRole('heading', { name: /^Aborted/ }).waitFor();
    await page.getByRole('slider').fill('0');
    await page.getByText('as it was then').waitFor();
    await page.getByText('Nothing: it is the first entry').waitFor();
  });

  it('is rolled back in production after a look at the difference and its name typed', async () => {
    await house.release({ namespace: 'production', name: 'checkout', version: 'v2', steps: '[]' });
    await until('revision 2 to arrive', async () => {
      const view = await house.view('production', 'checkout') as unknown as { report: { phase: string }; status: { revisions: object } };
      return view.report.phase === 'Healthy' && Object.keys(view.status.revisions).length === 2;
    });
    const page = await enter();
    await go(page, '/rollouts/production/checkout');
    await page.getByRole('button', { name: 'Roll back' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.locator('.gone', { hasText: 'shop/checkout:v2' }).waitFor();
    await dialog.locator('.added', { hasText: 'shop/checkout:v1' }).waitFor();
    const sure = dialog.getByRole('button', { name: 'Roll back to revision 1' });
    expect(await sure.getAttribute('aria-disabled')).toBe('true');
    await dialog.getByLabel(/Type checkout/).fill('checkout');
    await sure.click();
    await dialog.waitFor({ state: 'detached' });
    await until('revision 1 to be back', async () => {
      const view = await house.view('production', 'checkout') as unknown as { images: string[]; report: { phase: string } };
      return view.report.phase === 'Healthy' && view.images[0] === 'shop/checkout:v1';
    });
    await page.getByText('shop/checkout:v1').first().waitFor();
  });
});

describe('what the role may not do', () => {
  it('is off with its reason, and the API refuses it as well', async () => {
    const page = await enter({ token: await house.viewer('eve') });
    await go(page, '/rollouts/production/checkout');
    const button = page.getByRole('button', { name: /^Roll back/ });
    await until('the button to be off', async () => (await button.getAttribute('aria-disabled')) === 'true');
    expect(await button.getAttribute('title')).toContain('needs one of the roles operator, admin');
    await button.click({ force: true });
    expect(await page.getByRole('dialog').count()).toBe(0);
    const status = await page.evaluate(async () => {
      const { csrf } = await (await fetch('/v1/session')).json() as { csrf: string };
      const headers = { 'tidegate-csrf': csrf, 'tidegate-confirm': 'checkout' };
      const path = '/v1/namespaces/production/rollouts/checkout/undo';
      return (await fetch(path, { method: 'POST', headers, body: '{}' })).status;
    });
    expect(status).toBe(403);
    expect((await house.view('production', 'checkout'))['key']).toBe('production/checkout');
    const entries = await (await house.api('/v1/ledger?what=Denied&actor=eve')).json() as { entries: object[] };
    expect(entries.entries.length).toBeGreaterThan(0);
  });
});

describe('a server that was killed', () => {
  it('is told as lost, and found again with what happened meanwhile', async () => {
    const page = await enter();
    await page.getByText('Live', { exact: true }).waitFor();
    await house.kill();
    await page.getByText(/Connection lost, showing the state of \d\d:\d\d:\d\d/).waitFor();
    await page.getByRole('row', { name: 'shop/web' }).waitFor();
    await house.start();
    await page.getByText('Live', { exact: true }).waitFor();
    await house.settle({ namespace: 'shop', name: 'late', version: 'v1' });
    await page.getByRole('row', { name: 'shop/late' }).getByText('Healthy').waitFor();
  });
});

describe('keys', () => {
  it('filter, choose and open', async () => {
    const page = await enter();
    await page.getByRole('row', { name: 'shop/web' }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('shop/w');
    await until('the filter', async () => (await page.locator('tbody tr').count()) === 1);
    expect(page.url()).toContain('search=shop%2Fw');
    await page.keyboard.press('Escape');
    await until('all rows', async () => (await page.locator('tbody tr').count()) > 1);
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    const name = await page.locator('tr.chosen a').innerText();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: name.split('/')[1] ?? '' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: 'Fleet' }).waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });
});

const VIEWS = ['/', '/rollouts/shop/web', '/rollouts/shop/web/why', '/ledger', '/environments', '/dora', '/notifications', '/access', '/settings'];

describe.each([false, true])('in the dark: %s', (dark) => {
  it('axe-core finds nothing on any view', async () => {
    const page = await enter({ dark });
    for (const view of VIEWS) {
      await go(page, view);
      await page.getByRole('heading').first().waitFor();
      await page.waitForTimeout(1200);
      expect({ view, found: await findings(page) }).toEqual({ view, found: [] });
    }
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Token').waitFor();
    expect(await findings(page)).toEqual([]);
  });
});

describe('a telephone', () => {
  it('has no horizontal scroll at 390 px on any view', async () => {
    const page = await enter({ width: 390, height: 800 });
    for (const view of VIEWS) {
      await go(page, view);
      await page.waitForTimeout(800);
      const [wide, seen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      expect({ view, over: Math.max(0, (wide ?? 0) - (seen ?? 0)) }).toEqual({ view, over: 0 });
    }
  });
});

describe('what is loaded', () => {
  it('is at most 200 KiB, compressed, for the fleet to be seen', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send('Network.enable');
    let bytes = 0;
    session.on('Network.loadingFinished', ({ encodedDataLength }) => { bytes += encodedDataLength; });
    await page.goto(await house.signInAddress());
    await page.getByRole('row', { name: 'shop/web' }).waitFor();
    console.log(`the fleet took ${(bytes / 1024).toFixed(1)} KiB, list and all`);
    expect(bytes).toBeGreaterThan(4096);
    expect(bytes).toBeLessThan(200 * 1024);
    await context.close();
  });

  it('broke no policy and threw no error, in all that was done here', () => {
    expect(visits.length).toBeGreaterThan(5);
    expect(visits.flatMap(({ complaints }) => complaints)).toEqual([]);
  });
});

describe('5,000 rollouts', () => {
  it('are drawn at once, and no more rows than can be seen', async () => {
    const { context, page } = await visit(browser, house);
    const list = await (await house.api('/v1/rollouts?limit=10000')).json() as { items: object[]; position: string };
    const items = Array.from({ length: 5000 }, (_, index) => ({ ...list.items[0], namespace: `ns-${index % 50}`, name: `app-${index}` }));
    await context.route('**/v1/rollouts?limit=10000', (route) => route.fulfill({ json: { ...list, items, total: 5000, continue: null } }));
    await page.addInitScript(() => {
      const parse = JSON.parse.bind(JSON);
      const marks = window as unknown as { took?: number };
      JSON.parse = parse;
      const json = Response.prototype.json;
      Response.prototype.json = async function (this: Response) {
        const text = await this.text();
        const began = performance.now();
        if (this.url.includes('limit=10000')) {
          new MutationObserver((_changes, observer) => {
            if (document.querySelectorAll('tbody tr').length < 10) return;
            observer.disconnect();
            // Two frames on it is on the screen.
            requestAnimationFrame(() => requestAnimationFrame(() => { marks.took = performance.now() - began; }));
          }).observe(document.body, { childList: true, subtree: true });
        }
        return parse(text) as unknown;
      } as typeof json;
    });
    const times: number[] = [];
    // 200 ms is the aim.
    for (let round = 0; round < 5; round += 1) {
      await page.reload();
      // Those that are really there come beside them as soon as something happens to them.
      await page.getByText(/^50\d\d rollouts/).waitFor();
      times.push(await until('the rows', () => page.evaluate(() => (window as unknown as { took?: number }).took)));
    }
    console.log(`5,000 rows took ${times.map((ms) => ms.toFixed(0)).join(', ')} ms from text to screen`);
    // What hangs is found here; how fast it is, is told above: a machine that others use is no measure.
    expect(Math.min(...times)).toBeLessThan(3000);
    expect(await page.locator('tbody tr').count()).toBeLessThan(100);
    await context.close();
  });
});
