// The presenter view: `?present` shows one section at a time, `?notes` the instructor's notes in a
// second window. The two windows synchronize by `postMessage`, which, unlike `BroadcastChannel`, also
// works for pages opened as files. The presentation sends `{ path, text }` with the current section;
// the notes send a step (-1 or 1) or 0 to request that.
'use strict';
{
    const root = document.documentElement;
    const main = document.querySelector('main');
    const plan = main.querySelector('.plan');
    const { pathname, search } = location;
    const mode = { '?present': 'present', '?notes': 'notes' }[search];
    const notes = mode === 'notes';
    const trusted = location.protocol === 'file:' ? '*' : location.origin;
    let other = notes && opener;
    let heads, at, hidden = [];

    const bar = document.createElement('nav');
    bar.id = 'presenter';
    bar.innerHTML = `<button aria-label="Previous section">←</button>
        <button aria-label="Next section">→</button><p role="status"></p><button>Notes</button><button>Exit</button>`;
    const label = bar.querySelector('p');
    const [back, forth, third, exit] = bar.querySelectorAll('button');

    const send = data => other && other.postMessage(data, trusted);
    const sendPosition = () => send({ path: pathname, text: `${label.textContent}
Next: ${heads[at + 1]?.innerText ?? 'another chapter'}` });

    // Finds the visible headings, each of which starts a section.
    const findSections = () => {
        hidden.forEach(part => part.hidden = false);
        heads = [...main.querySelectorAll(':scope > :is(h1, h2, h3)')]
            .filter(head => head.checkVisibility({ checkVisibilityCSS: true }));
    };
    const show = n => {
        findSections();
        at = Math.max(0, Math.min(n, heads.length - 1));
        let head;
        hidden = [...main.children].filter(part => {
            head = heads.includes(part) ? part : head;
            return head !== heads[at] && !part.hidden;
        });
        hidden.forEach(part => part.hidden = true);
        root.classList.add(mode);
        label.textContent = `${heads[at].innerText} · ${at + 1} / ${heads.length}`;
        history.replaceState(0, '', `${search}#${heads[at].id}`);
        scrollTo(0, 0);
        dispatchEvent(new Event('resize'));
        sendPosition();
    };
    const showFromHash = () => {
        const { hash } = location;
        const part = document.getElementById(hash.slice(1));
        findSections();
        show(hash === '#end' ? heads.length
            : heads.findLastIndex(head => head === part || part?.compareDocumentPosition(head) & 2));
    };
    const go = step => {
        const link = document.querySelector(step > 0 ? 'a.next' : 'a.previous');
        if (notes) {
            send(step);
        } else if (heads[at + step]) {
            show(at + step);
        } else if (link) {
            location = link.href + (step > 0 ? '?present' : '?present#end');
        }
    };
    // Scrolls by a page, and turns to the next section at the end of a long one.
    const scrollOrGo = step => {
        const y = scrollY;
        scrollBy(0, notes ? 0 : step * innerHeight * 0.8);
        if (Math.abs(scrollY - y) < 5) {
            go(step);
        }
    };
    const openNotes = () => {
        if (!other || other.closed) {
            other = open('?notes', 'notes', 'popup');
        }
        other?.focus();
    };

    const turn = {
        ArrowLeft: () => go(-1), ArrowRight: () => go(1),
        PageUp: () => scrollOrGo(-1), PageDown: () => scrollOrGo(1), ' ': () => scrollOrGo(1),
    };
    const enter = () => location = `?present${document.querySelector('.current-header')?.hash ?? ''}`;
    const leave = () => location = pathname + location.hash;
    const keys = notes ? turn : mode ? { ...turn, n: openNotes, Escape: leave } : { p: enter };
    // Keys that a focused element uses itself.
    const used = { ' ': ',a,button,summary', ArrowLeft: ',code', ArrowRight: ',code' };
    addEventListener('keydown', event => {
        const { key, target, altKey, ctrlKey, metaKey, shiftKey } = event;
        if (keys[key] && !(altKey || ctrlKey || metaKey || shiftKey)
            && !target.matches?.(`input,textarea,select${used[key] ?? ''}`)) {
            event.preventDefault();
            event.stopPropagation();
            keys[key]();
        }
    }, true);

    if (mode) {
        document.body.prepend(bar);
        exit.onclick = notes ? () => close() : leave;
        back.onclick = turn.ArrowLeft;
        forth.onclick = turn.ArrowRight;
        addEventListener('message', ({ data, source, origin }) => {
            if (![origin, '*'].includes(trusted)) {
                return;
            }
            if (!notes && Number.isInteger(data)) {
                other = source;
                data ? go(data) : sendPosition();
            } else if (notes && source === other && /^\/(?!\/)/.test(data.path)) {
                label.textContent = data.text;
                if (data.path !== pathname) {
                    location = `${data.path}?notes`;
                }
            }
        });
    }
    if (notes) {
        const since = () => location.hash.slice(1);
        const begin = time => history.replaceState(0, '', `#${time}`);
        const tick = () => {
            const minutes = (Date.now() - since()) / 6e4;
            let end = 0;
            for (const item of plan?.children ?? []) {
                const begun = end <= minutes;
                end += +item.dataset.minutes;
                item.ariaCurrent = begun && minutes < end;
            }
            third.textContent = `${Math.floor(minutes)}${plan ? ` of ${end}` : ''} min`;
            send(0);
        };
        root.classList.add(mode);
        third.title = 'Restart';
        third.onclick = () => begin(Date.now());
        plan?.parentElement.setAttribute('open', '');
        begin(since() || Date.now());
        tick();
        setInterval(tick, 1000);
    } else if (mode) {
        third.onclick = openNotes;
        // Zoom until 85 columns of code fill the width, or 20 lines the height.
        addEventListener('resize', () => root.style.setProperty('--zoom',
            Math.max(1, Math.min(innerWidth / 830, innerHeight / 467))));
        addEventListener('hashchange', showFromHash);
        addEventListener('beforeprint', () => {
            findSections();
            root.classList.remove(mode);
        });
        addEventListener('afterprint', () => show(at));
        showFromHash();
    } else if (plan) {
        plan.insertAdjacentHTML('afterend', '<a href="?present">Present this chapter</a>');
    }
}
