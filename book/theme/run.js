// Runs what a page shows, and follows changes of the book. Only pages that `cargo book serve`
// serves load this: everywhere else there is nobody who could run anything.
'use strict';

{
    // What runs now, for this page; another run ends it.
    let current = null;
    // Whether the book has changed since: it is loaded when the run has been read.
    let stale = false;

    const element = (name, properties, ...children) => {
        const made = Object.assign(document.createElement(name), properties);
        made.append(...children);
        return made;
    };

    // Takes the server's lines of JSON apart.
    async function* events(response) {
        let text = '';
        for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
            const lines = (text + piece).split('\n');
            text = lines.pop();
            yield* lines.map(line => JSON.parse(line));
        }
    }

    class Run {
        constructor(pre, path, name) {
            this.path = path;
            this.button = element('button', { type: 'button', className: 'run-button', textContent: name });
            this.button.setAttribute('aria-label', `${name} ${path.split('/').pop()}`);
            this.button.onclick = () => this.begin();
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
            this.place = pre;
        }

        async begin() {
            current?.abort?.abort();
            await current?.ended;
            current = this;
            this.ended = this.follow();
            await this.ended;
            if (current === this) {
                current = null;
                if (stale) this.show(`${this.status.textContent} The book has changed: Close loads it.`);
            }
        }

        async follow() {
            this.abort = new AbortController();
            this.output.replaceChildren();
            this.picture.replaceChildren();
            this.show('Compiling …', true);
            this.place.after(this.panel);
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
                for await (const event of events(response)) this.tell(event);
                if (this.panel.classList.contains('going')) this.show('The server broke off.');
            } catch {
                this.show(this.abort.signal.aborted ? 'Stopped.' : 'The server is gone: start it again.');
            }
        }

        tell({ build, output, timeline, end }) {
            const text = build ?? output;
            if (build?.includes('Running `')) {
                this.show('Running …', true);
                // What cargo did is of no interest any more; what it warned of is.
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
                const words = check ? 'The runs that were judged.' : 'This very run.';
                this.picture.append(element('figcaption', { textContent: words }));
            }
            if (end) this.show(end);
        }

        show(words, going = false) {
            if (this.status.textContent !== words) this.status.textContent = words;
            const focused = document.activeElement === this.stop;
            this.panel.classList.toggle('going', going);
            this.stop.hidden = !going;
            this.close.hidden = going;
            if (focused && !going) this.button.focus({ preventScroll: true });
        }
    }

    for (const code of document.querySelectorAll('pre > code')) {
        for (const word of code.classList) {
            const [, kind, lesson] = /^(lesson|check)-(\d\w+)$/.exec(word) ?? [];
            if (kind === 'lesson') new Run(code.parentElement, `/run/${lesson}`, 'Run');
            if (kind === 'check') new Run(code.parentElement, `/check/${lesson}`, 'Check');
        }
    }

    // A tab that nobody sees keeps no connection: browsers grant only six.
    let live = null;
    let shown = null;
    const fault = element('pre', { className: 'fault', role: 'alert', hidden: true });
    document.body.append(fault);
    const follow = () => {
        if (document.hidden) {
            live?.close();
            live = null;
        } else if (!live) {
            live = new EventSource('/live');
            live.onmessage = ({ data }) => {
                const news = JSON.parse(data);
                shown ??= news.build;
                fault.hidden = !news.fault;
                fault.textContent = `The book could not be built anew.\n\n${news.fault}`;
                if (news.build !== shown) {
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
