// Hides what is for readers who know Python, and remembers it.
'use strict';
{
    const PARTS = '.python, .language-python, .cards.lessons';
    const html = document.documentElement;
    const main = document.querySelector('main');
    const show = shown => {
        html.classList.toggle('no-python', !shown);
        button.setAttribute('aria-pressed', shown);
        dispatchEvent(new Event('resize')); // blocks that scroll are looked for anew
    };
    const button = document.createElement('button');
    Object.assign(button, { type: 'button', className: 'python-switch', textContent: 'Python', title: 'Show Python' });
    button.addEventListener('click', () => {
        const hidden = html.classList.contains('no-python');
        show(hidden);
        try {
            localStorage.setItem('workbook-python', hidden ? 'shown' : 'hidden');
        } catch { /* then for this page */ }
    });

    // A section is its heading and all that follows, up to the next.
    for (const heading of main.querySelectorAll('h2.python')) {
        for (let part = heading; (part = part.nextElementSibling) && !/^H[12]$/.test(part.tagName);) {
            part.classList.add('python');
        }
    }
    if (main.querySelector(PARTS)) {
        let kept;
        try {
            kept = localStorage.getItem('workbook-python');
        } catch { /* nothing is kept here */ }
        show(kept !== 'hidden');
        document.querySelector('.right-buttons').prepend(button);
    }

    // Who follows a link into a hidden or folded part wants to see it, this time.
    const reveal = () => {
        const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
        if (target?.closest(PARTS)) {
            show(true);
        }
        for (let fold = target; (fold = fold?.closest('details:not([open])'));) {
            fold.open = true;
        }
        return target;
    };
    addEventListener('hashchange', () => reveal()?.scrollIntoView());
    // The same link a second time changes no address.
    main.addEventListener('click', event => {
        const hash = event.target.closest('a')?.hash;
        if (hash && hash === location.hash) {
            reveal()?.scrollIntoView();
        }
    });
    // The code was coloured after the browser had looked for the target: let it look again.
    if (location.hash && reveal()) {
        location.replace(location.hash);
    }
}
