// Pasting a panic or an error into the search: replaces it by the message that the book explains, because mdBook finds
// only what has every word. `../src/search.rs` adds the messages to the index.
'use strict';
{
    const words = text => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

    // Returns how many words the two have in common, in the same order: their longest common subsequence.
    const common = (a, b) => {
        let row = Array(b.length + 1).fill(0);
        for (const word of a) {
            const next = [0];
            b.forEach((other, n) => next.push(word === other ? row[n] + 1 : Math.max(row[n + 1], next[n])));
            row = next;
        }
        return row.at(-1);
    };

    // Returns how many words of a message are in the text, or 0 if it is another message. The names in an error of the
    // compiler differ; a number such as E0308 does not.
    const CODE = /\be\d{4}\b/i;
    const score = (message, text) => {
        const [all, has] = [words(message), words(text)];
        if (!/^error\b/.test(message)) return ` ${has.join(' ')} `.includes(` ${all.join(' ')} `) ? all.length : 0;
        const [code, other] = [message, text].map(it => CODE.exec(it)?.[0].toLowerCase());
        const same = common(all, has);
        return (!other || other === code) && same >= 0.7 * all.length ? same : 0;
    };

    // Returns the message that a pasted text has: of several, the one in the first line. A message may be in two lines.
    const find = (text, messages) => {
        for (const part of [...text.split('\n').map(line => line.slice(0, 1000)), text.slice(0, 10_000)]) {
            const scored = messages.map(message => ({ message, points: score(message, part) }));
            const best = scored.reduce((best, one) => one.points > best.points ? one : best, { points: 0 });
            if (best.points) return best.message;
        }
    };

    // Returns the line to search for otherwise: that of the error, or the one after the place of a panic.
    const line = text => {
        const lines = text.split('\n').map(line => line.trim()).filter(line => line);
        const at = lines.findIndex(line => / panicked at /.test(line));
        return (at < 0 ? lines.find(line => /^(error|warning)\b/i.test(line)) : lines[at + 1]) ?? lines[0] ?? '';
    };

    // The messages in the index: sections with the address of an earlier one.
    const messagesOf = ({ index, doc_urls: urls }) => Object.values(index.documentStore.docs)
        .filter(({ id }) => urls.indexOf(urls[id]) < id).map(({ title }) => title);

    const field = document.getElementById('mdbook-searchbar');
    field?.addEventListener('paste', event => {
        const text = event.clipboardData.getData('text');
        event.preventDefault();
        const search = () => {
            const message = find(text, messagesOf(window.search));
            if (message) field.value = message;
            else field.setRangeText(line(text), field.selectionStart, field.selectionEnd, 'end');
            // mdBook searches when a key is released.
            field.dispatchEvent(new KeyboardEvent('keyup'));
        };
        if (window.search.index) search();
        else document.getElementById('mdbook-search-index').addEventListener('load', search);
    });
}
