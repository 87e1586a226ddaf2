// Run and Check buttons, and live reload. Only the pages of `cargo book serve` load this script:
// other builds have no server that could run anything.
'use strict';

{
    // The current run of this page. Another run stops it.
    let current = null;
    // The book was rebuilt during the run: reload the page when the user closes the run.
    let stale = false;

    const { element } = served;

    // Keeps the path of a check that has not ended, for the page that this tab loads next: the server stops it.
    const UNENDED = 'workbook-unended';
    const keep = path => {
        try {
            sessionStorage.setItem(UNENDED, path);
        } catch { /* no storage */ }
    };
    const kept = () => {
        try {
            return sessionStorage.getItem(UNENDED);
        } catch { /* no storage */ }
    };

    // Returns a text that differs if the learner's file was changed.
    const version = async lesson => {
        try {
            return await (await fetch(`/changed/${lesson}`)).text();
        } catch { /* the server is not running */ }
    };
    // Characters of a verdict that this browser keeps, with its pictures.
    const MAX_VERDICT = 300_000;

    // Parses a response of one JSON object per line.
    async function* events(response) {
        let text = '';
        let since = performance.now();
        for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
            const lines = (text + chunk).split('\n');
            text = lines.pop();
            yield* lines.map(line => JSON.parse(line));
            // Let the page draw and handle clicks: chunks that have arrived are read without a pause.
            if (performance.now() - since > 20) {
                await new Promise(resume => setTimeout(resume));
                since = performance.now();
            }
        }
    }

    // A control sequence (ECMA-48), which may be cut off, a control character, or a mark that changes the direction of
    // text. With groups for CSI.
    const TEXT = String.raw`[^\x07\x18\x1a\x1b\x9c\n]*`;
    const CONTROL = new RegExp([
        String.raw`(?:\x1b\[|\x9b)([0-?]*)([ -/]*)([@-~]?)`,
        String.raw`(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])${TEXT}(?:\x1b\\|[\x07\x18\x1a\x9c])?`,
        String.raw`\x1b[ -/]*[0-~]?`,
        String.raw`[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]`,
    ].join('|'), 'g');
    // One that may go on in the next piece of output. A new beginning ends its text, so that the search takes linear time.
    const BEGIN = String.raw`[\x90\x98\x9d-\x9f]`;
    const REST = String.raw`[^\x07\x18\x1a\x1b\x90\x98\x9c-\x9f\n]*`;
    const INCOMPLETE = new RegExp(
        String.raw`(?:(?:\x1b\[|\x9b)[0-?]*[ -/]*|(?:\x1b[\]PX^_]|${BEGIN})${REST}\x1b?|\x1b[ -/]*)$`,
    );

    // Converts a color of 256, or three numbers, to a color of CSS.
    const color = ([first, ...others]) => {
        if (others.length) return `rgb(${first} ${others.join(' ')})`;
        // The theme has no brighter colors.
        if (first < 16) return first === 8 ? 'var(--muted)' : `var(--ansi-${first % 8})`;
        const levels = [0, 95, 135, 175, 215, 255];
        const gray = 8 + 10 * (first - 232);
        const cube = [36, 6, 1].map(place => levels[Math.floor((first - 16) / place) % 6]);
        return `rgb(${(first < 232 ? cube : [gray, gray, gray]).join(' ')})`;
    };

    const PLACES = { 3: 'color', 9: 'color', 4: 'background', 10: 'background' };
    const ATTRIBUTES = {
        1: { fontWeight: 'bold' },
        2: { opacity: 0.7 },
        3: { fontStyle: 'italic' },
        4: { textDecoration: 'underline' },
        22: { fontWeight: undefined, opacity: undefined },
        23: { fontStyle: undefined },
        24: { textDecoration: undefined },
    };

    // Returns the style after "select graphic rendition". Ignores what a page does not show, such as blinking.
    function rendition(style, parameters) {
        const codes = parameters.split(';');
        for (let at = 0; at < codes.length; at++) {
            const [code, ...rest] = codes[at].split(':').map(Number);
            if (code === 38 || code === 48) {
                // 38;5;n and 38;2;r;g;b, also with colons. A colon form may have a color space: 38:2::r:g:b.
                const colons = rest.length > 0;
                const mode = colons ? rest[0] : Number(codes[++at]);
                const count = { 2: 3, 5: 1 }[mode] ?? 0;
                const numbers = colons ? rest.slice(1).slice(-count) : codes.slice(at + 1, at + 1 + count).map(Number);
                if (!colons) at += count;
                const valid = count && numbers.length === count && numbers.every(number => number <= 255);
                if (valid) style = { ...style, [code === 38 ? 'color' : 'background']: color(numbers) };
            } else if (code === 0) {
                style = {};
            } else {
                const place = PLACES[Math.floor(code / 10)];
                const bright = code >= 90 ? 8 : 0;
                const value = code % 10 < 8 ? color([code % 10 + bright]) : undefined;
                const change = place ? { [place]: value } : ATTRIBUTES[code];
                if (change) style = { ...style, ...change };
            }
        }
        return style;
    }

    // What the page shows of a run's output. The browser lays out all of it after each change, so the page
    // is changed once per animation frame, and shows only the end of a long output.
    const MAX_LINES = 1000;
    const MAX_LINE_LENGTH = 2000;
    const MAX_PIECES = 10_000;

    class Output {
        constructor() {
            this.element = element('code', { className: 'hljs output', tabIndex: 0 });
            this.element.setAttribute('role', 'group');
            this.element.setAttribute('aria-label', 'Output of this run');
            this.note = element('span', { className: 'muted' });
            this.clear();
        }

        clear() {
            this.element.replaceChildren();
            // Not parsed yet: texts, and whether they are cargo's.
            this.pending = [];
            this.incomplete = '';
            this.style = {};
            // The lines shown; the last may be incomplete.
            this.lines = [];
            this.leftOut = 0;
        }

        add(text, isBuild = false) {
            if (!this.pending.length) requestAnimationFrame(() => this.draw());
            const last = this.pending.at(-1);
            if (last?.isBuild === isBuild) last.text += text;
            else this.pending.push({ text, isBuild });
        }

        draw() {
            const { scrollTop, clientHeight, scrollHeight } = this.element;
            const atEnd = scrollTop + clientHeight > scrollHeight - 20;
            for (const { text, isBuild } of this.pending.splice(0)) this.parse(text, isBuild);

            let pieces = this.lines.reduce((sum, line) => sum + line.pieces.length, 0);
            let count = 0;
            while (this.lines.length - count > MAX_LINES || pieces > MAX_PIECES) {
                pieces -= this.lines[count++].pieces.length;
            }
            this.drop(count);
            for (const line of this.lines) if (line.changed) this.drawLine(line);
            if (this.leftOut) {
                this.note.textContent = `… ${this.leftOut.toLocaleString('en')} lines left out …\n`;
                this.element.prepend(this.note);
            }
            if (atEnd) this.element.scrollTop = this.element.scrollHeight;
        }

        drawLine(line) {
            const parts = line.pieces.map(({ text, style }) => {
                if (!Object.keys(style).length) return text;
                const part = element('span', { textContent: text });
                // Text on a colored background is readable in the color of the page's.
                Object.assign(part.style, style.background && { color: 'var(--code-bg)' }, style);
                return part;
            });
            if (line.cut) {
                const textContent = ` … ${line.cut.toLocaleString('en')} more characters`;
                parts.push(element('span', { className: 'muted', textContent }));
            }
            if (!line.open) parts.push('\n');
            const drawn = element('span', { className: line.isBuild ? 'muted' : '' }, ...parts);
            if (line.element) line.element.replaceWith(drawn);
            else this.element.append(drawn);
            line.element = drawn;
            line.changed = false;
        }

        // Drops the picture in text at the end, up to the empty line before it.
        dropPicture() {
            const text = ({ pieces }) => pieces.map(({ text }) => text).join('').trim();
            const at = this.lines.findLastIndex(line => !text(line));
            if (at >= 0 && text(this.lines.at(-1)).startsWith('░ waits')) this.lines.splice(at).forEach(line => line.element?.remove());
        }

        // Drops the first lines.
        drop(count) {
            for (const line of this.lines.splice(0, count)) line.element?.remove();
            this.leftOut += count;
        }

        parse(text, isBuild) {
            text = this.incomplete + text;
            const lastLine = text.slice(text.lastIndexOf('\n') + 1);
            this.incomplete = INCOMPLETE.exec(lastLine)?.[0] ?? '';
            if (this.incomplete) text = text.slice(0, -this.incomplete.length);
            // The rest is dropped in any case.
            if (this.incomplete.length > 1000) this.incomplete = this.incomplete.slice(0, 2);

            // Of lines that are not shown, only the number and the color matter.
            let start = text.length;
            for (let line = 0; line <= MAX_LINES && start > 0; line++) start = text.lastIndexOf('\n', start - 1);
            if (start > 0) {
                const skipped = text.slice(0, start);
                // The first of them may continue the last one that is shown.
                this.leftOut += skipped.split('\n').length - (this.lines.at(-1)?.open ? 1 : 0);
                this.drop(this.lines.length);
                for (const match of skipped.matchAll(CONTROL)) this.control(match);
                text = text.slice(start + 1);
            }

            for (const [part] of text.matchAll(/[^\n]*\n|[^\n]+/g)) {
                let line = this.lines.at(-1);
                if (!line?.open) this.lines.push(line = { pieces: [], length: 0, cut: 0, isBuild });
                line.changed = true;
                let end = 0;
                for (const match of part.matchAll(CONTROL)) {
                    this.append(line, part.slice(end, match.index));
                    end = match.index + match[0].length;
                    this.control(match);
                }
                line.open = !part.endsWith('\n');
                this.append(line, part.slice(end, line.open ? undefined : -1));
            }
        }

        control([, parameters, intermediates, final]) {
            const isColor = final === 'm' && !intermediates && /^[\d;:]*$/.test(parameters);
            if (isColor) this.style = rendition(this.style, parameters);
        }

        append(line, text) {
            const kept = text.slice(0, MAX_LINE_LENGTH - line.length);
            line.length += kept.length;
            line.cut += text.length - kept.length;
            const last = line.pieces.at(-1);
            if (last?.style === this.style) last.text += kept;
            else if (kept) line.pieces.push({ text: kept, style: this.style });
        }
    }

    // A list of tabs for panels by name, and a function that selects one.
    let ids = 0;
    function tabs(panels) {
        const all = Object.entries(panels).map(([name, panel]) => {
            const tab = element('button', { type: 'button', role: 'tab', id: `run-tab-${++ids}`, textContent: name });
            Object.assign(panel, { role: 'tabpanel', id: `run-panel-${ids}` });
            panel.setAttribute('aria-labelledby', tab.id);
            tab.setAttribute('aria-controls', panel.id);
            tab.onclick = () => select(tab);
            return { tab, panel };
        });
        const select = (chosen = all[0].tab) => {
            for (const { tab, panel } of all) {
                panel.hidden = tab !== chosen;
                tab.setAttribute('aria-selected', tab === chosen);
                tab.tabIndex = tab === chosen ? 0 : -1;
            }
        };
        const list = element('div', { role: 'tablist', className: 'run-tabs' }, ...all.map(({ tab }) => tab));
        list.setAttribute('aria-label', 'Outputs');
        list.onkeydown = event => {
            const at = all.findIndex(({ tab }) => tab === event.target);
            const next = { ArrowLeft: all.at(at - 1), ArrowRight: all[(at + 1) % all.length] }[event.key]?.tab;
            if (!next) return;
            // Elsewhere the arrow keys turn the page.
            event.stopPropagation();
            select(next);
            next.focus();
        };
        return { list, select };
    }

    class Run {
        constructor(pre, path, name) {
            this.path = path;
            this.button = element('button', { type: 'button', className: 'run-button', textContent: name });
            this.button.setAttribute('aria-label', `${name} ${path.split('/').pop()}`);
            this.button.onclick = () => this.start();
            pre.querySelector('.buttons').prepend(this.button);

            this.status = element('span', { role: 'status' });
            this.stop = element('button', { type: 'button', textContent: 'Stop' });
            this.stop.onclick = () => this.abort?.abort();
            this.close = element('button', { type: 'button', textContent: 'Close' });
            this.close.onclick = () => {
                this.restore();
                this.keepVerdict(null);
                this.button.focus();
                if (stale && !current) location.reload();
            };
            this.output = new Output();
            this.verdict = element('div');
            this.picture = element('figure', { className: 'timeline' });
            const check = path.startsWith('/check');
            this.caption = element('figcaption');
            this.difference = element('p', { className: 'run-difference' });
            const own = element('div', {}, this.verdict, this.difference, element('pre', {}, this.output.element), this.picture);
            this.head = element('p', {}, this.status, this.stop, this.close);
            this.panel = element('section', { className: 'run' }, this.head, own);
            this.panel.setAttribute('aria-label', 'Your run');
            this.block = pre;
            // The panel replaces recorded output.
            if (!check && pre.querySelector('.output')) {
                this.page = element('div', { className: 'run-page' });
                this.tabs = tabs({ 'This run': own, 'The page': this.page });
                own.before(this.tabs.list);
                own.after(this.page);
            }
            if (check) {
                this.lesson = path.split('/').pop();
                this.attempts = new served.Attempts(this.lesson);
                pre.after(this.attempts.element);
                if (kept() === path) {
                    keep('');
                    this.show('The check was stopped, because you left or reloaded this page. Start it again.');
                    this.open();
                } else {
                    this.recall();
                }
                document.addEventListener('visibilitychange', () => document.hidden || this.date());
            }
        }

        // Shows the panel.
        open() {
            this.tabs?.select();
            if (this.panel.isConnected) return;
            if (this.tabs) {
                this.block.before(this.panel);
                this.page.append(this.block);
                this.status.after(this.button);
            } else {
                this.block.after(this.panel);
            }
        }

        // Closes the panel.
        restore() {
            if (this.tabs) {
                this.panel.before(this.block);
                this.block.querySelector('.buttons').prepend(this.button);
            }
            this.panel.remove();
        }

        async start() {
            current?.abort?.abort();
            await current?.ended;
            current = this;
            this.ended = this.follow();
            await this.ended;
            if (current === this) {
                current = null;
                if (stale) this.show(`${this.status.textContent} The book has changed: Close reloads the page.`);
            }
        }

        clear() {
            this.output.clear();
            this.warned = false;
            // The output of a check: a JSON document.
            this.text = '';
            this.verdict.replaceChildren();
            this.difference.textContent = '';
            this.picture.replaceChildren();
            this.caption.textContent = this.attempts ? 'The runs that were checked.' : 'This run.';
        }

        async follow() {
            this.abort = new AbortController();
            this.clear();
            this.keepVerdict(null);
            this.show('Compiling …', true);
            this.open();
            this.stop.focus();
            this.panel.scrollIntoView({ block: 'nearest' });
            if (this.attempts) keep(this.path);
            try {
                const headers = { 'X-Workbook': '1' };
                const signal = this.abort.signal;
                const before = this.attempts && await version(this.lesson);
                const response = await fetch(this.path, { method: 'POST', headers, signal });
                if (response.ok) {
                    for await (const event of events(response)) {
                        this.handle(event);
                        if (event.end) await this.end(event, before);
                    }
                }
                else this.show(await response.text());
                if (this.panel.classList.contains('running')) this.show('The server closed the connection.');
                keep('');
            } catch {
                // Leaving the page closes the connection, too.
                if (this.abort.signal.aborted) keep('');
                this.show(this.abort.signal.aborted ? 'Stopped.' : 'The server is not running: start it again.');
            }
        }

        handle({ build, output, timeline }) {
            this.warned ||= /^warning/m.test(build);
            if (build?.includes('Running `')) {
                this.show('Running …', true);
                // Clear cargo's output, except for warnings.
                if (!this.warned) this.output.clear();
            } else if (build) {
                this.output.add(build, true);
            } else if (output && this.attempts) {
                this.text += output;
            } else if (output) {
                this.output.add(output);
            }
            if (timeline) {
                if (!this.picture.hasChildNodes()) this.picture.append(this.caption);
                this.caption.before(served.picture(timeline));
            }
        }

        // `before` is the version of the file that was checked.
        async end({ end, good }, before) {
            const report = this.attempts && this.judge();
            this.output.draw();
            if (this.picture.hasChildNodes()) this.output.dropPicture();
            if (good && !this.attempts) this.compare();
            if (report) {
                const pictures = [...this.picture.querySelectorAll('svg')];
                this.attempts.add(report, pictures[0]);
                served.progress();
                // The first check creates the file.
                const file = before === 'None' ? await version(this.lesson) : before;
                this.keepVerdict({ end, file, time: Date.now(), text: this.text, pictures: pictures.map(svg => svg.outerHTML) });
            }
            this.show(end);
        }

        judge() {
            const [report, rest] = served.report(this.text);
            if (rest) this.output.add(`${rest}\n`);
            if (!report) return null;
            for (const line of report.output) this.output.add(`${line}\n`);
            this.verdict.replaceChildren(served.verdict(report, this.block, this.picture.querySelector('svg')));
            return report;
        }

        // Keeps the verdict for the next time that this page is loaded; null removes it.
        keepVerdict(verdict) {
            if (!this.attempts) return;
            this.last = verdict;
            const text = JSON.stringify(verdict);
            const key = `workbook-verdict ${this.lesson}`;
            try {
                localStorage.removeItem(key);
                if (verdict && text.length <= MAX_VERDICT) localStorage.setItem(key, text);
            } catch { /* no storage, or it is full */ }
        }

        // Shows the verdict that was kept. What is stored may be anything.
        recall() {
            try {
                const last = JSON.parse(localStorage.getItem(`workbook-verdict ${this.lesson}`));
                if (!last) return;
                this.clear();
                this.text = last.text;
                for (const timeline of last.pictures) this.handle({ timeline });
                if (!this.judge()) return;
                this.output.draw();
                this.last = last;
                this.show(last.end);
                this.open();
                this.date();
            } catch {
                this.keepVerdict(null);
            }
        }

        // Shows when the last verdict was, and whether the file has changed since.
        async date() {
            const { last } = this;
            if (!last) return;
            const file = await version(this.lesson);
            // Without an answer it is not known.
            const changed = file !== undefined && file !== last.file;
            if (last === this.last) {
                this.show(`${last.end} Checked on ${served.moment(last.time)}${changed ? '; your file has changed since' : ''}.`);
            }
        }

        // Compares the run with the one that the page shows: its picture if there is one, otherwise its lines.
        compare() {
            const own = this.picture.querySelector('svg');
            const names = svg => served.sections(svg).map(({ name }) => name).join('\n');
            const tested = own && [...document.querySelectorAll('main figure.timeline svg')].find(svg =>
                !svg.closest('.run, .attempts, .knob') && names(svg) === names(own));
            if (tested) {
                this.difference.textContent = served.difference(own, tested);
                if (served.outline(own, tested)) {
                    this.caption.textContent = 'This run. The dashed lines are the run on the page.';
                } else {
                    this.picture.append(tested.cloneNode(true), element('figcaption', {}, 'The run on the page.'));
                }
            } else if (this.tabs) {
                const printed = this.output.element.textContent.split('\n');
                const lines = this.block.querySelector('code').textContent.split('\n').filter(line => line.trim());
                const other = lines.filter(line => !printed.includes(line)).length;
                this.difference.textContent = other
                    ? `${other} of the ${lines.length} lines on the page are different in this run.` : 'The same lines as on the page.';
            }
        }

        show(message, running = false) {
            // Setting the same text again would make screen readers repeat it.
            if (this.status.textContent !== message) this.status.textContent = message;
            const focused = document.activeElement === this.stop;
            this.panel.classList.toggle('running', running);
            this.stop.hidden = !running;
            this.close.hidden = running;
            if (focused && !running) this.button.focus({ preventScroll: true });
        }
    }

    for (const code of document.querySelectorAll('pre > code')) {
        for (const word of code.classList) {
            const [, kind, lesson] = /^(lesson|check)-(\d\w+)$/.exec(word) ?? [];
            if (kind === 'lesson') new Run(code.parentElement, `/run/${lesson}`, 'Run');
            if (kind === 'check') new Run(code.parentElement, `/check/${lesson}`, 'Check');
        }
    }

    // A field next to the slider of a knob, for a number that is not recorded. Its run replaces the recorded ones.
    for (const positions of document.querySelectorAll('.knob > [data-argument]')) {
        const { lesson, argument, least, most } = positions.dataset;
        const recorded = [...positions.children].map(({ dataset }) => Number(dataset.value));
        if (recorded.length > most - least) continue;
        const input = element('input', { type: 'number', min: least, max: most, required: true });
        const label = element('label', {}, `Another number, ${least} to ${most}: `, input);
        const form = element('form', {}, label, element('span', { className: 'buttons' }));
        positions.before(form);
        const run = new Run(form, `/run/${lesson}`, 'Run');
        Object.assign(run.button, { type: 'submit', onclick: null });
        run.button.setAttribute('aria-label', `Run ${lesson} with this number`);
        const title = element('strong');
        run.head.prepend(title);
        run.compare = () => {}; // no run on the page has this number
        form.onsubmit = event => {
            event.preventDefault();
            run.path = `/run/${lesson}?${argument}=${input.value}`;
            title.textContent = `Your run, ${argument} ${input.value}`;
            run.start();
        };
        positions.parentElement.querySelector('[type="range"]').addEventListener('input', () => {
            run.abort?.abort();
            run.restore();
        });
    }

    // A hidden tab closes its connection: a browser opens only six to one server.
    let live = null;
    let shown = null;
    const error = element('pre', { className: 'build-error', role: 'alert', hidden: true });
    document.body.append(error);
    const follow = () => {
        if (document.hidden) {
            live?.close();
            live = null;
        } else if (!live) {
            live = new EventSource('/live');
            live.onmessage = ({ data }) => {
                const event = JSON.parse(data);
                shown ??= event.build;
                error.hidden = !event.error;
                error.textContent = `The book could not be rebuilt.\n\n${event.error}`;
                if (event.build !== shown) {
                    stale ||= current !== null;
                    if (!stale) location.reload();
                }
            };
        }
    };
    document.addEventListener('visibilitychange', follow);
    addEventListener('pagehide', () => {
        live?.close();
        live = null;
    });
    addEventListener('pageshow', follow);
    follow();
}
