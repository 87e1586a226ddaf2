// Links to the glossary.

import assert from 'node:assert/strict';
import { axe, file, test } from './kit.js';

const link = page => page.locator('main a[href="glossary.html#semaphore"]').first();
const note = page => page.locator('main .term');

test('a term is explained in place, by mouse and by keyboard', async open => {
    for (const width of [1280, 390]) {
        const page = await open(file('04_bounded.html'), { width });
        await link(page).click();
        assert.match(await note(page).textContent(), /^A counter of permits\. /);
        assert.match(page.url(), /04_bounded\.html$/);
        // A late event of the scrolling that brought the link into view.
        await page.evaluate(() => dispatchEvent(new Event('scroll')));
        const { x, width: wide } = await note(page).boundingBox();
        assert.ok(x >= 0 && x + wide <= width, `${x}, ${wide}`);
        await page.evaluate(axe.source);
        const { violations } = await page.evaluate(() => axe.run(document, { preload: false }));
        assert.deepEqual(violations.map(found => found.id), []);

        await page.evaluate(() => scrollBy({ top: 100, behavior: 'instant' }));
        await note(page).waitFor({ state: 'hidden' });
        await link(page).click();
        await page.keyboard.press('Escape');
        await note(page).waitFor({ state: 'hidden' });
        await page.keyboard.press('Enter');
        await note(page).waitFor();
        await page.keyboard.press('Tab');
        await page.keyboard.press('Enter');
        await page.waitForURL(/glossary\.html#semaphore$/);
    }
});

test('without JavaScript, it is a link', async open => {
    const page = await open(file('04_bounded.html'), { javaScriptEnabled: false });
    await link(page).click();
    await page.waitForURL(/glossary\.html#semaphore$/);
});
