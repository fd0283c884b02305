// The page "My links" in Chromium: what a browser has made is listed, changed, withdrawn, restored, counted, saved to a file
// and read from one; behind a closed door, the links of an API key or an account. What others choose, such as a target, a
// title or a referrer, is shown as text.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const SOURCES = join(import.meta.dirname, '../../crates/shorten/src');
const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const HOSTILE = 'http://example.com/"><img src=x onerror=alert(1)><script>alert(2)</script>';
const TOKEN = `slm_${'0'.repeat(64)}`;

/** What the tests do on the page, as its user. */
class MyLinks {
  constructor(user) {
    Object.assign(this, { user, page: user.page, origin: user.origin });
    // A script of others would call alert().
    this.page.on('dialog', (dialog) => (dialog.type() === 'confirm' ? dialog.accept() : user.errors.push(dialog.message())));
    // A secret in an address would be in logs and in the history of the browser.
    this.page.on('request', (request) => /slm_|sl_[0-9a-f]/.test(decodeURIComponent(request.url())) && user.errors.push(request.url()));
  }

  /** Makes a link with the form of the home page. */
  async make(url, alias) {
    await this.user.open('/');
    assert.equal(await this.user.submit({ url, alias }), 201);
    await this.page.getByLabel('Short link').waitFor();
  }

  row(code) {
    return this.page.locator(`#link-${code}`);
  }

  button(code, name) {
    return this.page.getByRole('button', { name: `${name}: ${code}`, exact: true });
  }

  press(code, name) {
    return this.button(code, name).click();
  }

  alert(text) {
    return this.page.getByRole('alert').filter({ hasText: text }).waitFor();
  }

  count() {
    return this.user.text('#count');
  }

  /** The status and the target of a redirect. */
  async follow(code, headers = { 'user-agent': 'curl' }) {
    const response = await fetch(`${this.origin}/${code}`, { redirect: 'manual', headers });
    return [response.status, response.headers.get('location')];
  }

  async focused() {
    return this.page.evaluate(() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.id);
  }

  /** Replaces the list in the browser's storage. */
  async store(value) {
    await this.page.evaluate((text) => localStorage.setItem('shortlink links /', text), JSON.stringify(value));
    await this.page.reload();
    await this.page.locator('#count').waitFor();
  }

  /** Data has made no element, and no address that runs a script. */
  async isText() {
    assert.equal(await this.page.locator('main :is(img, script:not([type="application/json"]), b:not(.bars b), iframe, i)').count(), 0, 'data is text');
    const addresses = await this.page.locator('a').evaluateAll((all) => all.map((link) => new URL(link.href).protocol));
    assert.deepEqual(addresses.filter((protocol) => !/^https?:$/.test(protocol)), []);
  }
}

export async function testMyLinks(createUser, configuration) {
  const user = await createUser(configuration);
  const my = new MyLinks(user);
  await user.open('/my-links');
  assert.match(await my.count(), /^No links yet\./);
  await user.inspect('my-links-empty');

  // A list that somebody has damaged does not keep new links out.
  await my.store([null, 7, { code: 'x' }]);
  const [first, second] = [`first-${user.name}`, `second-${user.name}`];
  await my.make('http://example.com/first', first);
  // A reload shows the link, and not an empty form.
  assert.equal(my.page.url(), `${my.origin}/${first}+`);
  await my.page.reload();
  assert.equal(await user.text('.target'), 'http://example.com/first');
  await my.make(HOSTILE, second);

  await my.page.getByRole('link', { name: 'My links' }).click();
  await my.page.waitForURL(`${my.origin}/my-links`);
  assert.equal(await my.count(), '2 links');
  assert.match(await my.page.locator('#links > li').first().innerText(), new RegExp(second), 'the newest is the first');
  await my.isText();
  await user.inspect('my-links');

  await my.page.getByLabel('Search').fill('FIRST example');
  assert.equal(await my.count(), '1 of 2 links');
  await my.page.getByLabel('Search').fill('');
  await my.press(first, 'Copy');
  await my.page.getByRole('button', { name: `Copy: ${first}` }).filter({ hasText: 'Copied' }).waitFor();
  assert.equal(await my.page.evaluate(() => navigator.clipboard.readText()), `${my.origin}/${first}`);
  assert.equal(await my.row(first).getByRole('link', { name: 'QR code' }).getAttribute('href'), `./${first}.svg`);

  await testChanges(my, first);
  await testVisits(my, second);
  await testFiles(my, first, second);
  await testHostileEntries(my);
  await my.page.evaluate(() => localStorage.clear());
  await user.close();
}

