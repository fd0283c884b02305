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
import { testMyLinks, testOwnedLinks, testSignIn, testWithoutScript } from './my_links.js';

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
  const child = spawn(PROGRAM, ['serve', '--no-rate-limits', '--listen', '127.0.0.1:0', '--data', data], {
    env: { ...process.env, EXPIRES_IN_MIN: '1', PREVIEW: 'full', ALLOW_NEVER: 'true', LINK_CACHE_SECONDS: '0', LOG_LEVEL: 'error', ...settings },
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
  const methods = [];
  const server = createServer((request, response) => {
    methods.push(request.method);
    response.setHeader('content-type', 'text/html');
    response.end(`<!doctype html><title>Arrived</title><p>${request.url.length}</p>`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: server.address().port, methods, stop: () => server.close() };
}

/** A test user with a browser context of their own, which records errors. */
class User {
  static async create(browser, origin, { scheme, size, javaScript, language = 'en-US' }) {
    const context = await browser.newContext({
      // The default says "HeadlessChrome", which counts as a bot.
      userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
      baseURL: origin,
      colorScheme: scheme,
      viewport: SIZES[size],
      deviceScaleFactor: size === 'phone' ? 2 : 1,
      javaScriptEnabled: javaScript,
      permissions: ['clipboard-read', 'clipboard-write'],
      locale: language,
      timezoneId: 'America/New_York',
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
      // Chromium reports the redirect that the form's question about an alias does not follow.
      if (request.method() === 'HEAD' && request.redirectedFrom()) return;
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
    // A colour of the operator's is only as dark as level AA asks for.
    const rules = { 'color-contrast-enhanced': { enabled: !this.hasBrand }, 'target-size': { enabled: true } };
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
  assert.equal(await user.submit({ url: 'example/spring', alias, expires: 'in 30' }), 400);
  await page.locator('#url-error').waitFor();
  assert.equal(
    await user.text('#url-error'),
    'That doesn’t look like a web address. Try something like example.com/page.',
  );
  const url = page.getByLabel('Web address');
  assert.equal(await url.getAttribute('aria-invalid'), 'true');
  assert.equal(await url.getAttribute('aria-describedby'), 'url-error');
  assert.equal(await url.inputValue(), 'example/spring');
  assert.equal(await page.getByLabel('Custom ending').inputValue(), alias);
  assert.equal(await page.getByLabel('Expires').inputValue(), String(30 * 86_400));
  await user.inspect('error');

  // The created link.
  await page.keyboard.press('ControlOrMeta+A');
  assert.equal(await user.submit({ url: target, alias }), 201);
  const short = page.getByLabel('Short link');
  await short.waitFor();
  assert.equal(await short.inputValue(), `${origin}/${alias}`);
  const lead = /^It leads to example\.com\/spring\/catalogue\?from=poster&page=12 and expires in 30 days, on (.+)\.$/;
  assert.match(await user.text('.lead'), lead);
  const [, time] = (await user.text('.lead')).match(lead);
  // The script shows the time in the time zone of the person, and the time in UTC as a tooltip.
  const utc = configuration.javaScript ? await page.locator('.lead time').getAttribute('title') : time;
  assert.match(utc, /^\d+ \w+ \d{4}, \d\d:\d\d UTC$/);
  if (configuration.javaScript) assert.match(time, /^\w+ \d+, \d{4} at \d+:\d\d\s[AP]M$/);
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
  assert.equal(await user.submit({ url: `${target}&other`, alias }), 409);
  await page.locator('#alias-error').waitFor();
  const [second, third] = [`${alias}-2`, `${alias}-3`];
  assert.equal(await user.text('#alias-error'), `“${alias}” is taken. Please pick another.${configuration.javaScript ? '' : ` Try ${second} or ${third}.`}`);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'alias');
  await user.inspect('taken');
  // A button fills in an alias that is free.
  if (configuration.javaScript) {
    await page.getByRole('button', { name: third, exact: true }).click();
    const field = page.getByLabel('Custom ending');
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
  assert.match(await user.text('.lead'), /^It expired \d+ (seconds?|minutes?) ago, on \d+ \w+ \d{4}, \d\d:\d\d UTC\. Ask /);
  await user.inspect('expired');
  await page.getByRole('link', { name: 'Shorten a link' }).click();
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
    assert.equal(page.url(), `${short}+`, 'a reload shows the link');
    await page.getByRole('link', { name: 'Shorten another' }).click();
    assert.equal(page.url(), `${service.origin}/`);
    await shorten('http://example.com/');
    assert.notEqual(await page.getByLabel('Short link').inputValue(), short);
    const kept = await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]);
    assert.deepEqual(kept, [0, 0, ''], 'nothing is kept');
    await user.open('/');
    assert.equal(await field.inputValue(), '');
    await user.close();

    const plain = await User.create(browser, service.origin, { scheme: 'light', size: 'phone', javaScript: false });
    await plain.open('/');
    assert.match(await plain.text('main'), /This page cannot send your API key without JavaScript/);
    assert.ok(!(await plain.page.getByLabel('API key').isVisible()));
    await plain.inspect('key');
    await plain.close();

    const createUser = (configuration) => User.create(browser, service.origin, configuration);
    await testOwnedLinks(createUser, key, reader);
    await testSignIn(createUser, key);
    await testWithoutScript(createUser, /This page cannot send your API key without JavaScript/);
  } finally {
    service.stop();
  }
}

/** What the form makes of a URL in the address, of what is pasted, and of an alias while it is typed. */
async function testForm(browser, origin) {
  const user = await User.create(browser, origin, { scheme: 'light', size: 'desktop', javaScript: true });
  const { page } = user;
  const field = page.getByLabel('Web address');
  const paste = async (selector, text) => {
    await user.open('/');
    await page.evaluate((text) => navigator.clipboard.writeText(text), text);
    await page.locator(selector).focus();
    await page.keyboard.press('ControlOrMeta+V');
    return field.inputValue();
  };

  await user.open('/?url=http%3A%2F%2Fexample.com%2F%22%3E%3Cimg%20src%3Dx%3E');
  assert.equal(await field.inputValue(), 'http://example.com/"><img src=x>');
  assert.equal(await page.locator('main img').count(), 0);

  const url = 'https://example.com/a_(b)';
  for (const [text, expected] of [
    [` ${url}\n`, url],
    ['example.com/page', 'example.com/page'],
    [`Look: ${url}, and\nhttps://example.com/2`, url],
    ['It is here (https://example.com/c).', 'https://example.com/c'],
    ['<https://example.com/d> and more', 'https://example.com/d'],
  ]) {
    assert.equal((await paste('#expires_in', text)).trim(), expected, `${text} beside the field`);
    assert.equal(await page.evaluate(() => document.activeElement.id), 'url');
    assert.equal((await paste('#url', text)).trim(), expected, `${text} in the field`);
  }
  assert.equal(await paste('#expires_in', 'no address in this'), '');
  assert.equal(await paste('#alias', 'https://example.com/'), '', 'another field takes what is pasted into it');

  // The short URL of an alias, and whether it is taken. No visit is counted, and nothing leaves this site.
  const hint = page.locator('#alias-hint');
  const rule = await hint.innerText();
  const alias = 'asked-for';
  await page.getByLabel('Custom ending').fill(alias);
  const short = `${origin.replace('http://', '')}/${alias}`;
  await hint.filter({ hasText: `${short} is available.` }).waitFor();
  await fetch(`${origin}/links`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ url: 'http://example.com/', alias }),
  });
  await page.getByLabel('Custom ending').fill('');
  assert.equal(await hint.innerText(), rule);
  await page.getByLabel('Custom ending').fill(alias);
  await hint.filter({ hasText: `${short} is already taken.` }).waitFor();
  assert.equal(await page.getByRole('status').innerText(), `${short} is already taken.`);
  await pause(1_500);
  await user.open(`/${alias}+`);
  assert.equal(await user.text('dt:text-is("Visits") + dd'), '0');

  // The browser of this test shares nothing by itself.
  await page.addInitScript(() => {
    Object.defineProperty(navigator, 'share', { value: async (data) => { globalThis.shared = data; } });
  });
  await user.open('/');
  await user.submit({ url: 'http://example.com/', alias: 'shared' });
  await page.getByRole('button', { name: 'Share' }).click();
  assert.deepEqual(await page.evaluate(() => globalThis.shared), { url: `${origin}/shared` });

  // The address is that of the link, without its token. Back is the form, and Forward is the link.
  assert.equal(page.url(), `${origin}/shared+`);
  await page.goBack();
  await page.getByLabel('Web address').waitFor();
  await page.goForward();
  await page.locator('.target').waitFor();
  assert.equal(page.url(), `${origin}/shared+`);
  await user.close();
}

