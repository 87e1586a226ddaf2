// What the book's search finds, and in which order.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { file, ROOT, test } from './kit.js';

// Opens the search, and returns a function that returns the URLs of the results.
async function searching(open) {
    const page = await open(file('index.html'));
    await page.keyboard.press('/');
    await page.waitForFunction(() => window.search.index);
    return words => page.evaluate(words => {
        const { index, search_options, doc_urls } = window.search;
        const results = elasticlunr.Index.load(index).search(words, search_options);
        return results.map(({ ref }) => doc_urls[ref]);
    }, words);
}

test('a term of the glossary is the first result', async open => {
    const find = await searching(open);
    const glossary = readFileSync(join(ROOT, 'book/chapters/glossary.md'), 'utf8');
    const terms = [...glossary.matchAll(/^(\S.*)\n {2}: /gm)].map(([, term]) => term.replaceAll('`', ''));
    assert.ok(terms.length > 50);
    const id = term => term.toLowerCase().replaceAll(' ', '-').replace(/[^\w-]/g, '');
    const first = await Promise.all(terms.map(async term => (await find(term))[0]));
    assert.deepEqual(first, terms.map(term => `glossary.html#${id(term)}`));
});

test('a message leads to the section that explains it', async open => {
    const find = await searching(open);
    for (const [message, page] of [
        ['unused implementer of `Future` that must be used', '01_hello_await.html#the-pitfall'],
        ["impl Future<Output = String> doesn't implement std::fmt::Display", '01_hello_await.html#the-pitfall'],
        ['E0728', '01_hello_await.html#the-pitfall'],
        ['error[E0728]: `await` is only allowed inside `async` functions and blocks', '01_hello_await.html#the-pitfall'],
        ['error[E0282]: type annotations needed', '03_gather.html#two-apis-one-value'],
        ['error: implementation of `FnOnce` is not general enough', '04_bounded.html#why'],
        ['Too many open files (os error 24)', '04_bounded.html#the-pitfall'],
        ['sorry, too many clients already', '05_pool.html#why'],
        ['pool timed out while waiting for an open connection', '05_pool.html#the-pitfall'],
        ['Task exception was never retrieved', '06_errors.html#in-python'],
        ['future cannot be sent between threads safely', '07_pitfalls.html#6-a-lock-held-across-an-await'],
        ['deadline has elapsed', '08_blocking.html#a-timeout-does-not-stop-it'],
        ['error[E0521]: borrowed data escapes outside of function', '08_blocking.html#two-errors'],
        ['there is no reactor running, must be called from the context of a Tokio 1.x runtime', '09_bridging.html#why'],
        ['dispatch task is gone', '09_bridging.html#a-runtime-for-each-call'],
        ['Cannot start a runtime from within a runtime', '09_bridging.html#why'],
        ['Cannot drop a runtime in a context where blocking is not allowed', '09_bridging.html#why'],
        ['Cannot block the current thread from within a runtime', '09_bridging.html#why'],
        ['can call blocking only when running on the multi-threaded runtime', '09_bridging.html#why'],
        ['connection closed before message completed', '13_retry.html#the-pitfall'],
        ['canceling statement due to user request', '14_transactions.html#why'],
        ['terminating connection due to idle-in-transaction timeout', '14_transactions.html#why'],
    ]) {
        const [first] = await find(message);
        assert.equal(first, page, message);
    }
});

test('results lead to sections that exist', async open => {
    const page = await open(file('index.html'));
    await page.keyboard.press('/');
    await page.waitForFunction(() => window.search.index);
    const urls = await page.evaluate(() => window.search.doc_urls);
    const pages = new Set(urls.map(url => url.split('#')[0]));
    assert.ok(pages.size > 20);
    for (const name of pages) {
        await page.goto(file(name));
        const ids = urls.filter(url => url.startsWith(`${name}#`)).map(url => url.slice(name.length + 1));
        const missing = await page.evaluate(ids => ids.filter(id => !document.getElementById(id)), ids);
        assert.deepEqual(missing, [], name);
    }
});

test('answers are not found', async open => {
    const page = await open(file('index.html'));
    await page.keyboard.press('/');
    await page.waitForFunction(() => window.search.index);
    const { docs, urls } = await page.evaluate(() => {
        const { index, doc_urls } = window.search;
        return { docs: index.documentStore.docs, urls: doc_urls };
    });
    const chapters = Object.values(docs).filter(({ id }) => /^(\d|wrong)/.test(urls[id]));
    const text = chapters.map(({ body }) => body).join('\n');
    const lessons = readdirSync(join(ROOT, 'lessons')).filter(name => /^\d/.test(name));
    const hints = lessons.map(lesson => readFileSync(join(ROOT, 'lessons', lesson, 'hints.md'), 'utf8'));
    // Lines without markup, below the task.
    const lines = hints.flatMap(text => text.slice(text.indexOf('\n## ')).match(/^[\w ,.]{50,}$/gm) ?? []);
    assert.ok(lines.length > lessons.length);
    assert.deepEqual(lines.filter(line => text.includes(line.trim())), []);
    for (const spoiler of ['for the instructor', 'checks passed', 'Hint 1', 'Where people get stuck']) {
        assert.ok(!text.includes(spoiler), spoiler);
    }
});

