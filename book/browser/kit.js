// What the tests share: the book, served by the real `cargo book serve` or as files, and a browser
// that reads it and has nowhere else to go.

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

// ---- What is needed --------------------------------------------------------------------------

// The two packages are kept out of the source tree: CONTRIBUTING.md has the command.
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
    : !chromium() ? 'there is no Chromium on PATH, and CHROMIUM names none'
    : undefined;
if (missing && process.env.CI) throw new Error(missing);

// ---- The book --------------------------------------------------------------------------------

// What a test file has started; the last is ended first.
const started = [];
const once = work => {
    let value;
    return () => value ??= work();
};
after(async () => {
    while (started.length) await started.pop()();
});

// `cargo book serve`. On the virtual clock, the programs that it runs print what their snapshots say.
export class Server {
    static virtual = once(() => Server.start('virtual'));
    static real = once(() => Server.start());

    static async start(clock) {
        const env = { ...process.env, WORKBOOK_CLOCK: clock };
        for (const setting of ['RUST_BACKTRACE', 'NO_COLOR', 'WORKBOOK_TIMELINE']) delete env[setting];
        if (!clock) delete env.WORKBOOK_CLOCK;
        // cargo becomes the program it starts, so this process is the server.
        const command = ['book', 'serve', '--port', '0'];
        const stdio = ['ignore', 'pipe', 'pipe'];
        const server = new Server();
        server.process = spawn('cargo', command, { cwd: ROOT, env, stdio });
        server.ended = new Promise(ended => server.process.once('exit', ended));
        started.push(() => server.end());
        let said = '';
        server.process.stderr.on('data', data => said += data);
        for await (const line of createInterface({ input: server.process.stdout })) {
            server.url = /http:\/\/localhost:\d+\//.exec(line)?.[0];
            if (server.url) {
                server.process.stdout.resume();
                return server;
            }
        }
        throw new Error(`cargo book serve ended:\n${said}`);
    }

    // Asked as Ctrl-C asks it.
    async end(signal = 'SIGINT') {
        this.process.kill(signal);
        await this.ended;
    }

    // The ids of the programs that it runs now.
    programs() {
        return processes().filter(one => one.parent === this.process.pid).map(one => one.id);
    }
}

function processes() {
    const rows = execFileSync('ps', ['-eo', 'pid=,ppid=,stat='], { encoding: 'utf8' });
    return rows.trim().split('\n').map(row => row.trim().split(/\s+/))
        .map(([id, parent, state]) => ({ id: +id, parent: +parent, state }))
        // One that is over, and that nobody has asked about.
        .filter(({ state }) => !state.startsWith('Z'));
}

export const runs = id => processes().some(one => one.id === id);

// The folder of the book as `cargo book build` builds it.
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

// Serves HTTP to this machine; returns the address.
export async function serve(answer) {
    const server = createServer(answer);
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
    // A name that leads to this machine, as anybody's may.
    '--host-resolver-rules=MAP rebound.test 127.0.0.1',
    '--proxy-bypass-list=rebound.test',
    ...process.getuid?.() === 0 ? ['--no-sandbox'] : [],
];

// Whatever is not on this machine is asked of this proxy, which has nothing, and puts it down. What
// Chromium wants for itself, whatever the page, is not the page's fault.
const elsewhere = [];
const CHROMIUMS = /^(?:http:\/\/)?[\w.-]+\.(?:google|googleapis|gvt1)\.com[:/]/;
const wall = once(async () => {
    const asked = ({ url }) => CHROMIUMS.test(url) || elsewhere.push(url);
    const { server, port } = await serve((request, response) => {
        asked(request);
        response.writeHead(502).end();
    });
    server.on('connect', (request, socket) => {
        asked(request);
        socket.end('HTTP/1.1 502 Not here\r\n\r\n');
    });
    return port;
});

export const browser = once(async () => {
    const proxy = `--proxy-server=http://127.0.0.1:${await wall()}`;
    const launched = await playwright.chromium.launch({
        executablePath: chromium(),
        args: [...FLAGS, proxy],
        chromiumSandbox: false,
    });
    started.push(() => launched.close());
    return launched;
});

const ours = url => /^(?:file|data|blob|about|chrome-error):|^http:\/\/(?:localhost|127\.0\.0\.1):/.test(url);

// Puts down what no page may do: ask for something from elsewhere, or complain.
async function watch(context, complaints) {
    context.on('request', request => {
        if (!ours(request.url())) complaints.push(`asks for ${request.url()}`);
    });
    context.on('console', message => {
        if (!['error', 'warning'].includes(message.type())) return;
        complaints.push(`${message.page()?.url()}: ${message.text()}`);
    });
    context.on('weberror', error => complaints.push(error.error().message));
    await context.exposeBinding('tellViolation', (_, blocked) => complaints.push(`blocked: ${blocked}`));
    await context.addInitScript(() => addEventListener('securitypolicyviolation', event => {
        tellViolation(`${event.violatedDirective} ${event.blockedURI}`);
    }));
}

// A test with a browser. `open` gives it a page in a context of its own: at 1280 pixels, light, or as
// the options say, which are those of a context. What pages complain of fails it, except where it
// gives another list of `complaints`.
export function test(name, work) {
    const skip = missing && `NOT TESTED: ${missing}`;
    nodeTest(name, { skip, timeout: 300_000 }, async () => {
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
        assert.deepEqual(elsewhere, []);
    });
}

// Asks again and again until the answer is the one that is wanted.
export async function until(answer, wanted) {
    const met = value => wanted instanceof RegExp ? wanted.test(value) : value === wanted;
    let value;
    for (const late = Date.now() + 120_000; Date.now() < late; await wait(20)) {
        value = await answer();
        if (met(value)) return value;
    }
    assert.fail(`it never became ${wanted}: ${value}`);
}

// ---- What is in a page -----------------------------------------------------------------------

export const button = (page, name) => page.getByRole('button', { name, exact: true });
export const runOf = page => page.getByRole('region', { name: 'Your run' });
export const status = page => runOf(page).getByRole('status').textContent();
export const output = page => runOf(page).locator('pre').textContent();
// What cargo says while it compiles goes when the program begins: it is no output of the program.
export async function printing(page) {
    await until(() => status(page), /^Running/);
    await until(() => output(page), /./);
}
export const over = page => until(() => status(page), /^(?!Compiling|Running)./);

// The parts around the text that scroll sideways; none should, though blocks of code may.
export const sideways = page => page.evaluate(() => {
    const wide = [];
    for (let at = document.querySelector('main') ?? document.body; at; at = at.parentElement) {
        // What is clipped, as the page beside the open contents on a phone, scrolls nowhere.
        const cut = ['visible', 'clip'].includes(getComputedStyle(at).overflowX);
        const scrolls = at === document.documentElement || !cut;
        if (scrolls && at.scrollWidth > at.clientWidth) wide.push(`${at.tagName} ${at.className}`);
    }
    return wide;
});