/** A date as the expiry, taking back a link that was just made, and the bookmark. */
async function testChoices(browser, origin) {
  const user = await User.create(browser, origin, { scheme: 'light', size: 'phone', javaScript: true });
  const { page } = user;
  await user.open('/');
  await page.getByLabel('Web address').fill('http://example.com/dated');
  await page.getByLabel('Custom ending').fill('dated');
  const list = page.getByLabel('Expires');
  await list.selectOption('on a date…');
  const when = page.getByLabel('Date and time');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'when');
  await user.inspect('date');
  // Without a date nothing is sent.
  await page.getByRole('button', { name: 'Shorten', exact: true }).click();
  assert.equal(await page.evaluate(() => document.activeElement.id), 'when');
  assert.equal(page.url(), `${origin}/`);
  await when.fill('2020-01-31T12:00');
  await page.getByRole('button', { name: 'Shorten', exact: true }).click();
  await page.getByText('That time is in the past. Choose a later one.').waitFor();
  assert.equal(await when.inputValue(), '2020-01-31T12:00', 'the date is kept');
  const year = new Date().getFullYear() + 1;
  await when.fill(`${year}-01-31T12:00`);
  await page.getByRole('button', { name: 'Shorten', exact: true }).click();
  await page.getByLabel('Short link').waitFor();
  // Noon in New York.
  assert.equal(await page.locator('.lead time').getAttribute('title'), `31 January ${year}, 17:00 UTC`);
  assert.match(await user.text('.lead time'), new RegExp(`^January 31, ${year} at 12:00\\sPM$`));

  // Undo: the link is withdrawn, its target is in the form again, and it is not in the list.
  const kept = () => page.evaluate(() => JSON.parse(localStorage.getItem('shortlink links /')).length);
  assert.equal(await kept(), 1);
  await page.getByRole('button', { name: 'Withdraw' }).click();
  await page.getByText('The link was withdrawn.').waitFor();
  assert.equal(await page.getByLabel('Web address').inputValue(), 'http://example.com/dated');
  assert.equal(page.url(), `${origin}/`);
  assert.equal(await kept(), 0);
  assert.equal((await fetch(`${origin}/dated`, { redirect: 'manual' })).status, 410);
  await page.getByLabel('Custom ending').fill('dated-2');
  await page.getByRole('button', { name: 'Shorten', exact: true }).click();
  await page.getByLabel('Short link').waitFor();
  await page.route('**/links/dated-2', (route) => route.abort());
  await page.getByRole('button', { name: 'Withdraw' }).click();
  await page.getByRole('status').filter({ hasText: 'The link could not be withdrawn.' }).waitFor();
  await page.unroute('**/links/dated-2');
  user.errors = user.errors.filter((error) => !error.includes('ERR_FAILED'));

  // The bookmark runs on another page, and opens the form with that page's address.
  await user.open('/');
  await page.getByText('Shorten from anywhere').click();
  await user.inspect('elsewhere');
  const bookmark = await page.locator('.elsewhere a').getAttribute('href');
  await page.goto('http://example.com/page?a=1&b=2');
  await page.evaluate(bookmark.replace('javascript:', ''));
  await page.waitForURL(`${origin}/?url=*`);
  assert.equal(await page.getByLabel('Web address').inputValue(), 'http://example.com/page?a=1&b=2');
  await user.close();
}

