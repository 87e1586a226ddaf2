// A page from elsewhere, in the same browser, tries to use the book's server.

import assert from 'node:assert/strict';
import { request } from 'node:http';
import { button, output, over, serve, Server, snapshot, test, until } from './kit.js';

// A page of another server of this machine, and the book's address.
async function stranger(open) {
    const { port } = await serve((_, response) => {
        response.writeHead(200, { 'content-type': 'text/html' }).end('<title>elsewhere</title>');
    });
    const complaints = [];
    const page = await open(`http://localhost:${port}/`, { complaints });
    return { page, ...await overheard(await Server.real()) };
}

// The book's server behind one that hands everything on, and hears what it answers: the browser does
// not tell of what it keeps from the page.
async function overheard(server) {
    const answers = [];
    const { port } = await serve(({ method, url, headers }, response) => {
        const { hostname, port } = new URL(server.url);
        request({ hostname, port, method, path: url, headers }, answer => {
            answers.push(answer.statusCode);
            response.writeHead(answer.statusCode, answer.headers);
            answer.pipe(response);
        }).end();
    });
    return { url: `http://localhost:${port}/`, answers };
}

const attempts = {
    'a script': url => fetch(url, { method: 'POST', mode: 'no-cors' }),
    'a script with the header': url => fetch(url, { method: 'POST', headers: { 'X-Workbook': '1' } }),
    'a script that wants to read the answer': url => fetch(url, { method: 'POST' }),
    'a beacon': url => navigator.sendBeacon(url, ''),
    'a picture': url => new Promise(over => {
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
    test(`${name} from elsewhere runs nothing`, async open => {
        const { page, url, answers } = await stranger(open);
        // Nobody waits for what a page from elsewhere gets to see of it.
        page.evaluate(`void (${attempt})('${url}run/01_hello_await')`).catch(() => {});
        await until(() => answers.length, 1);
        assert.ok([403, 405].includes(answers[0]), `${answers}`);
    });
}

test('nothing of the book can be read from elsewhere', async open => {
    const { page, url } = await stranger(open);
    for (const path of ['index.html', 'live', 'toc.html']) {
        const read = await page.evaluate(
            url => fetch(url).then(answer => answer.text(), error => error.name),
            `${url}${path}`,
        );
        assert.equal(read, 'TypeError', path);
    }
    const news = await page.evaluate(url => new Promise(told => {
        const live = new EventSource(url);
        live.onmessage = ({ data }) => told(data);
        live.onerror = () => told('nothing');
    }), `${url}live`);
    assert.equal(news, 'nothing');
});

test('no page from elsewhere frames the book', async open => {
    const { page, url } = await stranger(open);
    await page.evaluate(url => new Promise(over => {
        const frame = Object.assign(document.createElement('iframe'), { src: url });
        frame.onload = over;
        document.body.append(frame);
    }), url);
    const [frame] = page.frames().slice(1);
    assert.equal(frame.url(), 'chrome-error://chromewebdata/');
    // The book itself may: mdBook's contents are one where there are no scripts.
    const own = await open(url);
    await own.setContent(`<iframe src="${url}toc.html"></iframe>`);
    await until(() => own.frames().at(-1).locator('ol').count().then(count => count > 0), true);
});

test('a name that was made to point to this machine is no way in', async open => {
    const server = await Server.real();
    const complaints = [];
    const page = await open(undefined, { complaints });
    const answer = await page.goto(server.url.replace('localhost', 'rebound.test'));
    assert.equal(answer.status(), 403);
});

test('the book itself runs it, by both of its names', async open => {
    const { url } = await Server.virtual();
    for (const name of ['localhost', '127.0.0.1']) {
        const page = await open(url.replace('localhost', name) + '01_hello_await.html');
        await button(page, 'Run 01_hello_await').first().click();
        assert.match(await over(page), /^Done/);
        assert.equal(await output(page), snapshot('lessons__01_hello_await'));
    }
});
