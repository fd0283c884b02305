// The page works without this script. With it, the answer to the form comes in place, and there is a button that copies.
'use strict';

const announcer = document.createElement('p');
announcer.className = 'unseen';
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
    const answer = await fetch(form.action, { method: 'POST', headers: { accept: 'text/html' }, body });
    if (!answer.headers.get('content-type')?.startsWith('text/html')) throw new Error(answer.status);
    show(new DOMParser().parseFromString(await answer.text(), 'text/html'));
  } catch {
    announcer.textContent = '';
    document.getElementById('alert').textContent = 'That did not work: the service is busy or out of reach. Try again in a moment.';
  }
  form.ariaBusy = null;
});

// The server writes the same page for everybody: only what is in it is taken over.
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
    // Not a secure context, or not allowed: the old way.
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
