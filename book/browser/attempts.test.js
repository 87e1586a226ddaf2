// Checks of an exercise in the page: the verdict, and the attempts that the page keeps. The server's response is
// replaced by a report; the last test has a real one.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { button, faults, output, over, ROOT, runOf, Server, test, until } from './kit.js';

const KEY = 'workbook-attempts 03_gather';

const svg = (title, ms, ...bars) => `<svg class="timeline-svg" style="--label:5" height="${48 + 20 * bars.length}" role="img"
    aria-label="${title}, ${ms} ms"><text class="title" x="0" y="18">${title}: ${ms} ms</text>${bars.map(([x, width], n) =>
    `<rect class="wait" x="${x}%" width="${width}%" y="${31 + 20 * n}" height="12"/>`).join('')}</svg>`;
const IN_TURN = svg('two cities', 200, [0, 50], [50, 50]);
const TOGETHER = svg('two cities', 100, [0, 100], [0, 100]);

const passed = { check: 'each city has its `Weather`', outcome: 'passed', diagnosis: null };
const failed = { check: 'all requests are in flight together', outcome: 'failed', diagnosis: 'They took `200 ms`.\n\nall  200 ms\n ░ waits' };
const report = { checks: [passed, failed], errors: [], outcome: 'failed', output: [], reason: null };
const solved = { ...report, checks: [passed, { ...passed, check: failed.check }], outcome: 'solved' };

// Opens a lesson whose checks have these reports and pictures.
async function lesson(open, answers, options) {
    const { url } = await Server.virtual();
    const page = await open(undefined, options);
    await page.route('**/check/03_gather', route => {
        const [report, ...pictures] = answers.shift();
        const text = `a warning\n${JSON.stringify({ exercises: [report] }, null, 2)}\n`;
        const end = report.outcome === 'solved' ? 'Solved after 1.0 s.' : 'Not solved yet after 1.0 s.';
        const events = [{ output: text.slice(0, 30) }, { output: text.slice(30) }, ...pictures.map(timeline => ({ timeline })), { end }];
        route.fulfill({ body: events.map(event => `${JSON.stringify(event)}\n`).join('') });
    });
    await page.goto(`${url}03_gather.html`);
    return page;
}
const check = async page => {
    await button(page, 'Check 03_gather').click();
    await over(page);
};
const attempts = page => page.getByRole('region', { name: 'Your attempts' });
const names = page => attempts(page).locator('li span').allTextContents();

for (const width of [1280, 390]) {
    test(`a verdict names each check and its outcome, at ${width} pixels`, async open => {
        const page = await lesson(open, [[report, IN_TURN]], { width });
        await check(page);
        const items = runOf(page).getByRole('listitem');
        assert.match(await items.nth(0).textContent(), /each city has its Weather.*passed/);
        assert.match(await items.nth(1).textContent(), /all requests are in flight together.*failed.*They took 200 ms\.$/);
        assert.match(await runOf(page).textContent(), /1 of 2 checks passed/);
        // The picture replaces the one in text.
        assert.equal(await runOf(page).getByRole('img').getAttribute('aria-label'), 'two cities, 200 ms');
        assert.equal(await output(page), 'a warning\n');
        const red = await page.evaluate(() => getComputedStyle(document.querySelector('.run')).borderColor);
        assert.equal(red, 'rgb(181, 39, 49)');
        assert.deepEqual(await faults(page, 'a failed check'), []);
    });

    test(`two attempts can be compared, at ${width} pixels`, async open => {
        const page = await lesson(open, [[report, IN_TURN], [solved, TOGETHER]], { width });
        assert.equal(await attempts(page).count(), 0);
        await page.clock.setFixedTime(new Date(2026, 10, 27, 9, 5));
        await check(page);
        await page.clock.setFixedTime(new Date(2026, 10, 27, 14, 30));
        await check(page);
        assert.deepEqual(await attempts(page).locator('li small').allTextContents(), ['two cities', 'Nov 27, 09:05', 'two cities', 'Nov 27, 14:30']);
        assert.deepEqual(await names(page), ['200 ms, 1 of 2', '100 ms, solved']);
        for (const name of ['Attempt 1: 200 ms, 1 of 2', 'Attempt 2: 100 ms, solved']) {
            await button(page, name).focus();
            await page.keyboard.press('Enter');
            assert.equal(await button(page, name).getAttribute('aria-pressed'), 'true');
        }
        // They have one scale.
        const widths = await attempts(page).getByRole('img').evaluateAll(all => all.map(it => it.getBoundingClientRect().width));
        assert.equal(widths.length, 2);
        assert.ok(Math.abs(widths[0] - 2 * widths[1]) < 1, `${widths}`);
        assert.deepEqual(await faults(page, 'attempts'), []);
        await button(page, 'Attempt 1: 200 ms, 1 of 2').click();
        assert.equal(await attempts(page).getByRole('img').count(), 0);

        await page.reload();
        assert.deepEqual(await names(page), ['200 ms, 1 of 2', '100 ms, solved']);
        await button(page, 'Forget all attempts').click();
        assert.equal(await attempts(page).count(), 0);
        await page.reload();
        assert.equal(await attempts(page).count(), 0);
    });
}

