// Pictures of runs, for the scripts of a served page: copies them, and reads what is drawn.
'use strict';

// What the scripts of `cargo book serve` share.
const served = {};

{
    const SHAPES = ['svg', 'g', 'rect', 'line', 'path', 'circle', 'text', 'tspan', 'title'];

    served.element = workbook.make;

    // The sections of a picture, from titles such as `all: 300 ms`.
    const sections = svg => [...svg.querySelectorAll('.title')].flatMap(title => {
        const [, name, ms] = /^(.*): (\d+) ms$/.exec(title.textContent) ?? [];
        return ms ? [{ name, ms: +ms }] : [];
    });
    served.sections = sections;
    const longest = svg => Math.max(1, ...sections(svg).map(({ ms }) => ms));

    // Copies shapes and text only: neither scripts nor links. What is stored may come from another program
    // that was served at this port.
    const copy = node => {
        const made = document.createElementNS('http://www.w3.org/2000/svg', node.localName);
        for (const { name, value } of node.attributes) if (!/^on/i.test(name)) made.setAttribute(name, value);
        for (const child of node.childNodes) {
            if (child.nodeType === Node.TEXT_NODE) made.append(child.data);
            else if (SHAPES.includes(child.localName)) made.append(copy(child));
        }
        return made;
    };
    served.picture = text => {
        const svg = new DOMParser().parseFromString(text, 'text/html').querySelector('svg');
        return svg && copy(svg);
    };

    const stretch = (shape, factor) => {
        for (const name of ['x', 'width']) {
            const value = shape.getAttribute(name);
            if (value?.endsWith('%')) shape.setAttribute(name, `${parseFloat(value) * factor}%`);
        }
    };

    // The bars of a picture of one section, without text.
    served.thumbnail = svg => {
        const bars = copy(svg);
        for (const shape of bars.querySelectorAll(':not(rect)')) shape.remove();
        for (const name of ['role', 'aria-label', 'style']) bars.removeAttribute(name);
        const height = Math.max(1, svg.getAttribute('height') - 48 || 1);
        const attributes = { class: 'attempt-bars', 'aria-hidden': true, viewBox: `0 28 100 ${height}`, preserveAspectRatio: 'none' };
        for (const [name, value] of Object.entries(attributes)) bars.setAttribute(name, value);
        return bars;
    };

    // Compares the times of the reader's run with those of the tested one, which has the same sections.
    served.difference = (own, tested) => {
        const pairs = sections(own).map((section, n) => ({ ...section, page: sections(tested)[n].ms }));
        if (pairs.every(({ ms, page }) => ms === page)) return 'The same times as on the page.';
        const times = pairs.map(({ name, ms, page }) => `${pairs.length > 1 ? `${name}: ` : ''}${ms} ms, the page says ${page}`);
        // A real clock is later than the paused one, but not by much.
        const real = pairs.every(({ ms, page }) => ms >= page && ms <= page * 1.2 + 20);
        return `${times.join('; ')}${real ? ': your clock is real' : ''}.`;
    };

    // Draws the bars of the tested run as outlines around those of the reader's. Returns false if the two have
    // not the same rows, or not the same scale.
    served.outline = (own, tested) => {
        const [bars, others] = [own, tested].map(svg => [...svg.querySelectorAll('rect.wait')]);
        const factor = longest(tested) / longest(own);
        if (bars.length !== others.length || factor > 1.02 || factor < 0.5) return false;
        bars.forEach((bar, n) => {
            const outline = copy(others[n]);
            outline.setAttribute('class', 'tested');
            outline.setAttribute('y', bar.getAttribute('y') - 2);
            outline.setAttribute('height', +bar.getAttribute('height') + 4);
            stretch(outline, factor);
            bar.parentNode.append(outline);
        });
        return true;
    };
}
