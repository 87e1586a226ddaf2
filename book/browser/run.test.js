// Run and Check, where all is well: what the page then shows is what the lessons' own tests approved.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { button, output, over, ROOT, runOf, Server, snapshot, test } from './kit.js';

for (const lesson of ['01_hello_await', '02_lazy', '03_gather', '06_errors']) {
    test(`${lesson} prints in the page what its snapshot says`, async open => {
        const { url } = await Server.virtual();
        const page = await open(`${url}${lesson}.html`);
        await button(page, `Run ${lesson}`).first().click();
        assert.match(await over(page), /^Done, after \d+\.\d s\.$/);
        assert.equal(await output(page), snapshot(`lessons__${lesson}`));
        // Who reads on scrolls the page, and not a part of it.
        const scrolls = it => it.scrollHeight > it.clientHeight;
        assert.equal(await runOf(page).locator('pre > code').evaluate(scrolls), false);
    });
}

test('a run draws its own timeline, with its facts in words', async open => {
    const { url } = await Server.virtual();
    const page = await open(`${url}03_gather.html`);
    // On the virtual clock, the same picture as the page shows anyway.
    const facts = await page.locator('main figure.timeline [role=img]').first().getAttribute('aria-label');
    assert.match(facts, /^one after another, 500 ms: fetch page=1 from 0 to 100 ms, /);
    await button(page, 'Run 03_gather').first().click();
    await over(page);
    assert.equal(await runOf(page).getByRole('img').getAttribute('aria-label'), facts);
});

test('a lesson without a timeline draws none', async open => {
    const { url } = await Server.virtual();
    const page = await open(`${url}01_hello_await.html`);
    await button(page, 'Run 01_hello_await').first().click();
    await over(page);
    assert.equal(await runOf(page).locator('figure').isVisible(), false);
});

test('the focus goes to Stop and comes back', async open => {
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

test('a second run takes the place of the first', async open => {
    const { url } = await Server.virtual();
    const page = await open(`${url}01_hello_await.html`);
    for (let time = 0; time < 2; time++) {
        await button(page, 'Run 01_hello_await').first().click();
        await over(page);
        assert.equal(await output(page), snapshot('lessons__01_hello_await'));
        assert.equal(await runOf(page).count(), 1);
    }
});

test('the check of an exercise says what is wrong with it', async open => {
    const exercise = name => readFileSync(join(ROOT, 'lessons/01_hello_await', name), 'utf8');
    if (exercise('exercise.rs') !== exercise('starter.rs')) {
        console.log('NOT TESTED: somebody has begun to solve exercise 01 here');
        return;
    }
    const { url } = await Server.virtual();
    const page = await open(`${url}01_hello_await.html`, { width: 390 });
    await button(page, 'Check 01_hello_await').click();
    assert.match(await over(page), /^Not solved yet, after \d+\.\d s\.$/);
    // The page is narrower: lines break elsewhere, and the picture is another.
    const words = text => text.trim().replaceAll(/\s+/g, ' ');
    const said = words(await output(page));
    for (const line of snapshot('exercises__01_hello_await_starter').split('\n')) {
        const ofPicture = /[█░]| ms$/.test(line);
        assert.ok(ofPicture || said.includes(words(line)), `${line}\nis not in\n${said}`);
    }
    // A phone shows all of its pictures' titles.
    const cut = await runOf(page).locator('svg .title').evaluateAll(titles => titles.filter(
        title => title.getBoundingClientRect().right > title.closest('figure').getBoundingClientRect().right,
    ).length);
    assert.equal(cut, 0);
});
