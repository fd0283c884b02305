// Shows times in the time zone of the person. A page is written with times in UTC, which stay as a tooltip.
'use strict';

function localise(root) {
  const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: 'long', timeStyle: 'short' });
  for (const time of root.querySelectorAll('time[datetime]')) {
    time.title = time.textContent;
    time.textContent = format.format(new Date(time.dateTime));
  }
}

localise(document);
