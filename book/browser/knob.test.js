// The slider that moves through the recorded runs of a lesson.

import assert from 'node:assert/strict';
import { file, snapshot, test } from './kit.js';

const knob = page => page.locator('.knob').first();
const shown = page => knob(page).locator('details:not([inert])');

async function opened(open, options) {
    const page = await open(file('04_bounded.html'), options);
    await page.evaluate(() => document.querySelector('.knob').closest('details').open = true);
    return page;
}

test('the slider begins with the usual run, and each step shows the run of that value', async open => {
    const page = await opened(open);
    const range = knob(page).getByRole('slider');
    assert.equal(await range.getAttribute('aria-valuetext'), '--limit 4');
    await range.press('ArrowRight');
    assert.equal(await range.getAttribute('aria-valuetext'), '--limit 5');
    const recorded = snapshot('lessons__04_bounded_knob').trim().split('\n').map(line => JSON.parse(line));
    const { output } = recorded.find(({ value }) => value === 5);
    const [text] = output.join('\n').split('\n\n').filter(block => block.startsWith('12 pages'));
    assert.equal((await shown(page).locator('pre code').textContent()).trim(), text);
    assert.equal(await shown(page).locator('svg .title').textContent(), 'at most 5: 100 ms');
    assert.equal(await shown(page).count(), 1);
    assert.equal(await knob(page).locator('label code').textContent(), 'cargo run --example 04_bounded -- --limit 5');
});

test('a step does not move the rest of the page', async open => {
    const page = await opened(open, { width: 390 });
    const height = () => page.evaluate(() => document.documentElement.scrollHeight);
    const before = await height();
    await knob(page).getByRole('slider').press('Home');
    assert.equal(await height(), before);
});

test('without JavaScript, each run is a fold, and the usual one is open', async open => {
    const page = await opened(open, { javaScriptEnabled: false });
    const folds = knob(page).locator('details');
    assert.equal(await folds.evaluateAll(all => all.filter(fold => fold.open).length), 1);
    assert.equal(await knob(page).locator('details[open]').getAttribute('data-value'), '4');
    assert.match(await folds.first().locator('summary').textContent(), /-- --limit 1$/);
});
