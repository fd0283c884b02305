// Shows the links that this browser has made, or those of an API key or an account, changes them, and shows their visits.
// What the page shows is set as text, never as HTML: targets, titles and referrers are chosen by others.
'use strict';

const HERE = new URL('./', document.baseURI);
const KEY = `shortlink links ${HERE.pathname}`;
const SVG = 'http://www.w3.org/2000/svg';
// How many more links a press of "Show more" shows, or asks for.
const STEP = 100;
const CODE = /^[A-Za-z0-9][A-Za-z0-9_-]{1,62}[A-Za-z0-9]$/;
// Only behind another door than the open one. The list then is that of the service.
const { credentials } = globalThis;

const $ = (id) => document.getElementById(id);
const texts = JSON.parse($('texts').textContent);
// The language of the page, as the person writes it.
const { lang } = document.documentElement;
const locale = navigator.languages.find((language) => language.split('-')[0] === lang) ?? lang;
const number = new Intl.NumberFormat(locale);
const brief = new Intl.NumberFormat(locale, { notation: 'compact' });
const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' });
const count = (value, [one, many]) => `${number.format(value)} ${value === 1 ? one : many}`;
const fill = (text, ...values) => values.reduce((filled, value) => filled.replace('{}', () => value), text);
const complain = (text) => { $('alert').textContent = text; };
const say = (text) => { $('status').textContent = text; };

const TITLE = document.title;

let links = [];
let cursor;
let shown = STEP;
let isSending = false;

// An entry from a file or from a script of this origin may be anything: what is no link is left out.
function clean(link) {
  const isText = (value, limit) => typeof value === 'string' && value.length <= limit;
  const instant = (value) => {
    const date = new Date(isText(value, 40) ? value : NaN);
    return Number.isNaN(date.getTime()) ? null : date.toISOString();
  };
  if (!isText(link?.code, 64) || !CODE.test(link.code) || !isText(link.url, 32_000)) return [];
  if (!isText(link.token, 68) || !/^slm_[0-9a-f]{64}$/.test(link.token)) return [];
  const { code, url, token } = link;
  return [{ code, url, token, made: instant(link.made), expires: instant(link.expires), withdrawn: link.withdrawn === true }];
}

function load() {
  if (credentials) return;
  let stored = [];
  try {
    stored = JSON.parse(localStorage.getItem(KEY));
  } catch {
    // There is no list in it.
  }
  keep(Array.isArray(stored) ? stored : []);
}

// The latest first, and each code once.
function keep(entries) {
  const byCode = new Map();
  for (const link of entries.flatMap(clean)) if (!byCode.has(link.code)) byCode.set(link.code, link);
  links = [...byCode.values()].sort((a, b) => (b.made ?? '').localeCompare(a.made ?? ''));
}

function save() {
  if (credentials) return;
  try {
    localStorage.setItem(KEY, JSON.stringify(links.flatMap(clean)));
  } catch {
    complain(texts.cannot_store);
  }
}

const find = (code) => links.find((link) => link.code === code);
const shortUrl = ({ code }) => $('list').dataset.base + code;

