// Ticks at the lessons whose exercise is solved, in the contents, the table of lessons and on the first page.
'use strict';

{
    const { element } = served;
    const page = link => link.pathname.split('/').pop().replace('.html', '');

    // The names of the solved exercises, from the file of `cargo workbook`. It is missing at first.
    async function read() {
        try {
            const { solved } = JSON.parse(await (await fetch('/progress')).text());
            return Object.keys(solved).filter(name => !solved[name].reopened);
        } catch {
            return [];
        }
    }

    served.progress = async () => {
        const solved = await read();
        document.querySelectorAll('.solved-tick, .solved-count').forEach(mark => mark.remove());
        for (const link of document.querySelectorAll('#mdbook-sidebar .chapter a[href$=".html"], .cards.lessons td:has(> svg) a')) {
            if (!solved.includes(page(link))) continue;
            const tick = element('span', { className: 'solved-tick', role: 'img', title: 'Its exercise is solved' }, '✓');
            tick.setAttribute('aria-label', 'solved');
            link.append(tick);
        }
        const lessons = [...document.querySelectorAll('.cards.lessons td:has(> svg) a')];
        const open = lessons.filter(link => !solved.includes(page(link)));
        if (open.length === lessons.length) return;
        const next = open[0]?.cloneNode(true) ?? element('a', { href: 'your_own_program.html' }, 'a program of your own');
        document.querySelector('.begin')?.after(element('p', { className: 'solved-count' },
            `${lessons.length - open.length} of ${lessons.length} exercises solved. Continue with `, next, '.'));
    };

    document.addEventListener('visibilitychange', () => document.hidden || served.progress());
    served.progress();
}
