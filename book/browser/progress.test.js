// Ticks at solved exercises. The file of `cargo workbook` is replaced: this test must not change yours.

import assert from 'node:assert/strict';
import { faults, Server, test, until } from './kit.js';

const ticks = (page, where) => page.locator(`${where} .solved-tick[role=img][aria-label=solved]`).count();

for (const width of [1280, 390]) {
    test(`solved exercises have a tick, at ${width} pixels`, async open => {
        const { url } = await Server.virtual();
        const page = await open(undefined, { width });
        let progress = { solved: { '01_hello_await': {}, '02_lazy': { reopened: true }, '03_gather': {} } };
        await page.route('**/progress', route => route.fulfill({ body: JSON.stringify(progress) }));
        await page.goto(`${url}introduction.html`);
        await until(() => ticks(page, '.cards.lessons'), 2);
        assert.equal(await ticks(page, '#mdbook-sidebar'), 2);
        assert.equal(await page.getByTitle('Its exercise is solved', { exact: true }).count(), 4);
        const count = page.locator('.solved-count');
        assert.match(await count.textContent(), /^2 of \d+ exercises solved\. Continue with 02 Lazy\.$/);
        assert.deepEqual(await faults(page, 'the cover with progress'), []);

        // Another terminal solves it.
        progress.solved['02_lazy'] = {};
        await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
        await until(() => ticks(page, '.cards.lessons'), 3);
        assert.match(await count.textContent(), /Continue with 04 Bounded/);
    });
}

test('without progress there is no tick', async open => {
    const { url } = await Server.virtual();
    const page = await open();
    for (const body of ['', '{', '{}', '{"solved": {}}', '[]']) {
        await page.route('**/progress', route => route.fulfill({ body }));
        await page.goto(`${url}introduction.html`);
        await page.evaluate(() => served.progress());
        assert.equal(await ticks(page, 'body'), 0);
        assert.equal(await page.locator('.solved-count').count(), 0);
    }
});
