import axe from 'axe-core';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import type { House } from './house.ts';

/** Debian's Chromium; the sandbox of its own does not start for root in a container. */
export function open(more: string[] = []): Promise<Browser> {
  const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', ...more] });
}

export interface Visit {
  context: BrowserContext;
  page: Page;
  /** What the browser complained of: errors of scripts and breaches of the policy. */
  complaints: string[];
}

/** Files of a build of the page, to be looked at without building the program that embeds it. */
const built = process.env['TIDEGATE_PAGE'];
const KINDS: Record<string, string> = { js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' };

/** Takes the page's files from `TIDEGATE_PAGE` where it is set; the policy of the server stays. */
async function overlay(context: BrowserContext): Promise<void> {
  if (built === undefined) return;
  await context.route(/^[^?#]*:\d+\/(?!v1\/|apis?\/|status|readyz)/, async (route) => {
    const path = new URL(route.request().url()).pathname;
    const kind = KINDS[path.split('.').at(-1) ?? ''];
    const response = await route.fetch();
    if (kind === undefined) await route.fulfill({ response, path: join(built, 'index.html') });
    else await route.fulfill({ path: join(built, path), contentType: kind });
  });
}

/** A page in a context of its own, signed in. */
export async function visit(browser: Browser, house: House, options: { dark?: boolean; width?: number; height?: number; token?: string } = {}): Promise<Visit> {
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1280, height: options.height ?? 860 },
    colorScheme: options.dark === true ? 'dark' : 'light',
  });
  await overlay(context);
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (/Content Security Policy|Refused to|Mixed Content/.test(message.text())) complaints.push(message.text());
  });
  await page.goto(await house.signInAddress(options.token));
  await page.getByRole('heading', { name: 'Fleet' }).waitFor();
  return { context, page, complaints };
}

/** Goes somewhere within the page, as a click on a link does. */
export async function go(page: Page, address: string): Promise<void> {
  await page.evaluate((to) => {
    const link = document.createElement('a');
    link.href = to;
    document.body.append(link);
    link.click();
    link.remove();
  }, address);
}

/** What axe-core finds, by the rules of WCAG 2.2 AA and the best practice it knows. */
export async function findings(page: Page): Promise<string[]> {
  // By the debugger: the policy of the page lets no other script in.
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: Runner };
    const { violations } = await axe.run(document, { resultTypes: ['violations'] });
    return violations.flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.html.slice(0, 160)} ${node.failureSummary ?? ''}`));
  });
}

interface Runner {
  run: (root: Document, options: object) => Promise<{
    violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[];
  }>;
}
