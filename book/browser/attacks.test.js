// Another website, open in the same browser, tries to use the book's server.

import assert from 'node:assert/strict';
import { request } from 'node:http';
import { button, output, over, serve, Server, snapshot, test, until } from './kit.js';

// A page of another website, and the book's address.
async function attacker(open) {
    const { port } = await serve((_, response) => {
        response.writeHead(200, { 'content-type': 'text/html' }).end('<title>attacker</title>');
    });
    const complaints = [];
    const page = await open(`http://localhost:${port}/`, { complaints });
    return { page, ...await recorded(await Server.real()) };
}

// A proxy in front of the book's server that records the status of responses: the browser hides them
// from pages of another origin.
async function recorded(server) {
    const statuses = [];
    const { port } = await serve(({ method, url, headers }, response) => {
        const { hostname, port } = new URL(server.url);
        request({ hostname, port, method, path: url, headers }, upstream => {
            statuses.push(upstream.statusCode);
            response.writeHead(upstream.statusCode, upstream.headers);
            upstream.pipe(response);
        }).end();
    });
    return { url: `http://localhost:${port}/`, statuses };
}

const attempts = {
    'a script': url => fetch(url, { method: 'POST', mode: 'no-cors' }),
    'a script with the header': url => fetch(url, { method: 'POST', headers: { 'X-Workbook': '1' } }),
    'a script that reads the response': url => fetch(url, { method: 'POST' }),
    'a beacon': url => navigator.sendBeacon(url, ''),
    'an image': url => new Promise(over => {
        const image = new Image();
        image.onload = image.onerror = over;
        image.src = url;
    }),
    'a form': url => new Promise(over => {
        const frame = Object.assign(document.createElement('iframe'), { name: 'there' });
        const form = Object.assign(document.createElement('form'), { method: 'POST', action: url, target: 'there' });
        document.body.append(frame, form);
        frame.onload = over;
        form.submit();
    }),
};

for (const [name, attempt] of Object.entries(attempts)) {
    test(`${name} of another website runs nothing`, async open => {
        const { page, url, statuses } = await attacker(open);
        // Do not wait for the result: the browser may keep it from the page.
        page.evaluate(`void (${attempt})('${url}run/01_hello_await')`).catch(() => {});
        await until(() => statuses.length, 1);
        assert.ok([403, 405].includes(statuses[0]), `${statuses}`);
    });
}

test('another website cannot read the book', async open => {
    const { page, url } = await attacker(open);
    for (const path of ['index.html', 'live', 'toc.html']) {
        const read = await page.evaluate(
            url => fetch(url).then(response => response.text(), error => error.name),
            `${url}${path}`,
        );
        assert.equal(read, 'TypeError', path);
    }
    const event = await page.evaluate(url => new Promise(resolve => {
        const live = new EventSource(url);
        live.onmessage = ({ data }) => resolve(data);
        live.onerror = () => resolve('nothing');
    }), `${url}live`);
    assert.equal(event, 'nothing');
});

test('another website cannot frame the book', async open => {
    const { page, url } = await attacker(open);
    await page.evaluate(url => new Promise(over => {
        const frame = Object.assign(document.createElement('iframe'), { src: url });
        frame.onload = over;
        document.body.append(frame);
    }), url);
    const [frame] = page.frames().slice(1);
    assert.equal(frame.url(), 'chrome-error://chromewebdata/');
    // The book itself can: without scripts, mdBook's table of contents is a frame.
    const own = await open(url);
    await own.setContent(`<iframe src="${url}toc.html"></iframe>`);
    await until(() => own.frames().at(-1).locator('ol').count().then(count => count > 0), true);
});

test('DNS rebinding is rejected', async open => {
    const server = await Server.real();
    const complaints = [];
    const page = await open(undefined, { complaints });
    const response = await page.goto(server.url.replace('127.0.0.1', 'rebound.test'));
    assert.equal(response.status(), 403);
});

test('the book itself runs lessons, as localhost and as 127.0.0.1', async open => {
    const { url } = await Server.virtual();
    for (const name of ['localhost', '127.0.0.1']) {
        const page = await open(url.replace('127.0.0.1', name) + '01_hello_await.html');
        await button(page, 'Run 01_hello_await').first().click();
        assert.match(await over(page), /^Done/);
        assert.equal(await output(page), snapshot('lessons__01_hello_await'));
    }
});
