// Adds an input field to each question of a prediction, compares the guess with the answer from the
// lesson's output, and remembers it in this browser.
'use strict';
{
    const words = (text = '') => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

    // Parses an amount: "500", "500ms", "0.5 s" and "about 500 milliseconds" are equal.
    const NUMBERS = 'zero one two three four five six seven eight nine ten'.split(' ');
    const UNITS = { ms: 1, milli: 1, sec: 1000, s: 1000, min: 60_000, us: 0.001, µs: 0.001, micro: 0.001 };
    const amount = text => {
        const plain = text.toLowerCase().replace(/\bno(ne|body)?\b/, '0')
            .replace(/[a-z]+/g, word => NUMBERS.includes(word) ? NUMBERS.indexOf(word) : word)
            .replace(/(\d)[, ](?=\d{3}(?!\d))/g, '$1').replace(/(\d),(?=\d)/g, '$1.');
        const [, number, unit] = plain.match(/(\d*\.?\d+)\s*(milli|micro|min|sec|(?:ms|us|µs|s)(?![a-z]))?/) ?? [];
        // Rounded: 0.07 * 1000 is 70.00000000000001.
        return { value: Math.round(number * (UNITS[unit] ?? 1) * 1e6) / 1e6, unit };
    };

    // Returns whether a sentence contains the answer, unless that part of the sentence is negated.
    const NEGATION = /^(no|not|never|cannot|t|(do|does|did|is|was|wo|ca)nt)$/;
    const contains = (part, answer) => {
        const [a, b] = [words(part), words(answer)];
        const negated = a.some(word => NEGATION.test(word) && !b.includes(word));
        return !negated && ` ${a.join(' ')} `.includes(` ${b.join(' ')} `);
    };
    const SHORT = { y: 'yes', n: 'no' };
    // Returns whether a guess matches one of the answers, which are separated by slashes.
    const matches = (text, answers) => {
        const guess = SHORT[text.trim().toLowerCase()] ?? text;
        return answers.split('/').some(answer => {
            if (/^\d/.test(answer)) {
                const [a, b] = [amount(guess), amount(answer)];
                return a.value === b.value && Boolean(b.unit || !a.unit);
            }
            return words(guess).join('') === words(answer).join('')
                || [guess, ...guess.split(/[,.;:]|\bbut\b/)].some(part => contains(part, answer));
        });
    };
    // Returns the explanation of a wrong guess, from a list such as `500 ms: why not|20 ms: why not`.
    const explanation = (wrong, fits) => {
        const known = (wrong ?? '').split('|').map(one => one.split(/: (.*)/));
        return known.find(([guess, text]) => text && fits(guess))?.[1] ?? '';
    };

    // Aligns the guessed lines with the printed ones, in order, like `diff`: dynamic programming from the
    // end, which maximizes the total similarity. `below` is the row of the next guessed line.
    const similarity = (a, b) => {
        const [x, y] = [words(a), words(b)];
        const shared = x.filter(word => y.includes(word)).length;
        return shared && shared / (x.length + y.length);
    };
    const align = (guessed, printed) => {
        let below = [];
        for (let i = guessed.length; i >= 0; i--) {
            const row = [];
            for (let j = printed.length; j >= 0; j--) {
                const like = similarity(guessed[i], printed[j]);
                const ways = [
                    like && [below[j + 1], 'right', printed[j], like],
                    [below[j], 'not here', guessed[i], 0],
                    [row[j + 1], 'missing', printed[j], 0],
                ].filter(way => way?.[0]).map(([rest, what, line, more]) =>
                    ({ score: rest.score + more, lines: [[what, line], ...rest.lines] }));
                row[j] = ways.sort((a, b) => b.score - a.score)[0] ?? { score: 0, lines: [] };
            }
            below = row;
        }
        return below[0].lines;
    };
    const mentions = (line, wrong) => words(wrong).every(word => words(line).includes(word));

    const make = (...element) => workbook.make(...element);
    const prose = text => text.split('`').map((part, n) => n % 2 ? make('code', {}, part) : part);
    const verdict = (good, text) => make('strong', { className: good ? 'good' : '' }, text);

    const compare = (label, guess) => {
        const answers = label.dataset.answers;
        if (matches(guess, answers)) {
            return [true, verdict(true, 'Right.')];
        }
        const reason = explanation(label.dataset.wrong, wrong => matches(guess, wrong));
        return [false, verdict(false, 'Not quite:'), ` the output says ${answers.split('/')[0]}. `, ...prose(reason)];
    };
    const compareLines = (label, guess) => {
        const printed = label.dataset.answers.split('/');
        const lines = align(guess.split(/\s*\n\s*/), printed);
        const right = lines.filter(([what]) => what === 'right').length;
        const list = lines.map(([what, line]) => make('li', {},
            verdict(what === 'right', `${what}:`), ' ', make('code', {}, line), ' ',
            ...what === 'not here' ? prose(explanation(label.dataset.wrong, wrong => mentions(line, wrong))) : []));
        return [right === lines.length, `${right} of ${printed.length} lines are right.`, make('ul', {}, ...list)];
    };

    let kept;

    // The row of a table below that of a question, for verdicts.
    const below = row => {
        if (!row.nextElementSibling?.classList.contains('guess-below')) {
            row.after(make('tr', { className: 'guess-below' }, make('td', { colSpan: row.cells.length })));
        }
        return row.nextElementSibling.firstChild;
    };

    // Adds a field to a question. `judge` shows a verdict, and returns whether the guess is right, or
    // undefined if the field is empty.
    const question = (label, n) => {
        const lines = label.classList.contains('lines');
        // In a table, the first cell has the subject of the row's questions.
        const cells = label.closest('tr');
        const name = cells ? `${cells.cells[0].textContent}: ${label.textContent}` : label.textContent;
        const result = make(cells ? 'div' : 'span', { id: `verdict-${n}`, className: 'guess-verdict' });
        const field = make(lines ? 'textarea' : 'input', {
            id: `guess-${n}`, className: 'guess-field', value: kept[name] ?? '',
            placeholder: /^[\d.]+ ms/.test(label.dataset.answers) ? 'ms' : '', rows: 7, autocomplete: 'off', autocapitalize: 'off', spellcheck: false,
        });
        field.setAttribute('aria-describedby', result.id);
        // The arrow keys move the cursor here; elsewhere they turn the page.
        field.addEventListener('keydown', event => event.stopPropagation());
        field.addEventListener('input', () => result.replaceChildren()); // that was about the old guess
        label.htmlFor = field.id;
        const row = make('div', { className: lines ? 'guess-row lines' : 'guess-row' });
        label.replaceWith(row);
        row.append(label, field, ...cells ? [] : [result]);
        if (cells) {
            below(cells).append(result);
            field.ariaLabel = name;
        }
        const judge = () => {
            const guess = kept[name] = field.value.trim() || undefined;
            const [right, ...text] = guess ? (lines ? compareLines : compare)(label, guess) : [];
            result.replaceChildren(...cells && guess ? [`${label.textContent}: `] : [], ...text);
            return right;
        };
        judge();
        return { field, judge };
    };

    // Adds a button for all questions before a fold. The fold opens once all of them have a guess.
    const group = (fold, questions, n) => {
        const form = make('form', { id: `guesses-${n}`, className: 'guesses' });
        const clear = make('button', { type: 'reset' }, 'Clear');
        const status = make('span', { role: 'status' });
        const judge = () => {
            const judged = questions.map(({ judge }) => judge());
            workbook.save('guesses', kept);
            return judged;
        };
        form.append(make('button', {}, 'Compare'), clear, status);
        fold.before(form);
        questions.forEach(({ field }) => field.setAttribute('form', form.id));
        form.addEventListener('submit', event => {
            event.preventDefault();
            const judged = judge();
            const open = judged.filter(right => right === undefined).length;
            fold.open ||= !open;
            const count = `${judged.filter(right => right).length} of ${judged.length} right. `;
            status.textContent = (judged.length > 1 && open < judged.length ? count : '')
                + (open ? `${open} still to guess.` : 'The answer is open below.');
        });
        form.addEventListener('reset', () => {
            questions.forEach(({ field }) => field.value = '');
            judge();
            fold.open = false;
            status.textContent = 'Your guesses were cleared.';
            questions[0].field.focus();
        });
    };

    // The unit tests in `../browser/predict.test.js` load this file in Node, where there is no page. The page
    // with all chapters is only for printing.
    if (typeof module === 'object') {
        module.exports = { matches, explanation, align, mentions };
    } else if (!location.pathname.endsWith('/print.html')) {
        kept = workbook.load('guesses');
        const folds = [...document.querySelectorAll('main details')];
        const groups = new Map();
        document.querySelectorAll('label.guess').forEach((label, n) => {
            const fold = folds.find(fold => label.compareDocumentPosition(fold) & Node.DOCUMENT_POSITION_FOLLOWING);
            groups.set(fold, [...groups.get(fold) ?? [], question(label, n)]);
        });
        [...groups].forEach(([fold, questions], n) => group(fold, questions, n));
    }
}
