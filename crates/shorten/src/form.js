// Behind the open door, the page works without this script. With it, the response to the form is shown in place, and a
// button copies the link. A script before this one may provide credentials for the request.
const texts = JSON.parse(document.getElementById('texts').textContent);
const fill = (text, value) => text.replace('{}', () => value);

const announcer = document.createElement('p');
announcer.className = 'visually-hidden';
announcer.setAttribute('role', 'status');
document.body.append(announcer);

const { credentials } = globalThis;
const start = { title: document.title, main: document.querySelector('main').cloneNode(true) };

document.addEventListener('submit', async (event) => {
  const form = event.target;
  event.preventDefault();
  if (form.ariaBusy === 'true' || !hasDate()) return;
  form.ariaBusy = 'true';
  announcer.textContent = texts.shortening;
  clearTimeout(question);
  const finish = showBusy(form.querySelector('.row button'));
  try {
    const body = withDate(new URLSearchParams(new FormData(form)));
    const headers = { accept: 'text/html', ...credentials?.headers() };
    const response = await fetch(form.action, { method: 'POST', headers, body });
    const refusal = credentials?.refusal(response.status);
    if (refusal) complain(refusal);
    // The gateway answers by itself if there are too many requests or the function fails.
    else if (!response.headers.get('content-type')?.startsWith('text/html')) {
      complain(response.status === 429 ? texts.too_many : texts.busy);
    } else {
      const page = new DOMParser().parseFromString(await response.text(), 'text/html');
      show(page.title, page.querySelector('main'));
    }
  } catch {
    complain(texts.unreachable);
  }
  finish();
  form.ariaBusy = null;
});

// Says so on the button if the response takes longer than a moment. The result makes it what it was.
function showBusy(button) {
  const { textContent } = button;
  const timer = setTimeout(() => { button.textContent = texts.shortening; }, 300);
  return () => {
    clearTimeout(timer);
    button.textContent = textContent;
  };
}

// Says what concerns no field. What was said of a field before is over.
function complain(text) {
  announcer.textContent = '';
  document.getElementById('alert').textContent = text;
  for (const error of document.querySelectorAll('form .error')) error.remove();
  for (const field of document.querySelectorAll('form [aria-invalid]')) field.removeAttribute('aria-invalid');
}

