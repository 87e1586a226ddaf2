// Reading the pages as files: the book works from a USB stick.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { button, file, htmlFiles, ROOT, Server, test, until } from './kit.js';

const PAGE = '03_gather.html';
const theme = page => page.locator('html').getAttribute('class')
    .then(classes => classes.split(' ').find(name => name === 'light' || name === 'navy'));

test('a fold opens and closes by keyboard', async open => {
    const page = await open(file(PAGE));
    const fold = page.locator('main details:has(> summary)', { hasText: 'The answer' }).first();
    const inside = fold.locator('p').first();
    assert.equal(await inside.isVisible(), false);
    await fold.locator('summary').focus();
    await page.keyboard.press('Enter');
    await inside.waitFor();
    await page.keyboard.press('Space');
    await inside.waitFor({ state: 'hidden' });
});

test('the entry of the section in view is in sight in the contents', async open => {
    const page = await open(file('11_send.html'));
    const entry = page.locator('#mdbook-sidebar').getByRole('link', { name: 'In Python', exact: true });
    const isInSight = () => entry.evaluate(it => it.getBoundingClientRect().bottom <= innerHeight);
    assert.equal(await isInSight(), false);
    await page.locator('h2#in-python').evaluate(it => it.scrollIntoView());
    await until(isInSight, true);
});

test('the first Tab offers to skip the menus', async open => {
    const page = await open(file(PAGE));
    await page.keyboard.press('Tab');
    const link = page.getByRole('link', { name: 'Skip to the text' });
    assert.equal(await link.evaluate(it => it === document.activeElement), true);
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.closest('main') !== null), true);
});

test('the links below a chapter name the previous and the next one', async open => {
    const page = await open(file(PAGE));
    const names = await page.locator('.nav-wrapper a').evaluateAll(links => links.map(link => link.ariaLabel));
    assert.deepEqual(names, ['Previous chapter: 02 Lazy', 'Next chapter: 04 Bounded']);
});

test('on a phone, output is visible as a whole, or scrolls and is large enough to read', async open => {
    const page = await open(undefined, { width: 390 });
    const all = [];
    for (const name of htmlFiles().filter(name => /^\d\d_/.test(name))) {
        await page.goto(file(name));
        all.push(...await page.locator('main code.output').evaluateAll(blocks => {
            document.querySelectorAll('details').forEach(fold => fold.open = true);
            return blocks.map(block => [block.scrollWidth > block.clientWidth, parseFloat(getComputedStyle(block).fontSize)]);
        }));
    }
    assert.deepEqual(all.filter(([scrolls, size]) => scrolls && size < 11), []);
    assert.ok(all.some(([scrolls]) => scrolls) && all.some(([scrolls]) => !scrolls));
});

test('on a phone, an option of a command, and an attribute, are in one line', async open => {
    const page = await open(undefined, { width: 390 });
    for (const name of htmlFiles().filter(name => !/^(print|toc|404)/.test(name))) {
        await page.goto(file(name));
        const broken = await page.locator('main :not(pre) > code').evaluateAll(all => {
            document.querySelectorAll('details').forEach(fold => fold.open = true);
            return all.filter(code => {
                const options = code.textContent.match(/(?<!\S)--?[a-z][\w-]*|#\[[\w:]+\]/g) ?? [];
                const marked = [...code.querySelectorAll('span')].filter(span => options.includes(span.textContent));
                return marked.length < options.length || marked.some(span => span.getClientRects().length > 1);
            }).map(code => code.textContent);
        });
        assert.deepEqual(broken, [], name);
    }
});

test('the theme is remembered', async open => {
    const page = await open(file(PAGE));
    assert.equal(await theme(page), 'light');
    const background = () => page.locator('html').evaluate(it => getComputedStyle(it).backgroundColor);
    const light = await background();
    await button(page, 'Change theme').click();
    await page.getByRole('menuitem', { name: 'Navy' }).click();
    await until(() => theme(page), 'navy');
    assert.notEqual(await background(), light);
    await page.goto(file('04_bounded.html'));
    assert.equal(await theme(page), 'navy');
});

test('the default theme is that of the system', async open => {
    const page = await open(file(PAGE), { colorScheme: 'dark' });
    assert.equal(await theme(page), 'navy');
    await page.emulateMedia({ colorScheme: 'light' });
    await until(() => theme(page), 'light');
});

test('only supported themes are offered', async open => {
    const page = await open(file(PAGE));
    await button(page, 'Change theme').click();
    assert.deepEqual(await page.getByRole('menuitem').allTextContents(), ['Auto', 'Light', 'Navy']);
});

test('search results link to the word', async open => {
    const page = await open(file(PAGE));
    await page.keyboard.press('/');
    await page.keyboard.type('semaphore');
    const result = page.locator('#mdbook-searchresults a', { hasText: 'Bounded' }).first();
    await result.click();
    await page.waitForURL(/04_bounded\.html/);
    const mark = page.locator('main mark').first();
    assert.match(await mark.textContent(), /^semaphore/i);
});

test('a hidden table of contents stays hidden', async open => {
    const page = await open(file(PAGE));
    const contents = page.getByRole('navigation', { name: 'Table of contents' });
    const toggle = button(page, 'Toggle Table of Contents');
    const chapter = contents.getByRole('link', { name: '04 Bounded' });
    assert.ok(await chapter.isVisible());
    assert.equal(await toggle.getAttribute('aria-expanded'), 'true');
    await toggle.click();
    await chapter.waitFor({ state: 'hidden' });
    assert.equal(await toggle.getAttribute('aria-expanded'), 'false');
    await page.goto(file('04_bounded.html'));
    assert.equal(await chapter.isVisible(), false);
    await toggle.click();
    await contents.getByRole('link', { name: '05 Pool' }).click();
    await page.waitForURL(/05_pool\.html/);
});

test('printing opens every fold, and closes it afterwards', async open => {
    const page = await open(file(PAGE));
    // Those of a knob are all open, and one of them is visible.
    const counted = () => page.locator('main details[open]:not(.knob *)').count();
    const all = await page.locator('main details:not(.knob *)').count();
    await page.evaluate(() => addEventListener('beforeprint', () => {
        globalThis.printed = document.querySelectorAll('main details[open]:not(.knob *)').length;
    }));
    assert.equal(await counted(), 0);
    await page.pdf();
    assert.equal(await page.evaluate(() => printed), all);
    assert.equal(await counted(), 0);
});

test('Copy copies exactly the code', async open => {
    const { url } = await Server.virtual();
    const page = await open(url + PAGE, { permissions: ['clipboard-read', 'clipboard-write'] });
    // A copied command has a line break at its end.
    const clipboard = () => page.evaluate(async () => (await navigator.clipboard.readText()).trimEnd());
    const program = readFileSync(join(ROOT, 'lessons/03_gather/lesson.rs'), 'utf8');
    const [, fetch] = /ANCHOR: fetch\n([^]*?)\n *\/\/ ANCHOR_END: fetch/.exec(program);
    const block = page.locator('main pre', { hasText: 'Fetches a page' }).first();
    await block.getByRole('button', { name: /^Copy / }).click();
    await until(clipboard, fetch);
    await button(page, 'Copy cargo workbook check 03').first().click();
    await until(clipboard, 'cargo workbook check 03');
});
