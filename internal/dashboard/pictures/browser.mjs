// Chromium, controlled through a pipe by the DevTools protocol
// (https://chromedevtools.github.io/devtools-protocol/).
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// startBrowser returns a Chromium with one page. The caller closes it.
export async function startBrowser() {
  const profile = mkdtempSync(join(tmpdir(), 'chromium-'));
  const child = spawn('chromium', ['--headless=new', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--force-color-profile=srgb', '--no-first-run',
    '--disable-dev-shm-usage', '--disable-background-networking', '--disable-extensions', '--remote-debugging-pipe', `--user-data-dir=${profile}`,
  ], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  const waiting = new Map();
  const ended = new Promise((resolve) => {
    child.on('error', resolve);
    child.on('close', () => resolve(new Error('Chromium has ended')));
  });
  ended.then((error) => waiting.forEach(({ reject }) => reject(error)));
  let text = '';
  child.stdio[4].setEncoding('utf8').on('data', (data) => {
    const messages = (text + data).split('\0');
    text = messages.pop();
    for (const { id, result, error } of messages.map((m) => JSON.parse(m))) {
      const { resolve, reject } = waiting.get(id) ?? {};
      waiting.delete(id);
      error ? reject?.(new Error(error.message)) : resolve?.(result);
    }
  });
  let last = 0;
  const call = (method, params, sessionId) => new Promise((resolve, reject) => {
    last += 1;
    waiting.set(last, { resolve, reject });
    child.stdio[3].write(JSON.stringify({ id: last, method, params, sessionId }) + '\0');
  });

  const { targetId } = await call('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await call('Target.attachToTarget', { targetId, flatten: true });
  return {
    // open loads a page in a window of this size.
    async open(url, width, height) {
      await call('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false }, sessionId);
      await call('Page.navigate', { url }, sessionId);
    },
    // screenshot returns the window as PNG, with what the page has received until now.
    async screenshot() {
      const expression = 'new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))';
      await call('Runtime.evaluate', { expression, awaitPromise: true }, sessionId);
      const { data } = await call('Page.captureScreenshot', { format: 'png' }, sessionId);
      return Buffer.from(data, 'base64');
    },
    async close() {
      child.kill();
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
