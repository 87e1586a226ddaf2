// The text of a timeline: its legend has the shades and marks of the picture, and no others, and all of it fits a phone.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { file, ROOT, test } from './kit.js';

const CHAPTERS = readdirSync(join(ROOT, 'book/chapters')).filter(name => name.endsWith('.md') && name !== 'SUMMARY.md');

// What the pictures of a page have, what their legends have, and the colors that have too little contrast.
const read = () => [...document.querySelectorAll('figure.timeline:has(.legend)')].map(figure => {
    const style = element => getComputedStyle(element);
    const svg = name => figure.querySelector(`svg ${name}`);
    const key = name => [...figure.querySelectorAll(`.legend ${name}`)].find(element => element.checkVisibility());
    const luminance = color => {
        const [r, g, b] = color.match(/[\d.]+/g).map(part => part / 255).map(c => c <= 0.04 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (...colors) => {
        const [less, more] = colors.map(luminance).sort((a, b) => a - b);
        return (more + 0.05) / (less + 0.05);
    };
    const page = style(document.documentElement).backgroundColor;
    const weak = [];
    const both = (shape, entry, drawn, named) => {
        const [bar, mark] = [svg(shape), key(entry)];
        if (bar && mark) {
            const colors = [style(bar)[drawn], style(mark)[named]];
            if (colors[0] !== colors[1]) weak.push(`${entry}: ${colors}`);
            if (contrast(colors[0], page) < 3) weak.push(`${entry}: ${colors[0]} on ${page}`);
        }
        return [bar !== null, mark !== undefined];
    };
    const has = {
        wait: both('rect.wait', '.wait', 'stroke', 'outlineColor'),
        queued: both('rect.queued', '.queue i', 'stroke', 'outlineColor'),
        task: both('rect.task', '.owner i', 'stroke', 'outlineColor'),
        nothing: both('circle.nothing', '.nothing b', 'stroke', 'color'),
    };
    for (const word of ['done', 'failed', 'dropped', 'refused', 'cancelled']) has[word] = both(`text.${word}`, `.${word} b`, 'fill', 'color');
    // Work that failed has the shade of other work.
    const fills = new Set([...figure.querySelectorAll('rect.wait')].map(bar => style(bar).fill));
    return { has, weak, fills: fills.size };
});

for (const colorScheme of ['light', 'dark']) {
    test(`each shade and mark of a picture is in its legend, ${colorScheme}`, async open => {
        const page = await open(undefined, { colorScheme });
        const all = {};
        for (const chapter of CHAPTERS) {
            await page.goto(file(chapter.replace('.md', '.html')));
            for (const { has, weak, fills } of await page.evaluate(read)) {
                assert.deepEqual(weak, [], chapter);
                assert.equal(fills, 1, chapter);
                for (const [name, [drawn, named]] of Object.entries(has)) {
                    assert.equal(named, drawn, `${chapter}: ${name}`);
                    all[name] ||= drawn;
                }
            }
        }
        assert.deepEqual(Object.values(all), Array(9).fill(true));
    });
}

test('on a phone the text of a picture is in view', async open => {
    const page = await open(undefined, { width: 390 });
    for (const chapter of CHAPTERS) {
        await page.goto(file(chapter.replace('.md', '.html')));
        const cut = await page.evaluate(() => {
            document.querySelectorAll('details').forEach(fold => fold.open = true);
            const parts = [...document.querySelectorAll('.timeline-svg')].filter(svg => svg.clientHeight && svg.clientHeight < svg.getAttribute('height'));
            if (parts.length) return ['only a part of a picture'];
            for (const svg of document.querySelectorAll('.timeline-svg')) {
                const times = [...svg.querySelectorAll('.axis')].map(it => it.getBoundingClientRect()).filter(({ width }) => width);
                const close = ({ right, top }, n) => times[n + 1]?.top === top && times[n + 1].left < right + 2;
                if (times.some(close)) return ['two times next to each other'];
            }
            const texts = [...document.querySelectorAll('.timeline-svg text')].filter(text => text.checkVisibility()).map(text => [text.textContent, text.getBoundingClientRect()]);
            return texts.filter(([, { left, right }]) => left < 10 || right > innerWidth - 10).map(([text]) => text);
        });
        assert.deepEqual(cut, [], chapter);
    }
    await page.goto(file('08_blocking.html'));
    // Two times do not look like one number.
    const labels = await page.locator('.knob svg').first().locator('.axis').evaluateAll(all =>
        all.filter(it => it.checkVisibility()).map(it => it.textContent));
    assert.deepEqual(labels, ['ms', '0', '200', '400', '600', '800', '1200']);
});
