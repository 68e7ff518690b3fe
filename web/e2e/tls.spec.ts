import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findings, go, open, visit } from './browser.ts';
import { Certificate } from './certificate.ts';
import { House, until } from './house.ts';

const certificate = new Certificate();
let house: House;
let browser: Browser;

beforeAll(async () => {
  // Of this process alone, which asks nobody but the server of the test; the browser knows its key.
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
  const options = ['--tls-cert', certificate.certificate, '--tls-key', certificate.key];
  [house, browser] = await Promise.all([House.build(options), open([certificate.trust])]);
  await house.settle({ namespace: 'shop', name: 'web', version: 'v1' });
});

afterAll(async () => {
  await browser?.close();
  await house?.end();
  certificate.remove();
});

describe('over TLS', () => {
  it('one signs in, and the cookie is for this host and for TLS alone', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(house.url);
    await page.getByLabel('Token').fill(house.token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('row', { name: 'shop/web' }).waitFor();
    expect(await page.evaluate(() => [isSecureContext, document.cookie])).toEqual([true, '']);
    const kept = await context.cookies();
    expect(kept.map(({ name, domain, path, secure, httpOnly, sameSite }) => ({ name, domain, path, secure, httpOnly, sameSite }))).toEqual([
      { name: '__Host-tidegate-session', domain: '127.0.0.1', path: '/', secure: true, httpOnly: true, sameSite: 'Strict' },
    ]);
    await page.reload();
    await page.getByRole('row', { name: 'shop/web' }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Token').waitFor();
    expect(await context.cookies()).toEqual([]);
    await context.close();
  });

  it('events arrive over HTTP/2, an action gets through, and nothing is asked for in the clear', async () => {
    const { context, page, complaints } = await visit(browser, house);
    const session = await context.newCDPSession(page);
    await session.send('Network.enable');
    const asked: { path: string; scheme: string; protocol: string | undefined }[] = [];
    session.on('Network.responseReceived', ({ response }) => {
      const { pathname: path, protocol: scheme } = new URL(response.url);
      if (scheme !== 'data:') asked.push({ path, scheme, protocol: response.protocol });
    });
    await page.reload();
    const row = page.getByRole('row', { name: 'shop/web' });
    await row.getByText('Healthy').waitFor();
    await house.release({ namespace: 'shop', name: 'web', version: 'v2' });
    await row.getByText('Paused').waitFor();
    await go(page, '/rollouts/shop/web');
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await page.getByRole('button', { name: 'Resume', exact: true }).waitFor();
    await until('both watches', () => Promise.resolve(asked.filter(({ path }) => path.endsWith('/watch')).length >= 2));
    expect(asked.filter(({ scheme, protocol }) => scheme !== 'https:' || protocol !== 'h2')).toEqual([]);
    expect(asked.some(({ path }) => path.startsWith('/assets/'))).toBe(true);
    expect(await findings(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('a browser that does not know the certificate does not go there', async () => {
    const stranger = await open();
    const page = await stranger.newPage();
    await expect(page.goto(house.url)).rejects.toThrow('ERR_CERT_AUTHORITY_INVALID');
    await stranger.close();
  });
});
