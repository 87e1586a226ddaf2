// Run, the happy paths: the page shows what the lessons' snapshots contain.

import assert from 'node:assert/strict';
import { button, faults, output, over, runOf, Server, snapshot, test } from './kit.js';

for (const lesson of ['01_hello_await', '02_lazy', '03_gather', '06_errors']) {
    test(`${lesson} prints its snapshot in the page`, async open => {
        const { url } = await Server.virtual();
        const page = await open(`${url}${lesson}.html`);
        await button(page, `Run ${lesson}`).first().click();
        assert.match(await over(page), /^Done after \d+\.\d s\.$/);
        // Without the picture in text, which is drawn below it.
        const text = snapshot(`lessons__${lesson}`).replace(/\n\n(?:(?!\n\n)[^])*░ waits.*\n$/, '\n');
        assert.equal(await output(page), text);
        // The output does not scroll on its own.
        const scrolls = it => it.scrollHeight > it.clientHeight;
        assert.equal(await runOf(page).locator('pre > code').first().evaluate(scrolls), false);
    });
}

test('a run draws its timeline, with a text alternative', async open => {
    const { url } = await Server.virtual();
    const page = await open(`${url}03_gather.html`);
    // With the virtual clock it equals the picture in the chapter.
    const facts = await page.locator('main figure.timeline [role=img]').first().getAttribute('aria-label');
    assert.match(facts, /^one after another, 500 ms: fetch page=1 from 0 to 100 ms \(done\), /);
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

// Replaces the server's response to Run: the lesson's output, and its picture with other times.
const answer = (page, lesson, picture, text = snapshot(`lessons__${lesson}`)) => page.route(`**/run/${lesson}`, async route => {
    const svg = await page.evaluate(() => document.querySelector('main > figure.timeline svg')?.outerHTML);
    const events = [{ output: text }, ...picture ? [{ timeline: picture(svg) }] : [], { end: 'Done after 1.0 s.', good: true }];
    route.fulfill({ body: events.map(event => `${JSON.stringify(event)}\n`).join('') });
});
const difference = page => runOf(page).locator('.run-difference').textContent();

for (const width of [1280, 390]) {
    test(`a run is shown instead of the recorded output, in tabs, at ${width} pixels`, async open => {
        const { url } = await Server.virtual();
        const page = await open(undefined, { width });
        await page.goto(`${url}03_gather.html`);
        await answer(page, '03_gather', svg => svg.replace('>one after another: 500 ms', '>one after another: 514 ms'));
        const recorded = page.locator('main > pre', { has: page.locator('.output.lesson-03_gather') });
        assert.equal(await recorded.count(), 1);
        await button(page, 'Run 03_gather').first().click();
        await over(page);
        assert.equal(await recorded.count(), 0);
        assert.match(await difference(page), /^one after another: 514 ms, the page says 500; together: 100 ms, the page says 100.*: your clock is real\.$/);
        // The bars of the page are drawn around those of the run.
        const bars = await runOf(page).locator('rect.wait').count();
        assert.equal(await runOf(page).locator('rect.tested').count(), bars);
        assert.deepEqual(await faults(page, 'a run with tabs'), []);

        const tab = name => runOf(page).getByRole('tab', { name });
        assert.equal(await tab('This run').getAttribute('aria-selected'), 'true');
        await tab('This run').focus();
        await page.keyboard.press('ArrowRight');
        assert.match(page.url(), /03_gather/);
        assert.equal(await tab('The page').getAttribute('aria-selected'), 'true');
        assert.equal(await runOf(page).getByRole('tabpanel').locator('pre > code').textContent(), snapshot('lessons__03_gather'));
        assert.deepEqual(await faults(page, 'the output of the page'), []);
        await button(page, 'Close').click();
        assert.equal(await recorded.count(), 1);
        assert.equal(await page.locator('p.file + pre', { has: page.locator('.output.lesson-03_gather') }).count(), 1);
    });
}

test('a run of the same times, and one of another shape', async open => {
    const { url } = await Server.virtual();
    const page = await open(`${url}03_gather.html`);
    await answer(page, '03_gather', svg => svg, `${snapshot('lessons__03_gather')}\nall  100 ms\n  a ░░█\n  ░ waits  █ runs\n`);
    await button(page, 'Run 03_gather').first().click();
    await over(page);
    assert.equal(await difference(page), 'The same times as on the page.');
    // Without the picture in text.
    assert.equal(await output(page), snapshot('lessons__03_gather'));
    // Twice as fast, without one bar: no reason is named, and the pictures are next to each other.
    await answer(page, '03_gather', svg => svg.replace('>one after another: 500 ms', '>one after another: 250 ms').replace(/<rect class="wait".*?\/?>/, ''));
    await button(page, 'Run 03_gather').first().click();
    await over(page);
    assert.match(await difference(page), /250 ms, the page says 500.*100\.$/);
    assert.equal(await runOf(page).locator('rect.tested').count(), 0);
    assert.equal(await runOf(page).getByRole('img').count(), 2);
});

test('without a picture, the lines are compared', async open => {
    const { url } = await Server.virtual();
    const page = await open(`${url}01_hello_await.html`);
    for (const [text, expected] of [
        [snapshot('lessons__01_hello_await'), /^The same lines as on the page\.$/],
        [snapshot('lessons__01_hello_await').replace(/\w+/, 'other'), /^1 of the \d+ lines on the page are different/],
    ]) {
        await answer(page, '01_hello_await', null, text);
        await button(page, 'Run 01_hello_await').first().click();
        await over(page);
        assert.match(await difference(page), expected);
    }
});
