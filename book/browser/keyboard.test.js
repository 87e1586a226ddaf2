// Everything in a page can be used with the keyboard.

import assert from 'node:assert/strict';
import { button, file, over, printing, Server, test, until } from './kit.js';

const PAGE = '04_bounded.html';

// Presses Tab until the focus leaves the page (or Shift+Tab); returns the focused elements in order.
async function walk(page, key = 'Tab') {
    const stops = [];
    for (;;) {
        await page.keyboard.press(key);
        const stop = await page.evaluate(() => {
            const at = document.activeElement;
            if (at === document.body) return null;
            at.walked = true;
            const { outlineStyle, outlineWidth } = getComputedStyle(at);
            const outlined = outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
            // Some of the element must be in view, and not covered by the menu bar.
            const inView = [...at.getClientRects()].some(({ left, right, top, bottom }) => {
                const [from, to] = [Math.max(top, 0), Math.min(bottom, innerHeight)];
                return [0.2, 0.5, 0.8].some(part => at.contains(
                    document.elementFromPoint((left + right) / 2, from + (to - from) * part),
                ));
            });
            return {
                what: at.id || at.className || at.tagName,
                words: at.getAttribute('aria-label') ?? at.textContent.trim(),
                seen: outlined && inView,
            };
        });
        if (!stop) return stops;
        stops.push(stop);
        assert.ok(stops.length < 500, 'Tab never leaves the page');
    }
}

const focus = page => page.evaluate(() => {
    const at = document.activeElement;
    return at.getAttribute('aria-label') ?? at.textContent.trim();
});

// Presses Tab until the named element has the focus.
async function tabTo(page, name) {
    for (let stops = 0; stops < 500; stops++) {
        await page.keyboard.press('Tab');
        const focused = await focus(page);
        if (focused === name || name.test?.(focused)) return;
    }
    assert.fail(`Tab never reaches ${name}`);
}

for (const width of [1280, 390]) {
    test(`Tab reaches everything, and the focus is visible, at ${width} pixels`, async open => {
        const { url } = await Server.virtual();
        const page = await open(url + PAGE, { width });
        const stops = await walk(page);
        assert.deepEqual(stops.filter(stop => !stop.seen), []);
        for (const name of [
            'Toggle Table of Contents',
            'Change theme',
            'Toggle Searchbar',
            'Copy cargo workbook check 04',
            'Run 04_bounded',
            'Check 04_bounded',
            'The answer',
            'Next chapter: 05 Pool',
        ]) {
            assert.ok(stops.some(({ words }) => words === name), `${name} is not reached`);
        }
        const unreached = await page.evaluate(() => {
            const all = [...document.querySelectorAll('a[href], button, input, summary, [tabindex="0"]')];
            // Tab goes to one radio button of a group; arrow keys move on from there.
            const walked = it => it.walked || it.type === 'radio' && all.some(other => other.name === it.name && other.walked);
            return all.filter(it => !walked(it) && it.checkVisibility({ visibilityProperty: true }))
                .map(it => it.outerHTML.slice(0, 120));
        });
        assert.deepEqual(unreached, []);

        const back = await walk(await open(url + PAGE, { width }), 'Shift+Tab');
        assert.deepEqual(back.filter(stop => !stop.seen), []);
        assert.equal(back.length, stops.length);
    });
}

test('arrow keys scroll a focused block', async open => {
    const { url } = await Server.virtual();
    const page = await open(url + PAGE, { width: 390 });
    const block = page.locator('main pre > code[tabindex="0"]').first();
    await block.focus();
    await page.keyboard.press('ArrowRight');
    await until(() => block.evaluate(it => it.scrollLeft > 0), true);
    assert.equal(page.url(), url + PAGE);
    // Without focus on a block they turn the page.
    await block.blur();
    await page.keyboard.press('ArrowRight');
    await page.waitForURL(/05_pool/);
});

test('Enter starts a run, Space stops it, and Enter closes it', async open => {
    const { url } = await Server.real();
    const page = await open(url + PAGE);
    await tabTo(page, 'Run 04_bounded');
    await page.keyboard.press('Enter');
    assert.equal(await focus(page), 'Stop');
    await printing(page);
    await page.keyboard.press('Space');
    assert.equal(await over(page), 'Stopped.');
    assert.equal(await focus(page), 'Run 04_bounded');
    await tabTo(page, 'Close');
    await tabTo(page, 'This run');
    await tabTo(page, 'Output of this run');
    for (let back = 0; back < 2; back++) await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    assert.equal(await focus(page), 'Run 04_bounded');
});

