// Output that floods the page, and control sequences in it. The events come from a stand-in for a run.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { button, output, over, runOf, serve, Server, status, test, until } from './kit.js';

const LESSON = '01_hello_await';

// Opens a page of the book whose run is `respond`, and presses Run.
async function running(open, respond) {
    const { hostname, port } = new URL((await Server.virtual()).url);
    const { port: own } = await serve(({ method, url, headers }, response) => {
        if (url === `/run/${LESSON}`) return respond(response);
        request({ hostname, port, method, path: url, headers }, upstream => {
            response.writeHead(upstream.statusCode, upstream.headers);
            upstream.pipe(response);
        }).end();
    });
    const page = await open(`http://localhost:${own}/${LESSON}.html`);
    // Counts what the browser has to lay out.
    await page.evaluate(() => {
        globalThis.most = globalThis.frames = globalThis.changes = 0;
        const count = () => requestAnimationFrame(count, frames++);
        count();
        new MutationObserver(records => {
            changes += records.some(({ target }) => target.matches('.output'));
            most = Math.max(most, document.querySelectorAll('.output > *').length);
        }).observe(document.querySelector('main'), { subtree: true, childList: true });
    });
    await button(page, `Run ${LESSON}`).first().click();
    return page;
}

const lines = events => events.map(event => `${JSON.stringify(event)}\n`).join('');
const printed = texts => response => {
    const end = { end: 'Done after 0.1 s.', good: true };
    response.end(lines([{ build: '     Running `it`\n' }, ...texts.map(text => ({ output: text })), end]));
};

test('of a long output, the page shows the end', async open => {
    const count = 450_000;
    const page = await running(open, printed(Array.from({ length: count }, (_, line) => `${line}\n`)));
    assert.match(await over(page), /^Done/);
    const shown = (await output(page)).trimEnd().split('\n');
    assert.equal(shown.length, 1001);
    assert.equal(shown[0], '… 449,000 lines left out …');
    assert.equal(shown[1], '449000');
    assert.equal(shown.at(-1), '449999');
    const { frames, changes, most } = await page.evaluate(() => ({ frames, changes, most }));
    assert.equal(most, 1001);
    // One more at the end, and one that removes cargo's output.
    assert.ok(changes <= frames + 2, `${changes} changes in ${frames} frames`);
});

test('Stop works while the program floods its output', async open => {
    let closed;
    const page = await running(open, async response => {
        closed = once(response, 'close');
        response.write(lines([{ build: '     Running `it`\n' }]));
        const much = lines(Array(1000).fill({ output: 'a\n' }));
        while (!response.destroyed) {
            if (!response.write(much)) await Promise.race([once(response, 'drain'), closed]);
        }
    });
    await until(() => output(page), /lines left out/);
    await button(page, 'Stop').click();
    assert.equal(await until(() => status(page), /^Stopped/), 'Stopped.');
    await closed;
});

test('a million control characters do not stop the page', async open => {
    const page = await running(open, printed(['\x90'.repeat(1_000_000), '\x07after']));
    assert.match(await over(page), /^Done/);
    assert.equal(await output(page), 'after');
});

test('a long line is clipped', async open => {
    const page = await running(open, printed(['x'.repeat(600_000), 'x'.repeat(400_000), '\nnext']));
    await over(page);
    assert.equal(await output(page), `${'x'.repeat(2000)} … 998,000 more characters\nnext`);
});

test('many changes of the color are limited, too', async open => {
    const page = await running(open, printed(['\x1b[31ma\x1b[32mb'.repeat(100).concat('\n').repeat(400)]));
    await over(page);
    const pieces = await runOf(page).locator('.output > span > span').count();
    assert.equal(pieces, 10_000);
    assert.match(await output(page), /^… 350 lines left out …\n(?:ab)+\n/);
});

// Returns the text and the style of each piece of output.
const pieces = page => runOf(page).locator('.output').first().evaluate(code => {
    const walker = document.createTreeWalker(code, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
        const { color, backgroundColor, fontWeight, fontStyle } = getComputedStyle(walker.currentNode.parentElement);
        const plain = getComputedStyle(code);
        const style = [
            color === plain.color ? '' : color,
            backgroundColor === 'rgba(0, 0, 0, 0)' ? '' : `on ${backgroundColor}`,
            fontWeight === plain.fontWeight ? '' : 'bold',
            fontStyle === plain.fontStyle ? '' : fontStyle,
        ];
        found.push([walker.currentNode.data, style.filter(Boolean).join(' ')]);
    }
    return found.filter(([text]) => text !== '\n');
});

test('color sequences are shown as colors', async open => {
    const page = await running(open, printed([
        'a\x1b[31mb\n', 'c\x1b[0md\n', '\x1b[1;3me\x1b[22mf\x1b[mg\n', '\x1b[38;5;196mh\x1b[38;2;1;2;3mi\x1b[39mj\n',
        '\x1b[38:2::4:5:6mk\x1b[48;5;232ml\x1b[49mm\x1b[999;4444mn\x1b[38;5mo\x1b[38;2;1;2;999mp',
    ]));
    await over(page);
    const red = 'rgb(181, 39, 49)';
    assert.deepEqual(await pieces(page), [
        ['a', ''], ['b', red], ['c', red], ['d', ''], ['e', 'bold italic'], ['f', 'italic'], ['g', ''],
        ['h', 'rgb(255, 0, 0)'], ['i', 'rgb(1, 2, 3)'], ['j', ''],
        ['k', 'rgb(4, 5, 6)'], ['l', 'rgb(4, 5, 6) on rgb(8, 8, 8)'], ['mnop', 'rgb(4, 5, 6)'],
    ]);
});

test('all other control sequences are removed', async open => {
    const sequences = [
        '\x1b[2J', '\x1b[H', '\x1b[?1049h', '\x1b[>4;2m', '\x1b[?4m', '\x1b[1 m', '\x1b[6n', '\x1b]0;title\x07',
        '\x1b]8;;file:///a\x1b\\', '\x1bP$q"p\x1b\\', '\x1b_app\x1b\\', '\x1bc', '\x1b7', '\x1b(B', '\x1b#8',
        '\x9b2J', '\x9d0;title\x9c', '\x90q\x9c', '\x07', '\x08', '\x00', '\x0b', '\x7f', '\x85', '\r',
        '\x1b[31\x18', '\x1b[31;\x1b[0m', '\u061c', '\u200e', '\u200f', '\u202a', '\u202e', '\u2066', '\u2069',
    ];
    const text = sequences.map((sequence, at) => `${at}${sequence}.\n`).join('');
    const expected = sequences.map((_, at) => `${at}.\n`).join('');
    // All at once, and each character on its own.
    for (const texts of [[text], [...text]]) {
        const page = await running(open, printed([...texts, '\tä\u2028🦀\x1b]0;cut off']));
        await over(page);
        assert.equal(await output(page), `${expected}\tä\u2028🦀`);
        assert.ok((await pieces(page)).every(([, style]) => style === ''));
    }
});

test('a control sequence that never ends costs one line', async open => {
    const page = await running(open, printed(['a\x1b]', ...Array(100).fill('x'.repeat(100)), '\nb\n']));
    await over(page);
    assert.equal(await output(page), 'a\nb\n');
});
