// Moves the choices of a question in front of the fold with its answer, and judges the chosen one.
'use strict';
if (!location.pathname.endsWith('/print.html')) {
    const { make } = workbook;
    document.querySelectorAll('details > .choices').forEach((choices, n) => {
        const fold = choices.parentElement;
        const title = fold.querySelector('summary');
        const button = make('button', { type: 'button' }, 'Answer');
        const verdict = make('span', { role: 'status', className: 'guess-verdict' });
        const row = make('div', { className: 'guesses' }, button, verdict);
        choices.prepend(make('legend', {}, ...title.childNodes));
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
            const word = make('strong', { className: right ? 'good' : '' }, right ? 'Right.' : 'No.');
            verdict.replaceChildren(...!chosen ? ['Choose one first.'] : right ? [word] : [word, ' ', ...why.cloneNode(true).childNodes]);
            fold.open ||= right;
        });
    });
}
