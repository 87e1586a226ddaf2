// Helpers for the tests: the book, served by `cargo book serve` or as files, and a browser without
// access to the network.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test as nodeTest } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

// ---- Requirements ----------------------------------------------------------------------------

// The packages are installed outside the source tree: CONTRIBUTING.md has the command.
const packaged = createRequire(join(ROOT, 'target/browser/'));

function installed(name) {
    try {
        return packaged(name);
    } catch (error) {
        if (error.code !== 'MODULE_NOT_FOUND') throw error;
    }
}

const playwright = installed('playwright-core');
export const axe = installed('axe-core');

// As in `../src/pdf.rs`.
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'microsoft-edge'];

function chromium() {
    if (process.env.CHROMIUM) return process.env.CHROMIUM;
    const folders = (process.env.PATH ?? '').split(delimiter);
    return NAMES.flatMap(name => folders.map(folder => join(folder, name))).find(path => {
        try {
            accessSync(path, constants.X_OK);
            return true;
        } catch {
            return false;
        }
    });
}

const missing =
    !playwright || !axe ? 'playwright-core and axe-core are not in target/browser'
    : !chromium() ? 'no Chromium on PATH, and CHROMIUM is not set'
    : undefined;
if (missing && process.env.CI === 'true') throw new Error(missing);

// ---- The book --------------------------------------------------------------------------------

// Cleanup functions of a test file, called in reverse order.
const started = [];
const once = work => {
    let value;
    return () => value ??= work();
};
after(async () => {
    while (started.length) await started.pop()();
});

// `cargo book serve`. With the virtual clock, lessons print exactly what their snapshots contain.
export class Server {
    static virtual = once(() => Server.start('virtual'));
    static real = once(() => Server.start());

    static async start(clock) {
        const env = { ...process.env, WORKBOOK_CLOCK: clock };
        for (const setting of ['RUST_BACKTRACE', 'NO_COLOR', 'WORKBOOK_TIMELINE']) delete env[setting];
        if (!clock) delete env.WORKBOOK_CLOCK;
        // On Unix, `cargo run` replaces itself with the program, so this process is the server.
        const command = ['book', 'serve', '--port', '0'];
        const stdio = ['ignore', 'pipe', 'pipe'];
        const server = new Server();
        server.process = spawn('cargo', command, { cwd: ROOT, env, stdio });
        server.ended = new Promise(ended => server.process.once('exit', ended));
        started.push(() => server.end());
        let stderr = '';
        server.process.stderr.on('data', data => stderr += data);
        for await (const line of createInterface({ input: server.process.stdout })) {
            server.url = /http:\/\/127\.0\.0\.1:\d+\//.exec(line)?.[0];
            if (server.url) {
                server.process.stdout.resume();
                return server;
            }
        }
        throw new Error(`cargo book serve exited:\n${stderr}`);
    }

    // Ends the server as Ctrl-C does.
    async end(signal = 'SIGINT') {
        this.process.kill(signal);
        await this.ended;
    }

    // The process IDs of running lessons. The server's other children are shells that guard them.
    programs() {
        const isProgram = ({ parent, name }) => parent === this.process.pid && name !== 'sh';
        return processes().filter(isProgram).map(one => one.id);
    }
}

function processes() {
    const rows = execFileSync('ps', ['-eo', 'pid=,ppid=,stat=,comm='], { encoding: 'utf8' });
    return rows.trim().split('\n').map(row => row.trim().split(/\s+/))
        .map(([id, parent, state, name]) => ({ id: +id, parent: +parent, state, name }))
        // Not counting zombies.
        .filter(({ state }) => !state.startsWith('Z'));
}

export const runs = id => processes().some(one => one.id === id);

// The folder of the pages, built by `cargo book build`.
export const built = once(() => {
    const folder = mkdtempSync(join(tmpdir(), 'workbook-'));
    started.push(() => rmSync(folder, { recursive: true }));
    const pages = join(folder, 'html');
    execFileSync('cargo', ['book', 'build', '--dest', pages], { cwd: ROOT, stdio: 'pipe' });
    return pages;
});

export const htmlFiles = () => readdirSync(built()).filter(name => name.endsWith('.html'));
export const file = page => pathToFileURL(join(built(), page)).href;

export function snapshot(name) {
    const text = readFileSync(join(ROOT, 'tests/snapshots', `${name}.snap`), 'utf8');
    return text.split(/^---\n/m).slice(2).join('---\n');
}

// Starts an HTTP server on a loopback port.
export async function serve(handler) {
    const server = createServer(handler);
    await new Promise(listening => server.listen(0, '127.0.0.1', listening));
    started.push(() => {
        server.close();
        server.closeAllConnections();
    });
    return { server, port: server.address().port };
}

// ---- The browser -----------------------------------------------------------------------------

const FLAGS = [
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    // A foreign name that resolves to this machine, as in DNS rebinding.
    '--host-resolver-rules=MAP rebound.test 127.0.0.1',
    '--proxy-bypass-list=rebound.test',
    ...process.getuid?.() === 0 ? ['--no-sandbox'] : [],
];