async function testChanges(my, code) {
  assert.deepEqual(await my.follow(code), [301, 'http://example.com/first']);
  await my.press(code, 'Edit');
  await my.page.getByLabel('Leads to').waitFor();
  await my.user.inspect('my-links-edit');
  await my.page.getByLabel('Leads to').fill('http://10.0.0.1/');
  await my.page.getByRole('button', { name: 'Save', exact: true }).click();
  await my.alert(/^The web address .*10\.0\.0\.1/);
  assert.equal(await my.page.getByLabel('Leads to').inputValue(), 'http://10.0.0.1/', 'the input is kept');
  await my.page.getByLabel('Leads to').fill('http://example.com/changed');
  await my.page.getByLabel('Expires').selectOption('in 7 days');
  await my.page.getByRole('button', { name: 'Save', exact: true }).click();
  await my.row(code).getByText('Changed. All visitors will see it by').waitFor();
  assert.equal(await my.focused(), `Edit: ${code}`);
  assert.deepEqual(await my.follow(code), [301, 'http://example.com/changed']);
  const changed = await fetch(`${my.origin}/${code}+`, { headers: { accept: 'application/json' } });
  const { expires_at: expires } = await changed.json();
  assert.ok(Math.abs(new Date(expires) - Date.now() - 604_800_000) < 60_000);

  // By keyboard alone: nothing is changed, and the focus is where it was.
  await my.button(code, 'Edit').press('Enter');
  await my.page.getByLabel('Leads to').waitFor();
  await my.page.keyboard.press('Enter');
  await my.button(code, 'Edit').waitFor();
  assert.equal(await my.focused(), `Edit: ${code}`);

  // Somebody else changes the link while the editor is open.
  await my.press(code, 'Edit');
  await my.page.getByLabel('Leads to').fill('http://example.com/mine');
  const token = await my.page.evaluate((code) => JSON.parse(localStorage.getItem('shortlink links /')).find((link) => link.code === code).token, code);
  const theirs = await fetch(`${my.origin}/links/${code}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/merge-patch+json' },
    body: JSON.stringify({ url: 'http://example.com/theirs' }),
  });
  assert.equal(theirs.status, 200);
  await my.page.getByRole('button', { name: 'Save', exact: true }).click();
  await my.alert('Somebody else has changed');
  assert.deepEqual(await my.follow(code), [301, 'http://example.com/theirs']);
  await my.press(code, 'Cancel');

  await my.press(code, 'Withdraw');
  await my.row(code).getByText('Withdrawn.').waitFor();
  assert.equal((await my.follow(code))[0], 410);
  await my.press(code, 'Restore');
  await my.button(code, 'Withdraw').waitFor();
  assert.equal((await my.follow(code))[0], 301);
}

async function testVisits(my, code) {
  await my.press(code, 'Visits');
  await my.page.getByText('No visits yet.').waitFor();
  assert.equal(await my.page.title(), `Visits to ${code} - Shortlink`);
  assert.equal(await my.page.getByLabel('The last').count(), 0, 'there is nothing to choose from');
  await my.user.inspect('visits-none');
  const person = { 'user-agent': BROWSER, referer: 'http://xn--e1aybc.example/<img>' };
  for (let visit = 0; visit < 3; visit += 1) await my.follow(code, person);
  await my.follow(code, { 'user-agent': 'Googlebot/2.1 (+http://www.google.com/bot.html)' });
  await my.page.getByRole('link', { name: 'All my links' }).click();
  await my.row(code).waitFor();
  assert.equal(await my.focused(), `Visits: ${code}`, 'the focus is where it was');
  for (let attempt = 0; attempt < 50; attempt += 1) {
    await my.user.open('/my-links');
    await my.press(code, 'Visits');
    await my.page.locator('.total').waitFor();
    if ((await my.user.text('.total')) === '3') break;
    await pause(100);
  }
  assert.equal(await my.user.text('.total'), '3');
  assert.equal(await my.page.locator('#stats svg .people').count(), 3, 'the bars of a day, a site and a device');
  await my.page.getByText('xn--e1aybc.example').waitFor();
  await my.page.getByText(/^3 visits\. Plus 1 bot visit, not counted\./).waitFor();

  // The values of a day, by keyboard and by touch.
  const slider = my.page.getByRole('slider', { name: 'Day' });
  assert.match(await slider.getAttribute('aria-valuetext'), /: 3 visits, 1 bot visit$/);
  await slider.press('ArrowLeft');
  assert.match(await slider.getAttribute('aria-valuetext'), /: 0 visits, 0 bot visits$/);
  const box = await my.page.locator('#stats > svg').boundingBox();
  await my.page.mouse.move(box.x + box.width - 2, box.y + 20);
  assert.match(await slider.getAttribute('aria-valuetext'), /: 3 visits, 1 bot visit$/);

  for (const days of ['7', '90', '365']) {
    const answer = my.page.waitForResponse(/\/visits\?/);
    await my.page.getByLabel('The last').selectOption(`${days} days`);
    await answer;
    await my.page.getByRole('option', { name: `${days} days`, selected: true }).waitFor({ state: 'attached' });
    await my.page.waitForFunction((days) => document.querySelector('[type=range]')?.max === String(days - 1), days);
    assert.equal(await my.focused(), 'range');
  }
  const download = my.page.waitForEvent('download');
  await my.press(code, 'Save as CSV');
  const csv = readFileSync(await (await download).path(), 'utf8');
  assert.match(csv, /^kind,name,visits,bots\r\n/);
  assert.match(csv, /\r\nday,\d{4}-\d\d-\d\d,3,1\r\n/);
  await my.page.getByText('Show as table').click();
  assert.match(await my.user.text('#stats tbody'), /^.+\s+3\s+1$/);
  await my.isText();
  await my.user.inspect('visits');
  await testManyCounts(my, code);
  await my.page.goBack();
  await my.page.locator('#links').waitFor();
}

/** A busy link, with hostile names: the service would not count them, but the page should not rely on that. */
async function testManyCounts(my, code) {
  const days = Array.from({ length: 30 }, (_, n) => ({
    date: new Date(Date.UTC(2030, 0, 2 + n)).toISOString().slice(0, 10),
    visits: Math.round(900 + 800 * Math.sin(n / 3)),
    bots: n % 7 ? 120 : 450,
  }));
  const hostile = '<img src=x onerror=alert(3)>';
  await my.page.route('**/visits?*', (route) => route.fulfill({ json: {
    code, days, total_visits: 1_234_567, visits: 25_000, bots: 4_000, last_visit_at: '2030-01-31T12:00:00Z',
    first_month: '2030-01', last_month: '2030-01',
    referrers: [{ name: 'news.example.com', visits: 9_000 }, { name: hostile, visits: 4_000 }, { name: `${'long.'.repeat(20)}example`, visits: 12 }],
    countries: [{ name: 'DE', visits: 8_000 }, { name: 'JP', visits: 5_000 }, { name: hostile, visits: 1 }],
    devices: [{ name: 'phone', visits: 15_000 }, { name: 'desktop', visits: 9_900 }, { name: 'tablet', visits: 100 }],
  } }));
  await my.page.getByLabel('The last').selectOption('30 days');
  await my.page.getByText('1,234,567').waitFor();
  await my.page.getByText('Germany').waitFor();
  assert.equal(await my.page.getByText(hostile).count(), 2);
  await my.isText();
  await my.user.inspect('visits-many');
  await my.page.unroute('**/visits?*');
}

async function testFiles(my, first, second) {
  await my.user.open('/my-links');
  const download = my.page.waitForEvent('download');
  await my.page.getByRole('button', { name: 'Save the list as a file' }).click();
  const path = await (await download).path();
  const saved = JSON.parse(readFileSync(path, 'utf8'));
  assert.deepEqual(saved.map(({ code }) => code), [second, first]);
  assert.deepEqual(Object.keys(saved[0]).sort(), ['code', 'expires', 'made', 'token', 'url', 'withdrawn']);
  await my.press(first, 'Remove from list');
  assert.equal(await my.count(), '1 link');
  await my.page.locator('#import').setInputFiles(path);
  await my.page.getByText('1 link was added.').waitFor();
  await my.row(first).waitFor();
  for (const text of ['{"a": 1}', '7', 'null', 'x', '']) {
    await my.page.locator('#import').setInputFiles({ name: 'x.json', mimeType: 'application/json', buffer: Buffer.from(text) });
    await my.alert('This file does not contain a list of links.');
    await my.page.evaluate(() => { document.getElementById('alert').textContent = ''; });
  }
  await my.page.reload();
  assert.equal(await my.count(), '2 links');
}

/** Entries that no page of ours has written, and many entries. */
async function testHostileEntries(my) {
  const links = [
    { code: '"><img src=x>', url: 'x', token: TOKEN }, { code: 'javascript', url: 7, token: TOKEN }, null, [], 'x',
    { code: ['abc'], url: 'x', token: TOKEN }, { code: 'abd', url: 'x', token: [TOKEN] }, { code: 'abe', url: 'x', token: 'x' },
    { code: 'abc', url: '<b>bold</b>', token: TOKEN, made: '9999-01-01', title: HOSTILE },
    { code: 'abc', url: 'http://twice.example/', token: TOKEN },
    { code: 'run', url: 'javascript:alert(4)', token: TOKEN, made: '9998-01-01', expires: '<img>' },
    { code: 'bad', url: ' jAvAscript:alert(5)', token: TOKEN, made: 'x', expires: {}, withdrawn: '<b>' },
    { code: 'data', url: 'data:text/html,<script>alert(6)</script>', token: TOKEN, expires: -1 },
  ];
  await my.store(links);
  assert.equal(await my.count(), '4 links');
  await my.isText();
  assert.equal(await my.row('run').locator('.leads-to a').count(), 0);
  assert.match(await my.row('run').innerText(), /Never expires/);
  await my.press('abc', 'Withdraw');
  await my.alert('abc does not exist any more');
  for (let attempt = 0; attempt < 2; attempt += 1) {
    await my.page.evaluate(() => { document.getElementById('alert').textContent = ''; });
    await my.press('abc', 'Visits');
    await my.alert('abc does not exist any more');
    assert.equal(my.page.url(), `${my.origin}/my-links`);
    assert.ok(await my.row('abc').isVisible());
  }
  await my.page.evaluate(() => { location.hash = 'nobody'; });
  await my.alert('This link is not in the list of this browser.');

  for (let n = 0; n < 1_000; n += 1) {
    links.push({ code: `many-${n}`, url: `https://example.com/${n}`, made: new Date(1e12 + n * 1e6).toISOString(), token: TOKEN });
  }
  await my.page.evaluate(() => { location.hash = ''; });
  await my.store(links);
  assert.equal(await my.count(), '1,004 links');
  assert.equal(await my.page.locator('#links > li').count(), 100);
  await my.page.getByRole('button', { name: 'Show more' }).click();
  assert.equal(await my.page.locator('#links > li').count(), 200);
  assert.match(await my.page.evaluate(() => document.activeElement.innerText), /many-901$/, 'the focus is on the first new one');
  const started = Date.now();
  await my.page.getByLabel('Search').fill('many-17');
  assert.equal(await my.count(), '11 of 1,004 links');
  assert.ok(Date.now() - started < 2_000, 'the search is quick');
  await my.page.getByLabel('Search').fill('');
  assert.ok(!(await my.page.locator('#links > li').nth(100).isVisible().catch(() => false)));
  await my.user.inspect('my-links-many');
  for (const value of [{}, 'x', null, 7]) {
    await my.store(value);
    assert.match(await my.count(), /^No links yet\./);
  }
}

