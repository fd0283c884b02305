// Starts Chromium for a test.

import { chromium } from 'playwright-core';

/** Starts Chromium, which resolves hosts by these rules only. The environment may name its path (CHROMIUM). */
export function launch(hostRules) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      // Chromium's sandbox is not available to root in CI's container. The pages are ours, so they need none.
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--host-resolver-rules=${hostRules.join(', ')}`,
    ],
  });
}
