// The page "My links" in Chromium: what a browser has made is listed, changed, withdrawn, restored, counted, saved to a file
// and read from one. What others choose, such as a target or a referrer, is shown as text.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const HOSTILE = 'http://example.com/"><img src=x onerror=alert(1)><script>alert(2)</script>';

/** Makes links with the form of the home page. Without the preview's page, their addresses are those of the form. */
async function make(user, url, alias) {
  await user.open('/');
  assert.equal(await user.submit({ url, alias }), 201);
  await user.page.getByLabel('Short link').waitFor();
}

export async function testMyLinks(createUser, configuration) {
  const user = await createUser(configuration);
  const { page, origin } = user;
  page.on('dialog', (dialog) => (dialog.type() === 'confirm' ? dialog.accept() : user.errors.push(dialog.message())));
  const row = (code) => page.locator('#links > li').filter({ hasText: `/${code}` });
  const press = (code, name) => row(code).getByRole('button', { name: `${name}: ${code}`, exact: true }).click();
  const status = async (code) => (await fetch(`${origin}/${code}`, { redirect: 'manual', headers: { 'user-agent': 'curl' } })).status;

  await user.open('/my-links');
  assert.match(await user.text('#count'), /^No links yet\./);
  await user.inspect('my-links-empty');

  const suffix = user.name;
  const [first, second] = [`first-${suffix}`, `second-${suffix}`];
  await make(user, 'http://example.com/first', first);
  // A reload shows the link, and not an empty form.
  assert.equal(page.url(), `${origin}/${first}+`);
  await page.reload();
  assert.equal(await user.text('.target'), 'http://example.com/first');
  await make(user, HOSTILE, second);

  await page.getByRole('link', { name: 'My links' }).click();
  await page.waitForURL(`${origin}/my-links`);
  assert.equal(await user.text('#count'), '2 links');
  assert.match(await page.locator('#links > li').first().innerText(), new RegExp(second), 'the newest is the first');
  assert.equal(await page.locator('main img, main script').count(), 0, 'a target is text');
  await user.inspect('my-links');

  await page.getByLabel('Search').fill('first');
  assert.equal(await user.text('#count'), '1 of 2 links');
  await page.getByLabel('Search').fill('');

  await press(first, 'Edit');
  await page.getByLabel('Leads to').fill('http://example.com/changed');
  await page.getByLabel('Expires').selectOption('7 days from now');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await row(first).getByText('http://example.com/changed').waitFor();
  const changed = await fetch(`${origin}/${first}+`, { headers: { accept: 'application/json' } });
  const { url, expires_at: expires } = await changed.json();
  assert.equal(url, 'http://example.com/changed');
  assert.ok(Math.abs(new Date(expires) - Date.now() - 604_800_000) < 60_000);

  await press(first, 'Withdraw');
  await row(first).getByText('Withdrawn').waitFor();
  await page.waitForTimeout(100);
  assert.ok([410, 301].includes(await status(first)));
  await press(first, 'Restore');
  await row(first).getByRole('button', { name: `Withdraw: ${first}`, exact: true }).waitFor();

  // A visit with a hostile referrer, and the statistics.
  await press(second, 'Visits');
  await page.getByText('No visits yet.').waitFor();
  await fetch(`${origin}/${second}`, {
    redirect: 'manual',
    headers: { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', referer: 'http://xn--e1aybc.example/' },
  });
  for (let attempt = 0; attempt < 50; attempt += 1) {
    await user.open('/my-links');
    await press(second, 'Visits');
    await page.locator('.total').waitFor();
    if ((await user.text('.total')) === '1') break;
    await page.waitForTimeout(100);
  }
  assert.equal(await user.text('.total'), '1');
  assert.equal(await page.locator('#stats rect.people').count(), 1);
  await page.getByText('xn--e1aybc.example').waitFor();
  await page.getByLabel('The last').selectOption('365 days');
  await page.waitForResponse(/\/visits\?/);
  await page.getByText('Show as table').click();
  assert.match(await user.text('#stats tbody'), /^\d{4}-\d\d-\d\d\s+1\s+0$/);
  await user.inspect('visits');
  await page.getByRole('link', { name: 'All my links' }).click();

  // To a file, out of the browser, and back from the file.
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save the list as a file' }).click();
  const path = await (await download).path();
  assert.equal(JSON.parse(readFileSync(path, 'utf8')).length, 2);
  await press(first, 'Forget');
  assert.equal(await user.text('#count'), '1 link');
  await page.locator('#import').setInputFiles(path);
  await page.getByText('1 link was added.').waitFor();
  await row(first).waitFor();
  await page.locator('#import').setInputFiles({ name: 'x.json', mimeType: 'application/json', buffer: Buffer.from('{"a": 1}') });
  await page.getByRole('alert').filter({ hasText: 'This file is no list of links.' }).waitFor();

  // An entry that no page of ours has written, and many entries.
  await page.evaluate(() => {
    const key = Object.keys(localStorage).find((name) => name.startsWith('shortlink links'));
    const token = `slm_${'0'.repeat(64)}`;
    const links = [{ code: '"><img src=x>', url: 'x', token }, { code: 'javascript', url: 7, token }, null, { code: 'abc', url: '<b>bold</b>', token }];
    for (let n = 0; n < 1_000; n += 1) links.push({ code: `many-${n}`, url: `https://example.com/${n}`, expires: null, token });
    localStorage.setItem(key, JSON.stringify(links));
  });
  await page.reload();
  assert.equal(await user.text('#count'), '1,001 links');
  assert.equal(await page.locator('main img, main b').count(), 0);
  await press('abc', 'Withdraw');
  await page.getByRole('alert').filter({ hasText: 'abc is not a link any more' }).waitFor();
  await page.evaluate(() => localStorage.clear());
  await user.close();
}
