// The slider that moves through the recorded runs of a lesson.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { button, faults, file, output, over, ROOT, runOf, Server, snapshot, test, until } from './kit.js';

const knob = page => page.locator('.knob').first();
const shown = page => knob(page).locator('details:not([inert])');
const recorded = lesson => snapshot(`lessons__${lesson}_knob`).trim().split('\n').map(line => JSON.parse(line));
const LESSONS = readdirSync(join(ROOT, 'tests/snapshots')).flatMap(name => /^lessons__(.*)_knob\.snap$/.exec(name)?.[1] ?? []);

test('the slider is visible, and begins with the run that the chapter shows', async open => {
    assert.ok(LESSONS.length >= 12);
    const page = await open();
    for (const lesson of LESSONS) {
        await page.goto(file(`${lesson}.html`));
        const range = knob(page).getByRole('slider');
        assert.ok(await range.isVisible(), lesson);
        const value = await shown(page).getAttribute('data-value');
        const run = recorded(lesson).find(run => run.value === +value);
        // Lesson 07 has a timeline of each of its parts.
        const part = lesson === '07_pitfalls' ? '_blocking' : '';
        assert.deepEqual(run.timeline, JSON.parse(snapshot(`lessons__${lesson}${part}_timeline`)), lesson);
    }
});

test('each step shows the run of that value', async open => {
    const page = await open(file('04_bounded.html'));
    const range = knob(page).getByRole('slider');
    assert.equal(await range.getAttribute('aria-valuetext'), '--limit 4');
    await range.press('ArrowRight');
    await range.press('ArrowRight');
    assert.equal(await range.getAttribute('aria-valuetext'), '--limit 6');
    const { output } = recorded('04_bounded').find(({ value }) => value === 6);
    assert.match(output, /^12 pages/);
    assert.equal((await shown(page).locator('pre code').textContent()).trim(), output);
    assert.equal(await shown(page).locator('svg .title').textContent(), 'at most 6: 100 ms');
    assert.equal(await shown(page).count(), 1);
    assert.equal(await knob(page).locator('label code').textContent(), 'cargo run --example 04_bounded -- --limit 6');
});

test('each position shows the pictures that do not change, too, and one button', async open => {
    const page = await open(file('10_tasks.html'));
    const titles = () => shown(page).locator('svg .title').allTextContents();
    const before = await titles();
    const names = JSON.parse(snapshot('lessons__10_tasks_timeline')).sections.map(({ title }) => title);
    assert.deepEqual(before.map(title => title.split(':')[0]), names);
    await knob(page).getByRole('slider').press('End');
    const after = await titles();
    assert.equal(after[1], 'timeout(handle): 100 ms');
    assert.notDeepEqual(after, before);
    await until(() => knob(page).locator('.clip-button:visible').count(), 1);
});

test('a step does not move the rest of the page', async open => {
    const page = await open(file('04_bounded.html'), { width: 390 });
    const height = () => page.evaluate(() => document.documentElement.scrollHeight);
    const before = await height();
    await knob(page).getByRole('slider').press('Home');
    assert.equal(await height(), before);
});

test("without JavaScript, each run is a fold, and the program's own is open", async open => {
    const page = await open(file('04_bounded.html'), { javaScriptEnabled: false });
    const folds = knob(page).locator('details');
    assert.equal(await folds.evaluateAll(all => all.filter(fold => fold.open).length), 1);
    assert.equal(await knob(page).locator('details[open]').getAttribute('data-value'), '4');
    assert.match(await folds.first().locator('summary').textContent(), /-- --limit 1$/);
});

test('a number that is not recorded is run in place of the recorded runs', async open => {
    const { url } = await Server.virtual();
    const page = await open(undefined, { width: 390 });
    await page.goto(`${url}03_gather.html`);
    const number = knob(page).getByRole('spinbutton', { name: 'Another number, 1 to 1000:' });
    assert.equal(await number.inputValue(), '');

    // The browser reports a field without a number, and a number outside of the range.
    const run = button(page, 'Run 03_gather with this number');
    await run.click();
    assert.equal(await runOf(page).count(), 0);
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
    assert.equal(await knob(page).getByRole('slider').count(), 1);
    assert.equal(await knob(page).getByRole('spinbutton').count(), 0);
});