test('a comparison of different runs says so', async open => {
    const other = svg('another city', 70, [0, 100]);
    const page = await lesson(open, [[report, IN_TURN], [report, TOGETHER], [solved, other]]);
    for (let n = 0; n < 3; n++) await check(page);
    const says = () => attempts(page).getByText('These are different runs').count();
    await button(page, 'Attempt 1: 200 ms, 1 of 2').click();
    await button(page, 'Attempt 2: 100 ms, 1 of 2').click();
    assert.equal(await says(), 0);
    await button(page, 'Attempt 3: 70 ms, solved').click();
    assert.equal(await says(), 1);
    assert.deepEqual(await faults(page, 'attempts of different runs'), []);
});

test('a reload shows the last verdict again, with its time, and whether the file has changed since', async open => {
    const page = await lesson(open, [[report, IN_TURN], [solved, TOGETHER]]);
    let changed = 'None';
    await page.route('**/changed/03_gather', route => route.fulfill({ body: changed }));
    await page.route('**/progress', route => route.fulfill({ body: '{}' }));
    const shown = () => runOf(page).getByRole('status').textContent();
    await page.clock.setFixedTime(new Date(2026, 10, 27, 9, 5));
    await button(page, 'Check 03_gather').click();
    // The check creates the file.
    changed = '1';
    await over(page);
    const verdict = await runOf(page).locator('.verdict').textContent();
    await page.clock.setFixedTime(new Date(2026, 10, 27, 14, 30));
    await page.reload();
    await until(shown, 'Not solved yet after 1.0 s. Checked on Nov 27, 09:05.');
    assert.equal(await runOf(page).locator('.verdict').textContent(), verdict);
    assert.equal(await runOf(page).getByRole('img').getAttribute('aria-label'), 'two cities, 200 ms');
    assert.equal(await output(page), 'a warning\n');
    assert.deepEqual(await names(page), ['200 ms, 1 of 2']);
    assert.deepEqual(await faults(page, 'an old verdict'), []);

    changed = '2';
    await page.reload();
    await until(shown, 'Not solved yet after 1.0 s. Checked on Nov 27, 09:05; your file has changed since.');
    // As if the server was stopped, but without a message in the console.
    await page.evaluate(() => {
        window.answering = fetch;
        window.fetch = () => Promise.reject(new TypeError());
        document.dispatchEvent(new Event('visibilitychange'));
    });
    await until(shown, 'Not solved yet after 1.0 s. Checked on Nov 27, 09:05.');
    await page.evaluate(() => {
        window.fetch = window.answering;
        document.dispatchEvent(new Event('visibilitychange'));
    });
    await until(shown, 'Not solved yet after 1.0 s. Checked on Nov 27, 09:05; your file has changed since.');
    changed = '1';
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await until(shown, 'Not solved yet after 1.0 s. Checked on Nov 27, 09:05.');

    await check(page);
    await page.reload();
    await until(shown, 'Solved after 1.0 s. Checked on Nov 27, 14:30.');
    await button(page, 'Close').click();
    await page.reload();
    assert.equal(await runOf(page).count(), 0);
    assert.equal((await names(page)).length, 2);
});

