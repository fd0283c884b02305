// Copies the short URL.
{
  const button = document.getElementById('copy');
  const short = document.getElementById('short');
  const text = button.textContent;
  button.hidden = false;
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(short.value);
    } catch {
      // The clipboard API needs a secure context and permission.
      short.select();
      document.execCommand('copy');
      button.focus();
    }
    button.textContent = button.dataset.copied;
    setTimeout(() => { button.textContent = text; }, 2000);
  });
}
