// Sends the API key in the field with the form, as a header. The key is kept in the memory of this page only.
'use strict';

{
  const texts = JSON.parse(document.getElementById('credentials-texts').textContent);
  let key = '';

  const showField = () => {
    const field = document.getElementById('key');
    if (!field) return;
    document.getElementById('key-entry').hidden = false;
    field.value = key;
    field.addEventListener('input', () => { key = field.value; });
  };

  // A character that no header may contain is in no key either.
  const headers = () => ({ authorization: `Bearer ${key.replace(/[^!-~]/g, '')}` });

  const refusal = (status) => ({
    401: key ? texts.wrong_key : texts.no_key,
    403: texts.weak_key,
  })[status];

  globalThis.credentials = { headers, refusal };
  document.addEventListener('formshown', showField);
  showField();
}
