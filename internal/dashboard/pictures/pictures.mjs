// Draws the dashboards in Chromium, light and dark, with fleets of 1, 30 and 500 pods made
// of recorded runs, and reports panels without data:
//
//   node pictures.mjs OUT [PATTERN]
//   node pictures.mjs OUT docs
//
// It runs in the root of the repository. PATTERN selects pictures by name, such as
// fleet-30-dark. It fails if a panel has an error, more than ten lines or more than fifty
// rows. "docs" draws the pictures of the documentation, some without their lower part.
import { execFileSync, spawn } from 'node:child_process';
import { createReadStream, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { startBrowser } from './browser.mjs';

const [out, pattern = ''] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const root = process.cwd();
const boards = join(root, 'charts/nginx-exporter/dashboards');
const start = Date.parse('2026-11-28T10:00:00Z') / 1000;

const documented = { fleet: 20, scaling: 20, plus: 28, red: 19 }; // rows of the grid

// The recordings have 180 scrapes in 15 minutes.
const fleets = [
  { pods: 1, every: 1 },
  { pods: 30, every: 1 },
  { pods: 500, every: 3 },
];

const built = await build({
  entryPoints: [join(here, 'draw.jsx')], bundle: true, write: false, outdir: '/', jsx: 'automatic', minify: true, logLevel: 'error',
  define: { 'process.env.NODE_ENV': '"production"', global: 'window' }, loader: { '.woff2': 'dataurl', '.woff': 'empty', '.ttf': 'empty', '.svg': 'dataurl' },
});
const bundle = Object.fromEntries(built.outputFiles.map((f) => [f.path, f.contents]));

let prometheus; // address
let reported; // called with what the page has sent
let requests = 0; // in progress
const types = { js: 'text/javascript', css: 'text/css', json: 'application/json', svg: 'image/svg+xml' };
const server = createServer((incoming, response) => {
  requests += 1;
  response.on('close', () => { requests -= 1; });
  const url = new URL(incoming.url, 'http://localhost');
  if (url.pathname.startsWith('/prom/')) {
    const upstream = request(`http://${prometheus}${url.pathname.slice(5)}${url.search}`, { method: incoming.method, headers: incoming.headers }, (r) => {
      response.writeHead(r.statusCode, r.headers);
      r.pipe(response);
    });
    upstream.on('error', (error) => response.writeHead(502).end(JSON.stringify({ status: 'error', error: String(error) })));
    incoming.pipe(upstream);
    return;
  }
  if (url.pathname === '/report') {
    let text = '';
    incoming.on('data', (d) => { text += d; });
    incoming.on('end', () => { reported(JSON.parse(text)); response.end(); });
    return;
  }
  response.setHeader('Content-Type', types[url.pathname.split('.').pop()] ?? 'text/html');
  const file = bundle[url.pathname] ? null : fileOf(normalize(url.pathname));
  if (!file) {
    response.end(bundle[url.pathname]);
  } else if (existsSync(file)) {
    createReadStream(file).pipe(response);
  } else {
    response.writeHead(404).end();
  }
});

function fileOf(path) {
  if (path === '/') {
    return join(here, 'index.html');
  }
  return path.startsWith('/boards/') ? join(boards, path.slice(8)) : join(here, 'node_modules/@grafana/ui/dist', path.replace('/public/build/', '/public/'));
}

async function listen(s) {
  await new Promise((resolve) => s.listen(0, '127.0.0.1', resolve));
  return s.address().port;
}

// startPrometheus fills a Prometheus with a fleet and waits until it is ready.
async function startPrometheus(folder, { pods, every }) {
  const text = join(folder, 'fleet.txt');
  execFileSync('sh', ['-c', `go run ./internal/dashboard/recorded/openmetrics -pods ${pods} -every ${every} >${text}`], { cwd: root, stdio: 'inherit' });
  execFileSync('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', text, join(folder, 'data')], { stdio: ['ignore', 'ignore', 'inherit'] });
  rmSync(text);
  writeFileSync(join(folder, 'prometheus.yml'), '');
  const free = createServer();
  prometheus = `127.0.0.1:${await listen(free)}`;
  await new Promise((resolve) => free.close(resolve));
  const child = spawn('prometheus', [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=${prometheus}`,
    '--storage.tsdb.retention.time=100y', `--query.lookback-delta=${2 * 5 * every}s`, '--log.level=error'], { stdio: 'inherit' });
  for (let i = 0; i < 300; i++) {
    if (await fetch(`http://${prometheus}/-/ready`).then((r) => r.ok, () => false)) {
      return child;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await end(child);
  throw new Error('Prometheus is not ready after a minute');
}

// end ends a process and waits for it.
function end(child) {
  return new Promise((resolve) => {
    if (!child || child.exitCode !== null) {
      resolve();
      return;
    }
    child.on('close', resolve);
    child.kill();
  });
}

// heightOf is the height of a dashboard in pixels, or of its first rows.
function heightOf(board, rows) {
  const { panels } = JSON.parse(readFileSync(join(boards, board + '.json')));
  return 56 + 38 * (rows ?? Math.max(...panels.map((p) => p.gridPos.y + p.gridPos.h)));
}

let failed = false;
async function draw({ name, board, theme, rows }, fleet) {
  const parameters = new URLSearchParams({ board, theme, from: start + 60, to: start + 179 * 5, scrape: 5 * fleet.every, 'var-hpa': 'web' });
  if (board === 'scaling') {
    parameters.set('var-job', 'shop/web');
  }
  if (board === 'single') {
    parameters.set('var-instance', '10.244.1.10:9113'); // with incidents
  }
  const report = new Promise((resolve, reject) => {
    reported = resolve;
    setTimeout(() => reject(new Error(`${name}: not drawn after two minutes`)), 120000).unref();
  });
  await browser.open(`http://127.0.0.1:${port}/?${parameters}`, 1600, heightOf(board, rows));
  for (const r of await report) {
    const wrong = r.error || r.lines > 10 || (r.rows > 50 && r.type === 'table');
    if (wrong || r.empty) {
      console.log(`${name}: ${r.panel}: ${r.error ?? (r.empty ? 'no data' : `${r.lines} lines, ${r.rows} rows`)}`);
    }
    failed ||= Boolean(wrong);
  }
  for (let quiet = 0; quiet < 5; quiet = requests > 0 ? 0 : quiet + 1) { // until icons are loaded
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  writeFileSync(join(out, name + '.png'), await browser.screenshot());
}

// picturesOf lists what to draw of a fleet.
function picturesOf({ pods }) {
  if (pattern === 'docs') {
    return pods === 30 ? Object.entries(documented).map(([board, rows]) => ({ name: board, board, theme: 'dark', rows })) : [];
  }
  return readdirSync(boards).filter((f) => f.endsWith('.json')).map((f) => f.slice(0, -5))
    .flatMap((board) => ['light', 'dark'].map((theme) => ({ board, theme, name: `${board}-${pods}-${theme}` })))
    .filter((p) => p.name.match(pattern));
}

async function drawFleet(fleet) {
  const pictures = picturesOf(fleet);
  if (pictures.length === 0) {
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'pictures-'));
  let child;
  try {
    child = await startPrometheus(folder, fleet);
    for (const p of pictures) {
      await draw(p, fleet);
    }
  } finally {
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  }
}

const port = await listen(server);
const browser = await startBrowser();
try {
  for (const fleet of fleets) {
    await drawFleet(fleet);
  }
} finally {
  await browser.close();
  server.close();
  server.closeAllConnections();
}
process.exitCode = failed ? 1 : 0;
