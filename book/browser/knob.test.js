// The slider that moves through the recorded runs of a lesson.

import assert from 'node:assert/strict';
import { button, faults, file, output, over, runOf, Server, snapshot, test } from './kit.js';

const knob = page => page.locator('.knob').first();
const shown = page => knob(page).locator('details:not([inert])');

async function opened(open, options) {
    const page = await open(file('04_bounded.html'), options);
    await page.evaluate(() => document.querySelector('.knob').closest('details').open = true);
    return page;
}

test('the slider begins with the run in the text, and each step shows the run of that value', async open => {
    const page = await opened(open);
    const range = knob(page).getByRole('slider');
    assert.equal(await range.getAttribute('aria-valuetext'), '--limit 5');
    await range.press('ArrowRight');
    assert.equal(await range.getAttribute('aria-valuetext'), '--limit 6');
    const recorded = snapshot('lessons__04_bounded_knob').trim().split('\n').map(line => JSON.parse(line));
    const { output } = recorded.find(({ value }) => value === 6);
    assert.match(output, /^12 pages/);
    assert.equal((await shown(page).locator('pre code').textContent()).trim(), output);
    assert.equal(await shown(page).locator('svg .title').textContent(), 'at most 6: 100 ms');
    assert.equal(await shown(page).count(), 1);
    assert.equal(await knob(page).locator('label code').textContent(), 'cargo run --example 04_bounded -- --limit 6');
});

test('a step does not move the rest of the page', async open => {
    const page = await opened(open, { width: 390 });
    const height = () => page.evaluate(() => document.documentElement.scrollHeight);
    const before = await height();
    await knob(page).getByRole('slider').press('Home');
    assert.equal(await height(), before);
});

test('without JavaScript, each run is a fold, and that in the text is open', async open => {
    const page = await opened(open, { javaScriptEnabled: false });
    const folds = knob(page).locator('details');
    assert.equal(await folds.evaluateAll(all => all.filter(fold => fold.open).length), 1);
    assert.equal(await knob(page).locator('details[open]').getAttribute('data-value'), '5');
    assert.match(await folds.first().locator('summary').textContent(), /-- --limit 1$/);
});

test('a number that is not recorded is run in place of the recorded runs', async open => {
    const { url } = await Server.virtual();
    const page = await open(undefined, { width: 390 });
    await page.goto(`${url}03_gather.html`);
    await page.evaluate(() => document.querySelector('.knob').closest('details').open = true);
    const number = knob(page).getByRole('spinbutton', { name: 'Another number, 1 to 1000:' });
    assert.equal(await number.inputValue(), '1');

    // The browser reports a number outside of the range.
    const run = button(page, 'Run 03_gather with this number');
    await number.fill('1001');
    await run.click();
    assert.equal(await runOf(page).count(), 0);

    await number.fill('750');
    await number.press('Enter');
    assert.match(await over(page), /^Done after/);
    assert.match(await output(page), /\n  1150 ms\n\ntogether\n(  page .*\n)+  750 ms,/);
    assert.match(await runOf(page).getByRole('img').getAttribute('aria-label'), /together, 750 ms: fetch page=1 from 0 to 750 ms/);
    assert.equal(await runOf(page).locator('strong').first().textContent(), 'Your run, --delay 750');
    assert.equal(await shown(page).isVisible(), false);
    await page.emulateMedia({ media: 'print' });
    assert.equal(await shown(page).isVisible(), true);
    assert.equal(await runOf(page).isVisible(), false);
    assert.equal(await number.isVisible(), false);
    await page.emulateMedia({ media: 'screen' });
    assert.deepEqual(await faults(page, 'your run of a knob'), []);

    await knob(page).getByRole('slider').press('ArrowRight');
    assert.equal(await runOf(page).count(), 0);
    assert.equal(await shown(page).isVisible(), true);
});

test('a knob whose numbers are all recorded has no field', async open => {
    const { url } = await Server.virtual();
    const page = await open(`${url}04_bounded.html`);
    await page.evaluate(() => document.querySelector('.knob').closest('details').open = true);
    assert.equal(await knob(page).getByRole('slider').count(), 1);
    assert.equal(await knob(page).getByRole('spinbutton').count(), 0);
});
