import type { Browser, Page } from 'playwright-core';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findings, go, open, visit } from './browser.ts';
import { House, until } from './house.ts';

let house: House;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  [house, browser] = await Promise.all([House.build(), open()]);
  await house.settle({ namespace: 'shop', name: 'web', version: 'v1' });
  ({ page } = await visit(browser, house));
});

afterAll(async () => {
  await browser?.close();
  await house?.end();
});

const form = (name: string) => page.getByRole('form', { name });
const region = (name: string) => page.getByRole('region', { name, exact: true });

describe('access', () => {
  it('makes an account, tells what is wrong beside its field, and gives a role', async () => {
    await go(page, '/access');
    await form('New account').getByLabel('Name').fill('a b!');
    await form('New account').getByRole('button').click();
    await form('New account').locator('label', { hasText: 'Name' }).getByText('is no name').waitFor();
    await form('New account').getByLabel('Name').fill('ada');
    await form('New account').getByLabel('Groups').fill('shop, sre');
    await form('New account').getByRole('button').click();
    await region('All accounts').getByRole('row', { name: 'ada' }).getByText('shop, sre').waitFor();
    await form('New role').getByRole('combobox', { name: 'Account', exact: true }).fill('ada');
    await form('New role').getByRole('combobox', { name: 'Role', exact: true }).selectOption('developer');
    await form('New role').getByLabel('Namespaces').fill('shop*');
    await form('New role').getByRole('button', { name: 'Give role' }).click();
    await region('All roles').getByRole('row', { name: 'ada' }).getByText('shop*').waitFor();
    expect(await findings(page)).toEqual([]);
    const { items } = await (await house.api('/v1/access/bindings')).json() as { items: { role: string; namespace: string }[] };
    expect(items.map(({ role, namespace }) => [role, namespace])).toEqual([['developer', 'shop*']]);
  });

  it('makes a token that is shown once and counts, until it is revoked', async () => {
    await form('New token').getByLabel('Account').fill('ada');
    await form('New token').getByLabel('What it is for').fill('her laptop');
    await form('New token').getByRole('button').click();
    const dialog = page.getByRole('dialog', { name: 'The new token' });
    const token = await dialog.getByLabel('Token').inputValue();
    expect(await findings(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'I have it' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(await page.content()).not.toContain(token);
    const asAda = () => fetch(`${house.url}/v1/session`, { headers: { authorization: `Bearer ${token}` } });
    expect((await (await asAda()).json() as { name: string }).name).toBe('ada');
    const row = region('All tokens').getByRole('row', { name: 'her laptop' });
    await row.getByRole('button', { name: /Revoke/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: /^Revoke/ }).click();
    await row.getByText('revoked').waitFor();
    expect((await asAda()).status).toBe(401);
  });

  it('answers what one may, and takes an account away', async () => {
    await form('New account').getByLabel('Name').fill('gone');
    await form('New account').getByRole('button').click();
    await page.getByRole('button', { name: 'Disable gone' }).click();
    await region('All accounts').getByRole('row', { name: 'gone' }).getByText('disabled').waitFor();
    await page.getByRole('button', { name: 'Delete gone' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete gone' }).click();
    await region('All accounts').getByRole('row', { name: 'gone' }).waitFor({ state: 'detached' });
    await region('May I?').getByRole('button', { name: 'Ask' }).click();
    await region('May I?').getByText('Yes: you may promote everything everywhere.').waitFor();
  });

  it('is not for a viewer, who is told why', async () => {
    const viewer = await visit(browser, house, { token: await house.viewer('eve') });
    await go(viewer.page, '/access');
    await viewer.page.getByText(/are for those who may manage them: .*admin/).waitFor();
    expect(await viewer.page.getByRole('form', { name: 'New account' }).count()).toBe(0);
    await viewer.page.getByRole('region', { name: 'May I?' }).getByRole('button', { name: 'Ask' }).click();
    await viewer.page.getByText(/^No: .*approver/).waitFor();
    expect(await findings(viewer.page)).toEqual([]);
    await go(viewer.page, '/rollouts/shop/web');
    await viewer.page.getByText(/^Not for you: .*promote/).waitFor();
    await viewer.context.close();
  });
});

describe('the ledger', () => {
  it('is filtered by the server, and the filter is in the address', async () => {
    await go(page, '/ledger');
    const entries = page.getByRole('region', { name: 'Entries' });
    await entries.getByText('Promoted').first().waitFor();
    const asked = page.waitForRequest((request) => request.url().includes('/v1/ledger?') && request.url().includes('what=TokenRevoked'));
    await page.getByLabel('What happened').fill('TokenRevoked');
    await asked;
    await until('one entry', async () => (await entries.locator('tbody tr').count()) === 1);
    expect(page.url()).toContain('what=TokenRevoked');
    await page.getByLabel('What happened').fill('NoSuchWord');
    await entries.getByText('No entry is like that.').waitFor();
    await page.getByLabel('What happened').fill('');
    await entries.getByText('Promoted').first().waitFor();
  });

  it('shows what is written as it is written, and only what is asked for', async () => {
    await page.getByLabel('What happened').fill('AccountCreated');
    const entries = page.getByRole('region', { name: 'Entries' });
    await until('the old ones', async () => (await entries.locator('tbody tr').count()) === 3);
    await house.api('/v1/access/accounts', { method: 'POST', body: JSON.stringify({ name: 'new-one', kind: 'serviceAccount' }) });
    await entries.getByText('new-one').waitFor();
    expect(await entries.locator('tbody tr').count()).toBe(4);
  });

  it('is exported as it is filtered, and verified by a click', async () => {
    const [csv] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Export CSV' }).click()]);
    const rows = readFileSync(await csv.path(), 'utf8').trim().split('\r\n');
    expect(rows).toHaveLength(5);
    expect(rows.at(-1)).toContain('new-one');
    await page.getByLabel('What happened').fill('');
    const [json] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Export JSON' }).click()]);
    const first = JSON.parse(readFileSync(await json.path(), 'utf8').split('\n')[0] ?? '') as { sequence: number };
    expect(first.sequence).toBe(1);
    await page.getByRole('button', { name: 'Verify the chain' }).click();
    await page.getByText(/The chain holds: \d+ entries/).waitFor();
  });
});

describe('DORA', () => {
  it('leads from each number to its deployments and from those to the ledger', async () => {
    await go(page, '/dora');
    const card = region('Change fail rate');
    await card.getByRole('link', { name: 'too few' }).click();
    const deployments = region('Deployments');
    await deployments.getByRole('link', { name: 'shop/web revision 1' }).waitFor();
    await deployments.getByRole('link', { name: /^entry \d+$/ }).first().click();
    await page.getByText(/^Shown from entry \d+ back/).waitFor();
    await page.locator('tr.chosen').waitFor();
    expect(await findings(page)).toEqual([]);
  });
});

describe('notifications', () => {
  it('show what nobody took, which is told again or discarded by a click', async () => {
    const answers = [422, 422, 204];
    const told: string[] = [];
    const receiver = createServer((request, response) => {
      request.resume().on('end', () => {
        told.push(request.url ?? '');
        response.writeHead(answers[Math.min(told.length, answers.length) - 1] ?? 204).end();
      });
    });
    await new Promise<void>((done) => { receiver.listen(0, '127.0.0.1', done); });
    const { port } = receiver.address() as AddressInfo;
    await house.apply(`apiVersion: v1
kind: ConfigMap
metadata: {name: argo-rollouts-notification-configmap, namespace: argo-rollouts}
data:
  service.cloudevents.audit: '{url: "http://127.0.0.1:${port}/audit", retryMax: 0}'
  subscriptions: '[{recipients: ["audit:"], triggers: [on-rollout-updated]}]'
`);
    await house.settle({ namespace: 'shop', name: 'told', version: 'v1' });
    await house.release({ namespace: 'shop', name: 'told', version: 'v2' });
    await until('two dead letters', async () => told.length === 2);
    await go(page, '/notifications');
    const rows = region('All dead letters').getByRole('row', { name: 'shop/told' });
    await until('them in the page', async () => {
      await page.reload();
      await page.getByRole('heading', { name: 'Who is told' }).waitFor();
      return (await rows.count()) === 2;
    });
    await region('Services').getByRole('row', { name: `audit cloudevents 127.0.0.1:${port}` }).waitFor();
    expect(await rows.first().textContent()).toContain('422');
    expect(await findings(page)).toEqual([]);

    const viewer = await visit(browser, house, { token: await house.viewer('ida') });
    await go(viewer.page, '/notifications');
    await viewer.page.getByText(/^Not for you: shop\/told, /).waitFor();
    expect(await viewer.page.getByRole('button', { name: /^Retry/ }).first().getAttribute('aria-disabled')).toBe('true');
    await viewer.context.close();

    await rows.first().getByRole('button', { name: /^Retry/ }).click();
    await until('it is told again', async () => told.length === 3);
    await until('it is gone', async () => (await rows.count()) === 1);
    await rows.getByRole('button', { name: /^Discard/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: /^Discard/ }).click();
    await region('All dead letters').getByText('There are none.').waitFor();
    receiver.close();
  });
});

describe('environments', () => {
  const row = (name: string) => region('All environments').getByRole('row', { name });
  const protect = (body: object) => page.evaluate(async (told) => {
    const { csrf } = await (await fetch('/v1/session')).json() as { csrf: string };
    return (await fetch('/v1/environments', { method: 'POST', headers: { 'tidegate-csrf': csrf }, body: JSON.stringify(told) })).status;
  }, body);

  it('are protected by a click, and then ask for a name to be typed', async () => {
    await go(page, '/settings');
    await row('shop').getByText('no', { exact: true }).waitFor();
    await row('shop').getByRole('button', { name: 'Protect shop' }).click();
    await row('shop').getByText('yes', { exact: true }).waitFor();
    expect(await findings(page)).toEqual([]);
    await go(page, '/rollouts/shop/told');
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await page.getByRole('dialog').getByLabel(/Type told/).fill('told');
    await page.getByRole('dialog').getByRole('button', { name: 'Pause told' }).click();
    await page.getByRole('button', { name: 'Resume', exact: true }).waitFor();
  });

  it('are so no longer after their name is typed', async () => {
    await go(page, '/settings');
    await row('shop').getByRole('button', { name: 'Protect no longer: shop' }).click();
    const dialog = page.getByRole('dialog');
    const sure = dialog.getByRole('button', { name: 'Protect shop no longer' });
    expect(await sure.getAttribute('aria-disabled')).toBe('true');
    expect(await findings(page)).toEqual([]);
    await dialog.getByLabel(/Type shop/).fill('shop');
    await sure.click();
    await row('shop').getByText('no', { exact: true }).waitFor();
    const { entries } = await (await house.api('/v1/ledger?what=EnvironmentSet')).json() as { entries: { detail: object }[] };
    expect(entries.map(({ detail }) => detail)).toEqual([{ protected: true }, { protected: false }]);
  });

  it('are said ahead of their first release, told beside the field what is wrong, and forgotten', async () => {
    await form('New environment').getByLabel('Namespace').fill('Not A Name');
    await form('New environment').getByRole('button').click();
    await form('New environment').getByRole('alert').waitFor();
    await form('New environment').getByLabel('Namespace').fill('live');
    await form('New environment').getByRole('button').click();
    await row('live').getByText('yes', { exact: true }).waitFor();
    await row('live').getByRole('button', { name: 'Forget live' }).click();
    await row('live').waitFor({ state: 'detached' });
  });

  it('are set by nobody who may not, and by whom they are given to', async () => {
    const viewer = await visit(browser, house, { token: await house.viewer('zoe') });
    [page, viewer.page] = [viewer.page, page];
    await go(page, '/settings');
    const button = row('shop').getByRole('button', { name: /^Protect shop/ });
    await until('it to be off', async () => (await button.getAttribute('aria-disabled')) === 'true');
    expect(await button.getAttribute('title')).toContain('admin');
    expect(await form('New environment').count()).toBe(0);
    expect(await findings(page)).toEqual([]);
    expect(await protect({ name: 'shop', protected: true })).toBe(403);
    const role = { subject: { account: 'zoe' }, role: 'admin', namespace: 'shop' };
    await house.api('/v1/access/bindings', { method: 'POST', body: JSON.stringify(role) });
    await page.reload();
    await row('shop').getByRole('button', { name: 'Protect shop', exact: true }).click();
    await row('shop').getByText('yes', { exact: true }).waitFor();
    [page, viewer.page] = [viewer.page, page];
    await viewer.context.close();
  });
});