test('a verdict that is stored may be anything', async open => {
    const page = await lesson(open, []);
    const attack = `<svg onload="document.title = 'attacked'"><script>document.title = 'attacked'</script></svg>`;
    const text = JSON.stringify({ exercises: [report] }, null, 2);
    for (const [stored, panels] of [
        ['{', 0],
        ['3', 0],
        [{ text, pictures: 7 }, 0],
        [{ text: 7, pictures: [] }, 0],
        [{ text: text.replace('"passed"', '"other"'), pictures: [] }, 0],
        [{ text, pictures: [attack], end: '<b onclick="a">', time: 'never' }, 1],
    ]) {
        const value = typeof stored === 'string' ? stored : JSON.stringify(stored);
        await page.evaluate(value => localStorage.setItem('workbook-verdict 03_gather', value), value);
        await page.reload();
        assert.equal(await runOf(page).count(), panels, value);
    }
    assert.equal(await runOf(page).locator('script, b, [onload]').count(), 0);
    assert.doesNotMatch(await page.title(), /attacked/);
});

test('a check that a reload stopped is reported once', async open => {
    const page = await lesson(open, [[report]]);
    await page.route('**/check/03_gather', () => {}); // no response
    await button(page, 'Check 03_gather').click();
    await page.reload();
    assert.match(await over(page), /^The check was stopped, because you left or reloaded this page\./);
    assert.deepEqual(await faults(page, 'a stopped check'), []);
    await page.reload();
    assert.equal(await runOf(page).count(), 0);
    await button(page, 'Check 03_gather').click();
    await button(page, 'Stop').click();
    await over(page);
    await page.reload();
    assert.equal(await runOf(page).count(), 0);
});

test('after a pass the page leads to the next lesson', async open => {
    const page = await lesson(open, [[solved, TOGETHER]]);
    await check(page);
    await button(page, 'Compare with our solution').click();
    assert.ok(await page.locator('details[open] summary', { hasText: 'One solution' }).isVisible());
    await runOf(page).getByRole('link', { name: '04 Bounded' }).click();
    await page.waitForURL(/04_bounded/);
});

test('hints open one after the other', async open => {
    const page = await lesson(open, [[report]]);
    await check(page);
    const hints = page.locator('main details', { hasText: /^\s*Hint/ });
    for (let shown = 1; shown <= await hints.count(); shown++) {
        await button(page, 'Show the next hint').click();
        assert.equal(await page.evaluate(() => document.activeElement.textContent.slice(0, 6)), `Hint ${shown}`);
    }
    assert.equal(await button(page, 'Show the next hint').count(), 0);
});

