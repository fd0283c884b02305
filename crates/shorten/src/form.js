// The page works without this script. With it, the response to the form is shown in place, and a button copies the link.
'use strict';

const announcer = document.createElement('p');
announcer.className = 'visually-hidden';
announcer.setAttribute('role', 'status');
document.body.append(announcer);

document.addEventListener('submit', async (event) => {
  const form = event.target;
  event.preventDefault();
  if (form.ariaBusy === 'true') return;
  form.ariaBusy = 'true';
  announcer.textContent = 'Shortening…';
  try {
    const body = new URLSearchParams(new FormData(form));
    const response = await fetch(form.action, { method: 'POST', headers: { accept: 'text/html' }, body });
    if (!response.headers.get('content-type')?.startsWith('text/html')) throw new Error(response.status);
    show(new DOMParser().parseFromString(await response.text(), 'text/html'));
  } catch {
    announcer.textContent = '';
    document.getElementById('alert').textContent = 'The service is busy or cannot be reached. Try again in a moment.';
  }
  form.ariaBusy = null;
});

// Replaces the content of this page with that of the page in the response.
function show(page) {
  document.title = page.title;
  document.querySelector('main').replaceChildren(...page.querySelector('main').childNodes);
  offerCopy();
  const short = document.getElementById('short');
  announcer.textContent = short ? 'Your short link is ready.' : '';
  (document.querySelector('[aria-invalid]') ?? short)?.focus();
  short?.select();
}

function offerCopy() {
  const button = document.getElementById('copy');
  if (button) button.hidden = false;
}

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
  button.textContent = 'Copied';
  announcer.textContent = 'Copied.';
  setTimeout(() => {
    button.textContent = 'Copy';
    announcer.textContent = '';
  }, 2000);
});

offerCopy();
