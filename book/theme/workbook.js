// What the other scripts share, accessibility fixes for mdBook's pages, and printing. The book is readable without
// this script.
'use strict';

const workbook = {
    make(tag, properties, ...inside) {
        const element = Object.assign(document.createElement(tag), properties);
        element.append(...inside);
        return element;
    },

    // Sets the text of inline code, and marks options and attributes in it, which stay in one line.
    command(code, text) {
        const parts = text.split(/((?<!\S)--?[a-z][\w-]*|#\[[\w:]+\])/);
        code.replaceChildren(...parts.map((part, n) => n % 2 ? workbook.make('span', { className: 'unbroken' }, part) : part));
    },

    // What this browser keeps for a page. Without storage, it is kept until the page is closed.
    load(what) {
        try {
            const kept = JSON.parse(localStorage.getItem(`workbook-${what} ${location.pathname.split('/').pop()}`));
            if (kept instanceof Object) return kept;
        } catch { /* no storage, or nothing valid in it */ }
        return {};
    },
    save(what, value) {
        try {
            localStorage.setItem(`workbook-${what} ${location.pathname.split('/').pop()}`, JSON.stringify(value));
        } catch { /* no storage, or it is full */ }
    },
};

// mdBook's toggle for the table of contents is a <label>, which keyboards and screen readers cannot use.
// This adds a button that clicks the label, and mirrors the `aria-expanded` that mdBook sets on it.
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

    // On a phone, the open contents cover the page, which then cannot have the focus. A button in them closes them, as do
    // Escape, a tap next to them, and a link to a section of this page.
    const phone = matchMedia('(max-width: 619px)');
    const open = document.getElementById('mdbook-sidebar-toggle-anchor');
    const sidebar = document.getElementById('mdbook-sidebar');
    const page = document.querySelector('.page-wrapper');
    const close = () => phone.matches && open.checked && label.click();
    const closing = workbook.make('button', { type: 'button', className: 'sidebar-close', onclick: close }, 'Close');
    sidebar.prepend(closing);
    const cover = () => {
        const covered = phone.matches && open.checked;
        for (const part of [document.querySelector('.skip-link'), ...page.children]) part.inert = covered;
        return covered;
    };
    phone.addEventListener('change', cover);
    open.addEventListener('change', () => {
        if (cover()) closing.focus({ preventScroll: true });
        else if (sidebar.contains(document.activeElement)) button.focus({ preventScroll: true });
    });
    page.addEventListener('click', event => event.target === event.currentTarget && close());
    sidebar.addEventListener('click', event => event.target.closest('a')?.hash && close());
    addEventListener('keydown', event => event.key === 'Escape' && close());

    // mdBook marks the section in view. In a long chapter its entry may be out of sight.
    const contents = sidebar.querySelector('.sidebar-scrollbox');
    new MutationObserver(() => {
        const entry = contents.querySelector('.current-header')?.getBoundingClientRect();
        const { top, bottom } = contents.getBoundingClientRect();
        if (entry?.height && (entry.top < top || entry.bottom > bottom)) contents.scrollTop += entry.top - (top + bottom) / 2;
    }).observe(contents, { subtree: true, attributeFilter: ['class'] });
}

// Lets keyboards skip the menus.
{
    const link = document.createElement('a');
    link.className = 'skip-link';
    link.href = '#main-text';
    link.textContent = 'Skip to the text';
    const main = document.querySelector('main');
    main.id = 'main-text';
    main.tabIndex = -1;
    document.body.prepend(link);
}

// Names the previous and the next chapter, as the table of contents does.
for (const link of document.querySelectorAll('.mobile-nav-chapters')) {
    const entry = [...document.querySelectorAll('#mdbook-sidebar .chapter a')].find(({ href }) => href === link.href);
    if (entry) {
        const name = entry.textContent.trim();
        link.ariaLabel = `${link.title}: ${name}`;
        link.title = name;
    }
}

// Counts the columns of output, for the size of its text on a phone.
for (const output of document.querySelectorAll('pre > code.output')) {
    const columns = Math.max(...output.textContent.split('\n').map(line => line.length));
    output.style.setProperty('--columns', columns);
    output.classList.toggle('wide', columns > 60);
}

for (const code of document.querySelectorAll('main :not(pre) > code')) {
    const text = code.textContent;
    // What has a highlighted part stays as it is.
    if (/[-#]/.test(text) && !code.firstElementChild) workbook.command(code, text);
}

// Tells the buttons that copy apart.
for (const copy of document.querySelectorAll('pre > .buttons .clip-button')) {
    const [line] = copy.closest('pre').querySelector('code').textContent.trim().split('\n');
    copy.ariaLabel = `Copy ${line}`;
}

// Only the themes light and navy are supported; "Auto" chooses between them.
for (const name of ['rust', 'coal', 'ayu']) {
    document.getElementById(`mdbook-theme-${name}`)?.parentElement.remove();
    if (document.documentElement.classList.contains(name)) {
        document.getElementById(name === 'rust' ? 'mdbook-theme-light' : 'mdbook-theme-navy').click();
    }
}

// Makes blocks that scroll focusable, so that the arrow keys scroll them. While such a block has the
// focus, the arrow keys do not turn the page.
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

// Opens all folds for printing, and closes them afterwards.
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
