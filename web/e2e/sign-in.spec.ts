import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findings, open } from './browser.ts';
import { freePort, House, until } from './house.ts';
import { Provider } from './provider.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidegate-provider-'));
let house: House;
let browser: Browser;
let provider: Provider | undefined;
let port: number;
let context: BrowserContext;
let page: Page;

const post = (path: string, body: object) => house.api(path, { method: 'POST', body: JSON.stringify(body) });
const callback = () => `${house.url}/v1/session/oidc/callback`;

beforeAll(async () => {
  port = await freePort();
  const secret = join(folder, 'secret');
  writeFileSync(secret, 'a secret: with %signs+\n');
  const options = ['--oidc-issuer', `http://localhost:${port}`, '--oidc-client-id', 'tidegate', '--oidc-client-secret-file', secret];
  [house, browser] = await Promise.all([House.build(options), open()]);
  await Promise.all([
    house.settle({ namespace: 'shop', name: 'web', version: 'v1' }),
    house.settle({ namespace: 'bank', name: 'vault', version: 'v1' }),
  ]);
  await post('/v1/access/bindings', { subject: { group: 'sre' }, role: 'developer', namespace: 'shop' });
});

afterAll(async () => {
  await browser?.close();
  provider?.end();
  await house?.end();
  rmSync(folder, { recursive: true });
});

/** Each test has a browser that nobody knows. */
beforeEach(async () => {
  context = await browser.newContext();
  page = await context.newPage();
  page.setDefaultTimeout(20_000);
});

afterEach(() => context.close());

const company = () => page.getByRole('link', { name: 'company' });

/** Goes to the provider and fills its form. */
async function authenticate(login: string): Promise<void> {
  await company().click();
  await page.waitForURL(`http://localhost:${port}/interaction/*`);
  await page.locator('input[name="login"]').fill(login);
  await page.locator('input[name="password"]').fill('any');
  await page.getByRole('button', { name: 'Sign-in' }).click();
}

/** The same, and lets Tidegate know who one is. */
async function signIn(login: string): Promise<void> {
  await authenticate(login);
  await page.getByRole('button', { name: 'Continue' }).click();
}

/** What the page's own session may not do, the API refuses it as well. */
function refusedWith(path: string): Promise<number> {
  return page.evaluate(async (at) => {
    const { csrf } = await (await fetch('/v1/session')).json() as { csrf: string };
    return (await fetch(at, { method: 'POST', headers: { 'tidegate-csrf': csrf }, body: '{}' })).status;
  }, path);
}

describe('while the provider is away', () => {
  it('one is told so, and signs in with a token', async () => {
    await page.goto(`${house.url}/ledger`);
    await company().click();
    await page.getByRole('alert').getByText('Not available').waitFor();
    await page.getByLabel('Token').fill(house.token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Ledger' }).waitFor();
  });
});

describe('at the provider', () => {
  beforeAll(async () => { provider = await Provider.start(port, callback()); });

  it('one signs in, goes on to what one wanted, has the role of the group, and signs out', async () => {
    await house.release({ namespace: 'shop', name: 'web', version: 'v2' });
    await page.goto(`${house.url}/rollouts/shop/web`);
    await signIn('ada');
    await page.getByRole('heading', { name: 'web' }).waitFor();
    expect(page.url()).toBe(`${house.url}/rollouts/shop/web`);
    await page.getByText('ada@example.com').waitFor();

    const promote = page.getByRole('button', { name: /^Promote(?! in full)/ });
    await until('the button to be off', async () => (await promote.getAttribute('title'))?.includes('approver'));
    expect(await promote.getAttribute('aria-disabled')).toBe('true');
    expect(await refusedWith('/v1/namespaces/shop/rollouts/web/promote')).toBe(403);
    expect(await refusedWith('/v1/namespaces/bank/rollouts/vault/pause')).toBe(403);
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await page.getByRole('button', { name: 'Resume', exact: true }).waitFor();
    const { entries } = await (await house.api('/v1/ledger?actor=ada@example.com')).json() as { entries: { what: string }[] };
    expect(entries.map(({ what }) => what)).toEqual(expect.arrayContaining(['SignedIn', 'Denied']));

    await page.getByRole('link', { name: 'Fleet' }).first().click();
    await page.getByRole('row', { name: 'shop/web' }).waitFor();
    expect(await page.getByRole('row', { name: 'bank/vault' }).count()).toBe(0);

    await page.reload();
    await page.getByRole('row', { name: 'shop/web' }).waitFor();
    await page.getByText('ada@example.com').waitFor();

    const [kept] = (await context.cookies(house.url)).filter(({ name }) => name === 'tidegate-session');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await company().waitFor();
    await page.reload();
    await company().waitFor();
    // Nor is the cookie good for anybody who has kept it.
    const again = await fetch(`${house.url}/v1/session`, { headers: { cookie: `tidegate-session=${kept?.value}` } });
    expect(again.status).toBe(401);
  });

  it('whoever has no role is let in and told so', async () => {
    await page.goto(house.url);
    await signIn('bob');
    await page.getByText('bob', { exact: true }).waitFor();
    await page.getByText(/bob may not/).first().waitFor();
    expect(await findings(page)).toEqual([]);
  });
});

describe('who is refused', () => {
  it('by the provider is told so, and may try again', async () => {
    await page.goto(`${house.url}/ledger`);
    await company().click();
    await page.getByRole('link', { name: 'Cancel' }).click();
    const told = page.getByRole('alert');
    await told.getByText('Not allowed').waitFor();
    await told.getByText(/access_denied/).waitFor();
    expect(await page.getByText('ada@example.com').count()).toBe(0);
    expect(await findings(page)).toEqual([]);
    await page.reload();
    await told.getByText(/access_denied/).waitFor();
    await signIn('ada');
    await page.getByRole('heading', { name: 'Ledger' }).waitFor();
    expect(page.url()).toBe(`${house.url}/ledger`);
  });

  it('as the provider knows nobody of that name, does not come back, and is not signed in', async () => {
    await page.goto(house.url);
    await authenticate('mallory');
    await page.getByRole('heading', { name: 'oops! something went wrong' }).waitFor();
    expect(page.url()).toContain(`http://localhost:${port}/`);
    await page.goto(house.url);
    await company().waitFor();
  });

  it('here, for an account that is disabled, is told so', async () => {
    await post('/v1/access/accounts', { name: 'ada@example.com', kind: 'user', disabled: true });
    await page.goto(house.url);
    await signIn('ada');
    await page.getByRole('alert').getByText(/disabled/).waitFor();
    await post('/v1/access/accounts', { name: 'ada@example.com', kind: 'user', disabled: false });
    // The provider still knows the browser, and asks nothing.
    await company().click();
    await page.getByRole('heading', { name: 'Fleet' }).waitFor();
  });

  it('as another browser began, is told so', async () => {
    await page.goto(`${callback()}?code=stolen&state=guessed`);
    await page.getByRole('alert').getByText(/another browser began it/).waitFor();
  });
});
