// Shows one recorded run of a knob at a time, chosen by a slider.
'use strict';
for (const positions of document.querySelectorAll('.knob > [data-argument]')) {
    const runs = [...positions.children];
    const range = Object.assign(document.createElement('input'), {
        type: 'range', min: 0, max: runs.length - 1, value: runs.findIndex(run => run.open),
    });
    const command = document.createElement('code');
    const choose = () => {
        const chosen = runs[range.value];
        const argument = `${positions.dataset.argument} ${chosen.dataset.value}`;
        for (const run of runs) {
            run.open = true; // all of them, so that the tallest one sets the height
            run.toggleAttribute('inert', run !== chosen);
        }
        range.setAttribute('aria-valuetext', argument);
        workbook.command(command, chosen.querySelector('summary').textContent);
    };
    range.addEventListener('input', choose);
    const label = document.createElement('label');
    label.append(command, range);
    positions.before(label);
    choose();
}
