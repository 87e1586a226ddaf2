// Live reload in the page. (`../tests/serve.rs` tests the server's side.)

import assert from 'node:assert/strict';
import { button, output, printing, runOf, Server, status, test, until } from './kit.js';

// Opens a page whose `/live` events come from the test.
async function listen(open, server, lesson) {
    const page = await open();
    const event = { build: 'first', error: null };
    let requests = 0;
    // Each response has one event; the page reconnects after 50 ms.
    await page.route('**/live', route => {
        requests += 1;
        return route.fulfill({
            contentType: 'text/event-stream',
            body: `retry: 50\ndata: ${JSON.stringify(event)}\n\n`,
        });
    });
    await page.goto(`${server.url}${lesson}.html`);
    // When it reconnects, it has received the first event.
    await until(() => requests > 1, true);
    await page.evaluate(() => globalThis.same = true);
    const reloaded = () => page.evaluate(() => !globalThis.same).catch(() => undefined);
    return { page, event, reloaded };
}

test('a page of an older build reloads', async open => {
    const { event, reloaded } = await listen(open, await Server.real(), '02_lazy');
    event.build = 'second';
    await until(reloaded, true);
});

test('a page shows the error of a build until it is fixed', async open => {
    const { page, event, reloaded } = await listen(open, await Server.real(), '02_lazy');
    const error = page.getByRole('alert');
    assert.equal(await error.count(), 0);
    event.error = 'chapters/02_lazy.md: there is no <lesson>';
    await error.waitFor();
    assert.match(await error.textContent(), /could not be rebuilt\.\s+chapters\/02_lazy\.md: there is no <lesson>/);
    event.error = null;
    await error.waitFor({ state: 'hidden' });
    assert.equal(await reloaded(), false);
});

test('a page does not reload during a run', async open => {
    const { page, event, reloaded } = await listen(open, await Server.real(), '04_bounded');
    await button(page, 'Run 04_bounded').first().click();
    await printing(page);
    event.build = 'second';
    await until(() => status(page), /^Done after .* s\. The book has changed: Close reloads the page\.$/);
    assert.match(await output(page), /Semaphore, 50/);
    assert.equal(await reloaded(), false);
    await button(page, 'Close').click();
    await until(reloaded, true);
    await runOf(page).waitFor({ state: 'detached' });
});
