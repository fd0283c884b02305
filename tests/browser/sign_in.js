// Signs in on the page of a deployed stack in Chromium, and creates links there. `tests/deploy/rehearse` runs this
// against its emulator. The environment names the page (ORIGIN), the port at which Cognito's hosts answer (TLS_PORT),
// and an account (EMAIL, PASSWORD). The last line of the output is the codes of the links, as JSON.

import assert from 'node:assert/strict';
import { launch } from './chromium.js';

const { ORIGIN, TLS_PORT, EMAIL, PASSWORD } = process.env;

// No request leaves this machine.
const HOSTS = [
  `MAP *.amazoncognito.com 127.0.0.1:${TLS_PORT}`,
  'MAP *.localhost 127.0.0.1',
  'MAP * ~NOTFOUND',
  'EXCLUDE 127.0.0.1',
];

const browser = await launch(HOSTS);

const HOME = `${ORIGIN}/`;

/** A page that records errors and every address that it loads. */
async function open(javaScriptEnabled = true) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, javaScriptEnabled });
  const page = await context.newPage();
  const seen = { errors: [], requests: [] };
  page.on('pageerror', (error) => seen.errors.push(`script: ${error}`));
  page.on('console', (message) => {
    const expected = /Failed to load resource: the server responded with a status of 4/.test(message.text());
    if (message.type() === 'error' && !expected) seen.errors.push(message.text());
  });
  page.on('request', (request) => seen.requests.push(`${request.method()} ${new URL(request.url()).origin}`));
  return { context, page, seen };
}

async function signIn(page) {
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByLabel('Username').fill(EMAIL);
  const request = new URL(page.url());
  assert.equal(request.searchParams.get('code_challenge_method'), 'S256');
  assert.equal(request.searchParams.get('redirect_uri'), HOME);
  assert.ok(request.searchParams.get('state').length >= 43);
  await page.getByLabel('Password').fill('wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('.error').waitFor();
  await page.getByLabel('Username').fill(EMAIL);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL((url) => url.origin === ORIGIN);
  await page.getByLabel('Web address').waitFor();
  return request;
}

async function alert(page, text) {
  await page.getByRole('alert').filter({ hasText: text }).first().waitFor();
}

async function create(page) {
  await page.getByLabel('Web address').fill('https://example.com/');
  await page.getByRole('button', { name: 'Shorten' }).click();
  return (await page.getByLabel('Short link').inputValue()).split('/').at(-1);
}

const codes = [];
try {
  const { context, page, seen } = await open();
  await page.goto(HOME);
  assert.ok(await page.getByRole('button', { name: 'Sign in' }).isVisible());
  assert.ok(!(await page.getByLabel('Web address').isVisible()), 'the form is hidden');
  const request = await signIn(page);
  assert.equal(page.url(), HOME, 'the code is gone from the address');
  assert.ok(!(await page.getByRole('button', { name: 'Sign in' }).isVisible()));
  const kept = await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]);
  assert.deepEqual(kept, [0, 0, ''], 'nothing is kept');
  codes.push(await create(page));
  await page.getByRole('link', { name: 'Shorten another' }).click();
  codes.push(await create(page));
  assert.deepEqual(seen.errors, []);
  const provider = request.origin;
  assert.deepEqual([...new Set(seen.requests.map((line) => line.split(' ')[1]))].sort(), [ORIGIN, provider].sort());

  // The page forgets the token when it is left.
  await page.goto(HOME);
  await page.getByRole('button', { name: 'Sign in' }).waitFor();

  // An address that somebody else has made signs nobody in, and shows nothing of itself.
  for (const query of ['code=stolen&state=other', 'error=access_denied&error_description=Call+0900']) {
    await page.goto(`${HOME}?${query}`);
    await alert(page, 'This sign-in was not started on this page, or has already ended. Sign in again.');
    assert.equal(page.url(), HOME);
    assert.ok(!(await page.content()).includes('0900'));
  }

  // The provider refuses, and the token is refused.
  for (const [query, text] of [
    ['error=access_denied', 'You cancelled the sign-in, or you are not allowed to sign in here.'],
    ['error=server_error', 'Signing in failed. Try again; if it fails again, tell the operator.'],
    ['code=used', 'This sign-in has expired. Sign in again.'],
  ]) {
    const pending = JSON.stringify({ state: 's', verifier: 'v', fields: {} });
    await page.evaluate((pending) => sessionStorage.setItem('shortlink-sign-in', pending), pending);
    await page.goto(`${HOME}?${query}&state=s`);
    await alert(page, text);
  }
  await signIn(page);
  await page.route('**/shorten?page', (route) => {
    route.continue({ headers: { ...route.request().headers(), authorization: 'Bearer x' } });
  });
  await page.getByLabel('Web address').fill('https://example.com/kept');
  await page.getByRole('button', { name: 'Shorten' }).click();
  await alert(page, 'Your sign-in has expired. Sign in again.');
  await page.unroute('**/shorten?page');
  await signIn(page);
  assert.equal(await page.getByLabel('Web address').inputValue(), 'https://example.com/kept', 'the input is kept');
  assert.deepEqual(seen.errors, []);
  await context.close();

  const without = await open(false);
  await without.page.goto(HOME);
  const sentence = /This page cannot sign you in without JavaScript/;
  assert.match(await without.page.locator('main').innerText(), sentence);
  assert.ok(!(await without.page.getByLabel('Web address').isVisible()));
} finally {
  await browser.close();
}
console.log(JSON.stringify(codes));
