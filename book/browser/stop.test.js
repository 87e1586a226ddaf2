// Runs that somebody or something ends, on the real clock: lesson 04 takes four seconds.

import assert from 'node:assert/strict';
import { after } from 'node:test';
import { button, over, printing, runs, Server, status, test, until } from './kit.js';

const LESSON = '04_bounded';
const run = page => button(page, `Run ${LESSON}`).first();

// Programs that are held as they are: none of them ends by itself, or heeds what it is asked.
const held = [];
after(() => held.filter(runs).forEach(id => process.kill(id, 'SIGKILL')));

// Begins to run the lesson; returns the id of its program, which has printed something and is held.
async function begin(page, server) {
    await run(page).click();
    await printing(page);
    const programs = server.programs();
    assert.equal(programs.length, 1);
    process.kill(programs[0], 'SIGSTOP');
    held.push(programs[0]);
    return programs[0];
}

const gone = id => until(() => runs(id), false);

test('output comes while the program runs', async open => {
    const { url } = await Server.real();
    const page = await open(`${url}${LESSON}.html`);
    await page.evaluate(() => {
        globalThis.seen = new Set();
        new MutationObserver(() => {
            seen.add(document.querySelector('.run pre')?.textContent);
        }).observe(document.querySelector('main'), { subtree: true, childList: true });
    });
    await run(page).click();
    assert.match(await over(page), /^Done/);
    const seen = await page.evaluate(() => [...seen]);
    const place = line => seen.findIndex(text => text?.includes(line));
    const places = ['join_all', 'buffer_unordered(50)', 'Semaphore, 50', '░ waits'].map(place);
    assert.ok(places.every((place, at) => at === 0 || place > places[at - 1]), `${places}`);
});

test('Stop ends the program, and the next run begins at once', async open => {
    const server = await Server.real();
    const page = await open(`${server.url}${LESSON}.html`);
    for (let time = 0; time < 2; time++) {
        const program = await begin(page, server);
        assert.ok(runs(program));
        await button(page, 'Stop').click();
        assert.equal(await over(page), 'Stopped.');
        await gone(program);
        assert.ok(await run(page).evaluate(it => it === document.activeElement));
    }
});

test('another run in the same page ends the first', async open => {
    const server = await Server.real();
    const page = await open(`${server.url}${LESSON}.html`);
    const first = await begin(page, server);
    await run(page).click();
    await gone(first);
    assert.match(await over(page), /^Done/);
});

test('a page is told that another one runs something', async open => {
    const server = await Server.real();
    const page = await open(`${server.url}${LESSON}.html`);
    const complaints = [];
    const other = await open(`${server.url}01_hello_await.html`, { complaints });
    await begin(page, server);
    await button(other, 'Run 01_hello_await').first().click();
    assert.match(await over(other), /^Something runs already/);
    assert.match(await status(page), /^Running/);
    assert.ok(complaints.every(complaint => complaint.includes('409')), `${complaints}`);
    await button(page, 'Stop').click();
    await over(page);
});

for (const [how, leave] of [
    ['closed', page => page.close()],
    ['left', page => page.goto('about:blank')],
    ['loaded again', page => page.reload()],
]) {
    test(`a page that is ${how} ends its program`, async open => {
        const server = await Server.real();
        const page = await open(`${server.url}${LESSON}.html`);
        const program = await begin(page, server);
        await leave(page);
        await gone(program);
    });
}

for (const signal of ['SIGINT', 'SIGKILL']) {
    test(`a server that is ended by ${signal} is missed`, async open => {
        const server = await Server.start();
        const complaints = [];
        const page = await open(`${server.url}${LESSON}.html`, { complaints });
        const program = await begin(page, server);
        await server.end(signal);
        assert.match(await over(page), /^(?:Stopped, as the server is|The server (?:is gone|broke off))/);
        if (signal === 'SIGINT') await gone(program);
        else process.kill(program, 'SIGKILL');
        assert.ok(complaints.every(complaint => /ERR_/.test(complaint)), `${complaints}`);
        await run(page).click();
        assert.match(await until(() => status(page), /start it again/), /^The server is gone/);
    });
}
