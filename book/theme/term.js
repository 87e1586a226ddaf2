// Shows the first sentence of a glossary term next to its link, without leaving the page.
'use strict';
if ('popover' in HTMLElement.prototype) {
    const note = Object.assign(document.createElement('div'), { className: 'term', popover: 'auto' });
    note.setAttribute('role', 'status');
    document.querySelector('main')?.append(note);
    const hide = () => note.hidePopover();
    // A scroll event can be older than the note: it hides the note only if the link has moved since.
    let shown;
    addEventListener('scroll', () => {
        if (shown && shown.link.getBoundingClientRect().top !== shown.top) hide();
    }, { passive: true });
    addEventListener('keydown', event => event.key === 'Escape' && hide());
    for (const { dataset, previousElementSibling: link } of document.querySelectorAll('[data-term]')) {
        link.addEventListener('click', event => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            const more = Object.assign(document.createElement('a'), { href: link.href, textContent: 'Glossary' });
            note.replaceChildren(dataset.term, ' ', more);
            // After the link in the order of the Tab key and of a screen reader.
            link.after(note);
            note.showPopover();
            const { left, bottom, top } = link.getBoundingClientRect();
            const { offsetWidth: width, offsetHeight: height } = note;
            shown = { link, top };
            note.style.left = `${Math.max(16, Math.min(left, innerWidth - width - 16))}px`;
            note.style.top = `${bottom + height + 8 > innerHeight ? top - height - 8 : bottom + 8}px`;
        });
    }
}
