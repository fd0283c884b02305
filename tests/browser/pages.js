// The pages of Shortlink in a real browser: Debian's chromium, on phone and desk, light and dark, with JavaScript and
// without. A person shortens a link, copies it, follows it, looks at its preview, and makes mistakes. axe-core looks at
// every page. Screenshots of all of them go to target/screenshots.
//
//   cargo build --package shortlink && (cd tests/browser && npm ci && node pages.js)

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import jsQR from 'jsqr';
import { chromium } from 'playwright-core';

const ROOT = join(import.meta.dirname, '../..');
const TARGET = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');
const SCREENSHOTS = join(TARGET, 'screenshots');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const SIZES = { desk: { width: 1280, height: 860 }, phone: { width: 320, height: 640 } };

/** The ways in which the service is visited: on what, in which colours, and with JavaScript or without. */
const WAYS = [
  ['desk', 'light', true],
  ['desk', 'dark', true],
  ['phone', 'light', true],
  ['phone', 'dark', true],
  ['desk', 'light', false],
  ['phone', 'dark', false],
];

/** `shortlink serve` on a free port, with links in memory; links may live for a second, so that one can expire. */
async function startService() {
  const program = join(TARGET, 'debug/shortlink');
  const process_ = spawn(program, ['serve', '--listen', '127.0.0.1:0', '--data', 'memory'], {
    env: { ...process.env, EXPIRES_IN_MIN: '1', ALLOW_NEVER: 'true', LOG_LEVEL: 'error' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface(process_.stdout)) {
    const address = line.match(/http:\/\/\S+/);
    if (address) return { origin: address[0], stop: () => process_.kill() };
  }
  throw new Error('the service did not start');
}

/** The site that links lead to. The browser believes that it is example.com. */
async function startSite() {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(`<!doctype html><title>Arrived</title><p>${request.url.length}</p>`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: server.address().port, stop: () => server.close() };
}

/** A person with a browser of their own, who notices whatever goes wrong in it. */
class Person {
  static async arrive(browser, origin, { scheme, size, javaScript }) {
    const context = await browser.newContext({
      // As a person's browser says it: one that calls itself headless counts as a program.
      userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
      baseURL: origin,
      colorScheme: scheme,
      viewport: SIZES[size],
      deviceScaleFactor: size === 'phone' ? 2 : 1,
      javaScriptEnabled: javaScript,
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const person = new Person();
    Object.assign(person, { context, origin, scheme, size, javaScript, page: await context.newPage() });
    person.name = [size, scheme, ...(javaScript ? [] : ['no-script'])].join('-');
    person.faults = [];
    person.page.on('pageerror', (error) => person.faults.push(`script: ${error}`));
    person.page.on('console', (message) => {
      // Chromium reports every answer from 400 on; those are what some of this is about.
      const expected = /Failed to load resource: the server responded with a status of 4/.test(message.text());
      if (['error', 'warning'].includes(message.type()) && !expected) person.faults.push(message.text());
    });
    person.page.on('request', (request) => {
      const { origin: from } = new URL(request.url());
      if (from !== origin && !request.isNavigationRequest()) person.faults.push(`loaded ${request.url()}`);
    });
    return person;
  }

  /** Opens a path of the service; returns the status. */
  async open(path) {
    return (await this.page.goto(path)).status();
  }

  /** Fills the form by keyboard alone, beginning where the page puts the cursor; returns the answer's status. */
  async fill({ url, alias, expires }) {
    assert.equal(await this.page.evaluate(() => document.activeElement.id), 'url', 'the cursor is where one pastes');
    const { keyboard } = this.page;
    await keyboard.insertText(url);
    await keyboard.press('Tab');
    await keyboard.press('ControlOrMeta+A');
    await keyboard.insertText(alias ?? '');
    await keyboard.press('Tab');
    if (expires) await keyboard.type(expires);
    await keyboard.press('Tab');
    const answer = this.page.waitForResponse((response) => response.request().method() === 'POST');
    await keyboard.press('Enter');
    return (await answer).status();
  }

  text(selector) {
    return this.page.locator(selector).innerText();
  }

  /** Looks at the page: a screenshot, whether it fits, and whether everybody can use it. */
  async look(name) {
    await this.page.waitForLoadState('load');
    for (const image of await this.page.locator('main img').all()) await image.evaluate((img) => img.decode());
    await this.page.screenshot({ path: join(SCREENSHOTS, `${name}-${this.name}.png`), fullPage: true });
    const tooWide = await this.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(tooWide <= 0, `${name} on ${this.name} is ${tooWide} pixels too wide`);
    if (!this.javaScript) return;
    await this.page.evaluate(AXE);
    const rules = { 'color-contrast-enhanced': { enabled: true }, 'target-size': { enabled: true } };
    const { violations, passes } = await this.page.evaluate((rules) => window.axe.run(document, { rules }), rules);
    assert.ok(passes.length > 10, 'axe has looked');
    const told = violations.flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node.html}`));
    assert.deepEqual(told, [], `${name} on ${this.name}`);
  }

  /** What a camera reads from a picture on the page. */
  async scan(selector) {
    const { width, data } = await this.page.locator(selector).evaluate(async (image) => {
      await image.decode();
      const canvas = document.createElement('canvas');
      canvas.width = canvas.height = 400;
      const context = canvas.getContext('2d');
      context.drawImage(image, 0, 0, 400, 400);
      return { width: 400, data: [...context.getImageData(0, 0, 400, 400).data] };
    });
    return jsQR(Uint8ClampedArray.from(data), width, width)?.data;
  }

  async leave() {
    await this.context.close();
    assert.deepEqual(this.faults, [], `what the browser of ${this.name} complained of`);
  }
}

/** The whole visit. */
async function visit(browser, origin, expired, how) {
  const person = await Person.arrive(browser, origin, how);
  const { page } = person;
  const alias = person.name;
  const target = 'http://example.com/spring/catalogue?from=poster&page=12';

  assert.equal(await person.open('/'), 200);
  await person.look('home');

  // Mistakes: said beside the field, everything else kept, and the cursor where the mistake is.
  assert.equal(await person.fill({ url: 'example.com/spring', alias, expires: 'after 30' }), 400);
  await page.locator('#url-wrong').waitFor();
  assert.equal(await person.text('#url-wrong'), 'The address is not a whole URL; start it with https:// or http://.');
  const url = page.getByLabel('Web address');
  assert.equal(await url.getAttribute('aria-invalid'), 'true');
  assert.equal(await url.getAttribute('aria-describedby'), 'url-wrong');
  assert.equal(await url.inputValue(), 'example.com/spring');
  assert.equal(await page.getByLabel('Alias').inputValue(), alias);
  assert.equal(await page.getByLabel('Expires').inputValue(), String(30 * 86_400));
  await person.look('mistake');

  // The link.
  await page.keyboard.press('ControlOrMeta+A');
  assert.equal(await person.fill({ url: target, alias }), 201);
  const short = page.getByLabel('Short link');
  await short.waitFor();
  assert.equal(await short.inputValue(), `${origin}/${alias}`);
  assert.match(await person.text('.lead'), /^It leads to example\.com until \d+ \w+ \d{4}, \d\d:\d\d UTC\.$/);
  assert.equal(await page.title(), 'Your link is ready - Shortlink');
  assert.equal(await person.scan('.code img'), `${origin}/${alias}`, 'the QR code scans');
  if (how.javaScript) {
    assert.equal(await page.evaluate(() => document.activeElement.id), 'short', 'and is ready to be copied');
    assert.equal(await page.evaluate(() => getSelection().toString()), `${origin}/${alias}`);
    assert.equal(await page.getByRole('status').innerText(), 'Your short link is ready.');
    await page.getByRole('button', { name: 'Copy' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), `${origin}/${alias}`);
    await page.getByRole('button', { name: 'Copy', exact: true }).waitFor();
  } else {
    assert.equal(await page.getByRole('button').count(), 0, 'a button that cannot copy is not shown');
  }
  await person.look('made');

  // Looking before following, then following.
  await page.getByRole('link', { name: 'Preview and visits' }).click();
  await page.waitForURL(`${origin}/${alias}+`);
  assert.equal(await person.text('.target'), target);
  assert.equal(await person.scan('.code img'), `${origin}/${alias}`);
  await person.look('preview');
  const onward = page.getByRole('link', { name: 'Go to example.com' });
  assert.equal(await onward.getAttribute('rel'), 'nofollow noopener noreferrer');
  await onward.click();
  await page.waitForURL(target);
  await person.open(`/${alias}`);
  assert.equal(page.url(), target);
  assert.equal(await page.title(), 'Arrived');

  // That was one visit: looking is none. It is written once the answer has gone, within a second or two.
  for (let tries = 0; tries < 50; tries += 1) {
    await person.open(`/${alias}+`);
    if ((await person.text('.chart h2 + p')).startsWith('1 visit')) break;
    await page.waitForTimeout(100);
  }
  assert.match(await person.text('.chart h2 + p'), /^1 visit in the last 30 days\./);
  assert.equal(await person.text('dt:text-is("Visits") + dd'), '1');

  // Somebody else has that alias now.
  await person.open('/');
  assert.equal(await person.fill({ url: target, alias }), 409);
  await page.locator('#alias-wrong').waitFor();
  assert.equal(await person.text('#alias-wrong'), 'The alias is already the code of another link; choose another.');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'alias');

  // Links that lead nowhere.
  assert.equal(await person.open('/nothing-here'), 404);
  assert.equal(await person.text('h1'), 'No such link');
  await person.look('missing');
  assert.equal(await person.open(`/${expired}`), 410);
  assert.match(await person.text('.lead'), /^This link expired on \d+ \w+ \d{4}, \d\d:\d\d UTC and leads nowhere now\./);
  await person.look('expired');
  await page.getByRole('link', { name: 'Make a short link' }).click();
  await page.waitForURL(`${origin}/`);
  await person.leave();
}

/** With the service out of reach, the page says so and keeps what was entered. */
async function lose(browser, origin, stop) {
  const person = await Person.arrive(browser, origin, { scheme: 'light', size: 'desk', javaScript: true });
  await person.open('/');
  stop();
  await pause(100);
  await person.page.keyboard.insertText('https://example.com/');
  await person.page.keyboard.press('Enter');
  await person.page.getByRole('alert').filter({ hasText: 'out of reach' }).waitFor();
  assert.equal(await person.page.getByLabel('Web address').inputValue(), 'https://example.com/');
  person.faults = person.faults.filter((fault) => !fault.includes('ERR_CONNECTION_REFUSED'));
  await person.leave();
}

mkdirSync(SCREENSHOTS, { recursive: true });
const [service, site] = [await startService(), await startSite()];
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    // CI runs as root in a container, where chromium's sandbox cannot be had; the pages are our own.
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    // Nothing leaves this machine.
    `--host-resolver-rules=MAP example.com 127.0.0.1:${site.port}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`,
  ],
});
let passed = 0;
try {
  const order = JSON.stringify({ url: 'http://example.com/', alias: 'bygone', expires_in: 1 });
  const made = await fetch(`${service.origin}/shorten`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: order,
  });
  assert.equal(made.status, 201);
  await pause(2_000);
  for (const [size, scheme, javaScript] of WAYS) {
    await visit(browser, service.origin, 'bygone', { size, scheme, javaScript });
    passed += 1;
  }
  await lose(browser, service.origin, service.stop);
  passed += 1;
} finally {
  await browser.close();
  service.stop();
  site.stop();
}
console.log(`${passed} passed, 0 failed`);
