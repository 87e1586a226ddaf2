// Runs that are stopped, with the real clock: lesson 04 takes four seconds.

import assert from 'node:assert/strict';
import { after } from 'node:test';
import { button, over, printing, runs, Server, status, test, until } from './kit.js';

const LESSON = '04_bounded';
const run = page => button(page, `Run ${LESSON}`).first();

// Programs suspended by SIGSTOP, which neither end by themselves nor react to SIGTERM.
const suspended = [];
after(() => suspended.filter(runs).forEach(id => process.kill(id, 'SIGKILL')));

// Starts a run and waits for its first output. Suspends the program and returns its process ID.
async function begin(page, server) {
    await run(page).click();
    await printing(page);
    const programs = server.programs();
    assert.equal(programs.length, 1);
    process.kill(programs[0], 'SIGSTOP');
    suspended.push(programs[0]);
    return programs[0];
}

const gone = id => until(() => runs(id), false);

test('output is shown while the program runs', async open => {
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

test('Stop kills the program, and the next run can start at once', async open => {
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

test('another run in the same page stops the first', async open => {
    const server = await Server.real();
    const page = await open(`${server.url}${LESSON}.html`);
    const first = await begin(page, server);
    await run(page).click();
    await gone(first);
    assert.match(await over(page), /^Done/);
});

test('a second page cannot start a run', async open => {
    const server = await Server.real();
    const page = await open(`${server.url}${LESSON}.html`);
    const complaints = [];
    const other = await open(`${server.url}01_hello_await.html`, { complaints });
    await begin(page, server);
    await button(other, 'Run 01_hello_await').first().click();
    assert.match(await over(other), /^Another run is in progress/);
    assert.match(await status(page), /^Running/);
    assert.ok(complaints.every(complaint => complaint.includes('409')), `${complaints}`);
    await button(page, 'Stop').click();
    await over(page);
});

for (const [how, leave] of [
    ['closed', page => page.close()],
    ['left', page => page.goto('about:blank')],
    ['reloaded', page => page.reload()],
]) {
    test(`a page that is ${how} stops its program`, async open => {
        const server = await Server.real();
        const page = await open(`${server.url}${LESSON}.html`);
        const program = await begin(page, server);
        await leave(page);
        await gone(program);
    });
}

for (const signal of ['SIGINT', 'SIGKILL']) {
    test(`a page notices that the server was ended by ${signal}`, async open => {
        const server = await Server.start();
        const complaints = [];
        const page = await open(`${server.url}${LESSON}.html`, { complaints });
        const program = await begin(page, server);
        await server.end(signal);
        assert.match(await over(page), /^(?:Stopped: the server is shutting down|The server (?:is not running|closed the connection))/);
        await gone(program);
        assert.ok(complaints.every(complaint => /ERR_/.test(complaint)), `${complaints}`);
        await run(page).click();
        assert.match(await until(() => status(page), /start it again/), /^The server is not running/);
    });
}
