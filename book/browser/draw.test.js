// Drawing the bars of a run as a prediction: what is drawn, in Node, and the sliders, in a browser.

import assert from 'node:assert/strict';
import { test as nodeTest } from 'node:test';
import draw from '../theme/draw.js';
import { axe, button, file, test } from './kit.js';

const { axis, follow, move, isDrawing, difference } = draw;

nodeTest('the axis is longer than the longest run', () => {
    assert.deepEqual([100, 200, 300, 500, 1200].map(axis), [[20, 120], [50, 250], [100, 400], [100, 600], [500, 1500]]);
});

nodeTest('bars that were not moved continue the pattern of those above them', () => {
    const of = (...drawn) => follow(drawn, 600);
    const ghost = [0, 300];
    assert.deepEqual(of(null, null), [ghost, ghost]);
    assert.deepEqual(of([0, 100], null, null), [[0, 100], [0, 100], [0, 100]]);
    assert.deepEqual(of([0, 100], [100, 200], null, null), [[0, 100], [100, 200], [200, 300], [300, 400]]);
    assert.deepEqual(of([0, 100], [0, 200], null), [[0, 100], [0, 200], [0, 300]]);
    assert.deepEqual(of(null, [50, 100], null), [ghost, [50, 100], [50, 100]]);
    assert.deepEqual(of(null, [50, 100], [150, 200], null), [ghost, [50, 100], [150, 200], [250, 300]]);
    // Bars end at the end of the axis.
    assert.deepEqual(of([0, 300], [300, 600], null), [[0, 300], [300, 600], [600, 600]]);
    assert.deepEqual(of([200, 300], [0, 100], null), [[200, 300], [0, 100], [0, 100]]);
    // No bar ends before it starts.
    assert.deepEqual(of([0, 250], [100, 200], null, null), [[0, 250], [100, 200], [200, 300], [300, 400]]);
});

nodeTest('the start takes the whole bar with it, the end changes its length', () => {
    assert.deepEqual(move([0, 100], 0, 200, 600), [200, 300]);
    assert.deepEqual(move([0, 300], 0, 500, 600), [300, 600]);
    assert.deepEqual(move([0, 300], 1, 100, 600), [0, 100]);
    assert.deepEqual(move([200, 300], 1, 100, 600), [100, 100]);
});

nodeTest('what a browser has kept may be anything', () => {
    assert.ok(isDrawing([null, [0, 100]], 2));
    for (const kept of [undefined, null, 2, 'ab', {}, [null], ['ab', null], [[0], null], [[0, '1'], null], [[0, null], null]]) {
        assert.ok(!isDrawing(kept, 2), JSON.stringify(kept));
    }
});

nodeTest('a difference names the end of the bar', () => {
    assert.equal(difference([0, 100], [0, 100]), '');
    assert.equal(difference([0, 300], [0, 200]), 'ends 100 ms too late');
    assert.equal(difference([100, 300], [0, 300]), 'starts 100 ms too late');
    assert.equal(difference([0, 100], [100, 200]), 'starts 100 ms too early and ends 100 ms too early');
});

const drawing = (page, title) => page.getByRole('group', { name: `Draw: ${title}` });
const slider = (page, title, number, end) => page.getByRole('slider', { name: `${title}, fetch page=${number}: ${end}`, exact: true });
const verdict = (page, title) => drawing(page, title).getByRole('status').textContent();
const bars = (page, title, of = '.drawn-bar:not(.is-recorded)') => drawing(page, title).locator(of)
    .evaluateAll(all => all.map(({ style }) => [style.insetInlineStart, style.inlineSize].map(size => Math.round(6 * parseFloat(size)))));

const APART = 'one after another';
const RIGHT = [[0, 100], [100, 100], [200, 100], [300, 100], [400, 100]];

// Drags the handle of a slider of 0 to 600 ms by mouse.
async function drag(page, slider, from, to) {
    await slider.scrollIntoViewIfNeeded();
    const { x, y, width, height } = await slider.boundingBox();
    // The handle is 20 pixels wide, and its center is at the value.
    const at = ms => x + 10 + (width - 20) * ms / 600;
    await page.mouse.move(at(from), y + height / 2);
    await page.mouse.down();
    await page.mouse.move(at(to), y + height / 2, { steps: 4 });
    await page.mouse.up();
}

for (const width of [1280, 390]) {
    test(`bars are dragged and compared with the recorded ones, at ${width} pixels`, async open => {
        const page = await open(file('03_gather.html'), { width });
        await drag(page, slider(page, APART, 1, 'end'), 300, 100);
        assert.deepEqual(await bars(page, APART), RIGHT.map(() => [0, 100]));
        await drag(page, slider(page, APART, 2, 'start'), 0, 100);
        assert.deepEqual(await bars(page, APART), RIGHT);
        assert.equal(await page.getByLabel(/with its await in the loop/).inputValue(), '500 ms');
        assert.equal(await verdict(page, APART), '');
        await drag(page, slider(page, 'together', 1, 'end'), 300, 100);
        await drag(page, slider(page, 'together', 4, 'start'), 0, 50);
        await page.getByLabel(/which page would the second print first/).fill('page 1');
        await button(page, 'Compare').first().click();
        assert.equal(await verdict(page, APART), '5 of 5 bars are right. The thin bars are the recorded ones.');
        assert.match(await verdict(page, 'together'), /^3 of 5 bars are right\..*fetch page=4 starts 50 ms too late and ends 50 ms too late\.fetch page=5 starts 100 ms/);
        assert.deepEqual(await bars(page, APART, '.is-recorded'), RIGHT);
        assert.ok(await drawing(page, APART).locator('.is-recorded').first().isVisible());
        assert.equal(await page.getByRole('status').filter({ hasText: 'right. The answer is open' }).textContent(), '2 of 3 right. The answer is open below.');
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false);
    });
}

