// Shows the links that this browser has made, changes them with their management tokens, and shows their visits. What the
// page shows is set as text, never as HTML: targets and referrers are chosen by others.
'use strict';

const BASE = new URL('./', document.baseURI);
const KEY = `shortlink links ${BASE.pathname}`;
const SVG = 'http://www.w3.org/2000/svg';
const $ = (id) => document.getElementById(id);
const number = new Intl.NumberFormat();
const count = (value, one, many) => `${number.format(value)} ${value === 1 ? one : many}`;
const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

const CODE = /^[A-Za-z0-9][A-Za-z0-9_-]{1,62}[A-Za-z0-9]$/;
const isText = (value, limit) => typeof value === 'string' && value.length <= limit;
// An entry from a file or from a script of this origin may be anything.
const isLink = (link) => link && CODE.test(link.code) && isText(link.url, 32_000) && /^slm_[0-9a-f]{64}$/.test(link.token);

function load() {
  try {
    const links = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(links) ? links.filter(isLink) : [];
  } catch {
    return [];
  }
}

function save(links) {
  try {
    localStorage.setItem(KEY, JSON.stringify(links));
    return true;
  } catch {
    complain('This browser cannot store the list.');
    return false;
  }
}

const shortUrl = (link) => new URL(link.code, BASE).href;

function complain(text) {
  $('alert').textContent = text;
}

// An element with attributes and children; texts become text nodes.
function element(name, attributes = {}, ...children) {
  const created = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) created.addEventListener(key.slice(2), value);
    else if (value !== undefined) created.setAttribute(key, value);
  }
  created.append(...children);
  return created;
}

const button = (text, link, onclick) =>
  element('button', { type: 'button', class: 'plain', 'aria-label': `${text}: ${link.code}`, onclick }, text);

// Sends a request about a link with its management token. Returns the response's JSON, or undefined after a complaint.
async function send(link, method, path, body) {
  complain('');
  try {
    const headers = { authorization: `Bearer ${link.token}`, accept: 'application/json' };
    if (body) headers['content-type'] = 'application/merge-patch+json';
    const response = await fetch(new URL(`links/${link.code}${path}`, BASE), {
      method, headers, body: body && JSON.stringify(body),
    });
    const result = await response.json();
    if (response.ok) return result;
    complain(response.status === 401 ? `${link.code} is not a link any more, or its token is another.` : result.detail);
  } catch {
    complain('The service is busy or cannot be reached. Try again in a moment.');
  }
  return undefined;
}

function update(code, changes) {
  save(load().map((link) => (link.code === code ? { ...link, ...changes } : link)));
  showList();
}

async function change(link, body) {
  const changed = await send(link, 'PATCH', '', body);
  if (!changed) return;
  update(link.code, { url: changed.url, expires: changed.expires_at, withdrawn: changed.withdrawn });
  const time = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
  $('count').textContent = `${link.code} is changed. Every visitor sees it by ${time.format(new Date(changed.visible_by))}.`;
}