/** Without JavaScript, a sentence says so, and nothing that does not work is shown. */
export async function testWithoutScript(createUser, sentence = /This page needs JavaScript\./) {
  const user = await createUser({ size: 'phone', scheme: 'light', javaScript: false });
  await user.open('/my-links');
  assert.match(await user.text('main'), sentence);
  assert.equal(await user.page.locator('main button:visible, main input:visible').count(), 0);
  await user.page.getByRole('link', { name: 'Shorten a link' }).waitFor();
  await user.inspect('my-links');
  await user.close();
}

/** The links of an API key: more than one part of the list, hostile titles, and a key that may not change links. */
export async function testOwnedLinks(createUser, key, reader) {
  const user = await createUser({ size: 'phone', scheme: 'dark', javaScript: true });
  const my = new MyLinks(user);
  for (let n = 0; n < 101; n += 1) {
    const created = await fetch(`${my.origin}/links`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ url: `http://example.com/${n}`, alias: `owned-${n}`, title: n ? `Title ${n}` : HOSTILE }),
    });
    assert.equal(created.status, 201);
  }
  const enter = async (text) => {
    await my.page.getByLabel('API key').fill(text);
    await my.page.getByRole('button', { name: 'Show my links' }).click();
  };
  await user.open('/my-links');
  await user.inspect('my-links-key');
  await my.page.getByRole('button', { name: 'Show my links' }).click();
  await my.alert('Enter your API key.');
  await enter(`sl_${'0'.repeat(64)}`);
  await my.alert('This API key is not valid.');
  await enter(key);
  await my.page.getByText('the latest 100 links').waitFor();
  assert.equal(await my.page.locator('#links > li').count(), 100);
  await my.page.getByRole('button', { name: 'Show more' }).click();
  await my.row('owned-0').waitFor();
  await my.isText();
  assert.equal(await my.page.getByRole('button', { name: /^(Remove from list|Save the list)/ }).count(), 0);
  await user.inspect('my-links-owned');

  await my.page.getByLabel('Search').fill('title 7');
  assert.ok((await my.page.locator('#links > li').count()) >= 11);
  await my.press('owned-7', 'Edit');
  await my.page.getByLabel('Leads to').fill('http://example.com/changed');
  await my.page.getByRole('button', { name: 'Save', exact: true }).click();
  await my.row('owned-7').getByText('Changed.').waitFor();
  assert.deepEqual(await my.follow('owned-7'), [301, 'http://example.com/changed']);
  await my.press('owned-7', 'Visits');
  await my.page.locator('.total').waitFor();
  await my.page.getByRole('link', { name: 'All my links' }).click();
  await my.row('owned-7').waitFor();

  await enter(reader);
  await my.page.getByText('the latest 100 links').waitFor();
  await my.page.getByLabel('Search').fill('owned-7');
  await my.press('owned-7', 'Withdraw');
  await my.alert('This API key does not allow you to change links.');
  const kept = await my.page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]);
  assert.deepEqual(kept, [0, 0, ''], 'nothing is kept');
  await user.close();
}