// A proxy that refuses and records every request to another host, except for those that Chromium makes
// on its own.
const external = [];
const BY_CHROMIUM = /^(?:http:\/\/)?[\w.-]+\.(?:google|googleapis|gvt1)\.com[:/]/;
const proxy = once(async () => {
    const record = ({ url }) => BY_CHROMIUM.test(url) || external.push(url);
    const { server, port } = await serve((request, response) => {
        record(request);
        response.writeHead(502).end();
    });
    server.on('connect', (request, socket) => {
        record(request);
        // Node no longer handles this socket's errors. Chromium may reset it, for example when it exits.
        socket.on('error', () => {});
        socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    });
    return port;
});

export const browser = once(async () => {
    const proxyServer = `--proxy-server=http://127.0.0.1:${await proxy()}`;
    const launched = await playwright.chromium.launch({
        executablePath: chromium(),
        args: [...FLAGS, proxyServer],
        chromiumSandbox: false,
    });
    started.push(() => launched.close());
    return launched;
});

const isLocal = url => /^(?:file|data|blob|about|chrome-error):|^http:\/\/(?:localhost|127\.0\.0\.1):/.test(url);

// Records requests to other hosts, errors and warnings.
async function watch(context, complaints) {
    context.on('request', request => {
        if (!isLocal(request.url())) complaints.push(`requested ${request.url()}`);
    });
    context.on('console', message => {
        if (!['error', 'warning'].includes(message.type())) return;
        complaints.push(`${message.page()?.url()}: ${message.text()}`);
    });
    context.on('weberror', error => complaints.push(error.error().message));
    await context.exposeBinding('reportViolation', (_, blocked) => complaints.push(`blocked: ${blocked}`));
    await context.addInitScript(() => addEventListener('securitypolicyviolation', event => {
        reportViolation(`${event.violatedDirective} ${event.blockedURI}`);
    }));
}

// A test with a browser. It gets a function `open`, which opens a page in a new context, 1280 pixels wide
// and light unless the context's options say otherwise. Errors and warnings of pages fail the test,
// unless it passes its own list of `complaints`.
export function test(name, work) {
    const skip = missing && `skipped: ${missing}`;
    nodeTest(name, { skip, timeout: 600_000 }, async () => {
        const contexts = [];
        const complaints = [];
        const open = async (url, { complaints: own = complaints, width = 1280, ...options } = {}) => {
            const viewport = { width, height: 900 };
            const context = await (await browser()).newContext({ viewport, ...options });
            contexts.push(context);
            context.setDefaultTimeout(120_000);
            await watch(context, own);
            const page = await context.newPage();
            if (url) await page.goto(url);
            return page;
        };
        try {
            await work(open);
        } finally {
            await Promise.all(contexts.map(context => context.close()));
        }
        assert.deepEqual(complaints, []);
        assert.deepEqual(external, []);
    });
}

// Polls until the value equals `expected`, or matches it if it is a regular expression.
export async function until(poll, expected) {
    const met = value => expected instanceof RegExp ? expected.test(value) : value === expected;
    let value;
    for (const deadline = Date.now() + 120_000; Date.now() < deadline; await wait(20)) {
        value = await poll();
        if (met(value)) return value;
    }
    assert.fail(`timed out: expected ${expected}, got ${value}`);
}

// ---- Parts of a page -------------------------------------------------------------------------

export const button = (page, name) => page.getByRole('button', { name, exact: true });
export const runOf = page => page.getByRole('region', { name: 'Your run' });
export const status = page => runOf(page).getByRole('status').textContent();
export const output = page => runOf(page).locator('pre').first().textContent();
// Waits for the first output of the lesson. The page clears cargo's output, which comes before it.
export async function printing(page) {
    await until(() => status(page), /^Running/);
    await until(() => output(page), /./);
}
export const over = page => until(() => status(page), /^(?!Compiling|Running)./);

// Returns the elements around the text that scroll horizontally; only blocks of code should.
export const sideways = page => page.evaluate(() => {
    const wide = [];
    for (let at = document.querySelector('main') ?? document.body; at; at = at.parentElement) {
        // Clipped content does not scroll, such as the page next to an open sidebar on a phone.
        const overflows = ['visible', 'clip'].includes(getComputedStyle(at).overflowX);
        const scrolls = at === document.documentElement || !overflows;
        if (scrolls && at.scrollWidth > at.clientWidth) wide.push(`${at.tagName} ${at.className}`);
    }
    return wide;
});

const THEMES = { light: 'light', dark: 'navy' };

// Checks the page in its current state, in both themes.
export async function faults(page, name) {
    const found = (await sideways(page)).map(part => `${name} scrolls sideways: ${part}`);
    // axe cannot determine the contrast of text on an image, such as the shadow at the edge of a block.
    await page.addStyleTag({ content: 'pre > code { background-image: none !important }' });
    await page.evaluate(axe.source);
    for (const [colorScheme, theme] of Object.entries(THEMES)) {
        await page.emulateMedia({ colorScheme });
        await page.locator(`html.${theme}`).waitFor();
        const { violations } = await page.evaluate(() => axe.run(document, {
            runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
            resultTypes: ['violations'],
        }));
        for (const { id, impact, nodes } of violations) {
            found.push(`${name}, ${theme}: ${impact}: ${id}: ${nodes.map(node => node.target).join('; ')}`);
        }
    }
    return found;
}
