// The style sheets use one palette and one scale of text sizes.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../theme/', import.meta.url));
const sheets = readdirSync(FOLDER).filter(name => name.endsWith('.css'))
    .map(name => [name, readFileSync(join(FOLDER, name), 'utf8').replace(/\/\*[^]*?\*\//g, '')]);
const found = (pattern, except) => sheets.filter(([name]) => !except.includes(name))
    .flatMap(([name, css]) => [...css.matchAll(pattern)].map(([match]) => `${name}: ${match}`));

test('colors are in the palette', () => {
    // Those of a terminal are in run.css.
    assert.deepEqual(found(/#[0-9a-f]{3,8}\b(?=[;, )])/gi, ['workbook.css', 'print.css', 'run.css']), []);
});

test('only print.css changes a custom property of another style sheet', () => {
    const homes = new Map();
    for (const line of new Set(found(/--[\w-]+(?=:)/g, ['print.css']))) {
        const [name, property] = line.split(': ');
        homes.set(property, [...homes.get(property) ?? [], name]);
    }
    assert.deepEqual([...homes].filter(([, names]) => names.length > 1), []);
    assert.ok(homes.has('--python'));
});

test('text has one of five sizes, unless it has to fit', () => {
    const sizes = found(/font(-size)?: [^;]*\b[\d.]+(px|rem|pt)\b[^;]*/g, ['print.css'])
        .filter(line => !/var\(--(text-\d|code)\)/.test(line));
    assert.deepEqual(sizes, [
        'cover.css: font-size: 11px',
        'cover.css: font-size: 8pt',
        'workbook.css: font-size: clamp(9px, calc((100cqi - 29px) / (0.602 * var(--columns, 58))), 13px)',
        'workbook.css: font-size: 11px',
        'workbook.css: font-size: 13px',
        'workbook.css: font-size: max(8px, calc((100cqi - 40px) / (0.61 * var(--length))))',
    ]);
});
