// What mdBook's pages lack for keyboards, fingers and paper. The book reads well without it.
'use strict';

// The button that shows the contents is a <label>: keyboards and screen readers need a button.
{
    const toggle = document.getElementById('mdbook-sidebar-toggle');
    toggle.setAttribute('role', 'button');
    toggle.tabIndex = 0;
    toggle.addEventListener('keydown', event => {
        if (event.key === 'Enter' || event.key === ' ') {
            event.preventDefault();
            toggle.click();
        }
    });
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