/** The pages in the other languages, with a brand, on a phone and in dark mode. */
async function testLanguages(browser) {
  const brand = { BRAND_NAME: 'Café Links', BRAND_COLOUR: '#ff6f61', BRAND_URL: 'http://example.com/about' };
  const service = await startService('memory', brand);
  const german = { language: 'de-AT', heading: 'Link kürzen', url: 'Webadresse', button: 'Kürzen', error: /Das sieht nicht nach/, ready: 'Ihr Link ist fertig', copied: 'Kopiert', mine: 'Meine Links', edit: 'Ändern', lost: 'Link nicht gefunden' };
  const spanish = { language: 'es-MX', heading: 'Acortar un enlace', url: 'Dirección web', button: 'Acortar', error: /Eso no parece/, ready: 'Su enlace está listo', copied: 'Copiado', mine: 'Mis enlaces', edit: 'Editar', lost: 'Enlace no encontrado' };
  try {
    for (const [words, size, scheme] of [[german, 'phone', 'dark'], [spanish, 'desktop', 'light']]) {
      const { language } = words;
      const user = await User.create(browser, service.origin, { scheme, size, javaScript: true, language });
      const { page } = user;
      user.hasBrand = true;
      const tag = language.slice(0, 2);
      await user.open('/');
      assert.equal(await user.text('h1'), words.heading);
      assert.equal(await user.text('header'), 'Café Links');
      await page.getByLabel(words.url).fill('example');
      await page.getByRole('button', { name: words.button, exact: true }).click();
      await page.getByText(words.error).waitFor();
      await user.inspect(`${tag}-error`);
      await page.getByLabel(words.url).fill('http://example.com/');
      await page.getByRole('button', { name: words.button, exact: true }).click();
      await page.getByRole('heading', { name: words.ready }).waitFor();
      await page.locator('#copy').click();
      await page.getByRole('button', { name: words.copied }).waitFor();
      await user.inspect(`${tag}-created`);
      await page.locator('main a[href$="+"]').click();
      await page.locator('.target').waitFor();
      await user.inspect(`${tag}-preview`);
      await user.open('/my-links');
      await page.getByRole('button', { name: words.edit }).click();
      await user.inspect(`${tag}-my-links`);
      await user.open('/nothing');
      assert.equal(await user.text('h1'), words.lost);
      await user.inspect(`${tag}-missing`);
      await user.close();
    }
  } finally {
    service.stop();
  }
}

