// Tests the pages in Chromium, at the sizes of a desktop and of a phone, in light and dark mode, and with and without
// JavaScript. A test user shortens a link, copies it, follows it, opens its preview, and makes mistakes. axe-core checks
// every page for accessibility. Screenshots are written to target/screenshots.
//
//   cargo build --package shortlink && (cd tests/browser && npm ci && node pages.js)

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import jsQR from 'jsqr';
import { launch } from './chromium.js';
import { testMyLinks } from './my_links.js';

const ROOT = join(import.meta.dirname, '../..');
const TARGET = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');
const SCREENSHOTS = join(TARGET, 'screenshots');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const SIZES = { desktop: { width: 1280, height: 860 }, phone: { width: 320, height: 640 } };

/** The configurations of the browser: viewport size, colour scheme, and whether JavaScript is enabled. */
const CONFIGURATIONS = [
  ['desktop', 'light', true],
  ['desktop', 'dark', true],
  ['phone', 'light', true],
  ['phone', 'dark', true],
  ['desktop', 'light', false],
  ['phone', 'dark', false],
];

const PROGRAM = join(TARGET, 'debug/shortlink');

/** Starts `shortlink serve` on a free port, with a minimum lifetime of one second. */
async function startService(data = 'memory', settings = {}) {
  const child = spawn(PROGRAM, ['serve', '--listen', '127.0.0.1:0', '--data', data], {
    env: { ...process.env, EXPIRES_IN_MIN: '1', PREVIEW: 'full', ALLOW_NEVER: 'true', LOG_LEVEL: 'error', ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface(child.stdout)) {
    const address = line.match(/http:\/\/\S+/);
    if (address) return { origin: address[0], stop: () => child.kill() };
  }
  throw new Error('the service did not start');
}

/** Starts the web site that the links lead to. The browser resolves example.com to it. */
async function startSite() {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(`<!doctype html><title>Arrived</title><p>${request.url.length}</p>`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: server.address().port, stop: () => server.close() };
}

/** A test user with a browser context of their own, which records errors. */
class User {
  static async create(browser, origin, { scheme, size, javaScript }) {
    const context = await browser.newContext({
      // The default says "HeadlessChrome", which counts as a bot.
      userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
      baseURL: origin,
      colorScheme: scheme,
      viewport: SIZES[size],
      deviceScaleFactor: size === 'phone' ? 2 : 1,
      javaScriptEnabled: javaScript,
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const user = new User();
    Object.assign(user, { context, origin, scheme, size, javaScript, page: await context.newPage() });
    user.name = [size, scheme, ...(javaScript ? [] : ['no-script'])].join('-');
    user.errors = [];
    user.page.on('pageerror', (error) => user.errors.push(`script: ${error}`));
    user.page.on('console', (message) => {
      // Chromium reports every response with a status of 400 or more. The tests cause such responses on purpose.
      const expected = /Failed to load resource: the server responded with a status of 4/.test(message.text());
      if (['error', 'warning'].includes(message.type()) && !expected) user.errors.push(message.text());
    });
    user.page.on('request', (request) => {
      const { origin: from } = new URL(request.url());
      if (from !== origin && !request.isNavigationRequest()) user.errors.push(`loaded ${request.url()}`);
    });
    return user;
  }

  /** Opens a path of the service and returns the status. */
  async open(path) {
    return (await this.page.goto(path)).status();
  }

  /** Fills in and submits the form by keyboard, from the initial focus on. Returns the status of the response. */
  async submit({ url, alias, expires }) {
    // The browser applies autofocus when it renders the page, which may be after the page has loaded.
    const focused = () => this.page.evaluate(() => document.activeElement.id);
    for (let attempt = 0; attempt < 50 && (await focused()) !== 'url'; attempt += 1) await pause(20);
    assert.equal(await focused(), 'url', 'the URL field has the focus');
    const { keyboard } = this.page;
    await keyboard.insertText(url);
    // The button is between the URL and the other fields.
    await keyboard.press('Tab');
    assert.equal(await this.text(':focus'), 'Shorten');
    await keyboard.press('Tab');
    await keyboard.press('ControlOrMeta+A');
    await keyboard.insertText(alias ?? '');
    await keyboard.press('Tab');
    if (expires) await keyboard.type(expires);
    await keyboard.press('Shift+Tab');
    await keyboard.press('Shift+Tab');
    const response = this.page.waitForResponse((response) => response.request().method() === 'POST');
    await keyboard.press('Enter');
    return (await response).status();
  }

  text(selector) {
    return this.page.locator(selector).innerText();
  }

  /** The button is beside the field, or right under it on a phone, where the keyboard leaves half of the screen. */
  async testLayout() {
    const box = (selector) => this.page.locator(selector).boundingBox();
    const [field, button, alias] = [await box('#url'), await box('.row button'), await box('#alias')];
    if (this.size === 'desktop') {
      assert.ok(Math.abs(button.y - field.y) <= 1 && button.x > field.x + field.width, 'in one row');
      assert.ok(Math.abs(button.height - field.height) <= 1, 'of one height');
    } else {
      assert.ok(button.y - field.y - field.height < 16 && button.y + button.height < alias.y, 'under the field');
    }
    assert.equal(await this.page.locator('#url').getAttribute('enterkeyhint'), 'go');
  }

  /** Takes a screenshot, and checks the page's width and its accessibility. */
  async inspect(name) {
    await this.page.waitForLoadState('load');
    for (const image of await this.page.locator('main img').all()) await image.evaluate((img) => img.decode());
    await this.page.screenshot({ path: join(SCREENSHOTS, `${name}-${this.name}.png`), fullPage: true });
    const tooWide = await this.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(tooWide <= 0, `${name} on ${this.name} is ${tooWide} pixels too wide`);
    if (!this.javaScript) return;
    await this.page.evaluate(AXE);
    const rules = { 'color-contrast-enhanced': { enabled: true }, 'target-size': { enabled: true } };
    const { violations, passes } = await this.page.evaluate((rules) => window.axe.run(document, { rules }), rules);
    assert.ok(passes.length > 10, 'axe has checked the page');
    const messages = violations.flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node.html}`));
    assert.deepEqual(messages, [], `${name} on ${this.name}`);
  }

  /** Decodes the QR code in an image on the page. */
  async decodeQr(selector) {
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

  async close() {
    await this.context.close();
    assert.deepEqual(this.errors, [], `errors in the browser of ${this.name}`);
  }
}

/** Creates, follows and previews a link in one configuration of the browser, and makes mistakes on the way. */
async function testPages(browser, origin, expired, configuration) {
  const user = await User.create(browser, origin, configuration);
  const { page } = user;
  const alias = user.name;
  const target = 'http://example.com/spring/catalogue?from=poster&page=12';

  assert.equal(await user.open('/'), 200);
  await user.inspect('home');
  await user.testLayout();

  // An error appears beside its field, which gets the focus. The other fields keep their values.
  assert.equal(await user.submit({ url: 'example/spring', alias, expires: 'after 30' }), 400);
  await page.locator('#url-error').waitFor();
  assert.equal(
    await user.text('#url-error'),
    'The web address is not a URL such as https://example.com/page.',
  );
  const url = page.getByLabel('Web address');
  assert.equal(await url.getAttribute('aria-invalid'), 'true');
  assert.equal(await url.getAttribute('aria-describedby'), 'url-error');
  assert.equal(await url.inputValue(), 'example/spring');
  assert.equal(await page.getByLabel('Alias').inputValue(), alias);
  assert.equal(await page.getByLabel('Expires').inputValue(), String(30 * 86_400));
  await user.inspect('error');

  // The created link.
  await page.keyboard.press('ControlOrMeta+A');
  assert.equal(await user.submit({ url: target, alias }), 201);
  const short = page.getByLabel('Short link');
  await short.waitFor();
  assert.equal(await short.inputValue(), `${origin}/${alias}`);
  assert.match(await user.text('.lead'), /^It leads to example\.com until \d+ \w+ \d{4}, \d\d:\d\d UTC\.$/);
  assert.equal(await page.title(), 'Your link is ready - Shortlink');
  assert.equal(await user.decodeQr('.code img'), `${origin}/${alias}`, 'the QR code can be read');
  if (configuration.javaScript) {
    assert.equal(await page.evaluate(() => document.activeElement.id), 'short', 'the short URL has the focus');
    assert.equal(await page.evaluate(() => getSelection().toString()), `${origin}/${alias}`);
    assert.equal(await page.getByRole('status').innerText(), 'Your short link is ready.');
    await page.getByRole('button', { name: 'Copy' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), `${origin}/${alias}`);
    await page.getByRole('button', { name: 'Copy', exact: true }).waitFor();
  } else {
    assert.equal(await page.getByRole('button').count(), 0, 'without JavaScript, there is no copy button');
  }
  await user.inspect('created');

  // The preview, and from there the target.
  await page.getByRole('link', { name: 'Preview' }).click();
  await page.waitForURL(`${origin}/${alias}+`);
  assert.equal(await user.text('.target'), target);
  assert.equal(await user.decodeQr('.code img'), `${origin}/${alias}`);
  await user.inspect('preview');
  const targetLink = page.getByRole('link', { name: 'Go to example.com' });
  assert.equal(await targetLink.getAttribute('rel'), 'nofollow noopener noreferrer');
  await targetLink.click();
  await page.waitForURL(target);
  await user.open(`/${alias}`);
  assert.equal(page.url(), target);
  assert.equal(await page.title(), 'Arrived');

  // The redirect counts as one visit, and the preview as none. The visit is written within a second or two.
  for (let attempt = 0; attempt < 50; attempt += 1) {
    await user.open(`/${alias}+`);
    // The page reads the total before the days, and the visit may be written in between.
    if ((await user.text('dt:text-is("Visits") + dd')) === '1') break;
    await page.waitForTimeout(100);
  }
  assert.match(await user.text('.chart h2 + p'), /^1 visit in the last 30 days\./);
  assert.equal(await user.text('dt:text-is("Visits") + dd'), '1');

  // The alias is taken.
  await user.open('/');
  assert.equal(await user.submit({ url: target, alias }), 409);
  await page.locator('#alias-error').waitFor();
  const [second, third] = [`${alias}-2`, `${alias}-3`];
  assert.equal(await user.text('#alias-error'), `The alias is already taken; choose another, such as ${second} or ${third}.`);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'alias');
  await user.inspect('taken');
  // A button fills in an alias that is free.
  if (configuration.javaScript) {
    await page.getByRole('button', { name: third, exact: true }).click();
    const field = page.getByLabel('Alias');
    assert.equal(await field.inputValue(), third);
    assert.equal(await page.evaluate(() => document.activeElement.id), 'alias');
    assert.equal(await field.getAttribute('aria-invalid'), null);
    assert.equal(await page.locator('#alias-error, #suggestions').count(), 0);
    await page.keyboard.press('Enter');
    await page.getByLabel('Short link').waitFor();
    assert.equal(await page.getByLabel('Short link').inputValue(), `${origin}/${third}`);
  } else {
    assert.ok(!(await page.locator('#suggestions').isVisible()), 'without JavaScript, the buttons would do nothing');
  }

  // A missing and an expired link.
  assert.equal(await user.open('/nothing-here'), 404);
  assert.equal(await user.text('h1'), 'Link not found');
  await user.inspect('missing');
  assert.equal(await user.open(`/${expired}`), 410);
  assert.match(await user.text('.lead'), /^This link expired on \d+ \w+ \d{4}, \d\d:\d\d UTC and no longer works\./);
  await user.inspect('expired');
  await page.getByRole('link', { name: 'Make a short link' }).click();
  await page.waitForURL(`${origin}/`);
  await user.close();
}

/** Creates links where an API key is required. The page keeps the key until it is left. */
async function testKeyDoor(browser) {
  const data = join(mkdtempSync(join(tmpdir(), 'shortlink-pages-')), 'links.db');
  const create = (scope) => {
    const options = ['--owner', 'web', '--scope', scope, '--data', data];
    return execFileSync(PROGRAM, ['keys', 'create', scope, ...options], { encoding: 'utf8', stdio: 'pipe' }).trim();
  };
  const [key, reader] = [create('own'), create('read')];
  const service = await startService(data, { DOOR: 'key' });
  try {
    const user = await User.create(browser, service.origin, { scheme: 'light', size: 'phone', javaScript: true });
    const { page } = user;
    const shorten = async (url) => {
      await page.getByLabel('Web address').fill(url);
      await page.getByRole('button', { name: 'Shorten' }).click();
    };
    const alert = (text) => page.getByRole('alert').filter({ hasText: text }).waitFor();
    await user.open('/');
    await user.inspect('key');
    await shorten('http://example.com/');
    await alert('Enter your API key.');
    const field = page.getByLabel('API key');
    await field.fill(`sl_${'0'.repeat(64)}`);
    await shorten('http://example.com/');
    await alert('This API key is not valid. Check it for typos.');
    await field.fill(`${reader}\u00e9`);
    await shorten('http://example.com/');
    await alert('This API key does not allow you to create links. Use another key.');
    await field.fill(` ${key}\n`);
    await shorten('example');
    await page.locator('#url-error').waitFor();
    assert.equal((await field.inputValue()).trim(), key, 'the key is still there beside an error');
    await shorten('http://example.com/');
    const short = await page.getByLabel('Short link').inputValue();
    await page.getByRole('link', { name: 'Shorten another' }).click();
    await shorten('http://example.com/');
    assert.notEqual(await page.getByLabel('Short link').inputValue(), short);
    const kept = await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]);
    assert.deepEqual(kept, [0, 0, ''], 'nothing is kept');
    await user.open('/');
    assert.equal(await field.inputValue(), '');
    await user.close();

    const plain = await User.create(browser, service.origin, { scheme: 'light', size: 'phone', javaScript: false });
    await plain.open('/');
    assert.match(await plain.text('main'), /requires an API key, which this page cannot send without JavaScript/);
    assert.ok(!(await plain.page.getByLabel('API key').isVisible()));
    await plain.inspect('key');
    await plain.close();
  } finally {
    service.stop();
  }
}

/** A response that takes long: the button says so, a second press sends nothing, and then all is as before. */
async function testSlowService(browser, origin) {
  const user = await User.create(browser, origin, { scheme: 'light', size: 'desktop', javaScript: true });
  const { page } = user;
  let requests = 0;
  await page.route('**/shorten?page', async (route) => {
    requests += 1;
    await pause(1_000);
    await route.continue();
  });
  await user.open('/');
  await page.getByLabel('Web address').fill('example');
  const field = await page.locator('#url').boundingBox();
  await page.keyboard.press('Enter');
  const busy = page.getByRole('button', { name: 'Shortening…' });
  await busy.waitFor();
  assert.deepEqual(await page.locator('#url').boundingBox(), field, 'nothing moves');
  await busy.click();
  await page.locator('#url-error').waitFor();
  await page.getByRole('button', { name: 'Shorten', exact: true }).waitFor();
  assert.equal(requests, 1);
  await user.close();
}

/** Stops the service. The page then reports that it cannot be reached, and keeps the input. */
async function testUnreachableService(browser, origin, stop) {
  const user = await User.create(browser, origin, { scheme: 'light', size: 'desktop', javaScript: true });
  await user.open('/');
  stop();
  await pause(100);
  await user.page.keyboard.insertText('https://example.com/');
  await user.page.keyboard.press('Enter');
  await user.page.getByRole('alert').filter({ hasText: 'cannot be reached' }).waitFor();
  assert.equal(await user.page.getByLabel('Web address').inputValue(), 'https://example.com/');
  await user.page.getByRole('button', { name: 'Shorten', exact: true }).waitFor();
  user.errors = user.errors.filter((error) => !error.includes('ERR_CONNECTION_REFUSED'));
  await user.close();
}

mkdirSync(SCREENSHOTS, { recursive: true });
const [service, site] = [await startService(), await startSite()];
// No request leaves this machine.
const browser = await launch([`MAP example.com 127.0.0.1:${site.port}`, 'MAP * ~NOTFOUND', 'EXCLUDE 127.0.0.1']);
let passed = 0;
try {
  const created = await fetch(`${service.origin}/shorten`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ url: 'http://example.com/', alias: 'expired', expires_in: 1 }),
  });
  assert.equal(created.status, 201);
  await pause(2_000);
  for (const [size, scheme, javaScript] of CONFIGURATIONS) {
    await testPages(browser, service.origin, 'expired', { size, scheme, javaScript });
    passed += 1;
  }
  for (const [size, scheme] of [['desktop', 'light'], ['phone', 'dark']]) {
    const createUser = (configuration) => User.create(browser, service.origin, configuration);
    await testMyLinks(createUser, { size, scheme, javaScript: true });
    passed += 1;
  }
  await testKeyDoor(browser);
  passed += 1;
  await testSlowService(browser, service.origin);
  passed += 1;
  await testUnreachableService(browser, service.origin, service.stop);
  passed += 1;
} finally {
  await browser.close();
  service.stop();
  site.stop();
}
console.log(`${passed} passed, 0 failed`);
