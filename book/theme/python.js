// The switch that hides the parts for readers who know Python.
'use strict';
{
    const PARTS = '.python, .language-python, .cards.lessons';
    const html = document.documentElement;
    const main = document.querySelector('main');
    const show = shown => {
        html.classList.toggle('no-python', !shown);
        button.setAttribute('aria-pressed', shown);
        dispatchEvent(new Event('resize')); // `workbook.js` checks which blocks scroll
    };
    const button = document.createElement('button');
    Object.assign(button, { type: 'button', className: 'python-switch', textContent: 'Python', title: 'Show Python' });
    const keep = choice => {
        show(choice === 'shown');
        try {
            localStorage.setItem('workbook-python', choice);
        } catch { /* no storage: only on this page */ }
    };
    button.addEventListener('click', () => keep(html.classList.contains('no-python') ? 'shown' : 'hidden'));
    // The two ways to begin, on the first page.
    for (const way of main.querySelectorAll('[data-python]')) {
        way.querySelector('a').addEventListener('click', () => keep(way.dataset.python));
    }

    // Marks the sections with a marked heading, up to the next heading.
    for (const heading of main.querySelectorAll('h2.python')) {
        for (let part = heading; (part = part.nextElementSibling) && !/^H[12]$/.test(part.tagName);) {
            part.classList.add('python');
        }
    }
    if (main.querySelector(PARTS)) {
        let kept;
        try {
            kept = localStorage.getItem('workbook-python');
        } catch { /* no storage */ }
        show(kept !== 'hidden');
        document.querySelector('.right-buttons').prepend(button);
    }

    // Shows the target of a link if it is hidden or in a fold, without changing the setting.
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
    // Following the same link again triggers no `hashchange`.
    main.addEventListener('click', event => {
        const hash = event.target.closest('a')?.hash;
        if (hash && hash === location.hash) {
            reveal()?.scrollIntoView();
        }
    });
    // Syntax highlighting replaced the target after the browser had scrolled to it: scroll again.
    if (location.hash && reveal()) {
        location.replace(location.hash);
    }
}
