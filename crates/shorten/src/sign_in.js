// Signs a person in with the authorization code flow and PKCE (RFC 7636). The state, the verifier and
// what was entered are kept in sessionStorage while the person is away. The access token is kept in the memory of this
// page only, and no other token is kept at all.
'use strict';

{
  const PENDING = 'shortlink-sign-in';
  const texts = JSON.parse(document.getElementById('credentials-texts').textContent);
  const { authorizeUrl, tokenUrl, client, scope } = document.getElementById('sign-in').dataset;
  const home = new URL('./', location.href).href;
  const IS_MY_LINKS = location.pathname.endsWith('/my-links');
  let token = '';

  // Shows the form to whoever is signed in, and the button to whoever is not.
  const update = (alert = '') => {
    document.querySelector('form')?.toggleAttribute('hidden', !token);
    const offer = document.getElementById('sign-in-offer');
    if (!offer) return;
    offer.hidden = Boolean(token);
    document.getElementById('sign-in-alert').textContent = alert;
    document.getElementById('sign-in-button').onclick = start;
    if (token) document.getElementById('url')?.focus();
    if (token) document.dispatchEvent(new Event('signedin'));
  };

  const encode = (bytes) =>
    btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

  const random = () => encode(crypto.getRandomValues(new Uint8Array(32)));

  async function start() {
    if (!crypto.subtle) {
      update(texts.needs_https);
      return;
    }
    const fields = Object.fromEntries(new FormData(document.querySelector('form') ?? undefined));
    const pending = { state: random(), verifier: random(), fields, isMyLinks: IS_MY_LINKS };
    try {
      sessionStorage.setItem(PENDING, JSON.stringify(pending));
    } catch {
      update(texts.needs_storage);
      return;
    }
    const challenge = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(pending.verifier));
    const url = new URL(authorizeUrl);
    const parameters = {
      response_type: 'code',
      client_id: client,
      redirect_uri: home,
      scope,
      state: pending.state,
      code_challenge: encode(new Uint8Array(challenge)),
      code_challenge_method: 'S256',
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    location.assign(url);
  }

  // Goes on when the person is back. What the address says is not shown, since anybody can make such an address.
  async function finish(answer) {
    const pending = JSON.parse(sessionStorage.getItem(PENDING) ?? 'null');
    sessionStorage.removeItem(PENDING);
    if (!pending || answer.get('state') !== pending.state) {
      return texts.not_started;
    }
    const elements = document.querySelector('form')?.elements ?? {};
    for (const [name, value] of Object.entries(pending.fields)) if (elements[name]) elements[name].value = value;
    if (answer.get('error') === 'access_denied') return texts.cancelled;
    if (!answer.has('code')) return texts.failed;
    const body = new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: client,
      redirect_uri: home,
      code: answer.get('code'),
      code_verifier: pending.verifier,
    });
    try {
      const response = await fetch(tokenUrl, { method: 'POST', body, credentials: 'omit' });
      if (!response.ok) return texts.attempt_expired;
      const { access_token: accessToken, expires_in: seconds } = await response.json();
      if (typeof accessToken !== 'string') return texts.failed;
      token = accessToken;
      // A delay of more than 31 bits would end at once.
      if (seconds > 0) setTimeout(expire, Math.min(seconds * 1000, 2 ** 31 - 1));
      return '';
    } catch {
      return texts.unreachable;
    }
  }

  const isFromMyLinks = () => {
    try {
      return JSON.parse(sessionStorage.getItem(PENDING))?.isMyLinks === true;
    } catch {
      return false;
    }
  };

  const expire = () => {
    token = '';
    update(texts.expired);
  };

  const refusal = (status) => {
    if (status === 401) expire();
    return {
      401: texts.expired,
      403: texts.not_allowed,
    }[status];
  };

  globalThis.credentials = { headers: () => ({ authorization: `Bearer ${token}` }), refusal };
  document.addEventListener('formshown', () => update());

  const answer = new URLSearchParams(location.search);
  if (answer.has('code') || answer.has('error')) {
    if (!IS_MY_LINKS && isFromMyLinks()) {
      // The provider knows the address of the home page alone.
      location.replace(`./my-links${location.search}`);
    } else {
      history.replaceState(null, '', location.pathname);
      finish(answer).then(update, () => update(texts.failed));
    }
  } else {
    update();
  }
}
