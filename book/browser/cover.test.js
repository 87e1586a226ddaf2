// The first page: two ways to begin, and the parts of a lesson.

import assert from 'node:assert/strict';
import { button, faults, file, Server, snapshot, test } from './kit.js';

const PAGE = 'introduction.html';
const python = page => button(page, 'Python').getAttribute('aria-pressed');

test('each way to begin shows or hides the Python parts', async open => {
    const page = await open();
    for (const [way, lesson, shown] of [
        ['I know Rust', /01_hello_await/, 'false'],
        ['I know asyncio', /01_hello_await/, 'true'],
    ]) {
        await page.goto(file(PAGE));
        await page.getByRole('link', { name: way }).focus();
        await page.keyboard.press('Enter');
        await page.waitForURL(lesson);
        assert.equal(await python(page), shown);
    }
});

for (const width of [1280, 390]) {
    test(`a prediction, a run and a verdict come from the lessons, at ${width} pixels`, async open => {
        const { url } = await Server.virtual();
        const page = await open(url + PAGE, { width });
        const parts = page.locator('.proof');
        await parts.nth(0).getByRole('textbox').fill('200');
        await page.keyboard.press('Enter');
        assert.match(await parts.nth(0).locator('.guess-verdict').textContent(), /^Right\./);
        const output = await parts.nth(0).locator('details[open] pre > code').textContent();
        assert.ok(snapshot('lessons__02_lazy').startsWith(output.trimEnd()), output);
        assert.match(await parts.nth(1).getByRole('img').getAttribute('aria-label'), /dropped/);
        const verdict = await parts.nth(2).locator('code.failed').textContent();
        assert.equal(verdict.trimEnd(), snapshot('exercises__03_gather_await_in_a_loop').trimEnd());
        assert.deepEqual(await faults(page, 'the cover'), []);
    });
}

test('the picture can be played again, slower than the run', async open => {
    const page = await open(file(PAGE));
    // 2.5 s for 500 ms.
    await button(page, 'Play again (5 times slower)').click();
});

test('the button does not move the caption', async open => {
    const page = await open(file(PAGE));
    const bottom = () => page.locator('.cover figcaption').evaluate(caption => caption.getBoundingClientRect().bottom);
    const after = await bottom();
    await button(page, 'Play again (5 times slower)').evaluate(button => button.remove());
    assert.equal(await bottom(), after);
});
