// The interactive parts of a lesson's page: predictions, the Python switch, and the presenter view.

import assert from 'node:assert/strict';
import { button, faults, file, Server, test, until } from './kit.js';

const PAGE = '03_gather.html';

test('a prediction is compared with the output, and remembered', async open => {
    const page = await open(file(PAGE));
    const first = page.getByLabel(/with its await in the loop/);
    const second = page.getByLabel(/with one await around all/);
    const answer = page.locator('main details', { hasText: 'The answer' }).first();
    const verdict = async field => (await page.locator(`#${await field.getAttribute('aria-describedby')}`).textContent()).trim();
    await first.fill('0.5 s');
    await first.press('Enter');
    assert.equal(await verdict(first), 'Right.');
    assert.equal(await answer.getAttribute('open'), null);
    await page.getByLabel(/which page would the second print first/).fill('the first');
    await second.fill('about 500');
    await button(page, 'Compare').first().click();
    assert.match(await verdict(second), /^Not quite: the output says 100 ms\. ./);
    assert.notEqual(await answer.getAttribute('open'), null);
    await page.reload();
    assert.equal(await second.inputValue(), 'about 500');
    await button(page, 'Clear').first().click();
    await page.reload();
    assert.equal(await second.inputValue(), '');
    // In a field the arrow keys move the cursor instead of turning the page.
    await first.press('ArrowRight');
    assert.match(page.url(), /03_gather/);
});

test('on a phone, a long question has the width of the page', async open => {
    const page = await open(file('14_transactions.html'), { width: 390 });
    const [question, field] = await Promise.all([page.locator('label.guess'), page.locator('.guess-field')]
        .map(all => all.nth(4).boundingBox()));
    assert.ok(question.width > 250, `${question.width}`);
    assert.ok(field.y >= question.y + question.height, `${field.y}`);
});

for (const width of [1280, 390]) {
    test(`fields in a table are named by their row, and have their verdicts below it, at ${width} pixels`, async open => {
        const { url } = await Server.virtual();
        const page = await open(`${url}04_bounded.html`, { width });
        const field = name => page.getByRole('textbox', { name, exact: true });
        await field('buffered(50): peak').fill('50');
        await field('buffered(50): takes').fill('100 ms');
        await button(page, 'Compare').first().click();
        const row = page.locator('tr', { has: field('buffered(50): peak') });
        const verdict = await row.locator('+ tr').innerText();
        assert.match(verdict, /^peak: Right\.\ntakes: Not quite: the output says 1000 ms\. There are 100 rounds/);
        assert.match(await page.locator('#guesses-0').innerText(), /1 of 8 right\. 6 still to guess\./);
        assert.deepEqual(await faults(page, 'a table of guesses'), []);
        await page.reload();
        assert.equal(await field('buffered(50): takes').inputValue(), '100 ms');
        assert.equal(await field('buffered(50): peak').inputValue(), '50');
        assert.equal(await field('join_all: peak').inputValue(), '');
    });
}

test('the Python switch applies to all pages', async open => {
    const page = await open(file(PAGE));
    const shown = () => page.locator('main .language-python:visible').count();
    assert.notEqual(await shown(), 0);
    await button(page, 'Python').click();
    assert.equal(await button(page, 'Python').getAttribute('aria-pressed'), 'false');
    assert.equal(await shown(), 0);
    assert.equal(await page.locator('#in-python').isVisible(), false);
    await page.goto(file('04_bounded.html'));
    assert.equal(await shown(), 0);
    // A link to a hidden section shows it.
    await page.goto(`${file('05_pool.html')}#in-python`);
    await page.locator('#in-python').waitFor();
    await page.goto(file('comparison.html'));
    assert.match(await page.locator('main').innerText(), /aiohttp on uvloop/);
});

test('a caption links to its region in the whole program', async open => {
    const page = await open(file(PAGE));
    const whole = page.locator('main details', { hasText: 'The whole program' }).first();
    assert.equal(await whole.getAttribute('open'), null);
    await page.locator('p.file a').first().click();
    await until(async () => await whole.getAttribute('open') !== null, true);
});

test('the presenter view shows one section at a time, and notes in a second window', async open => {
    const page = await open(file(PAGE));
    const at = () => page.locator('#presenter [role=status]').textContent();
    const [sections, parts] = [await page.locator('main > h2').count(), () => page.locator('main > h2:visible').count()];
    assert.ok(sections > 5);
    await page.goto(`${file(PAGE)}?present`);
    await until(at, /^Gather · 1 \//);
    assert.equal(await parts(), 0);
    await page.keyboard.press('ArrowRight');
    await until(at, /^Predict · 2 \//);
    assert.equal(await parts(), 1);
    const [notes] = await Promise.all([page.context().waitForEvent('page'), page.keyboard.press('n')]);
    const there = () => notes.locator('#presenter [role=status]').textContent();
    await until(there, /^Predict · 2 \//);
    await notes.keyboard.press('ArrowRight');
    await until(at, /^The program · 3 \//);
    await until(there, /^The program · 3 \//);
    await notes.close();
    await page.reload();
    await until(at, /^The program · 3 \//);
    await page.keyboard.press('Escape');
    await until(parts, sections);
    await page.goto(`${file(PAGE)}?present#predict`);
    await until(parts, 1);
    await button(page, 'Exit').click();
    await until(parts, sections);
});

test('a question with choices is answered above its fold', async open => {
    const page = await open(file('04_bounded.html'));
    const question = page.getByRole('group', { name: /How long do the 5,000 jobs/ });
    const fold = page.locator('main fieldset + details').first();
    const verdict = () => question.getByRole('status').textContent();
    const answer = button(question, 'Answer');
    assert.equal(await fold.locator('summary').textContent(), 'The answer');
    await answer.click();
    assert.equal(await verdict(), 'Choose one first.');
    await question.getByLabel('50 ms', { exact: true }).click();
    // The arrow keys choose instead of turning the page.
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await answer.click();
    assert.equal(await verdict(), 'No. That is the time with a limit of 50.');
    assert.equal(await fold.getAttribute('open'), null);
    await question.getByLabel('500 ms').click();
    await answer.click();
    assert.equal(await verdict(), 'Right.');
    assert.notEqual(await fold.getAttribute('open'), null);
});

test('without scripts, a question with choices is a fold', async open => {
    const page = await open(file('04_bounded.html'), { javaScriptEnabled: false });
    const fold = page.locator('main details', { hasText: 'How long do the 5,000 jobs' }).first();
    await fold.locator('summary').click();
    assert.ok(await fold.getByText('500 ms: 50 rounds of 10 ms.').isVisible());
    assert.equal(await page.locator('main fieldset:visible').count(), 0);
});