/** An alias is looked up where the operator has turned previews off and sends visitors elsewhere, too. */
async function testWithoutPreviews(browser) {
  const service = await startService('memory', { PREVIEW: 'off', NOT_FOUND_URL: 'http://example.com/lost' });
  try {
    const user = await User.create(browser, service.origin, { scheme: 'light', size: 'desktop', javaScript: true });
    await user.open('/');
    assert.equal(await user.submit({ url: 'http://example.com/', alias: 'hidden' }), 201);
    await user.page.getByLabel('Short link').waitFor();
    assert.equal(user.page.url(), `${service.origin}/`, 'the link has no page');
    await user.open('/');
    await user.page.getByLabel('Custom ending').fill('unknown');
    await user.page.locator('#alias-hint').filter({ hasText: '/unknown is available.' }).waitFor();
    await user.page.getByLabel('Custom ending').fill('hidden');
    await user.page.locator('#alias-hint').filter({ hasText: '/hidden is already taken.' }).waitFor();
    await user.close();
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
  await user.page.getByRole('alert').filter({ hasText: 'cannot be reached. Check your connection' }).waitFor();
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
  const createUser = (configuration) => User.create(browser, service.origin, configuration);
  for (const [size, scheme] of [['desktop', 'light'], ['desktop', 'dark'], ['phone', 'light'], ['phone', 'dark']]) {
    await testMyLinks(createUser, { size, scheme, javaScript: true });
    passed += 1;
  }
  await testWithoutScript(createUser);
  passed += 1;
  await testKeyDoor(browser);
  passed += 1;
  await testForm(browser, service.origin);
  passed += 1;
  await testWithoutPreviews(browser);
  passed += 1;
  await testChoices(browser, service.origin);
  passed += 1;
  await testLanguages(browser);
  passed += 1;
  assert.ok(!site.methods.includes('HEAD'), 'no target is asked');
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