test('Space copies a block', async open => {
    const { url } = await Server.virtual();
    const page = await open(url + PAGE, { permissions: ['clipboard-read', 'clipboard-write'] });
    await tabTo(page, /^Copy /);
    const code = await page.evaluate(() => document.activeElement.closest('pre').querySelector('code').textContent);
    await page.keyboard.press('Space');
    await until(() => page.evaluate(() => navigator.clipboard.readText()), code);
    assert.match(await focus(page), /^Copy /);
});

test('the theme menu works by keyboard', async open => {
    const { url } = await Server.virtual();
    const page = await open(url + PAGE);
    await tabTo(page, 'Change theme');
    await page.keyboard.press('Enter');
    assert.equal(await focus(page), 'Light');
    await page.keyboard.press('ArrowDown');
    assert.equal(await focus(page), 'Navy');
    await page.keyboard.press('Enter');
    await page.locator('html.navy').waitFor();
    await page.keyboard.press('Escape');
    assert.equal(await focus(page), 'Change theme');
});

const chapter = page => page.getByRole('navigation', { name: 'Table of contents' }).getByRole('link', { name: '05 Pool' });

test('the table of contents closes and opens by keyboard', async open => {
    const { url } = await Server.virtual();
    const page = await open(url + PAGE);
    await tabTo(page, 'Toggle Table of Contents');
    for (const wanted of [false, true]) {
        await page.keyboard.press('Enter');
        await until(() => chapter(page).isVisible(), wanted);
        assert.equal(await focus(page), 'Toggle Table of Contents');
    }
});

test('on a phone, the focus stays in the open table of contents, and returns', async open => {
    const page = await open(file(PAGE), { width: 390 });
    for (const close of ['Enter', 'Escape']) {
        await tabTo(page, 'Toggle Table of Contents');
        await page.keyboard.press('Enter');
        await until(() => chapter(page).isVisible(), true);
        assert.equal(await focus(page), 'Close');
        // Moving on, and back, over all of it.
        for (const key of ['Tab', 'Shift+Tab']) {
            const stops = [];
            do {
                await page.keyboard.press(key);
                stops.push(await page.evaluate(() => {
                    const at = document.activeElement;
                    return at.closest('#mdbook-sidebar') ? 'inside' : at === document.body ? 'browser' : at.outerHTML;
                }));
            } while (stops.at(-1) === 'inside' && stops.length < 100);
            assert.ok(stops.length > (key === 'Tab' ? 20 : 0), `${stops.length}`);
            assert.equal(stops.at(-1), 'browser');
        }
        await page.keyboard.press('Tab');
        await button(page, 'Close').focus();
        await page.keyboard.press(close);
        await until(() => chapter(page).isVisible(), false);
        assert.equal(await focus(page), 'Toggle Table of Contents');
    }
    // The page can be used again.
    await tabTo(page, 'Copy cargo workbook check 04');
});

test('on a phone, a link to a section closes the table of contents', async open => {
    const page = await open(file(PAGE), { width: 390 });
    await button(page, 'Toggle Table of Contents').click();
    await page.locator('#mdbook-sidebar').getByRole('link', { name: 'Try it' }).click();
    await until(() => chapter(page).isVisible(), false);
    assert.match(page.url(), /#try-it$/);
    assert.ok(await page.getByRole('heading', { name: 'Try it' }).evaluate(it => it.getBoundingClientRect().top < innerHeight));
});

test('the search works by keyboard', async open => {
    const { url } = await Server.virtual();
    const page = await open(url + PAGE);
    await tabTo(page, 'Toggle Searchbar');
    await page.keyboard.press('Enter');
    await page.getByRole('searchbox').or(page.locator('#mdbook-searchbar')).first().waitFor();
    await page.keyboard.type('semaphore');
    await page.locator('#mdbook-searchresults a').first().waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForURL(/highlight=semaphore/);
});

test('on a phone, the open table of contents covers the page, and a tap next to it or Escape closes it', async open => {
    const page = await open(file(PAGE), { width: 390 });
    const toggle = button(page, 'Toggle Table of Contents');
    const expanded = () => toggle.getAttribute('aria-expanded');
    const left = () => page.evaluate(() => document.querySelector('main').getBoundingClientRect().left);
    assert.equal(await expanded(), 'false');
    const closed = await left();
    for (const close of [() => page.mouse.click(350, 400), () => page.keyboard.press('Escape')]) {
        await toggle.click();
        assert.equal(await expanded(), 'true');
        await until(left, closed);
        await until(() => page.evaluate(() => document.elementFromPoint(100, 400).closest('#mdbook-sidebar') !== null), true);
        await close();
        await until(expanded, 'false');
    }
});
