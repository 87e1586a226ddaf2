// Adds an axis to a question of a prediction, on which the reader draws the bars of a run. Compare lays the recorded
// bars over them.
//
// Each end of a bar is a range input. The two overlap, and only their thumbs receive pointer events. So the browser
// does the dragging, and the keyboard and screen readers work as with any slider.
'use strict';
{
    // Returns the distance between the lines of the axis, of at most six parts, and the end of the axis: one part
    // after the longest run, so that the axis does not give the answer away.
    const axis = longest => {
        let step = 1;
        for (let n = 0; longest / step > 5; n++) step *= [2, 2.5, 2][n % 3];
        return [step, (Math.floor(longest / step) + 1) * step];
    };

    // Places the bars that the reader has not moved, which are null: each continues the pattern of the two above it.
    // Those above the first moved one are half as long as the axis. One that would end before it starts is as long as
    // the one above it.
    const follow = (drawn, most) => {
        const within = value => Math.min(Math.max(value, 0), most);
        const first = drawn.findIndex(Boolean);
        return drawn.reduce((bars, bar, n) => {
            const above = bars[n - 1];
            const before = n - 1 > first ? bars[n - 2] : above;
            const next = () => {
                const [from, to] = above.map((value, end) => within(2 * value - before[end]));
                return [from, to > from ? to : within(from + above[1] - above[0])];
            };
            return [...bars, bar ?? (first === -1 || n < first ? [0, most / 2] : next())];
        }, []);
    };

    // Moves one end of a bar. The start takes the whole bar with it.
    const move = ([from, to], end, value, most) => {
        if (end === 1) return [Math.min(from, value), value];
        const start = Math.min(value, most - (to - from));
        return [start, start + to - from];
    };

    // Validates a saved drawing of `count` bars.
    const isDrawing = (kept, count) => Array.isArray(kept) && kept.length === count && kept.every(bar =>
        bar === null || Array.isArray(bar) && bar.length === 2 && bar.every(Number.isFinite));

    // Returns how a bar differs from the recorded one, in words.
    const difference = (bar, recorded) => ['starts', 'ends'].flatMap((verb, end) => {
        const late = bar[end] - recorded[end];
        return late ? `${verb} ${Math.abs(late)} ms too ${late > 0 ? 'late' : 'early'}` : [];
    }).join(' and ');

    const drawing = (place, kept) => {
        const { make } = workbook;
        const [title, longest, run] = JSON.parse(place.dataset.run);
        const ms = micros => Math.round(micros / 1000);
        const recorded = run.map(([, life]) => life.map(ms));
        const [step, most] = axis(ms(longest));
        const percent = value => `${100 * value / most}%`;

        // Drawing fills in the question's field if its answer is the latest end of all bars.
        const question = place.closest('li, p').querySelector('.guess-row');
        const [label, field] = question.children;
        const total = bars => `${Math.max(...bars.flat())} ms`;
        const isTotal = label.dataset.answers.split('/').includes(total(recorded));

        let drawn = isDrawing(kept[title], run.length) ? kept[title] : run.map(() => null);
        let bars;
        const rows = run.map(([name], n) => {
            const own = make('span', { className: 'drawn-bar' });
            const truth = make('span', { className: 'drawn-bar is-recorded' });
            const ends = ['start', 'end'].map((word, end) => make('input', {
                type: 'range', min: 0, max: most, step: step / 2, ariaLabel: `${title}, ${name}: ${word}`,
                oninput: event => {
                    drawn[n] = move(bars[n], end, +event.target.value, most);
                    show();
                    judge(false);
                    if (!isTotal) return;
                    field.value = total(bars);
                    field.dispatchEvent(new Event('input'));
                },
            }));
            const track = make('div', { className: 'drawing-track' }, own, truth, ...ends);
            const element = make('div', { className: 'drawing-row' }, make('span', { className: 'drawing-label' }, name), track);
            const put = (bar, [from, to]) => Object.assign(bar.style, { insetInlineStart: percent(from), inlineSize: percent(to - from) });
            put(truth, recorded[n]);
            return { element, show: bar => {
                put(own, bar);
                own.classList.toggle('is-ghost', !drawn[n]);
                ends.forEach((range, end) => {
                    range.value = bar[end];
                    range.setAttribute('aria-valuetext', `${bar[end]} ms`);
                });
            } };
        });
        const show = () => {
            bars = follow(drawn, most);
            rows.forEach((row, n) => row.show(bars[n]));
        };

        const lines = Array.from({ length: most / step + 1 }, (_, n) => n * step);
        const numbers = lines.map(value => make('span', {}, value));
        numbers.forEach((number, n) => number.style.insetInlineStart = percent(lines[n]));
        const result = make('div', { className: 'guess-verdict', role: 'status' });
        const group = make('div', { className: 'drawing', role: 'group', ariaLabel: `Draw: ${title}` },
            ...rows.map(({ element }) => element), make('div', { className: 'drawing-axis', ariaHidden: true }, ...numbers), result);
        group.style.setProperty('--line', percent(step));
        group.style.setProperty('--label', Math.max(...run.map(([name]) => name.length)));
        // mdBook turns the page on the arrow keys.
        group.addEventListener('keydown', event => event.stopPropagation());

        // Compares the bars, or removes the comparison with those of before.
        const judge = any => {
            group.classList.toggle('is-compared', any);
            if (!any) return result.replaceChildren();
            const wrong = run.map(([name], n) => [name, difference(bars[n], recorded[n])]).filter(([, words]) => words);
            const list = wrong.map(([name, words]) => make('li', {}, make('code', {}, name), ` ${words}.`));
            const right = `${run.length - wrong.length} of ${run.length} bars are right.`;
            result.replaceChildren(make('strong', { className: wrong.length ? '' : 'good' }, right),
                ' The thin bars are the recorded ones.', ...wrong.length ? [make('ul', {}, ...list)] : []);
        };
        const compare = () => judge(drawn.some(Boolean));
        field.form.addEventListener('submit', () => {
            kept[title] = drawn;
            workbook.save('drawings', kept);
            compare();
        });
        field.form.addEventListener('reset', () => {
            drawn = run.map(() => null);
            delete kept[title];
            workbook.save('drawings', kept);
            show();
            compare();
        });
        show();
        compare();
        place.replaceWith(group);
        return group;
    };

    // The unit tests in `../browser/draw.test.js` load this file in Node, where there is no page. The page with all
    // chapters is only for printing.
    if (typeof module === 'object') {
        module.exports = { axis, follow, move, isDrawing, difference };
    } else if (!location.pathname.endsWith('/print.html')) {
        const kept = workbook.load('drawings');
        const [first] = [...document.querySelectorAll('.drawing')].map(place => drawing(place, kept));
        first?.before(workbook.make('p', { className: 'drawing-how' }, 'Or draw it: drag the ends of the bars. '
            + 'A bar that you have not moved continues the pattern of those above it.'));
    }
}
