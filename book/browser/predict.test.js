// How a prediction is matched with its answers, without a browser.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import predict from '../theme/predict.js';

const { matches, explanation, align, mentions } = predict;

// Each row: the answers, guesses that match, guesses that do not.
const TABLE = [
    ['500 ms', ['500', '500ms', ' 500 MS ', '0.5 s', '.5 sec', '0,5 s', 'about 500 milliseconds', '500 each'],
        ['5', '50', '5000', '500 s', '0.5', '500 min', '500 us', 'five hundred', 'half a second', 'no idea', '-']],
    ['70 ms', ['0.07 s', '70000 µs'], ['0.7 s']],
    ['1200 ms', ['1,200', '1 200 ms', '1.2 s', '0.02 min'], ['1.2', '12', '120']],
    ['5000', ['5,000', '5 000 jobs', 'all 5000'], ['5000 ms', '5', '500', '50000']],
    ['3/1200 ms', ['three', '3 rounds', '1200 ms', '1.2 s'], ['1', '3 ms', '400 ms']],
    ['0 ms', ['0', 'none', 'no time', 'zero ms'], ['10', 'nothing']],
    ['dropped/no', ['dropped', 'It is dropped.', 'DROPPED', 'no', 'dropped, not finished', 'not finished, dropped',
        'it is not finished but dropped'],
    ['finished', 'drop', 'not dropped', 'it is never dropped', "it isn't dropped", 'cannot be dropped', 'it wont be dropped', 'nothing']],
    ['continues/goes on/nothing/not stop/t stop/not stopped', ['it goes on', 'It does not stop.', "doesn't stop", 'it is not stopped', 'nothing'],
        ['it stops', 'stopped', 'it does not go on']],
    ['active 1/yes/1', ['y', 'Yes', '1'], ['n', 'no', 'active', '0']],
    ['never finishes', ['never finishes', 'it never finishes', 'neverfinishes'], ['finishes', 'never']],
    ['main begins', ['main begins', 'main-begins', 'first main begins'], ['main', 'begins main', 'main never begins']],
];

for (const [answers, right, wrong] of TABLE) {
    test(`guesses of ${answers}`, () => {
        assert.deepEqual(right.filter(guess => !matches(guess, answers)), [], 'not matched');
        assert.deepEqual(wrong.filter(guess => matches(guess, answers)), [], 'matched');
    });
}

test('an explanation is that of the guess', () => {
    const wrong = '100 ms/0: It is not: `b` waits.|300 ms: Too long.|200 s: ';
    const of = guess => explanation(wrong, known => matches(guess, known));
    assert.equal(of('0.1 s'), 'It is not: `b` waits.');
    assert.equal(of('none'), 'It is not: `b` waits.');
    assert.equal(of('300'), 'Too long.');
    assert.equal(of('200'), '');
    assert.equal(of('200 s'), '');
    assert.equal(explanation(undefined, () => true), '');
    assert.ok(mentions('greet: hello!', 'greet') && !mentions('main begins', 'greet'));
});

test('guessed lines are aligned with the printed ones, in order', () => {
    const printed = ['main begins', 'future made', 'greet begins', 'greet ends', 'main ends'];
    const kinds = guessed => align(guessed, printed).map(([kind, line]) => `${kind}: ${line}`);
    const right = printed.map(line => `right: ${line}`);
    assert.deepEqual(kinds(printed), right);
    assert.deepEqual(kinds(['begins', 'made', 'greet begins', 'greet ends', 'ends']), right);
    const missing = ['missing: future made', ...right.slice(2)];
    assert.deepEqual(kinds(['main begins', 'greet begins', 'greet ends', 'main ends']), [right[0], ...missing]);
    // One of two swapped lines is right.
    const swapped = kinds(['main begins', 'greet begins', 'future made', 'greet ends', 'main ends']);
    assert.equal(swapped.filter(line => line.startsWith('right')).length, 4);
    assert.equal(swapped.length, 6);
    assert.deepEqual(kinds(['hello']), ['not here: hello', ...printed.map(line => `missing: ${line}`)]);
    assert.deepEqual(align([], []), []);
});
