// The attempts at an exercise: a picture of each check, its length and its verdict, kept in this browser. Two of
// them can be compared.
'use strict';

{
    const { element } = served;
    const MAX = 8;
    // Characters of a picture.
    const MAX_PICTURE = 60_000;

    const isAttempt = it => typeof it?.score === 'string' && it.score.length < 40
        && ['undefined', 'number'].includes(typeof it.time)
        && (it.svg === null || typeof it.svg === 'string' && it.svg.length <= MAX_PICTURE);

    served.moment = time => new Date(time).toLocaleString('en', { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

    // Reads a stored picture. What is stored may be anything.
    const picture = svg => {
        try {
            const read = svg && served.picture(svg);
            return read && served.sections(read).length ? read : null;
        } catch {
            return null;
        }
    };

    served.Attempts = class {
        constructor(name) {
            this.key = `workbook-attempts ${name}`;
            this.kept = [];
            try {
                const stored = JSON.parse(localStorage.getItem(this.key));
                if (Array.isArray(stored)) this.kept = stored.filter(isAttempt).slice(-MAX);
            } catch { /* no storage, or nothing valid in it */ }
            this.list = element('ol');
            this.compared = element('div', { className: 'attempts-compared' });
            const clear = element('button', { type: 'button' }, 'Forget all');
            clear.setAttribute('aria-label', 'Forget all attempts');
            clear.addEventListener('click', () => {
                this.kept = [];
                this.save();
            });
            this.element = element('section', { className: 'attempts' },
                element('p', {}, element('strong', {}, 'Your attempts'), ' ', this.note = element('span'), clear), this.list, this.compared);
            this.element.setAttribute('aria-label', 'Your attempts');
            this.draw();
        }

        add(report, svg) {
            const text = svg?.outerHTML ?? null;
            const attempt = { score: served.score(report), time: Date.now(), svg: text?.length <= MAX_PICTURE ? text : null };
            this.kept = [...this.kept, attempt].slice(-MAX);
            this.save();
        }

        // The oldest are left out if the store is full.
        save() {
            for (let from = 0; from <= this.kept.length; from++) {
                try {
                    localStorage.setItem(this.key, JSON.stringify(this.kept.slice(from)));
                    break;
                } catch { /* no storage, or it is full */ }
            }
            this.draw();
        }

        draw() {
            this.chosen = [];
            this.compared.replaceChildren();
            this.element.hidden = !this.kept.length;
            const drawn = this.kept.map(attempt => ({ ...attempt, svg: picture(attempt.svg) }));
            this.note.textContent = drawn.filter(({ svg }) => svg).length > 1 ? 'Choose two to compare them.' : '';
            this.list.replaceChildren(...drawn.map(({ score, time, svg }, n) => {
                const run = svg && served.sections(svg)[0];
                const length = run ? `${run.ms} ms, ` : '';
                const name = `${n + 1}: ${length}${score}`;
                const button = element('button', { type: 'button', className: score === 'solved' ? 'solved' : '', disabled: !svg },
                    svg ? served.thumbnail(svg) : '', element('span', {}, `${length}${score}`));
                button.setAttribute('aria-label', `Attempt ${name}`);
                button.setAttribute('aria-pressed', false);
                button.addEventListener('click', () => this.choose({ button, svg, name, run: run?.name }));
                const notes = [run ? run.name : 'no run was recorded', time && served.moment(time)].filter(note => note);
                return element('li', {}, button, ...notes.map(note => element('small', {}, note)));
            }));
        }

        choose(attempt) {
            const without = this.chosen.filter(({ button }) => button !== attempt.button);
            this.chosen = without.length < this.chosen.length ? without : [...without, attempt].slice(-2);
            for (const button of this.list.querySelectorAll('button')) {
                button.setAttribute('aria-pressed', this.chosen.some(chosen => chosen.button === button));
            }
            this.compare();
        }

        // One over the other, with one scale.
        compare() {
            const [one, other] = this.chosen.toSorted((a, b) => parseInt(a.name) - parseInt(b.name));
            if (!other) return this.compared.replaceChildren();
            const length = ({ svg }) => served.sections(svg)[0].ms;
            const longest = Math.max(length(one), length(other), 1);
            const label = Math.max(...this.chosen.map(({ svg }) => parseInt(svg.style.getPropertyValue('--label')) || 0));
            const note = one.run === other.run ? '' : element('p', {}, 'These are different runs: each check keeps the first one that it draws.');
            this.compared.replaceChildren(note, ...[one, other].map(attempt => {
                const svg = attempt.svg.cloneNode(true);
                svg.style.setProperty('--label', label);
                svg.style.setProperty('--part', length(attempt) / longest);
                return element('figure', { className: 'timeline' }, element('figcaption', {}, `Attempt ${attempt.name}`), svg);
            }));
        }
    };
}