function row(link) {
  const copy = button('Copy', link, async () => {
    await navigator.clipboard.writeText(shortUrl(link)).then(() => { copy.textContent = 'Copied'; }, () => {});
    setTimeout(() => { copy.textContent = 'Copy'; }, 2000);
  });
  const state = link.withdrawn ? 'Withdrawn'
    : link.expires ? `${new Date(link.expires) < new Date() ? 'Expired' : 'Expires'} ${dateTime.format(new Date(link.expires))}`
      : 'Never expires';
  const item = element('li', {},
    element('p', {}, element('a', { href: `./${link.code}`, rel: 'nofollow' }, shortUrl(link).replace(/^https?:\/\//, ''))),
    element('p', { class: 'hint' }, link.url),
    element('p', { class: 'hint' }, state),
    element('p', { class: 'actions' }, copy,
      button('Visits', link, () => { location.hash = link.code; }),
      element('a', { href: `./${link.code}.svg`, 'aria-label': `QR code: ${link.code}` }, 'QR code'),
      button('Edit', link, () => item.replaceChildren(editor(link))),
      link.withdrawn ? button('Restore', link, () => change(link, { withdrawn: false }))
        : button('Withdraw', link, () => change(link, { withdrawn: true })),
      button('Forget', link, () => {
        // The token is the only way to change the link.
        if (!confirm('Remove the link from this list? It keeps working, and you can no longer change it.')) return;
        save(load().filter((other) => other.code !== link.code));
        showList();
      })));
  return item;
}

function editor(link) {
  const url = element('input', { id: 'edit-url', type: 'url', value: link.url, spellcheck: 'false' });
  const never = element('option', { value: 'keep' }, 'as it is');
  const expires = element('select', { id: 'edit-expires' }, never,
    ...[['86400', '1 day from now'], ['604800', '7 days from now'], ['2592000', '30 days from now'], ['31536000', '1 year from now']]
      .map(([value, text]) => element('option', { value }, text)));
  const onsubmit = (event) => {
    event.preventDefault();
    const body = {};
    if (url.value !== link.url) body.url = url.value;
    if (expires.value !== 'keep') body.expires_in = Number(expires.value);
    if (Object.keys(body).length) change(link, body);
    else showList();
  };
  const form = element('form', { class: 'edit', onsubmit },
    element('label', { for: 'edit-url' }, 'Leads to'), url,
    element('label', { for: 'edit-expires' }, 'Expires'), element('div', { class: 'select' }, expires),
    element('p', { class: 'actions' }, element('button', {}, 'Save'), button('Cancel', link, showList)));
  setTimeout(() => url.focus());
  return form;
}

function showList() {
  const links = load();
  const words = $('search').value.toLowerCase().split(/\s+/);
  const found = links.filter((link) => words.every((word) => `${link.code} ${link.url}`.toLowerCase().includes(word)));
  $('links').replaceChildren(...found.map(row));
  $('count').textContent = links.length === 0 ? 'No links yet. A link that you make here appears in this list.'
    : found.length === links.length ? count(links.length, 'link', 'links')
      : `${number.format(found.length)} of ${number.format(links.length)} links`;
}

// The chart of days: a bar for each, people below and bots above, an axis with two numbers, and the values as a table.
function chart(days) {
  const most = Math.max(1, ...days.map((day) => day.visits + day.bots));
  const svg = document.createElementNS(SVG, 'svg');
  const draw = (name, attributes, text) => {
    const shape = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
    if (text !== undefined) shape.append(text);
    svg.append(shape);
    return shape;
  };
  svg.setAttribute('viewBox', '0 0 600 150');
  svg.setAttribute('aria-hidden', 'true');
  const tops = most > 1 ? [most, Math.round(most / 2)] : [most];
  for (const top of tops) {
    const y = 140 - (top / most) * 125;
    draw('path', { d: `M40 ${y}H600`, class: 'grid' });
    draw('text', { x: 34, y: y + 4, 'text-anchor': 'end' }, number.format(top));
  }
  const width = 560 / days.length;
  days.forEach((day, index) => {
    const bar = (value, below, name) => value && draw('rect', {
      x: 40 + index * width + width * 0.1, width: width * 0.8, class: name,
      y: 140 - ((below + value) / most) * 125, height: (value / most) * 125,
    });
    bar(day.visits, 0, 'people');
    bar(day.bots, day.visits, 'bots');
  });
  const visited = days.filter((day) => day.visits + day.bots > 0).reverse();
  const cells = (tag, values) => element('tr', {}, ...values.map((value) => element(tag, { scope: tag === 'th' ? 'col' : undefined }, value)));
  const table = element('table', {}, element('thead', {}, cells('th', ['Day (UTC)', 'Visits', 'Bots'])),
    element('tbody', {}, ...visited.map((day) => cells('td', [day.date, number.format(day.visits), number.format(day.bots)]))));
  return [svg, element('details', {}, element('summary', {}, 'Show as table'), table)];
}

function bars(title, counts, nameOf = (name) => name) {
  if (counts.length === 0) return [];
  const most = counts[0].visits;
  return [element('h3', {}, title), element('ul', { class: 'bars' }, ...counts.slice(0, 10).map(({ name, visits }) =>
    element('li', {}, element('span', {}, nameOf(name)), ` ${number.format(visits)}`,
      element('meter', { min: 0, max: most, value: visits, 'aria-hidden': 'true' }))))];
}

function country(code) {
  try {
    return new Intl.DisplayNames(undefined, { type: 'region' }).of(code);
  } catch {
    return code;
  }
}

async function showStats(link, days = 30) {
  const day = (ago) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
  const visits = await send(link, 'GET', `/visits?from=${day(days - 1)}&to=${day(0)}`);
  if (!visits) return;
  const ranges = element('select', { id: 'range', onchange: (event) => showStats(link, Number(event.target.value)) },
    ...[7, 30, 90, 365].map((choice) => element('option', { value: choice, selected: choice === days ? '' : undefined }, `${choice} days`)));
  const months = visits.first_month === visits.last_month ? visits.first_month : `${visits.first_month} to ${visits.last_month}`;
  const isEmpty = visits.total_visits === 0 && visits.bots === 0;
  $('stats').replaceChildren(
    element('h2', { id: 'stats-title', tabindex: '-1' }, `Visits of ${link.code}`),
    element('p', { class: 'total' }, number.format(visits.total_visits)),
    element('p', { class: 'hint' }, visits.last_visit_at ? `The last one was on ${dateTime.format(new Date(visits.last_visit_at))}.`
      : 'No visits yet. Share the link, and come back.'),
    ...(isEmpty ? [] : [
      element('p', { class: 'range' }, element('label', { for: 'range' }, 'The last'), element('span', { class: 'select' }, ranges)),
      element('p', { class: 'hint' }, `${count(visits.visits, 'visit', 'visits')}. Bots came ${count(visits.bots, 'time', 'times')} and are not counted.`),
      ...chart(visits.days),
      ...bars(`From these sites, in ${months}`, visits.referrers),
      ...bars(`From these countries, in ${months}`, visits.countries, country),
      ...bars(`With these devices, in ${months}`, visits.devices),
    ]),
    element('p', { class: 'next' }, element('a', { href: './my-links' }, 'All my links')));
  $('stats').hidden = false;
  $('list').hidden = true;
  $('range')?.focus() ?? $('stats-title').focus();
}

function route() {
  const link = load().find(({ code }) => code === location.hash.slice(1));
  $('stats').hidden = true;
  $('list').hidden = Boolean(link);
  if (link) showStats(link);
  else showList();
}

$('search').addEventListener('input', showList);
$('export').addEventListener('click', () => {
  const url = URL.createObjectURL(new Blob([JSON.stringify(load(), null, 2)], { type: 'application/json' }));
  element('a', { href: url, download: 'my-links.json' }).click();
  URL.revokeObjectURL(url);
});
$('import').addEventListener('change', async (event) => {
  const [file] = event.target.files;
  event.target.value = '';
  try {
    const added = JSON.parse(await file.text()).filter(isLink);
    const known = new Set(load().map(({ code }) => code));
    const fresh = added.filter(({ code }) => !known.has(code));
    if (save([...load(), ...fresh])) showList();
    $('count').textContent = `${count(fresh.length, 'link was', 'links were')} added.`;
  } catch {
    complain('This file is no list of links.');
  }
});
addEventListener('hashchange', route);
route();
