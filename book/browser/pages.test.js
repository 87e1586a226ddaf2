// Every page, in both themes, on a desk and on a phone: within its width, quiet, and with nothing that
// keeps anybody out.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { axe, button, htmlFiles, over, Server, sideways, test } from './kit.js';

const WIDTHS = [1280, 390];
const THEMES = { light: 'light', dark: 'navy' };

// The others repeat them: the first chapter once more, all in a row for paper, the contents alone.
const OTHERS = ['index.html', 'print.html', 'toc.html'];
const chapters = () => htmlFiles().filter(name => !OTHERS.includes(name));

// What is wrong with the page as it is now.
async function faults(page, name) {
    const found = (await sideways(page)).map(part => `${name} scrolls sideways: ${part}`);
    // It judges no text on a picture: the shade at the edge of a block is one.
    await page.addStyleTag({ content: 'pre > code { background-image: none !important }' });
    await page.evaluate(axe.source);
    for (const [colorScheme, theme] of Object.entries(THEMES)) {
        await page.emulateMedia({ colorScheme });
        await page.locator(`html.${theme}`).waitFor();
        const { violations } = await page.evaluate(() => axe.run(document, {
            runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
            resultTypes: ['violations'],
        }));
        for (const { id, impact, nodes } of violations) {
            found.push(`${name}, ${theme}: ${impact}: ${id}: ${nodes.map(node => node.target).join('; ')}`);
        }
    }
    return found;
}

describe('pages', { concurrency: 2 }, () => {
    for (const width of WIDTHS) {
        // The pages are known when the tests run, so one goes through all of them.
        test(`no page keeps anybody out, at ${width} pixels`, async open => {
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
    }

    for (const width of WIDTHS) {
        test(`what is opened keeps nobody out, at ${width} pixels`, async open => {
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

            await button(page, 'Change theme').click();
            found.push(...await faults(page, 'the themes'));
            assert.deepEqual(found, []);
        });
    }
});