const PASTED = [
    [`
thread 'main' (12345) panicked at src/main.rs:5:9:
there is no reactor running, must be called from the context of a Tokio 1.x runtime
note: run with \`RUST_BACKTRACE=1\` environment variable to display a backtrace
`, '09_bridging.html#why'],
    [`thread 'main' panicked at 'there is no reactor running, must be called from the context of a Tokio 1.x runtime', src/main.rs:5:9`,
        '09_bridging.html#why'],
    [`thread 'tokio-runtime-worker' panicked at /root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/tokio-1.48.0/src/runtime/blocking/shutdown.rs:51:21:
Cannot drop a runtime in a context where blocking is not allowed. This happens when a runtime is dropped from within an asynchronous context.
`, '09_bridging.html#why'],
    [`Error: error sending request for url (http://127.0.0.1:41217/page/7)

Caused by:
    0: client error (SendRequest)
    1: dispatch task is gone: runtime dropped the dispatch task
`, '09_bridging.html#a-runtime-for-each-call'],
    [`error[E0728]: \`await\` is only allowed inside \`async\` functions and blocks
 --> src/main.rs:4:24
  |
3 | fn main() {
  | --------- this is not \`async\`
4 |     let page = fetch(1).await;
  |                         ^^^^^ only allowed inside \`async\` functions and blocks

For more information about this error, try \`rustc --explain E0728\`.
error: could not compile \`mine\` (bin "mine") due to 1 previous error
`, '01_hello_await.html#the-pitfall'],
    // Other names than in the book.
    [`error[E0597]: \`words\` does not live long enough
  --> src/lib.rs:12:18`, '04_bounded.html#why'],
    [`error[E0599]: no method named \`clone\` found for struct \`Response\` in the current scope
 --> src/main.rs:90:1`, '13_retry.html#sending-a-request-twice'],
    [`error[E0502]: cannot borrow \`*db\` as mutable because it is also borrowed as immutable`, '14_transactions.html#errors-of-the-compiler'],
    [`error: implementation of \`Send\` is not general enough`, '04_bounded.html#why'],
    [`error[E0308]: mismatched types
  |
  = note: expected future
`, '01_hello_await.html#the-pitfall'],
    ["error[E0308]: `?` operator has incompatible types", '10_tasks.html#what-a-handle-returns'],
    // From an editor.
    ['future cannot be sent between threads safely\nwithin `impl Future<Output = ()>`, the trait `Send` is not implemented',
        '07_pitfalls.html#6-a-lock-held-across-an-await'],
    ['Error: db error: FATAL: sorry, too many clients already', '05_pool.html#why'],
    ['asyncpg.exceptions.TooManyConnectionsError: sorry, too many\n  clients already', '05_pool.html#why'],
    ['Task exception was never retrieved\nfuture: <Task finished name=\'Task-3\' coro=<f() done> exception=ValueError()>',
        '06_errors.html#in-python'],
    // Words that are in no message.
    ['semaphore', 'glossary.html#semaphore'],
    ["thread 'main' panicked at src/main.rs:1:2:\nsemaphore\nnote: run with `RUST_BACKTRACE=1`", 'glossary.html#semaphore'],
    ['error[E9999]: `await` is only allowed inside `async` functions and blocks', undefined],
];

test('a pasted panic or error leads to the section that explains it', async open => {
    const known = readFileSync(join(ROOT, 'book/messages.txt'), 'utf8').trim().split('\n').map(line => {
        const [place, ...message] = line.split(' ');
        return [`thread 'main' (7) panicked at src/main.rs:5:9:\n${message.join(' ')}\nnote: run with`, place.replace('#', '.html#')];
    });
    const page = await open(undefined, { permissions: ['clipboard-read', 'clipboard-write'] });
    for (const [text, url] of [...PASTED, ...known]) {
        await page.goto(file('index.html'));
        await page.evaluate(text => navigator.clipboard.writeText(text), text);
        await page.keyboard.press('/');
        await page.keyboard.press('Control+V');
        await page.locator('#mdbook-searchresults-outer:not(.hidden)').waitFor();
        const [first] = await page.locator('#mdbook-searchresults a').evaluateAll(links => links.map(it => it.getAttribute('href')));
        assert.equal(first?.replace(/\?.*#/, '#'), url, text);
    }
});
