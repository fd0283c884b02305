// Shows times in the time zone of the person. A page is written with times in UTC, which stay as a tooltip.
'use strict';

// The language of the page, as the person writes it: British people write dates as Europeans do.
const { lang } = document.documentElement;
const locale = navigator.languages.find((language) => language.split('-')[0] === lang) ?? lang;

function localise(root) {
  const format = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'short' });
  for (const time of root.querySelectorAll('time[datetime]')) {
    time.title = time.textContent;
    time.textContent = format.format(new Date(time.dateTime));
  }
}

localise(document);