/**
 * Signing in on "My links". `serve` has no door for accounts, so the page is put together of its sources, the identity
 * provider is invented, and its access token is an API key.
 */
export async function testSignIn(createUser, key) {
  const user = await createUser({ size: 'desktop', scheme: 'light', javaScript: true });
  const my = new MyLinks(user);
  const source = (name) => readFileSync(join(SOURCES, name), 'utf8');
  // The texts of the scripts are those of the service, which is behind another door here.
  const served = async (path) => (await (await fetch(my.origin + path)).text()).match(/<script type="application\/json" id=.*<\/script>/g);
  const [credentialsTexts, listTexts] = await served('/my-links');
  const [, formTexts] = await served('/');
  const filled = (template, values) => template.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? name);
  const signIn = filled(source('sign_in.html'), {
    authorize_url: `${my.origin}/test-authorize`, token_url: `${my.origin}/test-token`, client: 'c', scope: 'own',
    sign_in: 'Sign in', texts: credentialsTexts,
  });
  const pageOf = (main, script) => ({
    contentType: 'text/html',
    body: `<!doctype html><html lang="en"><title>Test</title><main>${main}</main><script>${source('sign_in.js')}</script><script>${script}</script>`,
  });
  const list = filled(source('my_links.html'), { credentials: signIn, base: `${my.origin}/`, files: '', texts: listTexts });
  const form = `${signIn}<form><input id="url"></form>${formTexts}`;
  const formScript = `${source('../../core/src/http/local_time.js')}${source('form.js')}`;
  await my.page.route(/\/my-links(\?.*)?$/, (route) => route.fulfill(pageOf(list, source('my_links.js'))));
  await my.page.route(/:\d+\/(\?.*)?$/, (route) => route.fulfill(pageOf(form, formScript)));
  let redirect;
  await my.page.route('**/test-authorize?*', (route) => {
    const asked = new URL(route.request().url()).searchParams;
    redirect = asked.get('redirect_uri');
    // The request after a redirect would not come to these routes.
    const answer = JSON.stringify(`${redirect}?code=secret&state=${asked.get('state')}`);
    route.fulfill({ contentType: 'text/html', body: `<script>location.replace(${answer})</script>` });
  });
  await my.page.route('**/test-token', (route) => {
    const sent = new URLSearchParams(route.request().postData());
    assert.deepEqual([sent.get('code'), sent.get('redirect_uri')], ['secret', `${my.origin}/`]);
    route.fulfill({ json: { access_token: key, expires_in: 3600 } });
  });
  await user.open('/my-links');
  await my.page.getByRole('button', { name: 'Sign in' }).click();
  await my.page.getByText('the latest 100 links').waitFor();
  assert.equal(redirect, `${my.origin}/`, 'the provider knows the home page alone');
  assert.equal(my.page.url(), `${my.origin}/my-links`, 'the code is gone from the address');
  assert.ok(!(await my.page.getByRole('button', { name: 'Sign in' }).isVisible()));
  const kept = await my.page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]);
  assert.deepEqual(kept, [0, 0, ''], 'nothing is kept');
  await user.close();
}