test('a compiler error is shown as the compiler prints it, with advice', async open => {
    const rendered = 'error[E0425]: cannot find `x`\n --> exercise.rs:1:1\n';
    const error = { rendered, advice: 'add `x`.', section: 'book/html/glossary.html#await-point' };
    const page = await lesson(open, [[{ ...report, checks: [], errors: [error], outcome: 'does_not_compile' }]]);
    await check(page);
    assert.equal(await runOf(page).locator('pre > .compiler').textContent(), rendered.trimEnd());
    assert.match(await runOf(page).textContent(), /add x\. Read more\./);
    assert.match(await runOf(page).getByRole('link', { name: 'Read more.' }).getAttribute('href'), /^glossary\.html#/);
    assert.deepEqual(await names(page), ['does not compile']);
    assert.equal(await attempts(page).locator('li small').first().textContent(), 'no run was recorded');
    assert.ok(await button(page, 'Attempt 1: does not compile').isDisabled());
});

test('without a check there is a reason', async open => {
    const page = await lesson(open, [[{ ...report, checks: [], outcome: 'missing', reason: 'exercise.rs is empty; `reset` restores it' }]]);
    await check(page);
    assert.match(await runOf(page).textContent(), /No check ranExercise\.rs is empty; reset restores it/);
    assert.deepEqual(await names(page), ['no check ran']);
});

test('the oldest attempts are left out', async open => {
    const page = await lesson(open, Array.from({ length: 10 }, (_, n) => [report, svg('all', n, [0, 100])]));
    for (let n = 0; n < 10; n++) await check(page);
    const expected = Array.from({ length: 8 }, (_, n) => `${n + 2} ms, 1 of 2`);
    assert.deepEqual(await names(page), expected);
    // In a full store as many as fit are kept.
    await page.evaluate(key => {
        localStorage.removeItem(key);
        let text = 'x'.repeat(5_000_000);
        for (let size = text.length; size > 400; size = Math.floor(size / 2)) {
            try {
                localStorage.setItem(`full ${size}`, text.slice(0, size));
            } catch { /* full */ }
        }
    }, KEY);
    await page.route('**/check/03_gather', route => route.fulfill({
        body: [{ output: `${JSON.stringify({ exercises: [report] }, null, 2)}\n` }, { end: 'Not solved yet.' }].map(event => `${JSON.stringify(event)}\n`).join(''),
    }));
    await check(page);
    assert.equal((await names(page)).length, 8);
    const kept = await page.evaluate(key => JSON.parse(localStorage.getItem(key)).length, KEY);
    assert.ok(kept < 8, `${kept}`);
});

test('what is stored may be anything', async open => {
    const page = await lesson(open, []);
    const attack = `<svg onload="document.title = 'attacked'"><text class="title">all: 7 ms</text><script>document.title = 'attacked'</script>
        <image href="/none" onerror="document.title = 'attacked'"/><rect class="wait" x="0%" onclick="a" width="1%" y="31" height="12"/></svg>`;
    for (const [stored, expected] of [
        ['{', []],
        ['3', []],
        ['[null, 3, {"score": 5, "svg": null}, {"score": "1 of 2", "svg": 7}]', []],
        [JSON.stringify([{ score: 'solved', svg: '<p>' }, { score: '1 of 2', svg: null }]), ['solved', '1 of 2']],
        [JSON.stringify([{ score: '1 of 2', svg: attack }, { score: 'solved', svg: attack }]), ['7 ms, 1 of 2', '7 ms, solved']],
    ]) {
        await page.evaluate(([key, text]) => localStorage.setItem(key, text), [KEY, stored]);
        await page.reload();
        assert.deepEqual((await names(page)).map(name => name.trim()), expected);
    }
    await button(page, 'Attempt 1: 7 ms, 1 of 2').click();
    await button(page, 'Attempt 2: 7 ms, solved').click();
    assert.equal(await attempts(page).locator('rect.wait').count(), 4);
    assert.equal(await attempts(page).locator('script, image, [onload], [onclick]').count(), 0);
    assert.doesNotMatch(await page.title(), /attacked/);
});

test('the check of an unsolved exercise shows its verdict', async open => {
    // `check` creates the exercise from the starter. Do not touch an exercise that was edited.
    const read = name => readFileSync(join(ROOT, 'lessons/01_hello_await', name), 'utf8');
    if (existsSync(join(ROOT, 'lessons/01_hello_await/exercise.rs')) && read('exercise.rs') !== read('starter.rs')) {
        console.log('skipped: exercise 01 has been edited here');
        return;
    }
    const { url } = await Server.virtual();
    const page = await open(`${url}01_hello_await.html`, { width: 390 });
    await button(page, 'Check 01_hello_await').click();
    assert.match(await over(page), /^Not solved yet after \d+\.\d s\.$/);
    const lines = readFileSync(join(ROOT, 'tests/snapshots/exercises__01_hello_await_starter.snap'), 'utf8').split('\n');
    const checks = lines.filter(line => /^[✓✗-] /.test(line)).map(line => line.slice(2));
    const titles = await runOf(page).locator('.verdict-title').allTextContents();
    assert.deepEqual(titles, checks.map(title => title.replaceAll('`', '')), await runOf(page).textContent());
    const why = lines.find(line => line.startsWith('    ')).trim().replaceAll('`', '');
    assert.ok((await runOf(page).textContent()).replaceAll(/\s+/g, ' ').includes(why), why);
    // The titles of the pictures fit a phone.
    const cut = await runOf(page).locator('svg .title').evaluateAll(titles => titles.filter(
        title => title.getBoundingClientRect().right > title.closest('figure').getBoundingClientRect().right,
    ).length);
    assert.equal(cut, 0);
});
