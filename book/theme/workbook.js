// What mdBook's pages lack for keyboards, fingers and paper. The book reads well without it.
'use strict';

// The button that shows the contents is a <label>: keyboards and screen readers need a button.
// mdBook goes on telling the label whether it is open, and the button repeats it.
{
    const label = document.getElementById('mdbook-sidebar-toggle');
    const button = document.createElement('button');
    for (const { name, value } of label.attributes) {
        if (name !== 'for') {
            button.setAttribute(name, value);
        }
    }
    button.type = 'button';
    button.append(...label.childNodes);
    button.addEventListener('click', () => label.click());
    label.after(button);
    label.removeAttribute('id');
    label.style.display = 'none';
    new MutationObserver(() => {
        button.setAttribute('aria-expanded', label.getAttribute('aria-expanded'));
    }).observe(label, { attributeFilter: ['aria-expanded'] });
    document.getElementById('mdbook-menu-bar').setAttribute('role', 'banner');
}

// Two themes are looked after, light and navy; "Auto" chooses between them.
for (const name of ['rust', 'coal', 'ayu']) {
    document.getElementById(`mdbook-theme-${name}`)?.parentElement.remove();
    if (document.documentElement.classList.contains(name)) {
        document.getElementById(name === 'rust' ? 'mdbook-theme-light' : 'mdbook-theme-navy').click();
    }
}

// A block that scrolls can be scrolled by keyboard; while it has the focus, the arrow keys are its
// own and turn no page.
{
    const blocks = [...document.querySelectorAll('pre > code')];
    const mark = () => {
        for (const block of blocks) {
            if (block.scrollWidth > block.clientWidth) {
                block.tabIndex = 0;
            } else {
                block.removeAttribute('tabindex');
            }
        }
    };
    mark();
    addEventListener('resize', mark);
    document.addEventListener('keydown', event => {
        const arrow = event.key === 'ArrowLeft' || event.key === 'ArrowRight';
        if (arrow && event.target.closest?.('pre')) {
            event.stopPropagation();
        }
    }, true);
}

// On paper nothing can be unfolded: print what is inside, then fold it again.
{
    let opened = [];
    addEventListener('beforeprint', () => {
        opened = [...document.querySelectorAll('main details:not([open])')];
        opened.forEach(details => details.open = true);
    });
    addEventListener('afterprint', () => {
        opened.forEach(details => details.open = false);
        opened = [];
    });
}
