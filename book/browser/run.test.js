// Run, the happy paths: the page shows what the lessons' snapshots contain.

import assert from 'node:assert/strict';
import { button, output, over, runOf, Server, snapshot, test } from './kit.js';

for (const lesson of ['01_hello_await', '02_lazy', '03_gather', '06_errors']) {
    test(`${lesson} prints its snapshot in the page`, async open => {
        const { url } = await Server.virtual();
        const page = await open(`${url}${lesson}.html`);
        await button(page, `Run ${lesson}`).first().click();
        assert.match(await over(page), /^Done after \d+\.\d s\.$/);
        assert.equal(await output(page), snapshot(`lessons__${lesson}`));
        // The output does not scroll on its own.
        const scrolls = it => it.scrollHeight > it.clientHeight;
        assert.equal(await runOf(page).locator('pre > code').evaluate(scrolls), false);
    });
}

test('a run draws its timeline, with a text alternative', async open => {
    const { url } = await Server.virtual();
    const page = await open(`${url}03_gather.html`);
    // With the virtual clock it equals the picture in the chapter.
    const facts = await page.locator('main figure.timeline [role=img]').first().getAttribute('aria-label');
    assert.match(facts, /^one after another, 500 ms: fetch page=1 from 0 to 100 ms, /);
    await button(page, 'Run 03_gather').first().click();
    await over(page);
    assert.equal(await runOf(page).getByRole('img').getAttribute('aria-label'), facts);
});

test('a lesson without a timeline has no figure', async open => {
    const { url } = await Server.virtual();
    const page = await open(`${url}01_hello_await.html`);
    await button(page, 'Run 01_hello_await').first().click();
    await over(page);
    assert.equal(await runOf(page).locator('figure').isVisible(), false);
});

test('the focus moves to Stop and back', async open => {
    const { url } = await Server.virtual();
    const page = await open(`${url}02_lazy.html`);
    await page.evaluate(() => {
        globalThis.focused = [];
        addEventListener('focusin', ({ target }) => focused.push(target.textContent));
    });
    const run = button(page, 'Run 02_lazy').first();
    await run.focus();
    await page.keyboard.press('Enter');
    await over(page);
    assert.deepEqual(await page.evaluate(() => focused), ['Run', 'Stop', 'Run']);

    await button(page, 'Close').click();
    assert.equal(await runOf(page).count(), 0);
    assert.ok(await run.evaluate(it => it === document.activeElement));
});

test('a second run replaces the first', async open => {
    const { url } = await Server.virtual();
    const page = await open(`${url}01_hello_await.html`);
    for (let time = 0; time < 2; time++) {
        await button(page, 'Run 01_hello_await').first().click();
        await over(page);
        assert.equal(await output(page), snapshot('lessons__01_hello_await'));
        assert.equal(await runOf(page).count(), 1);
    }
});
