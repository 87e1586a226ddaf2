// Shows the choices of a question above its fold, and judges the chosen one.
'use strict';
if (!location.pathname.endsWith('/print.html')) {
    const make = (tag, ...inside) => {
        const element = document.createElement(tag);
        element.append(...inside);
        return element;
    };
    document.querySelectorAll('details > .choices').forEach((choices, n) => {
        const fold = choices.parentElement;
        const title = fold.querySelector('summary');
        const button = Object.assign(make('button', 'Answer'), { type: 'button' });
        const verdict = Object.assign(make('span'), { role: 'status', className: 'guess-verdict' });
        const row = Object.assign(make('div', button, verdict), { className: 'guesses' });
        choices.prepend(make('legend', ...title.childNodes));
        choices.append(row);
        title.textContent = 'The answer';
        fold.before(choices);
        choices.hidden = false;
        for (const input of choices.querySelectorAll('input')) {
            input.name = `choices-${n}`;
            // The arrow keys select here; elsewhere they turn the page.
            input.addEventListener('keydown', event => event.stopPropagation());
        }
        button.addEventListener('click', () => {
            const chosen = choices.querySelector(':checked')?.closest('li');
            const why = chosen?.querySelector('[hidden]');
            const right = chosen && !why;
            const word = Object.assign(make('strong', right ? 'Right.' : 'No.'), { className: right ? 'good' : '' });
            verdict.replaceChildren(...!chosen ? ['Choose one first.'] : right ? [word] : [word, ' ', ...why.cloneNode(true).childNodes]);
            fold.open ||= right;
        });
    });
}
