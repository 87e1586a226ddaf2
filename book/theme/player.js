// Steps through the recorded run of a timeline, poll by poll. Without this script, the timeline is a still
// picture. `src/timeline/steps.rs` has the format of the recording.
'use strict';
{
    // The states of a future after each kind of step.
    const STATES = ['pending', 'ready', 'failed', 'dropped', 'ended', 'refused', 'pending', 'queued'];
    const FOR_NOTHING = 6;
    const ms = micros => `${Math.round(micros / 1000)} ms`;

    // Returns whether a row is a call to a function that is not async.
    const isCall = ([, , code]) => /^(pub )?fn /.test(code?.[1]);

    // Returns what happens to a future in a step, as the rest of a sentence.
    const sentence = (kind, first, micros) => {
        if (micros >= 1000) return `runs for ${ms(micros)} and keeps its thread for all of that time.`;
        const polled = first ? 'is polled for the first time' : 'is polled';
        return [
            first ? `${polled}, and has to wait: Pending.` : `${polled} again, and still has to wait: Pending.`,
            first ? `${polled}, and returns at once: Ready.` : `${polled}, and returns: Ready.`,
            `${polled}, and returns an error: Ready, with Err.`,
            'is dropped while it waits: it never gets past its .await.',
            first ? 'is polled, and ends.' : `${polled} for the last time, and ends.`,
            `${polled}, and returns: Ready. The server refused its request with status 503.`,
            'is polled for nothing: nothing it waits for has happened.',
            `${polled}, and waits in a queue: Pending.`,
        ][kind];
    };

    // Returns the lines where a future is after a poll. One that waits is at an .await: the recording does not
    // tell which.
    const linesAt = ([, , code, awaits], state) => {
        const waits = ['pending', 'dropped'].includes(state) && awaits.length;
        return waits ? awaits : code ? [code] : [];
    };

    // Converts a recording to a list of steps: the section, the time, what happens, and the state of each row.
    const stepsOf = ([, ...sections]) => sections.flatMap(([title, rows, steps], section) => {
        const last = rows.map(() => null);
        return steps.map(([time, ...parts]) => {
            const now = [];
            const text = [];
            for (let at = 0; at < parts.length; at += 3) {
                const [row, kind, until] = parts.slice(at, at + 3);
                now.push(row);
                text.push([rows[row][0], isCall(rows[row]) ? 'is called, and returns.' : sentence(kind, !last[row], until - time)]);
                last[row] = { kind, until };
            }
            const states = last.map((it, row) => {
                if (it?.until > time) return 'running';
                if (it && isCall(rows[row])) return 'called';
                if (it) return it.kind === FOR_NOTHING && now.includes(row) ? 'for nothing' : STATES[it.kind];
                const queued = rows[row][1];
                return queued !== null && queued <= time ? 'queued' : 'not started';
            });
            const lines = parts.length === 3 ? linesAt(rows[parts[0]], STATES[parts[1]]) : [];
            return { section, title, time, now, text, states, lines };
        });
    });

    const { make } = workbook;
    const draw = (name, attributes) => {
        const drawn = document.createElementNS('http://www.w3.org/2000/svg', name);
        for (const [key, value] of Object.entries(attributes)) drawn.setAttribute(key, value);
        return drawn;
    };

    // The parts of the picture that change: for each section its place, and for each row its label, its bar, and the
    // marks at the bar's end.
    const partsOf = svg => {
        const sections = [];
        for (const element of svg.children) {
            const kind = element.classList;
            if (kind.contains('title')) sections.push({ top: +element.getAttribute('y') + 6, rows: [] });
            const section = sections.at(-1);
            if (kind.contains('label')) section.rows.push({ label: element, marks: [] });
            const row = section?.rows.at(-1);
            if (kind.contains('wait')) {
                row.bar = element;
                section.bottom = +element.getAttribute('y') + 18;
            }
            if (kind.contains('outcome')) row.marks.push(element);
        }
        return sections;
    };

    const player = element => {
        const svg = element.parentElement.querySelector('svg');
        const run = JSON.parse(element.dataset.run);
        const [scale] = run;
        const steps = stepsOf(run);
        const sections = partsOf(svg);
        // Everything that is drawn on top of the picture.
        const layer = svg.appendChild(draw('g', {}));
        // The number of a step; one more is the whole run.
        const whole = steps.length + 1;
        let shown = whole;
        let timer;

        const range = make('input', { type: 'range', min: 1, max: whole, ariaLabel: 'Step' });
        const place = make('span', { className: 'player-place' });
        const say = make('p', { className: 'player-say' });
        say.setAttribute('aria-live', 'polite');
        const code = make('p', { className: 'player-code' });
        const button = (text, name, onclick) => make('button', { type: 'button', ariaLabel: name, onclick }, text);

        const drawRow = (row, state, x, isNow) => {
            const y = +row.bar.getAttribute('y') + 10;
            const left = x > 60;
            const word = draw('text', { class: `state ${isNow ? 'is-now' : ''}`, x: `${x}%`, dx: left ? -6 : 6, y });
            word.setAttribute('text-anchor', left ? 'end' : 'start');
            const polled = state === 'for nothing' ? 'polled for nothing' : `polled: ${state}`;
            word.textContent = isNow && !['dropped', 'running', 'called'].includes(state) ? polled : state;
            layer.append(word);
        };
        const show = step => {
            shown = Math.min(Math.max(step, 1), whole);
            range.value = shown;
            const at = steps[shown - 1];
            layer.replaceChildren();
            sections.forEach(({ top, bottom, rows }, n) => {
                const isNow = n === at?.section;
                const x = !at || n < at.section ? 100 : isNow ? 100 * at.time / scale : 0;
                const veil = isNow ? 'veil' : 'veil all';
                if (x < 100) layer.append(draw('rect', { class: veil, x: `${x}%`, width: `${100 - x}%`, y: top, height: bottom - top }));
                rows.forEach((row, index) => {
                    if (!row.bar) return;
                    const state = isNow ? at.states[index] : '';
                    const polled = isNow && at.now.includes(index);
                    row.bar.dataset.state = state;
                    row.label.classList.toggle('is-now', polled);
                    row.marks.forEach(mark => mark.classList.toggle('later', isNow || x === 0));
                    if (isNow) drawRow(row, state, x, polled);
                });
                if (isNow) layer.append(draw('line', { class: 'cursor', x1: `${x}%`, x2: `${x}%`, y1: top, y2: bottom }));
            });
            place.textContent = at ? `${shown} of ${steps.length}` : `${steps.length} steps`;
            range.setAttribute('aria-valuetext', at ? `${shown} of ${steps.length}, ${at.title}, ${ms(at.time)}` : 'the whole run');
            say.replaceChildren(...at ? [
                // The order of polls on the real clock is not recorded.
                make('b', {}, `${at.title}, ${ms(at.time)}${at.text.length > 1 ? ', order not recorded' : ''}: `),
                ...at.text.flatMap(([label, rest]) => [make('code', {}, label), ` ${rest} `]),
                at.text.length ? '' : 'the end.',
            ] : ['The whole run. Step through it to see each poll.']);
            code.replaceChildren(...(at?.lines ?? []).flatMap(([line, text], n) => [
                `${n ? ' or' : 'lesson.rs,'} line ${line}: `, make('code', {}, text),
            ]));
        };
        const pause = () => {
            clearInterval(timer);
            timer = undefined;
            play.textContent = 'Play';
            say.setAttribute('aria-live', 'polite');
        };
        const go = step => {
            pause();
            show(step);
        };
        const forward = () => go(shown === whole ? 1 : shown + 1);
        const back = () => go(shown - 1);
        const play = make('button', { type: 'button' });
        play.onclick = () => {
            if (timer) return pause();
            // Sentences that follow each other this fast would pile up in a screen reader.
            say.setAttribute('aria-live', 'off');
            play.textContent = 'Pause';
            show(shown >= steps.length ? 1 : shown + 1);
            timer = setInterval(() => shown < steps.length ? show(shown + 1) : pause(), 1000);
        };
        range.oninput = () => go(+range.value);
        element.addEventListener('keydown', event => {
            const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
            // mdBook turns the page on these keys; on the slider, the browser moves its thumb.
            if (way) event.stopPropagation();
            if (way && event.target !== range) (way > 0 ? forward : back)();
        });
        pause();
        show(whole);
        const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
        const controls = make('div', { className: 'player-controls' });
        controls.append(button('Back', 'Back one step', back), ...still ? [] : [play]);
        controls.append(button('Step', 'Forward one step', forward), range, place);
        element.append(controls, say, code);
        element.setAttribute('role', 'group');
        element.setAttribute('aria-label', 'Step through the run');
    };

    // The page with all chapters is only for printing.
    if (!location.pathname.endsWith('/print.html')) document.querySelectorAll('.player').forEach(player);
}
