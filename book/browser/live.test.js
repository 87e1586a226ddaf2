// What a page does with news of the book. (That the server tells them is tested in `../tests/serve.rs`.)

import assert from 'node:assert/strict';
import { button, output, printing, runOf, Server, status, test, until } from './kit.js';

// Opens a page that hears of the newest build from the test.
async function listen(open, server, lesson) {
    const page = await open();
    const news = { build: 'first', fault: null };
    let asked = 0;
    // Sent once; the page asks again soon.
    await page.route('**/live', route => {
        asked += 1;
        return route.fulfill({
            contentType: 'text/event-stream',
            body: `retry: 50\ndata: ${JSON.stringify(news)}\n\n`,
        });
    });
    await page.goto(`${server.url}${lesson}.html`);
    // Who asks again has heard of the first build.
    await until(() => asked > 1, true);
    await page.evaluate(() => globalThis.same = true);
    const reloaded = () => page.evaluate(() => !globalThis.same).catch(() => undefined);
    return { page, news, reloaded };
}

test('a page of an older build loads itself anew', async open => {
    const { news, reloaded } = await listen(open, await Server.real(), '02_lazy');
    news.build = 'second';
    await until(reloaded, true);
});

test('a page shows what is wrong with the sources, until it is mended', async open => {
    const { page, news, reloaded } = await listen(open, await Server.real(), '02_lazy');
    const fault = page.getByRole('alert');
    assert.equal(await fault.count(), 0);
    news.fault = 'chapters/02_lazy.md: there is no <lesson>';
    await fault.waitFor();
    assert.match(await fault.textContent(), /could not be built anew\.\s+chapters\/02_lazy\.md: there is no <lesson>/);
    news.fault = null;
    await fault.waitFor({ state: 'hidden' });
    assert.equal(await reloaded(), false);
});

test('a run goes on, and is read, before its page is loaded anew', async open => {
    const { page, news, reloaded } = await listen(open, await Server.real(), '04_bounded');
    await button(page, 'Run 04_bounded').first().click();
    await printing(page);
    news.build = 'second';
    await until(() => status(page), /^Done, after .* s\. The book has changed: Close loads it\.$/);
    assert.match(await output(page), /Semaphore, 50/);
    assert.equal(await reloaded(), false);
    await button(page, 'Close').click();
    await until(reloaded, true);
    await runOf(page).waitFor({ state: 'detached' });
});