test('bars are dragged by touch', async open => {
    const page = await open(file('03_gather.html'), { width: 390, hasTouch: true, isMobile: true });
    const end = slider(page, APART, 1, 'end');
    await end.scrollIntoViewIfNeeded();
    const { x, y, width, height } = await end.boundingBox();
    const points = ms => [{ x: x + 10 + (width - 20) * ms / 600, y: y + height / 2 }];
    const client = await page.context().newCDPSession(page);
    const touch = (type, touchPoints) => client.send('Input.dispatchTouchEvent', { type, touchPoints });
    await touch('touchStart', points(300));
    for (const ms of [250, 200, 150, 100]) await touch('touchMove', points(ms));
    await touch('touchEnd', []);
    assert.deepEqual(await bars(page, APART), RIGHT.map(() => [0, 100]));
});

test('bars are drawn by keyboard, and remembered', async open => {
    const page = await open(file('03_gather.html'));
    const end = slider(page, APART, 1, 'end');
    await slider(page, APART, 1, 'start').focus();
    await page.keyboard.press('Tab');
    for (let n = 0; n < 4; n++) await page.keyboard.press('ArrowLeft');
    assert.equal(await end.getAttribute('aria-valuetext'), '100 ms');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('PageDown');
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowUp');
    assert.deepEqual(await bars(page, APART), RIGHT);
    assert.equal(page.url(), file('03_gather.html'));
    await button(page, 'Compare').first().press('Enter');
    assert.match(await verdict(page, APART), /^5 of 5/);
    // Nothing is compared of what was not drawn.
    assert.equal(await verdict(page, 'together'), '');
    assert.equal(await drawing(page, 'together').locator('.is-recorded').first().isVisible(), false);
    await page.reload();
    assert.deepEqual(await bars(page, APART), RIGHT);
    assert.match(await verdict(page, APART), /^5 of 5/);
    // A verdict on other bars, or on another guess, disappears.
    const guesses = () => page.locator('.guess-verdict').filter({ hasText: /Right\./ }).count();
    assert.equal(await guesses(), 1);
    await end.press('ArrowRight');
    assert.deepEqual([await verdict(page, APART), await guesses()], ['', 0]);
    await end.press('ArrowLeft');
    await button(page, 'Compare').first().click();
    assert.deepEqual([(await verdict(page, APART)).slice(0, 6), await guesses()], ['5 of 5', 1]);
    await page.getByLabel(/with its await in the loop/).press('1');
    assert.equal(await guesses(), 0);
    await button(page, 'Clear').first().click();
    assert.equal(await verdict(page, APART), '');
    await page.reload();
    assert.deepEqual(await bars(page, APART), RIGHT.map(() => [0, 300]));
    assert.equal(await page.getByLabel(/with its await in the loop/).inputValue(), '');
});

test('only a question about the end of the last bar gets its answer from the drawing', async open => {
    const page = await open(file('06_errors.html'));
    const titles = ['join_all', 'try_join_all', 'try_join_all, tasks'];
    for (const title of titles) await slider(page, title, 3, 'end').press('ArrowRight');
    const fields = page.getByLabel(/returns after how many ms/);
    assert.deepEqual(await fields.evaluateAll(all => all.map(({ value }) => value)), ['250 ms', '250 ms', '']);
});

test('without JavaScript, only the question is left', async open => {
    const page = await open(file('03_gather.html'), { javaScriptEnabled: false });
    assert.ok(await page.getByText('The first, with its await in the loop:').isVisible());
    assert.equal(await page.locator('main input:visible').count(), 0);
    assert.equal(await page.locator('.drawing').first().textContent(), '');
});

test('on paper, a drawing is still, and bars that were not drawn leave space for a pencil', async open => {
    const page = await open(file('03_gather.html'));
    await slider(page, APART, 1, 'end').press('ArrowLeft');
    await page.emulateMedia({ media: 'print' });
    assert.equal(await drawing(page, APART).locator('input:visible').count(), 0);
    assert.equal(await drawing(page, APART).locator('.drawn-bar:visible').count(), 1);
    assert.ok(await drawing(page, APART).getByText('fetch page=5').isVisible());
});

for (const [width, colorScheme] of [[1280, 'light'], [390, 'dark']]) {
    test(`a compared drawing has no axe violations, at ${width} pixels, ${colorScheme}`, async open => {
        const page = await open(file('06_errors.html'), { width, colorScheme });
        await slider(page, 'join_all', 3, 'end').press('ArrowRight');
        await button(page, 'Compare').first().click();
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
