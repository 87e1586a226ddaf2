// Every page, in both themes, at the widths of a desktop and a phone: has no axe violations, does not
// scroll sideways, and logs no errors.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { button, faults, htmlFiles, over, Server, test } from './kit.js';

const WIDTHS = [1280, 390];

// Copies: the first chapter again, all chapters for printing, and only the table of contents.
const COPIES = ['index.html', 'print.html', 'toc.html'];
const chapters = () => htmlFiles().filter(name => !COPIES.includes(name));

describe('pages', { concurrency: 2 }, () => {
    for (const width of WIDTHS) {
        // One test for all pages: their names are not known before the book is built.
        test(`pages have no axe violations, at ${width} pixels`, async open => {
            const { url } = await Server.virtual();
            const found = [];
            const page = await open(undefined, { width, complaints: found });
            for (const name of chapters()) {
                await page.goto(url + name);
                await page.evaluate(() => document.querySelectorAll('details').forEach(it => it.open = true));
                found.push(...await faults(page, name));
            }
            assert.deepEqual(found, []);
        });

        // The server allows one run at a time: the pages come between the two runs.
        test(`a run, the search and the menus have no axe violations, at ${width} pixels`, async open => {
            const { url } = await Server.virtual();
            const page = await open(`${url}02_lazy.html`, { width });
            await button(page, 'Run 02_lazy').first().click();
            await over(page);
            const found = await faults(page, 'a run');

            await button(page, 'Toggle Searchbar').click();
            await page.keyboard.type('task');
            await page.locator('#mdbook-searchresults a').first().waitFor();
            found.push(...await faults(page, 'the search'));

            const contents = button(page, 'Toggle Table of Contents');
            if (await contents.getAttribute('aria-expanded') === 'false') await contents.click();
            found.push(...await faults(page, 'the contents'));

            // On a phone, the contents cover the page, and the themes would cover a part of the title's link.
            await page.keyboard.press('Escape');
            if (width === 390) await page.locator('#mdbook-sidebar').waitFor({ state: 'hidden' });
            await page.locator('main pre').nth(1).evaluate(block => block.scrollIntoView());
            await button(page, 'Change theme').click();
            found.push(...await faults(page, 'the themes'));
            assert.deepEqual(found, []);
        });
    }
});
