// The player below a timeline steps through the recorded run.

import assert from 'node:assert/strict';
import { axe, button, file, test, until } from './kit.js';

const PAGE = '03_gather.html';
const player = page => page.getByRole('group', { name: 'Step through the run' });
const said = page => player(page).locator('[aria-live]').textContent();
const states = page => page.locator('.timeline-svg .state').allTextContents();

test('a step shows the state of each row, where it is in the program, and a sentence', async open => {
    const page = await open(file('06_errors.html'));
    assert.deepEqual(await states(page), []);
    const forward = button(page, 'Forward one step');
    for (let step = 0; step < 14; step++) await forward.click();
    // The first picture has nine steps. In step 14, page 1 returns, and `try_join_all` polls all futures.
    assert.equal(await said(page), 'try_join_all, 100 ms: fetch page=2 is polled for nothing: nothing it waits for has happened. ');
    assert.deepEqual(await states(page), ['ready', 'polled for nothing', 'pending']);
    const code = await player(page).locator('.player-code').textContent();
    assert.match(code, /^lesson\.rs, line \d+: let result = self\.size_of\(&path\)\.await;$/);
    for (let step = 0; step < 3; step++) await forward.click();
    assert.equal(
        await said(page),
        'try_join_all, 200 ms: fetch page=3 is dropped while it waits: it never gets past its .await. ',
    );
    assert.deepEqual(await states(page), ['ready', 'failed', 'dropped']);
    await button(page, 'Back one step').click();
    assert.match(await said(page), /fetch page=2 is polled, and returns an error/);
});

test('a function that is not async is called, not polled', async open => {
    const page = await open(file('12_cancellation.html'));
    await button(page, 'Forward one step').click();
    assert.match(await said(page), /: take is called, and returns\. $/);
    assert.equal((await states(page))[0], 'called');
});

test('the player works by keyboard, and does not turn the page', async open => {
    const page = await open(file(PAGE));
    await button(page, 'Forward one step').focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('ArrowRight');
    assert.match(await said(page), /^one after another, 100 ms: fetch page=1 is polled, and returns: Ready/);
    const range = player(page).getByRole('slider', { name: 'Step' });
    await range.focus();
    await page.keyboard.press('ArrowLeft');
    assert.match(await said(page), /^one after another, 0 ms: fetch page=1 is polled for the first time/);
    assert.equal(await range.getAttribute('aria-valuetext'), '1 of 20, one after another, 0 ms');
    await page.keyboard.press('End');
    assert.match(await said(page), /^The whole run/);
    await page.keyboard.press('ArrowLeft');
    assert.match(await said(page), /^together, 100 ms: fetch page=5 is polled, and returns: Ready/);
    await page.keyboard.press('End');
    assert.deepEqual(await states(page), []);
    assert.equal(page.url(), file(PAGE));
});

test('the player plays to the end, and pauses', async open => {
    const page = await open();
    await page.clock.install();
    await page.goto(file(PAGE));
    await button(page, 'Play').click();
    await page.clock.runFor(2000);
    assert.match(await said(page), /^one after another, 100 ms: fetch page=2/);
    await button(page, 'Pause').click();
    await page.clock.runFor(5000);
    assert.match(await said(page), /^one after another, 100 ms: fetch page=2/);
    await button(page, 'Play').click();
    await page.clock.runFor(60_000);
    assert.match(await said(page), /^together, 100 ms: fetch page=5/);
    await button(page, 'Play').waitFor();
});

test('with reduced motion, nothing plays', async open => {
    const page = await open(file(PAGE), { reducedMotion: 'reduce' });
    await button(page, 'Forward one step').click();
    assert.match(await said(page), /is polled for the first time/);
    // The recording does not tell at which .await of the function it waits.
    assert.match(await player(page).locator('.player-code').textContent(), /line \d+: .*send\(\)\.await.* or line \d+: .*\.await/);
    assert.equal(await button(page, 'Play').count(), 0);
});

test('polls of which the order is not known are one step', async open => {
    const page = await open(file('05_pool.html'));
    await button(page, 'Forward one step').click();
    assert.match(await said(page), /^one connection, 0 ms, order not recorded: (slow_query query=\d is polled for the first time, and has to wait: Pending. ){3}$/);
});

test('a poll that takes time is running until its end', async open => {
    const page = await open(file('07_pitfalls.html'));
    await button(page, 'Forward one step').first().click();
    assert.deepEqual(await states(page), ['running']);
    assert.match(await player(page).first().locator('[aria-live]').textContent(), /work runs for 200 ms and keeps its thread/);
    await button(page, 'Forward one step').first().click();
    assert.deepEqual(await states(page), ['ended']);
});

test('without JavaScript the picture is still, and there is no player', async open => {
    const page = await open(file(PAGE), { javaScriptEnabled: false });
    await page.locator('.timeline-svg').first().waitFor();
    assert.equal(await page.locator('.timeline button, .timeline input').count(), 0);
});

for (const [width, colorScheme] of [[1280, 'light'], [390, 'dark']]) {
    test(`a step has no axe violations, at ${width} pixels, ${colorScheme}`, async open => {
        const page = await open(file('06_errors.html'), { width, colorScheme });
        const range = player(page).getByRole('slider', { name: 'Step' });
        await range.focus();
        await page.keyboard.press('Home');
        for (let step = 1; step < 14; step++) await page.keyboard.press('ArrowRight');
        await until(() => said(page), /^try_join_all, 100 ms/);
        await page.addStyleTag({ content: 'pre > code { background-image: none !important }' });
        await page.evaluate(axe.source);
        const { violations } = await page.evaluate(() => axe.run(document, {
            runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
            resultTypes: ['violations'],
            // Style sheets of a file cannot be loaded again.
            preload: false,
        }));
        assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.target)}`), []);
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false);
    });
}
