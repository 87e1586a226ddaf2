// The pages without the book's server: as files, and on a static web host.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { built, file, htmlFiles, serve, sideways, test } from './kit.js';

// 404.html has URLs relative to the root of its host, and toc.html is a frame for pages without scripts.
const pages = () => htmlFiles().filter(name => !['404.html', 'toc.html'].includes(name));

for (const colorScheme of ['light', 'dark']) {
    for (const width of [1280, 390]) {
        test(`pages work as files, ${colorScheme}, at ${width} pixels`, async open => {
            const page = await open(undefined, { colorScheme, width });
            for (const name of pages()) {
                await page.goto(file(name));
                assert.deepEqual(await sideways(page), [], name);
                assert.equal(await page.getByRole('button', { name: /^(Run|Check) / }).count(), 0, name);
            }
        });
    }
}

test('pages work on a static web host', async open => {
    const types = { html: 'text/html', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' };
    const requests = [];
    const { port } = await serve(async ({ method, url }, response) => {
        requests.push(`${method} ${url}`);
        const { pathname } = new URL(url, 'http://localhost');
        try {
            const content = await readFile(join(built(), pathname));
            response.writeHead(200, { 'content-type': types[pathname.split('.').pop()] ?? '' }).end(content);
        } catch {
            response.writeHead(404).end();
        }
    });
    const page = await open();
    for (const name of pages()) {
        await page.goto(`http://localhost:${port}/${name}`);
        assert.equal(await page.getByRole('button', { name: /^(Run|Check) / }).count(), 0, name);
    }
    assert.deepEqual(requests.filter(request => !/^GET .*\.\w+(\?|$)/.test(request)), []);
});