// Another choice of the expiry: a date and a time, in the time zone of the person.
function offerDate() {
  const list = document.getElementById('expires_in');
  if (!list) return;
  list.append(new Option(texts.on_date, 'date'));
  const field = document.createElement('input');
  Object.assign(field, { type: 'datetime-local', id: 'when', hidden: true, ariaLabel: texts.date });
  const local = (date) => new Date(date - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  field.min = local(new Date());
  list.parentElement.after(field);
  list.addEventListener('change', () => {
    field.hidden = list.value !== 'date';
    if (!field.hidden) field.focus();
  });
  // The form is shown again beside an error.
  const { expiresAt } = list.dataset;
  if (!expiresAt || Number.isNaN(Date.parse(expiresAt))) return;
  list.value = 'date';
  field.hidden = false;
  field.value = local(new Date(expiresAt));
}

const date = () => (document.getElementById('expires_in')?.value === 'date' ? document.getElementById('when') : undefined);

function hasDate() {
  const field = date();
  if (!field || field.value) return true;
  field.focus();
  field.showPicker?.();
  return false;
}

function withDate(body) {
  const field = date();
  if (!field) return body;
  body.delete('expires_in');
  body.set('expires_at', new Date(field.value).toISOString().replace(/\.\d+/, ''));
  return body;
}

// The address becomes that of the link's own page, so that a reload shows the link and not an empty form. Without a preview,
// the link has no page.
function remember() {
  const made = document.getElementById('made');
  if (!made) return;
  if (made.dataset.token) keep(made.dataset);
  if (document.querySelector('main a[href$="+"]')) history.pushState(null, '', `./${made.dataset.code}+`);
}

// Keeps the link that was made in this browser, for the page "My links".
function keep({ code, url, expires, token }) {
  changeKept(code, [{ code, url, expires: expires || null, token, made: new Date().toISOString() }]);
}

// Puts these links, or none, into the place of a link that was kept.
function changeKept(code, replacement) {
  const key = `shortlink links ${new URL('./', document.baseURI).pathname}`;
  try {
    const stored = JSON.parse(localStorage.getItem(key));
    const others = Array.isArray(stored) ? stored.filter((link) => link?.code !== code) : [];
    localStorage.setItem(key, JSON.stringify([...replacement, ...others]));
  } catch {
    // The browser stores nothing, or no more. The page still shows the token.
  }
}

addEventListener('popstate', () => location.reload());

// Replaces the content of this page with that of another.
function show(title, main) {
  document.title = title;
  document.querySelector('main').replaceChildren(...main.childNodes);
  document.dispatchEvent(new Event('formshown'));
  localise(document);
  showButtons();
  remember();
  const short = document.getElementById('short');
  announcer.textContent = short ? texts.ready : '';
  (document.querySelector('[aria-invalid]') ?? short ?? document.getElementById('url'))?.focus();
  short?.select();
}

// Shows the buttons that need this script.
function showButtons() {
  const button = document.getElementById('copy');
  if (button) button.hidden = false;
  const share = document.getElementById('share');
  if (share) share.hidden = !navigator.share;
  for (const id of ['suggestions', 'elsewhere']) {
    const section = document.getElementById(id);
    if (section) section.hidden = false;
  }
  const undo = document.getElementById('undo');
  const made = document.getElementById('made');
  if (undo) undo.hidden = !(made.dataset.token || credentials);
  offerDate();
}

// Withdraws the link that was just made, and shows the form with its target.
document.addEventListener('click', async ({ target }) => {
  if (target.id !== 'undo') return;
  const { code, url, token } = document.getElementById('made').dataset;
  target.disabled = true;
  const headers = token ? { authorization: `Bearer ${token}` } : credentials.headers();
  const response = await fetch(new URL(`./links/${code}`, document.baseURI), { method: 'DELETE', headers }).catch(() => {});
  target.disabled = false;
  if (!response?.ok) {
    announcer.textContent = texts.not_undone;
    target.textContent = texts.not_undone;
    return;
  }
  changeKept(code, []);
  history.pushState(null, '', './');
  showForm();
  document.getElementById('url').value = url;
  complain(texts.undone);
});

// The form as it was at first. A page that was no form shows the home page instead.
function showForm() {
  if (start.main.querySelector('form')) show(start.title, start.main.cloneNode(true));
  else location.assign('./');
}

// Another page would forget the credentials.
document.addEventListener('click', (event) => {
  if (!credentials || !event.target.closest('main a[href="./"]')) return;
  event.preventDefault();
  history.pushState(null, '', './');
  showForm();
});

// A URL that is pasted anywhere on the page is what the person wants to shorten. Of a text, it is the first URL in it.
document.addEventListener('paste', (event) => {
  const field = document.getElementById('url');
  if (!field || event.target.matches('input:not(#url), textarea')) return;
  const text = event.clipboardData.getData('text').trim();
  const found = firstUrl(text);
  if (!found || (event.target === field && found === text)) return;
  event.preventDefault();
  field.value = found;
  field.focus();
  if (found !== text) announcer.textContent = texts.first_taken;
});

// One word is taken as it is, since it may be a host name. In a text, the punctuation after a URL is not part of it, nor is
// a bracket that was opened before.
function firstUrl(text) {
  if (!/\s/.test(text)) return text;
  const url = text.match(/https?:\/\/[^\s<>"]+/i)?.[0].replace(/[.,;:!?'\u2019\u201d]+$/, '');
  return url?.endsWith(')') && !url.includes('(') ? url.slice(0, -1) : url;
}

// The short URL that an alias makes, as it is typed, and whether it is taken.
let question;
document.addEventListener('input', ({ target }) => {
  const hint = document.getElementById('alias-hint');
  if (target.id !== 'alias' || !hint) return;
  hint.dataset.text ??= hint.textContent;
  clearTimeout(question);
  const alias = target.value.trim();
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]+[A-Za-z0-9]$/.test(alias)) {
    hint.textContent = hint.dataset.text;
    return;
  }
  const url = new URL(alias, new URL('./', document.baseURI));
  const short = url.href.replace(/^https?:\/\//, '');
  hint.textContent = short;
  question = setTimeout(async () => {
    // A HEAD request is no visit. The redirect is not followed: it would leave this site.
    // The operator may redirect browsers from unknown links as well, so this asks as a program does.
    const headers = { accept: 'application/problem+json' };
    const options = { method: 'HEAD', headers, redirect: 'manual', cache: 'no-store' };
    const response = await fetch(url, options).catch(() => undefined);
    // Once the form is sent, the answer would be about the person's own link.
    const isOutdated = !target.isConnected || target.form.ariaBusy === 'true' || target.value.trim() !== alias;
    if (!response || isOutdated) return;
    const isTaken = response.type === 'opaqueredirect' || [410, 451].includes(response.status);
    // A reserved name is free, too, and yet no alias. So this does not say that it can be used.
    if (!isTaken && response.status !== 404) return;
    hint.textContent = fill(isTaken ? texts.taken : texts.free, short);
    announcer.textContent = hint.textContent;
  }, 400);
});

// Fills in an alias that the service has proposed.
document.addEventListener('click', ({ target }) => {
  if (!target.matches('#suggestions button')) return;
  const field = document.getElementById('alias');
  field.value = target.textContent;
  field.removeAttribute('aria-invalid');
  field.setAttribute('aria-describedby', 'alias-hint');
  document.getElementById('alias-error').remove();
  target.parentElement.remove();
  field.focus();
  field.dispatchEvent(new Event('input', { bubbles: true }));
});

document.addEventListener('click', async ({ target }) => {
  if (target.id !== 'share') return;
  await navigator.share({ url: document.getElementById('short').value }).catch(() => {});
});

document.addEventListener('click', async (event) => {
  const button = event.target;
  if (button.id !== 'copy') return;
  const short = document.getElementById('short');
  try {
    await navigator.clipboard.writeText(short.value);
  } catch {
    // The clipboard API needs a secure context and permission.
    short.select();
    document.execCommand('copy');
    button.focus();
  }
  const { textContent } = button;
  if (textContent === button.dataset.copied) return;
  button.textContent = button.dataset.copied;
  announcer.textContent = texts.copied;
  setTimeout(() => {
    button.textContent = textContent;
    announcer.textContent = '';
  }, 2000);
});

showButtons();
