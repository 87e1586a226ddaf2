// Run and Check buttons, and live reload. Only the pages of `cargo book serve` load this script:
// other builds have no server that could run anything.
'use strict';

{
    // The current run of this page. Another run stops it.
    let current = null;
    // The book was rebuilt during the run: reload the page when the user closes the run.
    let stale = false;

    const element = (name, properties, ...children) => {
        const made = Object.assign(document.createElement(name), properties);
        made.append(...children);
        return made;
    };

    // Parses a response of one JSON object per line.
    async function* events(response) {
        let text = '';
        for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
            const lines = (text + chunk).split('\n');
            text = lines.pop();
            yield* lines.map(line => JSON.parse(line));
        }
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
                this.panel.remove();
                this.button.focus();
                if (stale && !current) location.reload();
            };
            this.output = element('code', { className: 'hljs output', tabIndex: 0 });
            this.output.setAttribute('role', 'group');
            this.output.setAttribute('aria-label', 'Output of this run');
            this.picture = element('figure', { className: 'timeline' });
            this.panel = element('section', { className: 'run' },
                element('p', {}, this.status, this.stop, this.close),
                element('pre', {}, this.output), this.picture);
            this.panel.setAttribute('aria-label', 'Your run');
            this.block = pre;
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

        async follow() {
            this.abort = new AbortController();
            this.output.replaceChildren();
            this.picture.replaceChildren();
            this.show('Compiling …', true);
            this.block.after(this.panel);
            this.stop.focus();
            this.panel.scrollIntoView({ block: 'nearest' });
            try {
                const headers = { 'X-Workbook': '1' };
                const signal = this.abort.signal;
                const response = await fetch(this.path, { method: 'POST', headers, signal });
                if (!response.ok) {
                    this.show(await response.text());
                    return;
                }
                for await (const event of events(response)) this.handle(event);
                if (this.panel.classList.contains('running')) this.show('The server closed the connection.');
            } catch {
                this.show(this.abort.signal.aborted ? 'Stopped.' : 'The server is not running: start it again.');
            }
        }

        handle({ build, output, timeline, end }) {
            const text = build ?? output;
            if (build?.includes('Running `')) {
                this.show('Running …', true);
                // Clear cargo's output, except for warnings.
                if (!/^warning/m.test(this.output.textContent)) this.output.replaceChildren();
            } else if (text) {
                const { scrollTop, clientHeight, scrollHeight } = this.output;
                const atEnd = scrollTop + clientHeight > scrollHeight - 20;
                this.output.append(build ? element('span', { textContent: build }) : text);
                if (atEnd) this.output.scrollTop = this.output.scrollHeight;
            }
            if (timeline) {
                this.picture.innerHTML = timeline;
                const check = this.path.startsWith('/check');
                const caption = check ? 'The runs that were checked.' : 'This run.';
                this.picture.append(element('figcaption', { textContent: caption }));
            }
            if (end) this.show(end);
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
