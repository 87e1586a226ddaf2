// The verdict of a check in the page, from the document of `cargo workbook check --json`.
'use strict';

{
    const { element } = served;
    const OUTCOMES = {
        passed: ['✓', 'passed'],
        failed: ['✗', 'failed'],
        skipped: ['–', 'skipped'],
        unfinished: ['✗', 'did not finish'],
    };
    const prose = text => text.split('`').map((part, n) => n % 2 ? element('code', {}, part) : part);

    // Returns the report in the command's output, and the lines around it, which are errors.
    served.report = text => {
        const [document] = /^\{\n[^]*^\}$/m.exec(text) ?? [];
        try {
            const [report] = JSON.parse(document).exercises;
            return [report, text.replace(document, '').trim()];
        } catch {
            return [null, text];
        }
    };

    served.score = ({ checks, outcome }) => {
        const passed = checks.filter(check => check.outcome === 'passed').length;
        return outcome === 'does_not_compile' ? 'does not compile'
            : outcome === 'solved' ? 'solved'
            : !checks.length ? 'no check ran'
            : `${passed} of ${checks.length}`;
    };

    // Paragraphs. The pictures in it are drawn as SVG, if there is one; what is indented keeps its columns.
    const diagnosis = (text, hasPicture) => element('div', { className: 'verdict-why' },
        ...text.split('\n\n').filter(part => !(hasPicture && part.includes('░ waits'))).map(part =>
            /^ /m.test(part) ? element('pre', {}, element('code', { className: 'hljs' }, part)) : element('p', {}, ...prose(part))));

    const check = ({ check, outcome, diagnosis: why }, hasPicture) => {
        const [icon, word] = OUTCOMES[outcome];
        const mark = element('span', { className: 'verdict-icon', ariaHidden: true }, icon);
        const title = element('span', { className: 'verdict-title' }, ...prose(check));
        return element('li', { className: `verdict-${outcome}` },
            mark, title, element('span', { className: 'verdict-word' }, word), ...why ? [diagnosis(why, hasPicture)] : []);
    };

    const error = ({ rendered, advice, section }) => {
        const code = element('code', { className: 'hljs compiler' }, rendered.trimEnd());
        const [, page, part] = /([\w]+)\.(?:html|md)(#.*)?$/.exec(section ?? '') ?? [];
        const see = page ? [' ', element('a', { href: `${page}.html${part ?? ''}` }, 'Read more.')] : [];
        return [element('pre', {}, code), ...advice ? [element('p', {}, ...prose(advice), ...see)] : []];
    };

    // The folds after a check's command: hints, then a solution.
    const folds = (block, title) => [...document.querySelectorAll('main details')].filter(fold =>
        block.compareDocumentPosition(fold) & Node.DOCUMENT_POSITION_FOLLOWING && fold.querySelector('summary').textContent.startsWith(title));
    const show = fold => {
        fold.open = true;
        fold.querySelector('summary').focus();
        fold.scrollIntoView({ block: 'nearest' });
    };

    // Opens the first hint that is closed.
    const hint = block => {
        const next = () => folds(block, 'Hint').find(fold => !fold.open);
        const button = element('button', { type: 'button', hidden: !next() }, 'Show the next hint');
        button.addEventListener('click', () => {
            show(next());
            button.hidden = !next();
        });
        return button;
    };
    const solution = block => folds(block, 'One solution').slice(0, 1).map(fold => {
        const button = element('button', { type: 'button' }, 'Compare with our solution');
        button.addEventListener('click', () => show(fold));
        return button;
    });
    const nextLesson = () => {
        const next = document.querySelector('.mobile-nav-chapters.next');
        return next ? [element('a', { className: 'verdict-next', href: next.href }, element('small', {}, 'Next'), next.title)] : [];
    };

    served.verdict = (report, block, hasPicture) => {
        const { checks, errors, outcome, reason } = report;
        const solved = outcome === 'solved';
        const passed = checks.filter(check => check.outcome === 'passed').length;
        const words = solved ? `Solved: all ${checks.length} checks passed`
            : outcome === 'does_not_compile' ? 'It does not compile'
            : !checks.length ? 'No check ran'
            : `${passed} of ${checks.length} checks passed`;
        return element('div', { className: `verdict verdict-${solved ? 'passed' : 'failed'}` },
            element('p', { className: 'verdict-score' }, element('span', { className: 'verdict-icon', ariaHidden: true }, solved ? '✓' : '✗'), ` ${words}`),
            ...reason ? [element('p', {}, ...prose(`${reason[0].toUpperCase()}${reason.slice(1)}`))] : [],
            ...errors.slice(0, 5).flatMap(error),
            element('ul', {}, ...checks.map(one => check(one, hasPicture))),
            element('p', { className: 'verdict-actions' }, ...solved ? solution(block) : [hint(block)]),
            ...solved ? nextLesson() : []);
    };
}