// The address of a target, if a link may lead there.
function webAddress(text) {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return ['http:', 'https:'].includes(url?.protocol) ? url.href : undefined;
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

const paragraph = (...children) => element('p', { class: 'hint' }, ...children);
const button = (text, { code }, onclick, name = '') =>
  element('button', { type: 'button', class: `plain ${name}`, 'aria-label': `${text}: ${code}`, onclick }, text);

// Sends a request with the link's management token or the credentials. Returns the content of the response and its ETag,
// or nothing after a complaint.
async function send(link, path, { method = 'GET', accept = 'application/json', headers, body } = {}) {
  complain('');
  const own = credentials ? credentials.headers() : { authorization: `Bearer ${link.token}` };
  try {
    const response = await fetch(new URL(path, HERE), { method, body, headers: { accept, ...headers, ...own } });
    const content = await (response.ok && accept === 'text/csv' ? response.text() : response.json());
    if (response.ok) return { content, etag: response.headers.get('etag') };
    // The gateway answers by itself if there are too many requests or the function fails.
    complain(refusal(link, response.status) ?? (content.detail ? sentence(content) : texts.busy));
  } catch {
    complain(texts.unreachable);
  }
  return undefined;
}

// What the service says of a field begins with its name in the API.
function sentence({ detail, field }) {
  const label = { url: texts.url, expires_in: texts.the_expiry, expires_at: texts.the_expiry }[field];
  return label ? detail.replace(field, label) : detail;
}

function refusal(link, status) {
  if (status === 412) return fill(texts.changed_meanwhile, link.code);
  if (status !== 401) return undefined;
  return credentials ? credentials.refusal(status) : fill(texts.no_link, link.code);
}

const fromDocument = (document) => ({
  code: document.code, url: document.url, title: document.title,
  made: document.created_at, expires: document.expires_at, withdrawn: document.withdrawn,
});

function update(code, document) {
  load();
  links = links.map((link) => (link.code === code ? { ...link, ...fromDocument(document) } : link));
  save();
}

// The link as it is now, with its ETag.
async function read(link) {
  const result = await send(link, `links/${link.code}`);
  if (!result) return undefined;
  update(link.code, result.content);
  return { ...link, ...fromDocument(result.content), etag: result.etag };
}

// Changes a link, unless somebody else has changed it since it was read.
async function change(link, body) {
  if (isSending) return;
  isSending = true;
  const { etag } = (link.etag ? link : await read(link)) ?? {};
  const result = etag && await send(link, `links/${link.code}`, {
    method: 'PATCH', body: JSON.stringify(body),
    headers: { 'content-type': 'application/merge-patch+json', 'if-match': etag },
  });
  isSending = false;
  if (!result) return;
  update(link.code, result.content);
  const time = new Intl.DateTimeFormat(locale, { timeStyle: 'medium' }).format(new Date(result.content.visible_by));
  showRow(link.code, fill(texts.changed, time));
}

async function edit(link) {
  const current = await read(link);
  if (!current) return;
  const form = editor(current);
  const name = element('p', {}, shortUrl(link).replace(/^https?:\/\//, ''));
  $(`link-${link.code}`).replaceChildren(name, form);
  form.querySelector('input').focus();
}

// Shows a link anew, and gives its button "Edit" the focus, which was on what is replaced.
function showRow(code, message) {
  const item = row(find(code), message);
  $(`link-${code}`)?.replaceWith(item);
  item.querySelector('.edit-button').focus();
  say(message ?? '');
}

async function copy(link) {
  const text = shortUrl(link);
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // The clipboard API needs a secure context and permission.
    const [before, field] = [document.activeElement, element('textarea', { class: 'visually-hidden' }, text)];
    document.body.append(field);
    field.select();
    document.execCommand('copy');
    field.remove();
    before.focus();
  }
  say(fill(texts.copied_text, text));
}

function state(link) {
  const made = link.made ? `${fill(texts.made, dateTime.format(new Date(link.made)))} ` : '';
  if (link.withdrawn) return made + texts.withdrawn;
  if (!link.expires) return made + texts.never_expires;
  const expires = new Date(link.expires);
  return made + fill(expires < new Date() ? texts.expired : texts.expires, dateTime.format(expires));
}

const qrCode = ({ code }) => element('a', { href: `./${code}.svg`, 'aria-label': `${texts.qr_code}: ${code}` }, texts.qr_code);

function copyButton(link) {
  const created = button(texts.copy, link, async () => {
    await copy(link);
    created.textContent = texts.copied;
    setTimeout(() => { created.textContent = texts.copy; }, 2000);
  });
  return created;
}

function row(link, message) {
  const address = webAddress(link.url);
  const rel = 'nofollow noopener noreferrer';
  return element('li', { id: `link-${link.code}` },
    element('p', {}, element('a', { href: `./${link.code}`, rel }, shortUrl(link).replace(/^https?:\/\//, ''))),
    ...(link.title ? [element('p', {}, link.title)] : []),
    element('p', { class: 'hint leads-to' }, address ? element('a', { href: address, rel }, link.url) : link.url),
    paragraph(state(link)),
    element('p', { class: 'actions' }, copyButton(link),
      button(texts.visits, link, () => { location.hash = link.code; }, 'visits-button'),
      qrCode(link),
      button(texts.edit, link, () => edit(link), 'edit-button'),
      button(link.withdrawn ? texts.restore : texts.withdraw, link, () => change(link, { withdrawn: !link.withdrawn })),
      ...(credentials ? [] : [button(texts.forget, link, () => forget(link))])),
    ...(message ? [paragraph(message)] : []));
}

function forget({ code }) {
  // The token is the only way to change the link.
  if (!confirm(texts.forget_question)) return;
  load();
  links = links.filter((link) => link.code !== code);
  save();
  showList();
  $('search').focus();
}

const within = (value, unit) => new Intl.RelativeTimeFormat(locale).format(value, unit);
const LIFETIMES = [['keep', texts.as_it_is], ['86400', within(1, 'day')], ['604800', within(7, 'day')],
  ['2592000', within(30, 'day')], ['31536000', within(1, 'year')], ['never', texts.never], ['date', texts.on_date]];

function editor(link) {
  const url = element('input', { type: 'url', value: link.url, spellcheck: 'false' });
  const expires = element('select', {}, ...LIFETIMES.map(([value, text]) => element('option', { value }, text)));
  const when = element('input', { type: 'datetime-local', 'aria-label': texts.date, hidden: '' });
  expires.addEventListener('change', () => {
    when.hidden = expires.value !== 'date';
    if (!when.hidden) when.focus();
  });
  const onsubmit = (event) => {
    event.preventDefault();
    if (expires.value === 'date' && !when.value) {
      when.focus();
      return;
    }
    const body = {};
    if (url.value !== link.url) body.url = url.value;
    if (expires.value === 'never') body.expires_at = null;
    else if (expires.value === 'date') body.expires_at = new Date(when.value).toISOString();
    else if (expires.value !== 'keep') body.expires_in = Number(expires.value);
    if (Object.keys(body).length) change(link, body);
    else showRow(link.code);
  };
  return element('form', { class: 'edit', novalidate: '', onsubmit },
    element('label', {}, texts.leads_to, url),
    element('label', {}, texts.expiry, element('div', { class: 'select' }, expires)), when,
    element('p', { class: 'actions' }, element('button', {}, texts.save), button(texts.cancel, link, () => showRow(link.code))));
}

function showList() {
  const words = $('search').value.toLowerCase().split(/\s+/);
  const text = (link) => `${link.code} ${link.url} ${link.title ?? ''}`.toLowerCase();
  const found = links.filter((link) => words.every((word) => text(link).includes(word)));
  $('links').replaceChildren(...found.slice(0, shown).map((link) => row(link)));
  $('more').hidden = found.length <= shown && !cursor;
  const all = cursor ? fill(texts.latest, count(links.length, texts.links)) : count(links.length, texts.links);
  $('count').textContent = links.length === 0 ? texts.no_links
    : found.length === links.length ? all : fill(texts.found, number.format(found.length), all);
}

// Gets the next part of the list of an API key or an account.
async function ask() {
  const part = cursor ? `&cursor=${encodeURIComponent(cursor)}` : '';
  const result = await send({}, `links?limit=${STEP}${part}`);
  if (!result) return false;
  const known = new Set(links.map(({ code }) => code));
  links.push(...result.content.links.map(fromDocument).filter(({ code }) => !known.has(code)));
  cursor = result.content.next_cursor;
  return true;
}

async function askFirst(event) {
  event.preventDefault();
  [links, cursor, shown] = [[], undefined, STEP];
  if (await ask()) route();
}

async function showMore() {
  const last = $('links').lastElementChild;
  shown += STEP;
  if (cursor) await ask();
  showList();
  $(last?.id)?.nextElementSibling?.querySelector('a').focus();
}

function draw(parent, name, attributes, text) {
  const shape = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
  if (text !== undefined) shape.append(text);
  parent.append(shape);
  return shape;
}

const dayName = ({ date }) => day.format(new Date(date));
const describe = (one) => `${dayName(one)}: ${count(one.visits, texts.visit)}, ${count(one.bots, texts.bot)}`;

// The distance of the lines of an axis: 1, 2 or 5 with noughts, for at most four of them.
function gridStep(most) {
  let step = 1;
  while (most / step > 4) step *= String(step).startsWith('2') ? 2.5 : 2;
  return step;
}

// A bar for each day, people below and bots above, and the day that was touched or chosen with the slider in words.
function chart(days) {
  const [width, left, bottom] = [Math.max(240, $('stats').clientWidth), 44, 140];
  const most = Math.max(1, ...days.map((one) => one.visits + one.bots));
  const step = gridStep(most);
  const top = Math.ceil(most / step) * step;
  const pitch = (width - left) / days.length;
  const height = (value) => (value / top) * (bottom - 12);
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', `0 0 ${width} ${bottom + 24}`);
  svg.setAttribute('aria-hidden', 'true');
  const mark = draw(svg, 'rect', { class: 'mark', y: 0, width: Math.max(pitch, 2), height: bottom });
  for (let value = 0; value <= top; value += step) {
    const y = bottom - height(value);
    draw(svg, 'path', { d: `M${left} ${y}H${width}`, class: 'grid' });
    draw(svg, 'text', { x: left - 8, y: y + 4, 'text-anchor': 'end' }, brief.format(value));
  }
  draw(svg, 'text', { x: left, y: bottom + 20 }, dayName(days.at(0)));
  draw(svg, 'text', { x: width, y: bottom + 20, 'text-anchor': 'end' }, dayName(days.at(-1)));
  days.forEach((one, index) => {
    const [x, y] = [left + index * pitch + pitch * 0.1, bottom - height(one.visits)];
    if (one.visits) draw(svg, 'rect', { class: 'people', x, y, width: pitch * 0.8, height: height(one.visits) });
    if (one.bots) draw(svg, 'rect', { class: 'bots', x, y: y - height(one.bots), width: pitch * 0.8, height: height(one.bots) });
  });
  const chosen = element('p', { class: 'hint', 'aria-hidden': 'true' });
  const slider = element('input', { type: 'range', min: 0, max: days.length - 1, 'aria-label': texts.day });
  const choose = (index) => {
    slider.value = index;
    mark.setAttribute('x', left + slider.valueAsNumber * pitch);
    chosen.textContent = describe(days[slider.valueAsNumber]);
    slider.setAttribute('aria-valuetext', chosen.textContent);
  };
  const point = (event) => {
    const box = svg.getBoundingClientRect();
    choose(Math.floor((((event.clientX - box.left) / box.width) * width - left) / pitch));
  };
  svg.addEventListener('pointerdown', point);
  svg.addEventListener('pointermove', point);
  slider.addEventListener('input', () => choose(slider.valueAsNumber));
  choose(days.length - 1);
  const key = element('p', { class: 'hint key' }, element('span', { class: 'people' }, texts.visits), element('span', { class: 'bots' }, texts.bots));
  return [key, svg, slider, chosen, table(days)];
}

function table(days) {
  const cells = (scope, values) => element('tr', {}, ...values.map((value, index) =>
    (scope || index === 0 ? element('th', { scope: scope ?? 'row' }, value) : element('td', {}, value))));
  const visited = days.filter((one) => one.visits + one.bots > 0).reverse();
  return element('details', {}, element('summary', {}, texts.table), element('table', {},
    element('thead', {}, cells('col', [texts.day_utc, texts.visits, texts.bots])),
    element('tbody', {}, ...visited.map((one) => cells(undefined, [dayName(one), number.format(one.visits), number.format(one.bots)])))));
}

function bars(title, counts, nameOf = (name) => name) {
  if (counts.length === 0) return [];
  const bar = (visits) => {
    const svg = document.createElementNS(SVG, 'svg');
    svg.setAttribute('aria-hidden', 'true');
    draw(svg, 'rect', { class: 'people', width: `${(visits / counts[0].visits) * 100}%`, height: 6, rx: 3 });
    return svg;
  };
  return [element('h3', {}, title), element('ul', { class: 'bars' }, ...counts.slice(0, 10).map(({ name, visits }) =>
    element('li', {}, element('span', {}, nameOf(name)), ' ', element('b', {}, number.format(visits)), bar(visits))))];
}

// The name of a country, or of whatever else the service has counted.
function country(code) {
  try {
    return new Intl.DisplayNames(locale, { type: 'region' }).of(code);
  } catch {
    return code;
  }
}

// The kind of a device, or whatever else the service has counted.
const device = (name) => texts.device[['phone', 'tablet', 'desktop'].indexOf(name)] ?? name;

const month = (text) => new Intl.DateTimeFormat(locale, { month: 'long', year: 'numeric', timeZone: 'UTC' }).format(new Date(text));

// What the referrers, countries and devices are about, which are counted by month.
function months({ first_month: first, last_month: last }) {
  return first === last ? month(first) : fill(texts.months, month(first), month(last));
}

function range(days) {
  const date = (ago) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
  return `from=${date(days - 1)}&to=${date(0)}`;
}

function offer(name, content, type) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  element('a', { href: url, download: name }).click();
  URL.revokeObjectURL(url);
}

async function saveVisits(link, days) {
  const result = await send(link, `links/${link.code}/visits?${range(days)}`, { accept: 'text/csv' });
  if (result) offer(`visits-${link.code}.csv`, result.content, 'text/csv');
}

// Shows the visits of a link. Whoever has chosen another number of days still has the focus on the choice.
async function showVisits(link, days = 30, focus = 'stats-title') {
  const result = await send(link, `links/${link.code}/visits?${range(days)}`);
  // The person may have gone on meanwhile.
  if (location.hash !== `#${link.code}`) return;
  if (!result) {
    if ($('stats').dataset.code !== link.code) leaveVisits();
    return;
  }
  const visits = result.content;
  $('stats').dataset.code = link.code;
  $('stats').hidden = false;
  $('list').hidden = true;
  document.title = TITLE.replace(texts.heading, () => fill(texts.visits_of, link.code));
  $('stats').replaceChildren(
    element('p', {}, element('a', { href: '#' }, texts.all)),
    element('h2', { id: 'stats-title', tabindex: '-1' }, fill(texts.visits_of, link.code)),
    element('p', { class: 'total' }, number.format(visits.total_visits)),
    paragraph(visits.last_visit_at ? fill(texts.last_visit, dateTime.format(new Date(visits.last_visit_at))) : texts.no_visits),
    element('p', { class: 'actions' }, copyButton(link), qrCode(link), button(texts.save_csv, link, () => saveVisits(link, days))),
    ...breakdown(link, visits, days));
  $(focus).focus();
}

function choiceOfDays(link, days) {
  const options = [7, 30, 90, 365].map((choice) =>
    element('option', { value: choice, selected: choice === days ? '' : undefined }, count(choice, texts.days)));
  const onchange = (event) => showVisits(link, Number(event.target.value), 'range');
  return element('p', { class: 'range' }, element('label', { for: 'range' }, texts.the_last),
    element('span', { class: 'select' }, element('select', { id: 'range', onchange }, ...options)));
}

function breakdown(link, visits, days) {
  if (visits.total_visits + visits.bots === 0) return [];
  if (visits.visits + visits.bots === 0) {
    return [choiceOfDays(link, days), paragraph(fill(texts.no_visits_in, count(days, texts.days)))];
  }
  return [
    choiceOfDays(link, days),
    paragraph(fill(texts.bots_came[visits.bots === 1 ? 0 : 1], count(visits.visits, texts.visit), number.format(visits.bots))),
    ...chart(visits.days),
    ...bars(`${texts.sites}, ${months(visits)}`, visits.referrers, (name) => (name === 'other' ? texts.other : name)),
    ...bars(`${texts.countries}, ${months(visits)}`, visits.countries, country),
    ...bars(`${texts.devices}, ${months(visits)}`, visits.devices, device),
  ];
}

// The address says which view is shown: `#CODE` the visits of a link, and no fragment the list.
function route() {
  const code = location.hash.slice(1);
  const link = find(code) ?? (credentials && CODE.test(code) ? { code } : undefined);
  complain(code && !link ? texts.not_in_list : '');
  if (link) showVisits(link);
  else back();
}

// The visits cannot be shown, so the address should not say that they are.
function leaveVisits() {
  history.replaceState(null, '', location.pathname);
  back();
}

// Shows the list, and gives the focus to the link whose visits were shown.
function back() {
  const { code } = $('stats').dataset;
  delete $('stats').dataset.code;
  $('stats').hidden = true;
  $('stats').replaceChildren();
  $('list').hidden = false;
  document.title = TITLE;
  showList();
  if (code) $(`link-${code}`)?.querySelector('.visits-button').focus();
}

async function add(file) {
  try {
    const entries = JSON.parse(await file.text());
    load();
    const before = links.length;
    // What is in the list already stays as it is.
    keep([...links, ...entries]);
    save();
    showList();
    const added = count(links.length - before, texts.added);
    $('count').textContent = added;
  } catch {
    complain(texts.no_list);
  }
}

$('search').addEventListener('input', () => {
  shown = STEP;
  showList();
});
$('more').addEventListener('click', showMore);
$('export')?.addEventListener('click', () => {
  load();
  offer('my-links.json', JSON.stringify(links, null, 2), 'application/json');
});
$('import')?.addEventListener('change', async (event) => {
  const [file] = event.target.files;
  await add(file);
  event.target.value = '';
});
addEventListener('hashchange', route);
if (credentials) {
  $('ask')?.addEventListener('submit', askFirst);
  if ($('ask')) $('ask').querySelector('button').hidden = false;
  document.addEventListener('signedin', askFirst);
} else {
  // A page that the browser has kept does not know of the links that were made since.
  addEventListener('pageshow', () => {
    load();
    route();
  });
}
